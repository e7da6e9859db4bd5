"""The app in a real browser: move pi, see the picture change, download a GIF, paint a hole."""

import io
from pathlib import Path

import numpy as np
import pytest
from app.browsing import at_rest
from PIL import Image

from images.data.mnist import load

FIRST = 18  # the test digit that the page opens with
pytestmark = pytest.mark.browser


def test_moving_pi_changes_the_picture_which_downloads_as_a_gif_and_can_be_scrubbed(app, page):
    page.goto(f"{app}/mixing")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    before = [page.get_by_test_id("stMetricValue").all_inner_texts(), picture(page)]
    pi = page.get_by_role("slider", name="π").first
    pi.focus()
    for _ in range(5):
        pi.press("ArrowLeft")
    at_rest(page)
    after = [page.get_by_test_id("stMetricValue").all_inner_texts(), picture(page)]
    assert before[0] != after[0]
    assert (before[1] != after[1]).any()
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").first.click()
    gif = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert gif.format == "GIF" and gif.n_frames > 20
    page.keyboard.press("Escape")
    a_scrub_while_playing_holds_the_frame(page)
    page.locator("body").press("n")  # turns the page of a presentation, and none other
    page.wait_for_timeout(500)
    assert page.url.split("?")[0].endswith("/mixing")


def a_scrub_while_playing_holds_the_frame(page):
    if page.get_by_role("button", name="Play", exact=True).count():
        page.get_by_role("button", name="Play", exact=True).first.click()
    scrub = page.get_by_role("slider", name="Frame").first
    scrub.scroll_into_view_if_needed()
    box = scrub.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    frame = page.locator(".count").first.inner_text()
    page.wait_for_timeout(800)  # 16 frames at 20 a second
    assert page.locator(".count").first.inner_text() == frame


def picture(page) -> np.ndarray:
    """The first canvas as pixels, on its last frame: paused and at the end, so that only the data count."""
    if page.get_by_role("button", name="Pause").count():
        page.get_by_role("button", name="Pause").first.click()
    page.get_by_role("slider", name="Frame").first.press("End")
    page.wait_for_timeout(300)
    return np.asarray(Image.open(io.BytesIO(page.locator("canvas").first.screenshot())).convert("RGB"))


def test_a_painted_hole_reaches_python_where_it_was_painted(app, page):
    """Paints a 5 x 5 hole over ink: every completion keeps all other pixels, and some pixel of the hole changes."""
    digit = load("test", download=False).images[FIRST, 0].numpy()
    row, column = off_the_diagonal(digit)
    page.goto(f"{app}/inpaint")
    page.get_by_text("of 784 pixels").wait_for()
    at_rest(page)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Brush of 5 pixels").click()
    box = page.get_by_role("application").bounding_box()
    page.mouse.click(
        box["x"] + box["width"] * (column + 0.5) / 28, box["y"] + box["height"] * (row + 0.5) / 28
    )
    page.get_by_text("25 of 784 pixels").wait_for()
    at_rest(page)
    page.get_by_role("button", name="Inpaint").click()
    at_rest(page)
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    sheet = np.asarray(Image.open(download.value.path()))[::4, ::4]  # 112 pixels a digit
    tiles = [sheet[2 + 30 * i : 30 + 30 * i, 2 + 30 * j : 30 + 30 * j] for i in range(3) for j in range(3)][
        :8
    ]
    hole = np.zeros((28, 28), bool)
    hole[row - 2 : row + 3, column - 2 : column + 3] = True
    assert all((tile[~hole] == digit[~hole]).all() for tile in tiles)
    assert any((tile[hole] != digit[hole]).any() for tile in tiles)


def off_the_diagonal(digit: np.ndarray) -> tuple[int, int]:
    """The inked pixel furthest from both diagonals, so that no flip or transposition of the mask passes."""
    rows, columns = np.nonzero(digit[3:25, 3:25] > 128)
    rows, columns = rows + 3, columns + 3
    best = np.argmax(np.minimum(abs(rows - columns), abs(rows + columns - 27)))
    return int(rows[best]), int(columns[best])
