"""One screen, page by page, in a real browser; the fixtures are those of test_browser.

At 1280 x 800 title, claim, main control, picture, play bar and verdict are in sight together; at 1920 x 1080 the panels
fill the width; and nothing that is looked at moves when a button of the page sets its controls.
"""

import pytest
from app.test_browser import CHROMIUM, PATIENCE, QUIET, app  # noqa: F401

from benchmarks.pages import ADDRESSES, LAPTOP, LARGE, WATCH, WATCHED, measured, settled, share

pytestmark = pytest.mark.browser
WIDTH = 0.85  # of a large window, filled by panels
STEADY = 2  # pixels: rounding, and no line of text
WATCHED_MS = 1_200  # of a run after a click
# Pages that show words or have nothing to show at the first visit, and why.
WITHOUT_PICTURE = {
    "claims": "a list of claims, each with its page",
    "train": "nothing has been trained",
    "compare": "nothing has been trained",
}
WITHOUT_VERDICT = {"claims": "each line has its own", "train": "nothing is claimed", "compare": "as train"}


@pytest.fixture(scope="module")
def window(app):  # noqa: F811
    """One browser and one page for all: a visit costs its page's work, and nothing else."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport=LAPTOP)
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_one_screen(app, window, address):  # noqa: F811
    window.set_viewport_size(LAPTOP)
    window.goto(f"{app}/{address}")
    settled(window)
    wrong = out_of_sight(measured(window), address)
    if (moved := moved_by_the_first_button(window)) > STEADY:
        wrong.append(f"something moves by {moved:.0f} pixels")
    if address not in WITHOUT_PICTURE:
        window.set_viewport_size(LARGE)
        window.wait_for_timeout(300)
        if (filled := share(measured(window))) < WIDTH:
            wrong.append(f"the panels fill {filled:.0%} of the width")
    assert not wrong, f"{address}: {'; '.join(wrong)}"


def out_of_sight(found, address) -> list[str]:
    """What cannot be seen of a page at 1280 x 800 without scrolling."""
    first = (found["pictures"] or [None])[0]
    parts = {"control": found["control"], "picture and its bar": found["bar"] or first}
    parts |= {"verdict": found["verdict"]}
    if address in WITHOUT_PICTURE:
        del parts["picture and its bar"]
    if address in WITHOUT_VERDICT or found["verdict"] is None:
        del parts["verdict"]
    wrong = ["the claim is cut"] if cut(found["claim"], found["head"]) else []
    for name, box in parts.items():
        if box is None:
            wrong.append(f"there is no {name}")
        elif box["bottom"] > LAPTOP["height"]:
            wrong.append(f"the {name} ends at {box['bottom']:.0f}")
    return wrong + (["the verdict is cut"] if cut(found["sentence"], found["verdict"]) else [])


def cut(words, place) -> bool:
    """Whether words are higher than the place that is kept for them."""
    return bool(words) and (
        words["top"] < place["top"] - STEADY or words["bottom"] > place["bottom"] + STEADY
    )


def moved_by_the_first_button(window) -> float:
    """The button sets the page's controls, which runs the page; a long run is watched as it begins."""
    button = window.locator(".st-key-page-tries button").first
    if not button.count():
        return 0.0
    window.evaluate(WATCH)
    button.click()
    window.wait_for_timeout(WATCHED_MS)
    return window.evaluate(WATCHED)
