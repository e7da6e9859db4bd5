"""The page helper: settings of a page's own, results kept, work on request, and Stop that stays stopped."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from playground.ui.busy import _STOPPED

TWO_PAGES = """
import streamlit as st
from playground.ui.page import in_url, page

name = st.session_state.get("go", "One")
with page(name):
    in_url(st.slider, "π", 0.0, 1.0, 0.8 if name == "One" else 0.6, key="pi")
    in_url(st.number_input, "Particles", 1, 10_000, 100 if name == "One" else 2_000, key="particles")
    options = ["a", "b"] if name == "One" else ["b", "c"]
    in_url(st.selectbox, "Mixture", options, key="mixture")
"""


def visit(app: AppTest, name: str) -> AppTest:
    app.session_state["go"] = name
    app.query_params.clear()  # as Streamlit does when the page changes
    app.run()
    assert not app.exception and not app.error
    return app


def values(app: AppTest) -> tuple:
    return (
        app.slider(key="pi").value,
        app.number_input(key="particles").value,
        app.selectbox(key="mixture").value,
    )


def test_a_page_opens_with_its_own_defaults_whatever_the_page_before_had():
    app = visit(AppTest.from_string(TWO_PAGES), "One")
    assert values(app) == (0.8, 100, "a")
    assert values(visit(app, "Two")) == (0.6, 2_000, "b")


def test_settings_stay_with_their_page_and_the_weight_goes_along():
    app = visit(AppTest.from_string(TWO_PAGES), "One")
    app.number_input(key="particles").set_value(300)
    app.slider(key="pi").set_value(0.3).run()
    assert values(visit(app, "Two")) == (0.3, 2_000, "b")
    app.number_input(key="particles").set_value(50).run()
    assert values(visit(app, "One")) == (0.3, 300, "a")
    assert values(visit(app, "Two")) == (0.3, 50, "b")


def test_a_shared_choice_that_a_page_does_not_have_is_left_out():
    app = visit(AppTest.from_string(TWO_PAGES), "One")
    app.selectbox(key="mixture").set_value("b").run()
    assert values(visit(app, "Two"))[2] == "b"
    app.selectbox(key="mixture").set_value("c").run()
    assert values(visit(app, "One"))[2] == "b"  # its own, for it knows no c


def test_the_address_comes_before_what_is_remembered():
    app = AppTest.from_string(TWO_PAGES)
    app.query_params["particles"] = "77"
    assert values(app.run())[1] == 77


CACHED = """
import streamlit as st
from playground.errors import UserError
from playground.ui.page import cached, page

with page("Title"):
    size = st.number_input("n", 0, 9, 1, key="n")

    def make(size, report):
        st.session_state["made"] = st.session_state.get("made", 0) + 1
        if size == 9:
            raise UserError("9 is too many: take less.")
        return size**2

    st.markdown(f"result {cached('work', size, make, 'Counting')}")
"""


def test_a_result_is_made_once_for_its_settings():
    app = AppTest.from_string(CACHED).run()
    app.run()
    assert app.session_state["made"] == 1 and app.markdown[-1].value == "result 1"
    app.number_input(key="n").set_value(3).run()
    assert app.session_state["made"] == 2 and app.markdown[-1].value == "result 9"


def test_bad_settings_are_a_sentence_on_the_page():
    app = AppTest.from_string(CACHED).run()
    app.number_input(key="n").set_value(9).run()
    assert not app.exception and [error.value for error in app.error] == ["9 is too many: take less."]


def test_stopped_work_stays_stopped_for_its_settings_until_asked_for():
    app = AppTest.from_string(CACHED)
    app.session_state[_STOPPED] = {"work-run": 1}  # what a click on Stop leaves behind
    app.run()
    assert "made" not in app.session_state and "stopped" in app.info[0].value
    app.run()
    assert "made" not in app.session_state
    app.button(key="work-run-again").click().run()
    assert app.session_state["made"] == 1 and not app.info


def test_stopped_work_runs_for_other_settings():
    app = AppTest.from_string(CACHED)
    app.session_state[_STOPPED] = {"work-run": 1}
    app.run()
    app.number_input(key="n").set_value(2).run()
    assert app.session_state["made"] == 1 and not app.info


ON_REQUEST = """
import streamlit as st
from playground.ui.page import on_request, page

with page("Title"):
    size = st.number_input("n", 0, 9, 1, key="n")
    first = st.session_state.get("first")
    found = on_request("work", size, lambda n, report: n**2, "Counting", button="Count", first=first)
    st.markdown(f"found {found}")
"""


def test_work_on_request_waits_for_the_button_and_says_when_settings_have_changed():
    app = AppTest.from_string(ON_REQUEST).run()
    assert app.markdown[-1].value == "found None"
    app.button(key="work-go").click().run()
    assert app.markdown[-1].value == "found (1, 1)" and not app.caption
    app.number_input(key="n").set_value(4).run()
    assert app.markdown[-1].value == "found (1, 1)" and "have changed" in app.caption[0].value
    app.button(key="work-go").click().run()
    assert app.markdown[-1].value == "found (4, 16)" and not app.caption


def test_a_first_look_is_made_unasked_but_not_after_a_stop():
    app = AppTest.from_string(ON_REQUEST)
    app.session_state["first"] = 2
    assert app.run().markdown[-1].value == "found (2, 4)"
    app = AppTest.from_string(ON_REQUEST)
    app.session_state["first"] = 2
    app.session_state[_STOPPED] = {"work-run": 2}
    app.run()
    assert "Stopped" in app.info[0].value and "work" not in app.session_state
    app.button(key="work-go").click().run()
    assert app.markdown[-1].value == "found (1, 1)" and not app.info


def test_the_training_sidebar_keeps_its_refusal_through_redraws(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    path = Path(__file__).parents[2] / "images/train/page.py"
    app = AppTest.from_file(str(path), default_timeout=60).run()
    app.sidebar.number_input(key="train-images-cpu-quick").set_value(1)
    app.sidebar.number_input(key="train-batch-cpu-quick").set_value(8_192).run()
    next(b for b in app.sidebar.button if b.label == "Start training").click().run()
    assert len(app.error) == 1 and "8192" in app.error[0].value.replace(",", "")
    app.run()  # as the sidebar's own redraw does every few seconds
    assert len(app.error) == 1
