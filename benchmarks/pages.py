"""Where everything stands on the app's pages, in a browser.

    python -m benchmarks.pages --address http://127.0.0.1:8501
    python -m benchmarks.pages --address http://127.0.0.1:8501 --thumbnails

The first makes a picture of every page (docs/pictures/pages/) and a table (docs/pages.md); the second the start page's
small moving pictures.  The app must have been started, and nothing been opened in it.  Needs Chromium, on the PATH or
named by CHROMIUM.
"""

import argparse
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

import images.topics
import toy2d.topics
from benchmarks.first_visit import chromium

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
STAGES = f"() => {{ {SEEN} return seen('.player .stage').map(box); }}"
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

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
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
            moves = page.evaluate(SCRUB, 0)
            row = (
                page.evaluate(STAGES) if moves else []
            )  # what stands beside it, such as a mask, does not move
            row = row or measured(page)["pictures"] or [_words(measured(page))]
            parts = [i / (FRAMES - 1) for i in range(FRAMES)] if moves else [1.0]
            frames = [_small(page, row, part) for part in parts]
            _keep(frames, SMALL / f"{name}.gif")
            print(name, len(frames), (SMALL / f"{name}.gif").stat().st_size, flush=True)


def _words(found: Mapping[str, Any]) -> Box:
    """Of a page of words: what stands below its head."""
    left, right = found["width"]
    return {"left": left, "right": right, "top": found["head"]["bottom"], "bottom": 900.0}


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


# From before the first of the page's own code: when its script started and stopped, and when what it says changed.
# What a page says is its verdict and its metrics; the clock is the page's, and starts with the request.
NOTE = """
window.noted = { states: [], said: [], released: 0 };
(() => {
  const look = () => {
    const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
    const said = [...document.querySelectorAll('.st-key-page-verdict, [data-testid="stMetricValue"]')]
      .map((one) => one.textContent.trim()).join(" ").trim();
    for (const [list, now] of [[noted.states, state], [noted.said, said]]) {
      if (now && now !== list.at(-1)?.[1]) list.push([performance.now(), now]);
    }
  };
  const what = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(document, { ...what, attributeFilter: ["data-test-script-state"] });
  addEventListener("pointerup", () => { noted.released = performance.now(); }, true);
})();
"""
# When the first rest after `since` began that lasted, in milliseconds; null while there is none.
RESTED = """([since, rest]) => {
  const ends = noted.states.map((one, i) => noted.states[i + 1]?.[0] ?? performance.now());
  const still = noted.states.find(([at, state], i) => at > since && state === "notRunning" && ends[i] - at > rest);
  return still && document.querySelector("h1") ? still[0] : null;
}"""
SAID = "(since) => noted.said.find(([at]) => at > since)?.[0] ?? null"
RAN = "(since) => noted.states.some(([at]) => at > since)"
REST = 500  # milliseconds without a run that make a rest; they are waited for, and not counted
# The page notes its own times, so it need not be asked often: server, browser and this script share the cores.
ASKED, UNASKED = 200, 1_000  # milliseconds between two questions, and without one after a release
RELEASES = 3
# For a release, 1,000 particles on pages that have more of them at first; the table of few steps has six clouds.
PARTICLES = dict.fromkeys(
    ("mixing", "annealing", "diffusion", "guidance", "inpainting-2d", "caption-twin"), 1_000
)
PARTICLES["few-steps"] = 170
AT_ONCE = 3_000  # milliseconds within which a released slider starts a run, if it starts one


@dataclass(frozen=True)
class Took:
    """Seconds until the page said something, or something new, and until it rested; None: it said nothing new."""

    numbers: float | None
    rest: float


def took(page: Any, since: float = 0.0) -> Took:
    """Waits for the page's rest after `since`, in milliseconds of its clock.  The page needs NOTE."""
    rested = float(page.wait_for_function(RESTED, arg=[since, REST], polling=ASKED).json_value())
    said = page.evaluate(SAID, since)
    return Took(None if said is None else (said - since) / 1000, (rested - since) / 1000)


def pictures(address: str, only: Sequence[str]) -> None:
    """A screenshot of each page as it opens, and the table of what was measured."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    rows, dragged = [], []
    with browser_page(viewport=LAPTOP) as page:
        page.add_init_script(NOTE)
        for name in only:
            page.set_viewport_size(LAPTOP)
            page.goto(f"{address}/{name}")
            first = took(page)
            settled(page)  # with all that is drawn after the last run
            small = measured(page)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shot.quantize(64, dither=Image.Dither.NONE).save(SHOTS / f"{name}.png", optimize=True)
            if name in PARTICLES:
                page.goto(f"{address}/{name}?particles={PARTICLES[name]}")
                settled(page)
            again = middle([released(page) for _ in range(RELEASES)])
            if name in LIVE:
                dragged.append(_dragged(name, followed(page, LIVE[name])))
                print(dragged[-1], flush=True)
            page.set_viewport_size(LARGE)
            page.wait_for_timeout(500)
            rows.append(_row(name, small, share(measured(page)), first, again))
            print(rows[-1], flush=True)
            TABLE.write_text("\n".join([HEAD + "\n".join(rows), *dragged]) + "\n")


def middle(found: Sequence[Took | None]) -> Took | None:
    """Of several releases the median, by the time until the page says something new; None where none ran."""
    ran = [one for one in found if one is not None]
    return (
        sorted(ran, key=lambda one: (one.numbers is None, one.numbers or one.rest))[len(ran) // 2]
        if ran
        else None
    )


def released(page: Any) -> Took | None:
    """From the release of the main slider, moved by a notch, to what it says then; None without a slider or a run."""
    every = page.locator(".stMainBlockContainer .stSlider").all()
    slider = next((one for one in every if one.get_by_role("slider").first.is_enabled()), None)
    if slider is None or not slider.is_visible():
        return None
    _hold(page, slider)
    page.mouse.up()
    page.wait_for_timeout(UNASKED)
    since = page.evaluate("noted.released")
    try:
        page.wait_for_function(RAN, arg=since, polling=ASKED, timeout=AT_ONCE)
    except Exception as error:  # playwright's own, and it need not be installed for the rest of this file
        if type(error).__name__ != "TimeoutError":
            raise
        return None
    return took(page, since)


def _hold(page: Any, slider: Any, notches: int = 1) -> tuple[float, float, float]:
    """Takes hold of a slider's thumb and drags it by a notch or more: where it was, where it is, and the height."""
    thumb = slider.locator('[data-testid="stSliderThumbValue"]').first.bounding_box()
    track = slider.locator("[role=group]").first.bounding_box()
    knob = slider.get_by_role("slider").first
    low, high, step = (float(knob.get_attribute(name) or 1) for name in ("min", "max", "step"))
    x, y = thumb["x"] + thumb["width"] / 2, track["y"] + 4
    by = notches * max(12.0, track["width"] * step / max(step, high - low))
    to = x + by if x + by <= track["x"] + track["width"] else x - by
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to, y, steps=3)
    return x, to, y


# --- while a slider is dragged ----------------------------------------------------------------------------------

LIVE = {
    "mixing": "pi",
    "annealing": "pi",
    "diffusion": "steps",
    "score-fields": "sigma",
}  # page -> the key of a slider that it follows
MOVES = 20
# From a move of the pointer to the first frame with what the browser drew for it.
FOLLOW = f"""() => {{
  {SEEN}
  const live = everything.find((one) => one.matches(".player, .live-field"));
  let moved, known = live?.dataset.live;
  window.followed = [];
  addEventListener("pointermove", () => {{ moved ??= performance.now(); }}, true);
  const look = () => {{
    const now = live?.dataset.live;
    if (now !== known && moved !== undefined) {{
      window.followed.push(performance.now() - moved);
      moved = undefined;
    }}
    known = now;
    requestAnimationFrame(look);
  }};
  look();
}}"""


def followed(page: Any, key: str) -> list[float]:
    """Milliseconds from each move of a slider to the picture that the browser drew for it, while it is held."""
    slider = page.locator(f".st-key-{key}").first
    x, to, y = _hold(page, slider)
    page.wait_for_timeout(500)
    page.evaluate(FOLLOW)
    for move in range(MOVES):
        page.mouse.move(x if move % 2 else to + (to - x), y)
        page.wait_for_timeout(400)
    page.mouse.up()
    settled(page)
    return [float(one) for one in page.evaluate("window.followed")]


def _dragged(name: str, found: Sequence[float]) -> str:
    if not found:
        return f"\n{name}: the picture did not follow while {LIVE[name]} was dragged."
    return (
        f"\n{name}: while {LIVE[name]} is dragged, the picture follows a move within {median(found):.0f} ms "
        f"(the median of {len(found)} moves; the slowest {max(found):.0f} ms), without the server."
    )


def _row(name: str, found: Mapping[str, Any], filled: float, first: Took, again: Took | None) -> str:
    bar = "no player" if found["bar"] is None else f"{found['bar']['bottom']:.0f}"
    verdict = "none" if found["verdict"] is None else f"{found['verdict']['bottom']:.0f}"
    wide = f"{filled:.0%}" if found["pictures"] else "no picture"
    times = [
        *_seconds(first, "none"),
        *(("no slider", "") if again is None else _seconds(again, "by a button")),
    ]
    return f"| [{name}](pictures/pages/{name}.png) | {bar} | {verdict} | {wide} | {' | '.join(times)} |"


def _seconds(found: Took, otherwise: str) -> tuple[str, str]:
    return otherwise if found.numbers is None else f"{found.numbers:.2f}", f"{found.rest:.2f}"


HEAD = """# The pages, measured

Made by `python -m benchmarks.pages`, beside a screenshot of each page as it opens at 1280 x 800.

- **play bar**, **verdict**: where they end, in pixels from the top of a window of 1280 x 800;
- **width**: the part of the page's width that panels fill in a window of 1920 x 1080;
- **first visit**: seconds from the request, each page for the first time since the app was started, until its verdict
  or a metric stands (**said**; none: it has neither), and until the page rests;
- **release**: seconds from letting go of the page's first slider, dragged by a notch, until its verdict or a metric
  has changed (**said**; by a button: it computes when asked, or says the same), and until the page rests: the median
  of three, with 1,000 particles where the page has more at first.

A rest is half a second without a run of the page's script, and begins when that ended.  The clock is the browser's.

| page | play bar | verdict | width | first visit: said | rests | release: said | rests |
|---|---|---|---|---|---|---|---|
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
