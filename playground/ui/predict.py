"""Predict first: a page's results are hidden until the viewer has said what will happen; then both are shown."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")

SWITCH = "predict"  # key of the switch, drawn by `tries`
_SAID = "playground_said"  # in the session: key of the question -> what it was asked for, and the answer


def predicted(key: str, made_for: Any, question: str, ask: Callable[[], T]) -> T | None:
    """The viewer's answer for these settings; None where the switch is off.  Ends the page here until there is one.

    ask: draws the widget of the answer, and returns its value.  New settings are a new question.
    """
    if not st.session_state.get(SWITCH):
        return None
    said: dict[str, tuple[Any, T]] = st.session_state.setdefault(_SAID, {})
    if key not in said or said[key][0] != made_for:
        with st.container(key="page-predict", border=True):
            st.markdown(f"**{question}**")
            answer = ask()
            st.button(
                "Show what happens",
                type="primary",
                key=f"{key}-say",
                on_click=_say,
                args=(key, made_for, answer),
            )
        st.stop()
    return said[key][1]


def _say(key: str, made_for: Any, answer: Any) -> None:
    st.session_state[_SAID][key] = made_for, answer


def compared(answer: float | str | None, truth: float | str) -> str:
    """For the verdict: what was said beside what came out; nothing where nothing was asked."""
    if answer is None:
        return ""
    if isinstance(answer, str) or isinstance(truth, str):
        return f"You said {answer}; it is {truth}."
    form = "d" if isinstance(answer, int) and isinstance(truth, int) else ".2f"
    return f"You said {answer:{form}}; it is {truth:{form}}, {abs(answer - truth):{form}} from it."
