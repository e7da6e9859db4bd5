"""Where everything stands on the app's pages, in a browser.

    python -m benchmarks.pages

makes a picture of every page (docs/pictures/pages/) and a table (docs/pages.md).  Needs Chromium, on the PATH or named
by CHROMIUM.
"""

from collections.abc import Mapping
from typing import Any

import images.topics
import toy2d.topics

LAPTOP = {"width": 1280, "height": 800}  # a projector's picture, too
LARGE = {"width": 1920, "height": 1080}
TOPICS = (*toy2d.topics.TOPICS, *images.topics.TOPICS)
ADDRESSES = (*(topic.address for topic in TOPICS), "claims")

Box = Mapping[str, float]  # left, top, right, bottom, in pixels of the page

# Open shadow roots are walked, too: the player and the canvases live in them.  What lies in a folded part, or has no
# size, is not seen.
SEEN = """
const everything = [];
const walk = (root) => root.querySelectorAll("*").forEach((one) => {
  everything.push(one);
  if (one.shadowRoot) walk(one.shadowRoot);
});
walk(document);
const scrolled = document.querySelector('[data-testid="stMain"]')?.scrollTop ?? 0;
const box = (one) => {
  if (!one) return null;
  const { left, top, right, bottom } = one.getBoundingClientRect();
  return { left, top: top + scrolled, right, bottom: bottom + scrolled };
};
const inMain = (one) => {
  const host = one.getRootNode().host ?? one;
  return host.closest(".stMainBlockContainer") && !host.closest('[data-testid="stExpander"]');
};
const seen = (selector) => everything.filter((one) =>
  one.matches(selector) && inMain(one) && one.offsetWidth && one.offsetHeight);
// The main control: a page of results alone has its buttons, or its model, in the sidebar.
const control = () => seen(controls).find((one) => !one.closest(".st-key-page-head, .st-key-page-tries"))
  ?? document.querySelector('.st-key-page-tries button, [data-testid="stSidebar"] .stSelectbox');
const controls = [".stSlider", ".stSelectbox", ".stButtonGroup", ".stNumberInput", ".stTextInput", ".stCheckbox",
  ".stRadio", ".stMultiSelect", ".stFileUploader", ".stButton"].join();
const pictures = '.stage, .board, .stPlotlyChart, .stImage img, [data-testid="stDataFrame"], [data-testid="stTable"]';
"""

MEASURE = f"""() => {{
  {SEEN}
  const beside = document.querySelectorAll(".st-key-page-picture > *");
  const main = document.querySelector(".stMainBlockContainer");
  const inside = getComputedStyle(main), around = main.getBoundingClientRect();
  return {{
    head: box(document.querySelector(".st-key-page-head")),
    claim: box(document.querySelector(".st-key-page-claim p")),
    control: box(control()),
    pictures: seen(pictures).map(box),
    beside: [...beside].filter((one) => one.offsetHeight > 40 && !one.querySelector(".stBidiComponent")).map(box),
    bar: box(seen(".player .bar")[0]),
    verdict: box(document.querySelector(".st-key-page-verdict")),
    sentence: box(document.querySelector(".st-key-page-verdict p")),
    width: [around.left + parseFloat(inside.paddingLeft), around.right - parseFloat(inside.paddingRight)],
  }};
}}"""

# The largest way, up or down, that head, control, picture and play bar go from where they are now, frame by frame.
WATCH = f"""() => {{
  const places = () => {{
    {SEEN}
    return [document.querySelector(".st-key-page-head"), control(), seen(pictures)[0], seen(".player .bar")[0]]
      .map((one) => box(one)?.top);
  }};
  const first = places();
  window.jumped = 0;
  const look = () => {{
    places().forEach((top, i) => {{
      if (top !== undefined && first[i] !== undefined) {{
        window.jumped = Math.max(window.jumped, Math.abs(top - first[i]));
      }}
    }});
    window.watching = requestAnimationFrame(look);
  }};
  look();
}}"""
WATCHED = "() => { cancelAnimationFrame(window.watching); return window.jumped; }"


def settled(page: Any, for_ms: int = 500) -> None:
    """Waits until the page has its title and Streamlit has run nothing for a while."""
    page.wait_for_function(
        """(forMs) => {
            const app = document.querySelector('[data-testid="stApp"]');
            const idle = app?.dataset.testScriptState === "notRunning" && document.querySelector("h1");
            window.idleSince = idle ? window.idleSince ?? performance.now() : undefined;
            return idle && performance.now() - window.idleSince > forMs;
        }""",
        arg=for_ms,
        polling=50,
    )
    page.evaluate("window.idleSince = undefined")


def measured(page: Any) -> dict[str, Any]:
    """Boxes of the page's parts, as the window is now: head, claim, control, pictures, bar, verdict."""
    found: dict[str, Any] = page.evaluate(MEASURE)
    return found


def share(found: Mapping[str, Any]) -> float:
    """How much of the page's width lies above or below a picture or what stands beside it, of what is in the window.

    Only the first row counts: boxes that begin above the first picture's bottom.
    """
    boxes = [*found["pictures"], *found["beside"]]
    if not boxes:
        return 0.0
    end = max(found["pictures"] or boxes, key=lambda one: -one["top"])["bottom"]
    row = [one for one in boxes if one["top"] < end]
    low, high = found["width"]
    covered, reached = 0.0, low
    for left, right in sorted((one["left"], one["right"]) for one in row):
        covered += max(0.0, min(right, high) - max(left, reached))
        reached = max(reached, right)
    return covered / (high - low)
