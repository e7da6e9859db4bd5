"""Back, Stop, rest and what is remembered, in a real browser."""

import time

import pytest
from app.browsing import at_rest

pytestmark = pytest.mark.browser
LONG = "mixing?mixture=ring&particles=20000&L=100&T=100"  # a minute of work: two modes alike would take ten seconds


def open_page(page, section: str, name: str) -> None:
    page.get_by_role("button", name=section).click()
    page.get_by_test_id("stTopNavPopover").get_by_text(name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()
    at_rest(page)


def test_one_press_of_back_leaves_a_page_however_often_its_settings_changed(app, page):
    page.goto(app)
    at_rest(page)
    open_page(page, "Two dimensions", "Mixing")
    entries = page.evaluate("history.length")
    pi = page.get_by_role("slider", name="π").first
    pi.focus()
    for _ in range(3):
        pi.press("ArrowLeft")
        at_rest(page)
    page.get_by_role("button", name="The chains").click()
    particles = page.get_by_label("Particles").first
    particles.fill("500")
    particles.press("Enter")
    at_rest(page)
    assert "pi=0.77" in page.url and "particles=500" in page.url
    assert page.evaluate("history.length") == entries
    open_page(page, "Two dimensions", "Diffusion")
    assert page.evaluate("history.length") == entries + 1
    page.get_by_role("button", name="More settings").click()
    assert page.get_by_label("Particles").first.input_value() == "2000"  # its own default, not Mixing's
    assert page.get_by_role("slider", name="π").first.input_value() == "0.77"
    page.go_back()
    page.get_by_role("heading", name="Mixing", exact=True).wait_for()
    at_rest(page)
    assert page.get_by_test_id("stMetricValue").first.inner_text() == "0.770"
    assert "pi=0.77" in page.url and "particles=500" in page.url
    page.go_back()
    page.get_by_role("heading", name="Denoising, from two dimensions").wait_for()


def seen(what, page):
    """Waits until it is, and else says what stands on the page instead."""
    try:
        what.wait_for(timeout=90_000)
    except Exception as error:
        raise AssertionError(page.locator(".stApp").inner_text()[:2_000]) from error


@pytest.mark.slow  # beside other tests the browser may not be drawn while the work lasts
def test_stop_stays_stopped_offers_to_run_and_moves_nothing(app, page):
    page.goto(f"{app}/{LONG}")
    stop = page.locator(".st-key-page-work").get_by_role(
        "button", name="Stop"
    )  # Streamlit has one of its own above
    seen(stop, page)
    pi = page.get_by_role("slider", name="π").first
    during = pi.bounding_box()
    stop.click()
    page.get_by_text("stopped. Nothing has been computed").wait_for()
    at_rest(page, 3_000)
    assert pi.bounding_box() == during
    assert page.locator(".stProgress").count() == 0
    page.get_by_role("button", name="Run", exact=False).last.click()
    stop.wait_for()
    stop.click()  # the next test shares the server
    page.get_by_text("stopped. Nothing has been computed").wait_for()


@pytest.mark.slow  # beside other tests the browser may not be drawn while the work lasts
def test_closing_the_tab_ends_the_work(app, page):
    psutil = pytest.importorskip("psutil")
    port = int(app.rpartition(":")[2])
    server = next(process for process in psutil.Process().children() if str(port) in process.cmdline())
    other = page.context.browser.new_page()
    other.goto(f"{app}/{LONG}")
    seen(other.locator(".st-key-page-work").get_by_role("button", name="Stop"), other)
    working = used(server, 4.0)
    assert working > 0.1  # a busy machine gives it a small share; an idle server takes a hundredth of that
    other.close()
    for _ in range(10):
        if used(server, 4.0) < working / 5:
            return
    raise AssertionError("the work went on for 40 seconds")


def used(server, seconds: float) -> float:
    """Processor seconds that the server took in this time."""
    before = sum(server.cpu_times()[:2])
    time.sleep(seconds)
    return sum(server.cpu_times()[:2]) - before


COUNT_RUNS = """() => {
  window.runs = 0;
  const app = document.querySelector('[data-testid="stApp"]');
  const count = () => { if (app.dataset.testScriptState !== "notRunning") window.runs += 1; };
  new MutationObserver(count).observe(app, { attributes: true });
}"""


def test_a_page_of_digits_runs_nothing_when_idle_and_its_settings_stand_in_its_address_and_stay(app, page):
    page.goto(f"{app}/generate?count=4&steps=5")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    page.evaluate(COUNT_RUNS)
    page.wait_for_timeout(7_000)  # the sidebar used to run every five seconds
    assert page.evaluate("window.runs") == 0
    page.get_by_role("button", name="More settings").click()
    assert page.get_by_label("Digits").first.input_value() == "4"
    page.keyboard.press("Escape")
    open_page(page, "MNIST", "Inpaint")
    assert "count" not in page.url
    open_page(page, "MNIST", "Generate")
    page.get_by_role("button", name="More settings").click()
    assert page.get_by_label("Digits").first.input_value() == "4" and "count=4" in page.url
