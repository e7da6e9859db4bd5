"""Presentation, ?present=1, in a real browser at 1920 x 1080."""

import pytest
from app.browsing import at_rest

from benchmarks.pages import ADDRESSES, LARGE, measured, settled

pytestmark = pytest.mark.browser
HIGH = 0.75  # of the window, filled by the picture
WIDE = 0.93  # of the window: where a row of panels is as wide, it cannot be higher
THREE = "three panels beside each other are as wide as the window; each alone, by its number, is high enough"
LOW = "a sheet of few rows is as wide as the window; each panel alone, by its number, fills it"
BESIDE = {address: THREE for address in (
    "ncsn", "diffusion", "two-families", "guidance", "inpainting-2d", "caption-twin", "between", "latent",
)}  # fmt: skip
BESIDE |= {
    "dalle2": LOW,
    "variations": LOW,
    "inpaint": "the mask stands beside the two panels: three squares",
    "autoencode": "digit, x_T and z stand beside the two panels",
}
WORDS = {"claims": "a page of words keeps them"}


def test_the_picture_fills_the_window_and_keys_play_step_and_turn_the_page(app, page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/mixing?present=1")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    panel = grown(page, "canvas")
    bar = page.get_by_role("toolbar", name="Playback").bounding_box()
    assert panel["height"] >= 0.75 * 1080
    assert bar["y"] + bar["height"] <= 1080 and bar["width"] >= 0.85 * 1920
    assert measured(page)["verdict"]["bottom"] <= 1080
    assert not page.get_by_test_id("stHeader").is_visible()
    assert not page.get_by_text("π, weight of the first mode").is_visible()

    pause, count = page.get_by_role("button", name="Pause"), page.locator("output.count")
    page.keyboard.press("Home")  # no click before: the keys need no focus
    assert pause.count() == 1
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    at = int(count.inner_text().split()[0])
    page.keyboard.press("ArrowRight")
    assert int(count.inner_text().split()[0]) == at + 1
    page.keyboard.press("n")
    page.wait_for_url("**/crossing?*present=1*")
    page.get_by_role("heading", name="Mixing time", exact=True).wait_for()


def grown(page, what: str) -> dict[str, float]:
    """The first of these, once it is as high as it should be: on a busy machine a rest comes before the last layout."""
    for _ in range(30):
        box = page.locator(what).first.bounding_box()
        if box["height"] >= HIGH * 1080:
            break
        page.wait_for_timeout(100)
    return box


def test_a_page_without_a_player_fills_the_window_with_its_first_chart_and_turns_by_n(app, page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/score-fields?present=1")
    page.locator(".stPlotlyChart .main-svg").first.wait_for()
    at_rest(page)
    chart = grown(page, ".stPlotlyChart .main-svg")
    assert chart["height"] >= 0.75 * 1080 and chart["width"] >= 0.85 * 1920
    assert chart["y"] + chart["height"] <= 1080
    assert not page.get_by_text("π, weight of the first mode").is_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/low-density?*present=1*")


def test_a_page_of_words_keeps_them(app, page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/claims?present=1")
    at_rest(page)
    page.get_by_text("Annealed Langevin dynamics recovers π.").wait_for()


# One of each kind of picture, with mixing's above; all others are measured with -m slow.
FIRST = ("table1", "train", "inpaint")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(one, marks=() if one in FIRST else pytest.mark.slow)
        for one in ADDRESSES
        if one not in WORDS
    ],
)
def test_a_presented_picture_fills_the_window(app, window, address):
    """Its height, or where panels stand beside each other their width, and then the height of each by its number."""
    window.set_viewport_size(LARGE)
    window.emulate_media(color_scheme="dark")
    window.goto(f"{app}/{address}?present=1")
    settled(window)
    high, wide = filled(window)
    verdict = measured(window)["verdict"]
    assert verdict and verdict["bottom"] <= LARGE["height"], f"the verdict ends at {verdict}"
    if address not in BESIDE:
        assert high >= HIGH, f"{address} fills {high:.0%} of the height"
        return
    assert high < HIGH, f"{address} is no exception any more: take it from the list"
    assert wide >= WIDE, f"{address}: {high:.0%} of the height, {wide:.0%} of the width"
    for number in range(1, window.locator(".panel").count() + 1):
        window.keyboard.press(str(number))
        window.wait_for_timeout(200)
        shown = [one.bounding_box() for one in window.locator(".panel:visible .stage").all()]
        assert len(shown) == 1
        room = shown[0]["height"] / LARGE["height"], shown[0]["width"] / LARGE["width"]
        assert room[0] >= HIGH or room[1] >= WIDE, f"panel {number} of {address}: {room}"
    window.keyboard.press("0")
    window.wait_for_timeout(200)
    assert filled(window) == pytest.approx((high, wide), abs=0.01)


def filled(window) -> tuple[float, float]:
    """What lies between the outer edges of the pictures in sight, of the window's height and width."""
    boxes = [box for box in measured(window)["pictures"] if box["top"] < LARGE["height"]]
    high = min(max(box["bottom"] for box in boxes), LARGE["height"]) - min(box["top"] for box in boxes)
    wide = max(box["right"] for box in boxes) - min(box["left"] for box in boxes)
    return high / LARGE["height"], wide / LARGE["width"]
