"""Where everything stands on the app's pages, in a browser.

    python -m benchmarks.pages --address http://127.0.0.1:8501
    python -m benchmarks.pages --address http://127.0.0.1:8501 --thumbnails

The first makes a picture of every page (docs/pictures/pages/) and a table (docs/pages.md); the second the start page's
small moving pictures.  The app must have been started, and nothing been opened in it.  Needs Chromium, on the PATH or
named by CHROMIUM.
"""

import argparse
import io
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

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
            const idle = app?.dataset.testScriptState === "notRunning" && document.querySelector("h1")
                && !document.querySelector('[data-testid="stSkeleton"]');
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


# --- pictures of all pages -------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "docs" / "pictures" / "pages"
TABLE = ROOT / "docs" / "pages.md"
SMALL = ROOT / "playground" / "ui" / "thumbnails"
CARD = (160, 96)  # pixels of a thumbnail
FRAMES, COLOURS, MOST_BYTES, SECONDS = 10, 24, 40_000, 0.25
TIMES = 3  # that a thumbnail plays before it rests on its last frame
SCRUB = """(part) => {
  const walk = (root) => root.querySelector(".scrub")
    ?? [...root.querySelectorAll("*")].map((one) => one.shadowRoot && walk(one.shadowRoot)).find(Boolean);
  const scrub = walk(document);
  if (!scrub) return false;
  scrub.value = Math.round(part * scrub.max);
  scrub.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}"""


@contextmanager
def browser_page(**options: Any) -> Iterator[Any]:
    """A page of an installed Chromium."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(**options)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def thumbnails(address: str, only: Sequence[str]) -> None:
    """A small moving picture of each page's picture, from its first frame to its last."""
    SMALL.mkdir(exist_ok=True)
    with browser_page(viewport={"width": 1280, "height": 1000}) as page:
        for name in only:
            page.goto(f"{address}/{name}")
            settled(page, 1_500)
            boxes = measured(page)["pictures"]
            if not boxes:
                continue
            end = boxes[0]["bottom"]
            row = [box for box in boxes if box["top"] < end and box["bottom"] <= end + 60]
            moves = page.evaluate(SCRUB, 0)
            parts = [i / (FRAMES - 1) for i in range(FRAMES)] if moves else [1.0]
            frames = [_small(page, row, part) for part in parts]
            _keep(frames, SMALL / f"{name}.gif")
            print(name, len(frames), (SMALL / f"{name}.gif").stat().st_size, flush=True)


def _small(page: Any, row: Sequence[Box], part: float) -> Image.Image:
    """The last picture of the row that a card has room for, at that part of its way."""
    page.evaluate(SCRUB, part)
    page.wait_for_timeout(120)
    box = row[0]
    clip = {"x": box["left"], "y": box["top"], "width": box["right"] - box["left"]}
    clip["height"] = min(box["bottom"] - box["top"], 1000 - box["top"])
    shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    shot.thumbnail((CARD[0] * 2, CARD[1] * 2))
    whole = Image.new("RGB", CARD, "white")
    shot.thumbnail(CARD, Image.Resampling.LANCZOS)
    whole.paste(shot, ((CARD[0] - shot.width) // 2, (CARD[1] - shot.height) // 2))
    return whole


def _keep(frames: Sequence[Image.Image], path: Path) -> None:
    """As a GIF below MOST_BYTES: with every second frame, or with fewer colours, until it is."""
    colours = COLOURS
    while True:
        flat = [frame.quantize(colours, dither=Image.Dither.NONE) for frame in frames]
        flat[0].save(
            path, save_all=True, append_images=flat[1:], duration=round(1000 * SECONDS), loop=TIMES - 1, optimize=True
        )  # fmt: skip
        if path.stat().st_size <= MOST_BYTES or colours <= 4:
            return
        colours = colours * 2 // 3


def pictures(address: str, only: Sequence[str]) -> None:
    """A screenshot of each page as it opens, and the table of what was measured."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    rows = []
    with browser_page(viewport=LAPTOP) as page:
        for name in only:
            page.set_viewport_size(LAPTOP)
            start = time.perf_counter()
            page.goto(f"{address}/{name}")
            settled(page, 500)
            first = time.perf_counter() - start - 0.5
            small = measured(page)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shot.quantize(64, dither=Image.Dither.NONE).save(SHOTS / f"{name}.png", optimize=True)
            again = _released(page)
            page.set_viewport_size(LARGE)
            page.wait_for_timeout(500)
            rows.append(_row(name, small, share(measured(page)), first, again))
            print(rows[-1], flush=True)
            TABLE.write_text(HEAD + "\n".join(rows) + "\n")


def _released(page: Any) -> float | None:
    """Seconds from a key on the main slider until the page rests again; None for a page without a slider."""
    slider = page.locator(".stMainBlockContainer .stSlider").get_by_role("slider").first
    if not slider.count() or not slider.is_enabled():
        return None
    start = time.perf_counter()
    slider.press("ArrowRight")
    page.wait_for_timeout(100)
    settled(page, 300)
    return max(0.0, time.perf_counter() - start - 0.3)


def _row(name: str, found: Mapping[str, Any], filled: float, first: float, again: float | None) -> str:
    bar = "no player" if found["bar"] is None else f"{found['bar']['bottom']:.0f}"
    verdict = "none" if found["verdict"] is None else f"{found['verdict']['bottom']:.0f}"
    numbers = "no slider" if again is None else f"{again:.1f}"
    wide = f"{filled:.0%}" if found["pictures"] else "no picture"
    return f"| [{name}](pictures/pages/{name}.png) | {bar} | {verdict} | {wide} | {first:.1f} | {numbers} |"


HEAD = """# The pages, measured

Made by `python -m benchmarks.pages`, beside a screenshot of each page as it opens at 1280 x 800.

- **play bar**, **verdict**: where they end, in pixels from the top of a window of 1280 x 800;
- **width**: the part of the page's width that panels fill in a window of 1920 x 1080;
- **first visit**: seconds from the address to a page at rest, each page for the first time since the app was started;
- **release to numbers**: seconds from a key on the page's first slider to a page at rest.

| page | play bar | verdict | width | first visit, s | release to numbers, s |
|---|---|---|---|---|---|
"""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--address", default="http://127.0.0.1:8501", help="of the running app")
    parser.add_argument(
        "--thumbnails", action="store_true", help="the start page's pictures, in place of the table"
    )
    parser.add_argument("--pages", nargs="+", default=ADDRESSES, choices=ADDRESSES, help="only these")
    chosen = parser.parse_args(words)
    (thumbnails if chosen.thumbnails else pictures)(chosen.address, chosen.pages)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
