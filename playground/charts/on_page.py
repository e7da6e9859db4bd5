"""Charts by Plotly, for a page.  Colours that are not a chart's own are left to the page's theme."""

import re
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from playground.charts import (
    Arrows,
    Axis,
    Band,
    Bars,
    Chart,
    Contour,
    Curve,
    Heat,
    Mark,
    Points,
    Rule,
    in_legend,
    log_ticks,
)
from playground.colors import PALETTE, rgb

HEIGHT, PLANE = 340, 400  # pixels, of curves and of planes
SYMBOLS = {"ring": "circle-open", "stroke": "line-ew-open"}
MANY = 1_000  # points that are left to the graphics card
BLUE = "rgba({},{},{},{})".format
# Sequential, from transparent to the palette's blue: it lies on a light and on a dark page alike.
DENSITY = [[0, BLUE(*rgb(PALETTE[0]), 0)], [1, BLUE(*rgb(PALETTE[0]), 0.55)]]


def on_page(panels: Chart | Sequence[Chart], height: int | None = None) -> go.Figure:
    """Panels side by side under one legend."""
    charts = [panels] if isinstance(panels, Chart) else list(panels)
    planes = all(chart.equal for chart in charts)
    titles = [html(chart.title) for chart in charts] if any(chart.title for chart in charts) else None
    apart = 0.05 if planes else min(0.1, 0.16 / max(1, len(charts) - 1))
    figure = make_subplots(1, len(charts), subplot_titles=titles, horizontal_spacing=apart)
    height = height or (PLANE if planes else HEIGHT)
    seen: set[tuple[str, str, str]] = set()
    for column, chart in enumerate(charts, start=1):
        at = {"row": 1, "col": column}
        for mark in chart.marks:
            _add(figure, mark, in_legend(mark, seen), at)
        repeated = column > 1 and chart.y.title == charts[column - 2].y.title
        _axes(figure, chart, column, "" if repeated else chart.y.title)
    return _laid_out(figure, charts, height)


def shades(colors: str, n: int) -> list[list[int]]:
    """n colours of a Heat's scale, from its low to its high end, for a canvas; colors as a Heat has them."""
    found = sample_colorscale(colors.capitalize(), np.linspace(0, 1, n).tolist(), colortype="tuple")
    return [[round(255 * part) for part in color] for color in found]


def html(text: str) -> str:
    """x_{t} and 10^{3} as browsers set them."""
    text = text.replace("<", "&lt;").replace("\n", "<br>")
    return re.sub(r"\^\{(.*?)\}", r"<sup>\1</sup>", re.sub(r"_\{(.*?)\}", r"<sub>\1</sub>", text))


def _add(figure: go.Figure, mark: Mark, legend: bool, at: dict[str, int]) -> None:
    if isinstance(mark, Rule):
        shown = {"name": html(mark.name), "showlegend": True} if legend else {}
        line = {"color": mark.color, "dash": mark.dash, "width": 2}
        add = figure.add_vline if mark.upright else figure.add_hline
        add(mark.place, line=line, **shown, **at, exclude_empty_subplots=False)  # it may be the first mark
        return
    for trace in traces(mark):
        trace.update(showlegend=legend and bool(trace.name))
        figure.add_trace(trace, **at)


# --- marks ------------------------------------------------------------------------------------------------


@singledispatch
def traces(mark: Any) -> list[Any]:
    """Plotly's traces of a mark."""
    raise TypeError(f"{type(mark).__name__} is no mark.")


@traces.register
def _(mark: Curve) -> list[Any]:
    mode = "lines+markers" if mark.dots else "lines"
    line = {"color": mark.color, "dash": mark.dash, "width": mark.width}
    return [
        go.Scatter(x=mark.x, y=mark.y, mode=mode, line=line, **_named(mark, "%{x:.4g}, %{y:.4g}"),
                   **_error(mark))
    ]  # fmt: skip


@traces.register
def _(mark: Points) -> list[Any]:
    kind = go.Scattergl if len(mark.x) > MANY else go.Scatter
    symbol = SYMBOLS.get(mark.symbol, mark.symbol)
    marker = {"color": mark.color, "size": mark.size, "symbol": symbol, "opacity": mark.opacity}
    if symbol != mark.symbol:
        marker["line"] = {"width": 2}  # all that is seen of an open symbol
    return [
        kind(x=mark.x, y=mark.y, mode="markers", marker=marker, **_named(mark, "%{x:.4g}, %{y:.4g}"),
             **_error(mark))
    ]  # fmt: skip


@traces.register
def _(mark: Band) -> list[Any]:
    x, y = np.concatenate([mark.x, mark.x[::-1]]), np.concatenate([mark.high, mark.low[::-1]])
    color = BLUE(*rgb(mark.color), 0.22)
    return [go.Scatter(x=x, y=y, mode="lines", fill="toself", fillcolor=color, line={"width": 0},
                       hoverinfo="skip")]  # fmt: skip


@traces.register
def _(mark: Bars) -> list[Any]:
    texts = {"text": [html(text) for text in mark.texts], "textposition": "auto"} if mark.texts else {}
    return [
        go.Bar(x=mark.x, y=mark.y, width=mark.width, orientation="h" if mark.lying else "v",
               marker={"color": mark.color, "line": {"width": 0}},
               **texts, **_named(mark, "%{x:.4g}" if mark.lying else "%{y:.4g}"), **_error(mark))
    ]  # fmt: skip


@traces.register
def _(mark: Heat) -> list[Any]:
    z, low, high = mark.shown
    texts = np.asarray(mark.texts) if len(mark.texts) else None
    heat = go.Heatmap(
        x=mark.x, y=mark.y, z=z, zmin=low, zmax=high, showscale=bool(mark.bar), customdata=mark.z,
        colorscale=DENSITY if mark.colors == "density" else mark.colors.capitalize(), hoverinfo="skip",
    )  # fmt: skip
    if mark.colors != "density":
        number = "%{customdata:.1%}" if mark.percent else "%{customdata:.3g}"
        heat.update(hoverinfo=None, hovertemplate=f"(%{{x:.3g}}, %{{y:.3g}}): {number}<extra></extra>")
    if mark.bar:
        heat.update(colorbar=_bar(mark, low, high))
    if texts is None:
        return [heat]
    empty = ~np.isfinite(z)
    heat.update(text=np.where(empty, "", texts), texttemplate="%{text}", xgap=2, ygap=2,
                hovertemplate="%{text}<extra></extra>")  # fmt: skip
    if not empty.any():
        return [heat]
    rows, columns = np.nonzero(empty)  # these have no colour to write on
    return [heat, go.Scatter(x=mark.x[columns], y=mark.y[rows], text=texts[empty], mode="text", hoverinfo="skip",
                             textfont={"color": PALETTE[1]})]  # fmt: skip


@traces.register
def _(mark: Contour) -> list[Any]:
    contours = {"start": mark.level, "end": mark.level, "size": 1, "coloring": "none"}
    line = {"color": mark.color, "width": 1.5, "dash": mark.dash}
    return [go.Contour(x=mark.x, y=mark.y, z=mark.z, contours=contours, line=line, showscale=False,
                       hoverinfo="skip")]  # fmt: skip


@traces.register
def _(mark: Arrows) -> list[Any]:
    tip = mark.at + mark.step
    lines = np.stack([mark.at, tip, np.full_like(tip, np.nan)], 1).reshape(-1, 2)  # NaN lifts the pen
    angle = np.degrees(np.arctan2(mark.step[:, 0], mark.step[:, 1]))  # they point up, and turn clockwise
    heads = {"symbol": "arrow", "angle": angle, "size": 6, "color": mark.color}
    return [
        go.Scatter(x=lines[:, 0], y=lines[:, 1], mode="lines", line={"color": mark.color, "width": 1.2},
                   hoverinfo="skip"),
        go.Scatter(x=tip[:, 0], y=tip[:, 1], mode="markers", marker=heads, hoverinfo="skip"),
    ]  # fmt: skip


def _named(mark: Any, hover: str) -> dict[str, Any]:
    """Its name in the legend, one entry for all panels, and what is read when the pointer rests on it."""
    name = html(mark.name)
    named = {"name": name, "legendgroup": name} if name else {}
    if texts := getattr(mark, "hover", ()):
        return named | {"hovertext": [html(text) for text in texts], "hovertemplate": "%{hovertext}"}
    return named | {"hovertemplate": hover + ("" if name else "<extra></extra>")}


def _error(mark: Any) -> dict[str, Any]:
    if mark.interval is None:
        return {}
    low, high = mark.interval
    length = mark.x if getattr(mark, "lying", False) else mark.y
    bars = {"type": "data", "symmetric": False, "array": high - length, "arrayminus": length - low,
            "thickness": 1.5, "width": 3}  # fmt: skip
    return {"error_x" if getattr(mark, "lying", False) else "error_y": bars}


def _bar(mark: Heat, low: float, high: float) -> dict[str, Any]:
    """The scale of the colours, lying; where it lies is known once the panels are."""
    bar: dict[str, Any] = {
        "orientation": "h",
        "thickness": 10,
        "title": {"text": html(mark.bar), "side": "bottom"},
    }
    if mark.log:
        ticks = log_ticks(10**low, 10**high)
        texts = [f"{value:.0%}" if mark.percent else html(text) for value, text in ticks]
        bar |= {"tickvals": [float(np.log10(value)) for value, _ in ticks], "ticktext": texts}
    return bar


# --- the layout -------------------------------------------------------------------------------------------


def _axes(figure: go.Figure, chart: Chart, column: int, y_title: str) -> None:
    at = {"row": 1, "col": column}
    still = (
        {"showgrid": False, "zeroline": False} if any(isinstance(mark, Heat) for mark in chart.marks) else {}
    )
    x, y = (_axis(chart, name, getattr(chart, name)) | still for name in "xy")
    if chart.equal:
        x |= {"constrain": "domain"}
        y |= {"constrain": "domain", "scaleanchor": "x" if column == 1 else f"x{column}"}
    figure.update_xaxes(title=html(chart.x.title), **x, **at)
    figure.update_yaxes(title=html(y_title), **y, **at)


def _axis(chart: Chart, name: str, axis: Axis) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "log"} if axis.log else {}
    if axis.range is not None:
        found["range"] = [float(np.log10(end)) if axis.log else end for end in axis.range]
    if axis.zero:
        found["rangemode"] = "tozero"
    if axis.percent:
        found["tickformat"] = ".0%"
    if (ticks := chart.ticks(name)) is not None:
        found |= {"tickvals": [at for at, _ in ticks], "ticktext": [html(text) for _, text in ticks]}
    return found


def _laid_out(figure: go.Figure, charts: Sequence[Chart], height: int) -> go.Figure:
    """Margins that cut nothing off, the legend above the titles, a scale of colours below its panel."""
    lines = max(chart.title.count("\n") + bool(chart.title) for chart in charts)
    scale = any(trace.type == "heatmap" and trace.showscale for trace in figure.data)
    top, bottom = 16 + 20 * lines, 114 if scale else 50
    inner = height - top - bottom
    for trace in figure.data:
        if trace.type == "heatmap" and trace.showscale:
            left, right = figure.layout["xaxis" + (trace.xaxis or "x")[1:]].domain
            # At the chart's own bottom edge, however high the page makes it.
            below = {"yref": "container", "y": 0, "yanchor": "bottom"}
            trace.colorbar.update(x=(left + right) / 2, len=0.9 * (right - left), **below)
    legend = {
        "orientation": "h",
        "x": 0,
        "y": 1 + (6 + 20 * lines) / inner,
        "yanchor": "bottom",
        "itemsizing": "constant",
    }
    figure.update_annotations(font_size=14)
    return figure.update_layout(height=height, margin={"l": 60, "r": 20, "t": top, "b": bottom}, legend=legend,
                                barmode="overlay")  # fmt: skip
