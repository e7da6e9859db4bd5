"""A score field as arrows on the density, exact and learned, with the error between them; on the page and on paper."""

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.mpl import plane as printed_plane
from toy2d.drawing.plotly import DENSITY, laid_out, plane
from toy2d.score_fields.experiment import TOLERANCE, Field

ARROWS = 19  # per side


def arrows(axis: np.ndarray, score: np.ndarray, side: int = ARROWS) -> tuple[np.ndarray, np.ndarray]:
    """Where arrows stand and what they show, (side**2, 2) each: directions are true, lengths are squeezed.

    A length s becomes s / (s + typical): the score grows without end far out, and would hide the rest.
    """
    pick = np.linspace(0, len(axis) - 1, side).round().astype(int)
    at = np.stack(np.meshgrid(axis[pick], axis[pick]), -1).reshape(-1, 2)
    s = score[np.ix_(pick, pick)].reshape(-1, 2)
    size = np.linalg.norm(s, axis=1, keepdims=True)
    return at, s / (size + np.median(size) + 1e-12)


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


def field_figure(result: Field) -> Figure:
    """Exact arrows, learned arrows and their error on the density; one panel where nothing is learned."""
    panels = [("Exact score", result.exact)]
    if result.learned is not None:
        panels.append(("Learned score", result.learned))
    figure, axes = figure_of(len(panels) + (result.error is not None))
    extent = float(result.axis[-1])
    for ax, (title, score) in zip(axes[0], panels, strict=False):
        shown = np.exp((result.log_density - result.log_density.max()) / 2)
        ax.imshow(shown, extent=(-extent, extent) * 2, origin="lower", cmap="Greys", vmax=1.6)
        at, s = arrows(result.axis, score)
        spacing = 2 * extent / (ARROWS - 1)
        ax.quiver(
            *at.T, *(s * spacing).T, angles="xy", scale_units="xy", scale=1, color=PALETTE[0], width=0.004
        )
        printed_plane(ax, extent, title)
    if result.error is not None:
        _error_map(figure, axes[0, -1], result, extent)
    return figure


def _error_map(figure: Figure, ax: Axes, result: Field, extent: float) -> None:
    image = ax.imshow(
        result.error.relative,
        extent=(-extent, extent) * 2,
        origin="lower",
        cmap="cividis",
        norm=mpl.colors.LogNorm(1e-2, 1e1),
    )
    figure.colorbar(image, ax=ax, shrink=0.8, label="relative error")
    ax.contour(result.axis, result.axis, result.error.relative, levels=[0.1], colors="white", linewidths=1)
    printed_plane(ax, extent, f"Below 10 % in {result.error.area:.0%} of the area")
