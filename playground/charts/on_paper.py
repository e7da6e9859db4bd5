"""Charts by matplotlib, for files."""

import io
import re
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import NullLocator, PercentFormatter

from playground.charts import (
    Arrows,
    Band,
    Bars,
    Chart,
    Contour,
    Curve,
    Heat,
    Points,
    Rule,
    in_legend,
    log_ticks,
)
from playground.colors import PALETTE

Panels = Chart | Sequence[Chart] | Sequence[Sequence[Chart]]
DASHES = {"solid": "-", "dash": "--", "dot": ":"}
SYMBOLS = {"circle": "o", "star": "*", "x": "x", "diamond": "D", "ring": "o", "stroke": "_"}
EDGES = {"x": 1.0, "ring": 1.5, "stroke": 1.5}  # points, of the symbols that are lines
POINT = 0.75  # of a pixel
DENSITY = LinearSegmentedColormap.from_list("density", [(PALETTE[0], 0.0), (PALETTE[0], 0.55)])


def on_paper(panels: Panels, side: float = 4.2, title: str = "") -> Figure:
    """Panels side by side, or rows of them; side: of one, in inches."""
    rows = _rows(panels)
    columns = max(map(len, rows))
    figure = Figure((side * columns, side * len(rows)), dpi=110, layout="constrained")
    seen: set[tuple[str, str, str]] = set()
    for row, axes in zip(rows, figure.subplots(len(rows), columns, squeeze=False), strict=True):
        for chart, ax in zip(row, axes, strict=False):
            draw(figure, ax, chart, seen)
        for ax in axes[len(row) :]:
            ax.set_axis_off()
    if title:
        figure.suptitle(mathtext(title), fontsize="medium")
    return figure


def png(figure: Figure) -> bytes:
    """A figure as a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _rows(panels: Any) -> list[list[Chart]]:
    panels = [panels] if isinstance(panels, Chart) else list(panels)
    return [panels] if isinstance(panels[0], Chart) else [list(row) for row in panels]


def mathtext(text: str) -> str:
    """x_{t} and 10^{3} as matplotlib sets them."""
    return re.sub(r"([_^])\{(.*?)\}", r"$\1{\\mathrm{\2}}$", text.replace("$", r"\$"))


def draw(figure: Figure, ax: Axes, chart: Chart, seen: set[tuple[str, str, str]]) -> None:
    """One chart onto axes; a name that is `seen` stands in the legend of an earlier panel."""
    for mark in chart.marks:
        named = {"label": mathtext(mark.name)} if in_legend(mark, seen) else {}  # type: ignore[union-attr]
        drawn = artists(mark, ax, named)
        if isinstance(mark, Heat) and mark.bar:
            _bar(figure, ax, mark, drawn)
    for name in "xy":
        _axis(ax, chart, name)
    ax.set_title(mathtext(chart.title), fontsize="medium")
    if chart.equal:
        ax.set_aspect("equal")
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small", loc="upper left" if chart.equal else "best")


# --- marks ------------------------------------------------------------------------------------------------


@singledispatch
def artists(mark: Any, ax: Axes, named: dict[str, Any]) -> Any:
    """Draws a mark."""
    raise TypeError(f"{type(mark).__name__} is no mark.")


@artists.register
def _(mark: Curve, ax: Axes, named: dict[str, Any]) -> None:
    ax.plot(mark.x, mark.y, DASHES[mark.dash], marker="o" if mark.dots else "", markersize=4, color=mark.color,
            linewidth=mark.width * POINT, **named)  # fmt: skip
    _error(mark, ax, mark.color)


@artists.register
def _(mark: Points, ax: Axes, named: dict[str, Any]) -> None:
    ax.plot(mark.x, mark.y, SYMBOLS[mark.symbol], color=mark.color, markersize=mark.size * POINT,
            alpha=mark.opacity, markeredgewidth=EDGES.get(mark.symbol, 0),
            markerfacecolor="none" if mark.symbol == "ring" else mark.color, **named)  # fmt: skip
    _error(mark, ax, mark.color)


@artists.register
def _(mark: Band, ax: Axes, named: dict[str, Any]) -> None:
    ax.fill_between(mark.x, mark.low, mark.high, color=mark.color, alpha=0.22, linewidth=0)


@artists.register
def _(mark: Bars, ax: Axes, named: dict[str, Any]) -> None:
    if mark.lying:
        bars = ax.barh(mark.y, mark.x, mark.width, color=mark.color, **named)
    else:
        bars = ax.bar(mark.x, mark.y, mark.width, color=mark.color, **named)
    if mark.texts:
        ax.bar_label(bars, [mathtext(text) for text in mark.texts], padding=2, fontsize="small")
    _error(mark, ax, "black", fmt="none")


@artists.register
def _(mark: Heat, ax: Axes, named: dict[str, Any]) -> Any:
    z, low, high = mark.shown
    colors = DENSITY if mark.colors == "density" else mark.colors
    image = ax.pcolormesh(
        mark.x, mark.y, z, shading="nearest", vmin=low, vmax=high, cmap=colors, rasterized=True
    )
    for (i, j), value in np.ndenumerate(z if len(mark.texts) else np.empty((0, 0))):
        color = PALETTE[1] if not np.isfinite(value) else "white" if value < (low + high) / 2 else "black"
        ax.text(
            mark.x[j], mark.y[i], mark.texts[i][j], ha="center", va="center", color=color, fontsize="small"
        )
    return image


@artists.register
def _(mark: Contour, ax: Axes, named: dict[str, Any]) -> None:
    if np.nanmin(mark.z) < mark.level < np.nanmax(mark.z):
        ax.contour(mark.x, mark.y, mark.z, levels=[mark.level], colors=mark.color,
                   linestyles=DASHES[mark.dash], linewidths=1.2)  # fmt: skip


@artists.register
def _(mark: Arrows, ax: Axes, named: dict[str, Any]) -> None:
    ax.quiver(*mark.at.T, *mark.step.T, angles="xy", scale_units="xy", scale=1, color=mark.color, width=0.004)


@artists.register
def _(mark: Rule, ax: Axes, named: dict[str, Any]) -> None:
    line = ax.axvline if mark.upright else ax.axhline
    line(mark.place, color=mark.color, linestyle=DASHES[mark.dash], linewidth=1.5, **named)


def _error(mark: Any, ax: Axes, color: str, fmt: str = "none") -> None:
    if mark.interval is None:
        return
    low, high = mark.interval
    lying = getattr(mark, "lying", False)
    length = mark.x if lying else mark.y
    bars: dict[str, Any] = {"xerr" if lying else "yerr": np.stack([length - low, high - length]).clip(0)}
    ax.errorbar(mark.x, mark.y, **bars, fmt=fmt, ecolor=color, elinewidth=1, capsize=3)


def _bar(figure: Figure, ax: Axes, mark: Heat, image: AxesImage) -> None:
    bar = figure.colorbar(image, ax=ax, shrink=0.8, label=mathtext(mark.bar))
    if mark.log:
        _, low, high = mark.shown
        ticks = log_ticks(10**low, 10**high)
        texts = [f"{value:.0%}" if mark.percent else mathtext(text) for value, text in ticks]
        bar.set_ticks([float(np.log10(value)) for value, _ in ticks], labels=texts)


# --- axes -------------------------------------------------------------------------------------------------


def _axis(ax: Axes, chart: Chart, name: str) -> None:
    of, drawn = getattr(chart, name), getattr(ax, f"{name}axis")
    limit = getattr(ax, f"set_{name}lim")
    getattr(ax, f"set_{name}label")(mathtext(of.title))
    if of.log:
        getattr(ax, f"set_{name}scale")("log")
        drawn.set_minor_locator(NullLocator())
    if of.percent:
        drawn.set_major_formatter(PercentFormatter(1, decimals=0))
    if (ticks := chart.ticks(name)) is not None:
        before = getattr(ax, f"get_{name}lim")()
        crowded = name == "x" and sum(map(len, of.names)) > 40 and not any("\n" in text for text in of.names)
        slanted: dict[str, Any] = {"rotation": 25, "ha": "right"} if crowded else {}
        drawn.set_ticks([at for at, _ in ticks], [mathtext(text) for _, text in ticks], **slanted)
        limit(before)  # ticks beyond the data do not stretch the axis
    if of.range is not None:
        limit(*of.range)
    elif of.zero:
        limit(0, None)
