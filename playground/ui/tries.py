"""What a page offers to try: buttons that set its controls, and with them the address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from playground.ui.page import in_url, put
from playground.ui.predict import SWITCH

_TRIED = "playground_tried"  # in the session: the page's buttons -> the label of the one pressed last


@dataclass(frozen=True)
class Try:
    """One button.  look: what to look at then, in a sentence; settings: key of a `in_url` widget -> its value."""

    label: str
    look: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def tries(*choices: Try, predict: bool = False) -> None:
    """One low row below the claim: the buttons, and of the one that was pressed what to look at.

    Controls that a button does not name keep their values.  predict: with the switch of `predicted` at its end.
    """
    pressed = st.session_state.setdefault(_TRIED, {})
    names = tuple(choice.label for choice in choices)
    with st.container(key="page-tries", horizontal=True, vertical_alignment="center", gap="small"):
        for choice in choices:
            st.button(
                choice.label, key=f"try-{choice.label}", on_click=_set, args=(names, choice), width="content"
            )
        look = next((choice.look for choice in choices if choice.label == pressed.get(names)), "")
        st.markdown(look)
        if predict:
            in_url(st.toggle, "Predict first", False, key=SWITCH, width="content")


def _set(names: tuple[str, ...], choice: Try) -> None:
    put(choice.settings)
    st.session_state[_TRIED][names] = choice.label
