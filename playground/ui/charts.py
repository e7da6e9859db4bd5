"""A chart on a page."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from playground.charts import Chart
from playground.charts.on_page import on_page
from playground.ui.tour import presenting


def chart(panels: Chart | Sequence[Chart], key: str, height: int | None = None, tall: bool = False) -> None:
    """Charts in the page's theme and width, without the tool bar that hides titles.

    height: in pixels.  tall: as high as the player that it stands beside (page.picture), instead; and as the window,
    where the page is presented.
    """
    high: Literal["stretch", "content"] = "stretch" if tall or presenting() else "content"
    bar = {"displayModeBar": False}
    # Whole, before any chart: Plotly asks a pandas that another session may be loading.  Not at the top of the file: it
    # takes half a second, and a page's picture, which is drawn before its charts, need not wait.
    import pandas  # noqa: F401

    st.plotly_chart(on_page(panels, height), key=key, width="stretch", height=high, config=bar)
