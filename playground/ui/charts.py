"""A chart on a page."""

from collections.abc import Sequence
from typing import Literal

import pandas  # noqa: F401  (whole, before any chart: Plotly asks a pandas that another session may be loading)
import streamlit as st

from playground.charts import Chart
from playground.charts.on_page import on_page


def chart(panels: Chart | Sequence[Chart], key: str, height: int | None = None, tall: bool = False) -> None:
    """Charts in the page's theme and width, without the tool bar that hides titles.

    height: in pixels.  tall: as high as the player that it stands beside (page.picture), instead.
    """
    high: Literal["stretch", "content"] = "stretch" if tall else "content"
    bar = {"displayModeBar": False}
    st.plotly_chart(on_page(panels, height), key=key, width="stretch", height=high, config=bar)
