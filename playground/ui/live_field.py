"""The panels of a chart of fields, drawn over in the browser while a slider is held: no rerun, and no Python."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from playground.ui.player import asset

_component = st.components.v2.component(
    "playground_live_field",
    html='<div class="live-field" hidden></div>',
    js="".join(map(asset, ("live_chain.js", "live_net.js", "held.js", "live_field.js"))),
)


def live_field(spec: Mapping[str, Any], key: str) -> None:
    """Takes no room on the page.  spec: what live_field.js draws, in plain numbers; "chart" is the chart's key."""
    _component(key=key, data=spec)
