"""Where a learned score can be trusted: maps of its error, the error against density, sigma and data."""

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.mpl import plane as plane_axes
from toy2d.drawing.plotly import laid_out, plane
from toy2d.low_density.experiment import LowDensity, LowDensityConfig, Sweep
from toy2d.score_fields.experiment import TOLERANCE, Field

COLORS = {"one": PALETTE[1], "many": PALETTE[0]}
NAMES = {"one": "trained at one level", "many": "trained at many levels"}


def panels(config: LowDensityConfig, result: LowDensity) -> list[tuple[str, Field]]:
    """The maps side by side, with what each shows."""
    return [
        (f"One level, at σ = {config.sigma:g}", result.one),
        (f"Many levels, at σ = {config.sigma:g}", result.many),
        (f"Many levels, at σ = {result.high_sigma:.2g}", result.high),
    ]


def maps_chart(config: LowDensityConfig, result: LowDensity) -> go.Figure:
    """Relative error, the 10 % line in white; 99 % of the noisy data lie within the dotted line."""
    shown = panels(config, result)
    titles = [f"{title}: {each.error.area:.0%} good" for title, each in shown]
    figure = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.05)
    for column, (_, each) in enumerate(shown, start=1):
        at = {"x": each.axis, "y": each.axis, "row": 1, "col": column}
        figure.add_heatmap(
            z=np.log10(each.error.relative.clip(1e-3)), colorscale="Cividis", zmin=-2, zmax=1,
            customdata=each.error.relative, showscale=column == 1,
            colorbar={
                "tickvals": [-2, -1, 0, 1], "ticktext": ["1 %", "10 %", "100 %", "1000 %"], "thickness": 10,
                "orientation": "h", "x": 0.5, "len": 0.5, "y": -0.36,
            },
            hovertemplate="(%{x:.1f}, %{y:.1f}): %{customdata:.3f}<extra></extra>", **at,
        )  # fmt: skip
        _add_line(figure, each.error.relative, TOLERANCE, "solid", at)
        _add_line(figure, _mass_above(each), 0.99, "dot", at)
    figure = plane(laid_out(figure, 400, showlegend=False), float(result.one.axis[-1]), 3)
    return figure.update_layout(margin={"l": 45, "r": 5, "b": 95})


def _add_line(figure: go.Figure, values: np.ndarray, level: float, dash: str, at: dict) -> None:
    figure.add_contour(
        z=values, showscale=False, hoverinfo="skip", line={"color": "white", "width": 1.5, "dash": dash},
        contours={"start": level, "end": level, "size": 1, "coloring": "none"}, **at,
    )  # fmt: skip


def _mass_above(each: Field) -> np.ndarray:
    """For each point the share of the square's probability that lies where the density is at least as high."""
    density = np.exp(each.log_density - each.log_density.max())
    order = np.argsort(density, axis=None)[::-1]
    share = np.empty(density.size)
    share[order] = density.ravel()[order].cumsum() / density.sum()
    return share.reshape(density.shape)


def by_density_chart(config: LowDensityConfig, result: LowDensity) -> go.Figure:
    """The median relative error in bins of the data's density, for the three maps."""
    figure = go.Figure()
    colors = (COLORS["one"], COLORS["many"], PALETTE[2])
    for (name, each), color in zip(panels(config, result), colors, strict=True):
        figure.add_scatter(
            x=10.0**each.error.density_bins, y=each.error.median_errors, mode="lines+markers", name=name,
            line={"color": color},
        )  # fmt: skip
    ends = 10.0 ** result.one.error.density_bins[[0, -1]]
    line = {"color": TRUTH, "dash": "dash"}
    figure.add_scatter(x=ends, y=[TOLERANCE] * 2, mode="lines", name="10 %", line=line)
    figure.update_xaxes(type="log", title="density of the noisy data", exponentformat="power", dtick=2)
    figure.update_yaxes(type="log", title="median relative error", exponentformat="power", dtick=1)
    return laid_out(figure, 360).update_layout(
        legend={"y": -0.25, "yanchor": "top"}, margin={"t": 20, "b": 110}
    )


def by_sigma_chart(config: LowDensityConfig, result: LowDensity) -> go.Figure:
    """How much of the square, and of the noisy data in it, the score of many levels serves at each of them."""
    figure = go.Figure()
    figure.add_scatter(
        x=result.sigmas,
        y=result.area,
        name="many levels: area",
        mode="lines+markers",
        line={"color": COLORS["many"]},
    )
    line = {"color": PALETTE[5], "dash": "dot"}
    figure.add_scatter(
        x=result.sigmas, y=result.mass, name="many levels: data", mode="lines+markers", line=line
    )
    figure.add_scatter(
        x=[config.sigma], y=[result.one.error.area], name="one level: area", mode="markers",
        marker={"color": COLORS["one"], "size": 11, "symbol": "diamond"},
    )  # fmt: skip
    figure.update_xaxes(type="log", title="noise σ", dtick="D2")
    figure.update_yaxes(title="share with error below 10 %", range=[0, 1.03], tickformat=".0%")
    return laid_out(figure, 360).update_layout(
        legend={"y": -0.25, "yanchor": "top"}, margin={"t": 20, "b": 110}
    )


def sweep_chart(result: Sweep) -> go.Figure:
    """Good area and median error at the small sigma, against the number of training points."""
    titles = ["Area with error below 10 %", "Median relative error over the square"]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for column, table in enumerate((result.area, result.median), start=1):
        for name, values in table.items():
            figure.add_scatter(
                x=result.points, y=values, mode="lines+markers", name=NAMES[name], line={"color": COLORS[name]},
                showlegend=column == 1, row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(type="log", title="training points", tickvals=result.points)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return laid_out(figure, 340).update_layout(margin={"t": 70}, legend={"y": 1.12})


def low_density_figure(config: LowDensityConfig, result: LowDensity) -> Figure:
    figure, axes = figure_of(4, side=4)
    for ax, (title, each) in zip(axes[0], panels(config, result), strict=False):
        e = float(each.axis[-1])
        norm = mpl.colors.LogNorm(1e-2, 1e1)
        image = ax.imshow(
            each.error.relative, extent=(-e, e, -e, e), origin="lower", cmap="cividis", norm=norm
        )
        ax.contour(
            each.axis, each.axis, each.error.relative, levels=[TOLERANCE], colors="white", linewidths=1
        )
        plane_axes(ax, e, f"{title}: {each.error.area:.0%} good")
    figure.colorbar(image, ax=axes[0, 2], shrink=0.7, label="relative error")
    axes[0, 3].semilogx(result.sigmas, result.area, "o-", color=COLORS["many"], label="many levels: area")
    axes[0, 3].semilogx(result.sigmas, result.mass, "o:", color=PALETTE[5], label="many levels: data")
    axes[0, 3].plot(config.sigma, result.one.error.area, "D", color=COLORS["one"], label="one level: area")
    axes[0, 3].set(xlabel="sigma", ylabel="share with error below 10 %", ylim=(0, 1.03))
    axes[0, 3].legend()
    return figure


def sweep_figure(result: Sweep) -> Figure:
    figure, axes = figure_of(2)
    for ax, table, title in zip(axes[0], (result.area, result.median), ("area", "median error"), strict=True):
        for name, values in table.items():
            ax.semilogx(result.points, values, "o-", color=COLORS[name], label=NAMES[name])
        ax.set(xlabel="training points", title=f"{title}, error against the exact score", ylim=(0, None))
    axes[0, 0].legend()
    return figure
