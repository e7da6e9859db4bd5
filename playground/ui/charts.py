"""A chart on a page."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from playground.charts import Chart
from playground.charts.on_page import on_page
from playground.ui.tour import presenting

PRESENTED = 930  # pixels: of the 1,080 of a projector's picture, with the page's head and verdict
TALL = 420  # pixels, at the least: of a chart beside a player; what stands above its panels is placed for it
ALONE = 400  # pixels, at the least: of a chart that is its page's picture
STRIP = 200  # pixels: what is as low stands beside the picture, and stays so


def chart(
    panels: Chart | Sequence[Chart],
    key: str,
    height: int | None = None,
    tall: bool = False,
    alone: bool = False,
) -> None:
    """Charts in the page's theme and width, without the tool bar that hides titles.

    height: in pixels.  tall: as high as the player that it stands beside (page.picture), instead; and as the window,
    where the page is presented.  alone: the page's picture has no player, and is as high as the window leaves room for.
    """
    if alone:
        with st.container(key=None if presenting() else f"page-alone-{key}"):
            return chart(panels, key, ALONE, tall=True)
    high: Literal["stretch", "content"] = "stretch" if tall or presenting() else "content"
    bar = {"displayModeBar": False}
    # Whole, before any chart: Plotly asks a pandas that another session may be loading.  Not at the top of the file: it
    # takes half a second, and a page's picture, which is drawn before its charts, need not wait.
    import pandas  # noqa: F401

    large = presenting() and (height or PRESENTED) > STRIP
    figure = on_page(panels, PRESENTED if large else height or (TALL if tall else None))
    if large:  # read from the last row of a lecture hall
        figure.update_layout(
            font_size=18, legend_font_size=18, margin={"l": 90, "b": figure.layout.margin.b + 30}
        )
        figure.update_annotations(font_size=20)
        for axes in (figure.update_xaxes, figure.update_yaxes):
            axes(tickfont_size=16, title_font_size=18)
    many = 1 if isinstance(panels, Chart) else len(panels)
    key = key if many == 1 else f"{key}-panels-{many}"  # on a phone they are pushed sideways (style.css)
    st.plotly_chart(figure, key=key, width="stretch", height=high, config=bar)
