"""The clock of benchmarks.pages, on a page of one slider whose answer comes when the test says so."""

import pytest
from app.browsing import CHROMIUM

from benchmarks import pages

# A page that runs for 200 ms after the release, says the new number 100 ms before its script ends, and rests then.
TINY = """<div data-testid="stApp" data-test-script-state="running"><h1>A page</h1>
<div class="stMainBlockContainer"><div class="stSlider" style="width: 400px; height: 40px">
<div data-testid="stSliderThumbValue" style="width: 20px; height: 10px">0</div>
<div role="group" style="width: 400px; height: 10px"><input type="range" role="slider" min="0" max="10" step="1"></div>
</div></div><div class="st-key-page-verdict"></div></div>
<script>
const app = document.querySelector("[data-testid=stApp]"), verdict = document.querySelector(".st-key-page-verdict");
const run = (words) => {
  app.dataset.testScriptState = "running";
  setTimeout(() => { window.saidAt = performance.now(); verdict.textContent = words; }, 100);
  setTimeout(() => { window.restedAt = performance.now(); app.dataset.testScriptState = "notRunning"; }, 200);
};
run("0 of 10");
addEventListener("pointerup", () => run(ANSWER));
</script>"""


@pytest.fixture
def tiny():
    pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with pages.browser_page(viewport=pages.LAPTOP) as page:
        page.add_init_script(pages.NOTE)

        def opened(answer: str):
            page.route(
                "**/*",
                lambda route: route.fulfill(body=TINY.replace("ANSWER", answer), content_type="text/html"),
            )
            page.goto("http://tiny.invalid/")
            return page

        yield opened


@pytest.mark.browser
def test_a_visit_and_a_release_are_timed_by_what_the_page_says_and_nothing_is_added(tiny):
    """Both clocks are the page's own, and what they note lies a task of the browser apart, whatever the load."""
    page = tiny("'7 of 10'")
    first = pages.took(page)
    assert first.numbers == pytest.approx(page.evaluate("saidAt") / 1000, abs=0.05)
    assert first.rest == pytest.approx(page.evaluate("restedAt") / 1000, abs=0.05)
    again = pages.released(page)
    since = page.evaluate("noted.released")
    assert again.numbers == pytest.approx((page.evaluate("saidAt") - since) / 1000, abs=0.05)
    assert again.rest == pytest.approx((page.evaluate("restedAt") - since) / 1000, abs=0.05)
    assert page.evaluate("noted.said.map(([, words]) => words)") == ["0 of 10", "7 of 10"]


@pytest.mark.browser
def test_a_page_that_says_the_same_again_has_no_new_number(tiny):
    page = tiny("'0 of 10'")
    pages.took(page)
    assert pages.released(page).numbers is None


def test_of_several_releases_the_middle_one_counts():
    quick, slow, silent = pages.Took(0.1, 0.9), pages.Took(0.3, 0.4), pages.Took(None, 0.2)
    assert pages.middle([slow, silent, quick]) is slow
    assert pages.middle([None, quick, None]) is quick
    assert pages.middle([None, None]) is None


def test_a_row_says_what_was_not_there():
    found = {"bar": None, "verdict": None, "pictures": []}
    row = pages._row("x", found, 0.0, pages.Took(None, 1.0), None)
    assert "no player | none | no picture | none | 1.00 | no slider" in row
    assert row.count("|") == pages.HEAD.splitlines()[-1].count("|")
    assert "by a button | 0.50" in pages._row("x", found, 0.0, pages.Took(0.5, 1.0), pages.Took(None, 0.5))
