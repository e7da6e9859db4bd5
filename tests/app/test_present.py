"""Presentation, ?present=1, in a real browser at 1920 x 1080; the fixtures are those of test_browser."""

import pytest
from app.test_browser import app, at_rest, page  # noqa: F401

pytestmark = pytest.mark.browser


def test_the_picture_fills_the_window_and_keys_play_step_and_turn_the_page(app, page):  # noqa: F811
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/mixing?present=1")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    panel = page.locator("canvas").first.bounding_box()
    bar = page.get_by_role("toolbar", name="Playback").bounding_box()
    assert panel["height"] >= 0.75 * 1080
    assert bar["y"] + bar["height"] <= 1080 and bar["width"] >= 0.85 * 1920
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


def test_a_page_that_is_not_presented_keeps_its_controls_and_its_keys(app, page):  # noqa: F811
    page.goto(f"{app}/mixing")
    page.locator("canvas").first.wait_for()
    at_rest(page)
    page.get_by_text(
        "π, weight of the first mode"
    ).wait_for()  # a busy machine draws it later than the canvas
    page.locator("body").press("n")
    page.wait_for_timeout(500)
    assert page.url.split("?")[0].endswith("/mixing")


def test_a_page_without_a_player_fills_the_window_with_its_first_chart_and_turns_by_n(app, page):  # noqa: F811
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/score-fields?present=1")
    page.locator(".stPlotlyChart .main-svg").first.wait_for()
    at_rest(page)
    chart = page.locator(".stPlotlyChart .main-svg").first.bounding_box()
    assert chart["height"] >= 0.75 * 1080 and chart["width"] >= 0.85 * 1920
    assert chart["y"] + chart["height"] <= 1080
    assert not page.get_by_text("π, weight of the first mode").is_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/low-density?*present=1*")


def test_a_page_of_words_keeps_them(app, page):  # noqa: F811
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{app}/claims?present=1")
    at_rest(page)
    page.get_by_text("Annealed Langevin dynamics recovers π.").wait_for()
