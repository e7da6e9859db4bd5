"""The app in a real browser: move pi, see the picture change, download a GIF, paint a hole.

Needs Chromium: on the PATH as chromium, chromium-browser or google-chrome, or named by CHROMIUM.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images.data.mnist import load

FIRST = 18  # the test digit that the page opens with
pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]
PATIENCE = 90_000  # milliseconds: two busy cores are slow at first


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The address of a running app."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND_RUNS": str(tmp_path_factory.mktemp("runs"))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(address)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def wait_until_healthy(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the app did not start")


@pytest.fixture
def page(app):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(PATIENCE)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        yield page
        assert page.errors == []
        browser.close()


def at_rest(page, for_ms: int = 1_500) -> None:
    """Waits until Streamlit has run nothing for a while: a click takes its time to start a run."""
    page.wait_for_function(
        """(forMs) => {
            const app = document.querySelector('[data-testid="stApp"]');
            const idle = app && app.getAttribute("data-test-script-state") === "notRunning";
            window.idleSince = idle ? window.idleSince ?? performance.now() : undefined;
            return idle && performance.now() - window.idleSince > forMs;
        }""",
        arg=for_ms,
        polling=50,
    )
    page.evaluate("window.idleSince = undefined")


def test_moving_pi_changes_the_picture_and_the_animation_downloads_as_a_gif(app, page):
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
