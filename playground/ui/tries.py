"""What a page offers to try: buttons that set its controls, and with them the address."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from playground.ui.page import in_url, put
from playground.ui.predict import SWITCH

_TRIED = "playground_tried"  # in the session: the page's buttons -> the label of the one pressed last


@cache  # every run of a page asks
def offered(page_file: str | Path) -> dict[str, dict[str, Any]]:
    """The buttons in the tries.toml beside a page, by label.

    look: what to look at then, in a sentence; set: key of a `in_url` widget -> its value.
    """
    return tomllib.loads(Path(page_file).with_name("tries.toml").read_text(encoding="utf-8"))


def tries(page_file: str, predict: bool = False) -> None:
    """One low row below the claim: the buttons, and of the one that was pressed what to look at.

    Controls that a button does not name keep their values.  predict: with the switch of `predicted` at its end.
    """
    pressed, choices = st.session_state.setdefault(_TRIED, {}), offered(page_file)
    names = tuple(choices)
    with st.container(key="page-tries", horizontal=True, vertical_alignment="center", gap="small"):
        for name, choice in choices.items():
            pressing = names, name, choice["set"]
            st.button(name, key=f"try-{name}", on_click=_set, args=pressing, width="content")
        st.markdown(choices[pressed[names]]["look"] if names in pressed else "")
        if predict:
            in_url(st.toggle, "Predict first", False, key=SWITCH, width="content")


def _set(names: tuple[str, ...], name: str, settings: Mapping[str, Any]) -> None:
    put(settings)
    st.session_state[_TRIED][names] = name
