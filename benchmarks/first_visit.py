"""How long each page of the app takes to stand, and to answer when its first slider is let go.

    python -m benchmarks.first_visit [--only mixing few-steps] [--moves 3] [--one-server] [--out out/first_visit.json]

A server of its own is started for each page, so that a first visit pays for all that its page imports, loads and
computes; with --one-server pages share one and what it has imported.  The clock of a first visit starts with the
request, after the server has said that it is healthy, and stops when the page's script has come to rest for good.
That of a release starts with the key that moves the slider, and stops likewise: Streamlit waits 0.2 s for more keys.

Needs Playwright and Chromium: on the PATH as chromium, chromium-browser or google-chrome, or named by CHROMIUM.
"""

import argparse
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from images.topics import TOPICS as IMAGES
from playground.cli import Parser
from playground.cli import run as run_command
from playground.errors import UserError, require_known, require_whole
from playground.files import write_atomically
from playground.topics import touring
from toy2d.topics import TOPICS as TOY2D

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip
ADDRESSES = ("start", "claims", *(topic.address for topic in touring([*TOY2D, *IMAGES])))
PATIENCE = 180_000  # milliseconds
REST = 700  # milliseconds without a run that make a page stand: a widget's first value may start a second one
# Notes when the page's script starts and stops, from before the first of the page's own code.
WATCH = """
window.states = [];
setInterval(() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const state = app && app.getAttribute('data-test-script-state');
    const last = window.states[window.states.length - 1];
    if (state && (!last || last[1] !== state)) window.states.push([performance.now(), state]);
}, 10);
"""
RESTED = """([since, rest]) => {
    const last = window.states[window.states.length - 1];
    return last && last[1] === 'notRunning' && last[0] > since && performance.now() - last[0] > rest ? last[0] : null;
}"""
SLIDER = '[data-testid="stMain"] [data-testid="stSlider"] input[type="range"]'


def chromium() -> str | None:
    """The browser's path; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def server() -> Iterator[str]:
    """The address of a healthy app on a port of its own, with runs of its own; ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        "-m",
        "streamlit",
        "run",
        "streamlit_app.py",
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    with tempfile.TemporaryDirectory() as runs:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env={**os.environ, "PLAYGROUND_RUNS": runs},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address)
            yield address
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks it to end; one that still works after ten seconds is not asked again."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _wait_until_healthy(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    raise UserError("The app did not answer within a minute: start it by hand and look at what it says.")


def visit(browser: Any, address: str, moves: int) -> tuple[float, float | None]:
    """Seconds of a first visit, and of a release: the median of `moves`; None where the page has no slider."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    page.goto(address)
    first = _rested(page, 0) / 1000
    slider = page.locator(SLIDER)
    usable = next((one for one in slider.all() if one.is_enabled()), None)
    released = []
    for move in range(moves):
        if usable is None:
            break
        usable.focus()
        since = page.evaluate("performance.now()")
        usable.press("ArrowLeft" if move % 2 else "ArrowRight")
        released.append((_rested(page, since) - since) / 1000)
    page.close()
    return first, median(released) if released else None


def _rested(page: Any, since: float) -> float:
    """When the last run after `since` ended, in milliseconds of the page's clock."""
    return float(page.wait_for_function(RESTED, arg=[since, REST], polling=20).json_value())


def rows(addresses: list[str], moves: int, one_server: bool) -> Iterator[tuple[str, float, float | None]]:
    """Address, first visit, release of each page, as it is found."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=list(QUIET))
        if one_server:
            with server() as app:
                for address in addresses:
                    yield address, *visit(browser, f"{app}/{address}", moves)
            return
        for address in addresses:
            with server() as app:
                yield address, *visit(browser, f"{app}/{address}", moves)


def command(arguments: argparse.Namespace) -> None:
    require_whole("The number of moves", arguments.moves, 0, 100)
    asked = arguments.only or list(ADDRESSES)
    for address in asked:
        require_known("The page", address, ADDRESSES)
    if chromium() is None or importlib.util.find_spec("playwright") is None:
        print("Nothing was measured: this needs Chromium and Playwright (pip install playwright).")
        return
    print(
        f"load {os.getloadavg()[0]:.1f}\n\n| page | first visit, s | release to numbers, s |\n|---|---|---|"
    )
    found = []
    for address, first, released in rows(asked, arguments.moves, arguments.one_server):
        shown = "" if released is None else f"{released:.2f}"
        print(f"| {address} | {first:.1f} | {shown} |", flush=True)
        found.append({"page": address, "first": first, "released": released, "load": os.getloadavg()[0]})
    print(write_atomically(arguments.file, json.dumps(found, indent=1).encode()))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.first_visit", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--only", nargs="+", metavar="PAGE", help="these pages, by address (default: all)")
    p.add_argument("--moves", type=int, default=3, help="how often the first slider is moved")
    p.add_argument("--one-server", action="store_true", help="all pages from one server, in the tour's order")
    p.add_argument(
        "--out", dest="file", default="out/first_visit.json", metavar="FILE", help="where the figures go"
    )
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
