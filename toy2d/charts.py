"""Plotly figures of the 2-D pages.  Colours that are not of the palette are left to the page's theme."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH, rgb
from toy2d.experiments.field import TOLERANCE, Field
from toy2d.experiments.mixing import Chain, Mixing, MixingConfig
from toy2d.experiments.statistics import total_variation, wilson
from toy2d.pictures import ARROWS, arrows

# Sequential, from transparent to the palette's blue: it lies on a light and on a dark page alike.
DENSITY = [[0, "rgba(0,114,178,0)"], [1, "rgba(0,114,178,0.55)"]]


def translucent(color: str, alpha: float) -> str:
    """ "#0072B2", 0.2 -> "rgba(0,114,178,0.2)"."""
    return "rgba({},{},{},{})".format(*rgb(color), alpha)


def laid_out(figure: go.Figure, height: int, **layout) -> go.Figure:
    """Margins that cut nothing off, and the legend above the plot."""
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(
        height=height, margin={"l": 60, "r": 20, "t": 40, "b": 50}, legend=legend, **layout
    )


def plane(figure: go.Figure, extent: float, columns: int = 1) -> go.Figure:
    """Equal aspect and named axes for the panels of one row."""
    for column in range(1, columns + 1):
        at = {"row": 1, "col": column} if columns > 1 else {}
        anchor = "x" if column == 1 else f"x{column}"
        figure.update_xaxes(range=[-extent, extent], title="x", constrain="domain", **at)
        title = "y" if column == 1 else None
        figure.update_yaxes(
            range=[-extent, extent], title=title, scaleanchor=anchor, constrain="domain", **at
        )
    return figure


def band(figure: go.Figure, x, low, high, color: str, **at) -> None:
    """A band between two curves, in the colour of the curve that it belongs to."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines", fill="toself",
        fillcolor=translucent(color, 0.22), line={"width": 0}, hoverinfo="skip", showlegend=False, **at,
    )  # fmt: skip


# --- score fields -----------------------------------------------------------------------------------------


def field_chart(result: Field) -> go.Figure:
    """Exact arrows, learned arrows, and the error between them, on the density."""
    titles = ["Exact score", "Learned score", "Relative error (white: 10 %)"]
    panels = [result.exact] if result.learned is None else [result.exact, result.learned]
    columns = len(panels) + (result.error is not None)
    figure = make_subplots(1, columns, subplot_titles=titles[:columns], horizontal_spacing=0.05)
    density = np.exp((result.log_density - result.log_density.max()) / 2)
    extent = float(result.axis[-1])
    for column, score in enumerate(panels, start=1):
        figure.add_heatmap(
            z=density, x=result.axis, y=result.axis, colorscale=DENSITY, showscale=False, hoverinfo="skip",
            row=1, col=column,
        )  # fmt: skip
        _add_arrows(figure, result.axis, score, 2 * extent / (ARROWS - 1), column)
    if result.error is not None:
        _add_error(figure, result, columns)
    figure = plane(laid_out(figure, 400, showlegend=False), extent, columns)
    return figure.update_layout(margin={"l": 45, "r": 5, "b": 45 if columns < 3 else 95})


def _add_arrows(figure: go.Figure, axis: np.ndarray, score: np.ndarray, spacing: float, column: int) -> None:
    at, s = arrows(axis, score)
    tip = at + s * spacing
    lines = np.stack([at, tip, np.full_like(at, np.nan)], 1).reshape(-1, 2)  # NaN lifts the pen
    color = PALETTE[1]
    figure.add_scatter(
        x=lines[:, 0], y=lines[:, 1], mode="lines", line={"color": color, "width": 1.2}, hoverinfo="skip",
        row=1, col=column,
    )  # fmt: skip
    angle = np.degrees(np.arctan2(s[:, 0], s[:, 1]))  # Plotly's arrows point up, and turn clockwise
    figure.add_scatter(
        x=tip[:, 0], y=tip[:, 1], mode="markers", row=1, col=column,
        marker={"symbol": "arrow", "angle": angle, "size": 6, "color": color},
        hovertemplate="(%{x:.2f}, %{y:.2f})<extra></extra>",
    )  # fmt: skip


def _add_error(figure: go.Figure, result: Field, column: int) -> None:
    figure.add_heatmap(
        z=np.log10(result.error.relative.clip(1e-3)), x=result.axis, y=result.axis, colorscale="Cividis",
        zmin=-2, zmax=1, row=1, col=column, customdata=result.error.relative,
        colorbar={
            "tickvals": [-2, -1, 0, 1], "ticktext": ["1 %", "10 %", "100 %", "1000 %"], "thickness": 10,
            "orientation": "h", "x": 0.84, "len": 0.3, "y": -0.36,
        },
        hovertemplate="(%{x:.2f}, %{y:.2f}): %{customdata:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_contour(
        z=result.error.relative, x=result.axis, y=result.axis, showscale=False, hoverinfo="skip",
        contours={"start": TOLERANCE, "end": TOLERANCE, "size": 1, "coloring": "none"},
        line={"color": "white", "width": 1.5}, row=1, col=column,
    )  # fmt: skip


def error_by_density_chart(result: Field) -> go.Figure:
    """Problem 1 as a curve: the median relative error in bins of the density."""
    figure = go.Figure()
    figure.add_scatter(
        x=10.0**result.error.density_bins, y=result.error.median_errors, mode="lines+markers",
        line={"color": PALETTE[0]}, name="median relative error",
    )  # fmt: skip
    ends = 10.0 ** result.error.density_bins[[0, -1]]
    figure.add_scatter(
        x=ends, y=[TOLERANCE] * 2, mode="lines", name="10 %", line={"color": TRUTH, "dash": "dash"}
    )
    figure.update_xaxes(
        type="log", title="density of the data at this noise", exponentformat="power", dtick=2
    )
    figure.update_yaxes(type="log", title="median relative error", exponentformat="power", dtick=1)
    return laid_out(figure, 300)


# --- mixing -----------------------------------------------------------------------------------------------


def shares_chart(config: MixingConfig, result: Mixing) -> go.Figure:
    """The share in the first mode with its 95 % band, against π; of many modes, the share in a wrong one."""
    figure = go.Figure()
    for name, color, chain in (
        ("plain", PALETTE[1], result.plain),
        ("annealed", PALETTE[0], result.annealed),
    ):
        _add_share(figure, name, color, chain, result.weights, config.particles)
    two = len(result.weights) == 2
    if two:
        figure.add_hline(result.weights[0], line={"color": TRUTH, "dash": "dash"}, annotation_text="π")
    else:
        floor = wrong_mode_floor(result.weights, config.particles)
        figure.add_hline(floor, line={"color": TRUTH, "dash": "dash"}, annotation_text="exact samples")
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title="share in mode 1" if two else "share in a wrong mode", range=[0, 1])
    return laid_out(figure, 320)


def _add_share(figure: go.Figure, name: str, color: str, chain: Chain, weights: np.ndarray, n: int) -> None:
    share = chain.shares[:, 0] if len(weights) == 2 else total_variation(chain.shares, weights)
    if len(weights) == 2:
        band(figure, chain.steps, *wilson(share, n), color)
    figure.add_scatter(x=chain.steps, y=share, name=name, mode="lines", line={"color": color, "width": 2})


def wrong_mode_floor(weights: np.ndarray, n: int) -> float:
    """What the share in a wrong mode is on average for n exact samples: the mean absolute deviation of
    each count, by the normal approximation, halved and added up.
    """
    return float(np.sqrt(2 * weights * (1 - weights) / (np.pi * n)).sum() / 2)


# --- shares of many modes ---------------------------------------------------------------------------------


def weights_chart(shares: np.ndarray, weights: np.ndarray, n: int) -> go.Figure:
    """The share in every mode beside its weight, with 95 % bands."""
    low, high = wilson(shares, n)
    modes = [str(k + 1) for k in range(len(weights))]
    figure = go.Figure()
    figure.add_bar(x=modes, y=weights, name="true weight", marker={"color": TRUTH})
    error = {"type": "data", "symmetric": False, "array": high - shares, "arrayminus": shares - low}
    figure.add_bar(
        x=modes, y=shares, name="share of the samples", marker={"color": PALETTE[0]}, error_y=error
    )
    figure.update_xaxes(title="mode")
    figure.update_yaxes(title="share")
    return laid_out(figure, 300, barmode="group")
