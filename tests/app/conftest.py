"""A running app for all tests of a process, and a browser for those of a file; skipped where there is no Chromium."""

from collections.abc import Iterator

import pytest
from app.browsing import CHROMIUM, PATIENCE

from benchmarks.first_visit import QUIET, server
from benchmarks.pages import LAPTOP


@pytest.fixture(scope="session")
def app() -> Iterator[str]:
    """The address of a running app."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with server() as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """For one file: Playwright takes no second start before the first has ended, and benchmarks have their own."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A window of the test's own, in which no script fails."""
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    page.set_default_timeout(PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


@pytest.fixture(scope="module")
def window(browser):
    """One for all tests of a file: a visit costs its page's work, and nothing else."""
    page = browser.new_page(viewport=LAPTOP)
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()
