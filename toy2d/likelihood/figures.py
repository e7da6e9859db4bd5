"""The flow's log density in pictures: maps, whose the error is, the error against the number of steps."""

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.mpl import plane as plane_axes
from toy2d.drawing.plotly import laid_out, plane
from toy2d.likelihood.experiment import Errors, Likelihood, LikelihoodConfig
from toy2d.mixture import Mixture

CLOSE = 3.5  # the extent of a look at N(0, I)
DEEPEST = 30  # nats below the highest density: what is shown darker is no darker than that
PARTS = ("steps", "prior", "network", "smoothing")
WHOSE = {
    "steps": "the ODE's steps", "prior": "N(0, I) at the end", "network": "the network",
    "smoothing": "starting at σ > 0",
}  # fmt: skip


def flow_clouds(config: LikelihoodConfig, result: Likelihood) -> list[Cloud]:
    """Exact samples carried along the flow; the prior that they should end at lies behind them on the right."""
    mixture = config.mixture.build()
    names = mode_names(mixture.log_weights.exp().numpy())
    captions = tuple(f"sigma / alpha = {ratio:.3g}" for ratio in result.ratios)
    standard = density(Mixture.of([[0.0, 0.0]]), CLOSE)
    return [
        Cloud("x_t, on the data's density", result.xs, result.modes, captions, density(mixture), names),
        Cloud("Closer, on that of N(0, I)", result.xs, result.modes, captions, standard, names, CLOSE),
    ]


def maps_chart(result: Likelihood) -> go.Figure:
    """The mixture's log density, the flow's, and the absolute error between them."""
    titles = ["Exact log density", "By the flow", "|error|, nats"]
    figure = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.05)
    top = float(result.exact.max())
    for column, values in enumerate((result.exact, result.flow), start=1):
        figure.add_heatmap(
            z=values, x=result.axis, y=result.axis, zmin=top - DEEPEST, zmax=top, colorscale="Viridis",
            row=1, col=column, hovertemplate="(%{x:.1f}, %{y:.1f}): %{z:.3f} nats<extra></extra>",
            showscale=column == 1,
            colorbar={"thickness": 10, "orientation": "h", "x": 0.32, "len": 0.4, "y": -0.36, "ticksuffix": " nats"},
        )  # fmt: skip
    error = np.abs(result.flow - result.exact)
    figure.add_heatmap(
        z=np.log10(error.clip(1e-6)), x=result.axis, y=result.axis, colorscale="Cividis", zmin=-4, zmax=2,
        customdata=error, hovertemplate="(%{x:.1f}, %{y:.1f}): %{customdata:.2g} nats<extra></extra>",
        colorbar={
            "tickvals": [-4, -2, -1, 0, 1, 2], "ticktext": ["10⁻⁴", "0.01", "0.1", "1", "10", "100"],
            "thickness": 10, "orientation": "h", "x": 0.84, "len": 0.3, "y": -0.36,
        },
        row=1, col=3,
    )  # fmt: skip
    figure = plane(laid_out(figure, 400, showlegend=False), float(result.axis[-1]), 3)
    return figure.update_layout(margin={"l": 45, "r": 5, "b": 95})


def parts_chart(errors: Errors) -> go.Figure:
    """Whose the error is, one bar each."""
    values = [getattr(errors, part) for part in PARTS]
    figure = go.Figure()
    figure.add_bar(
        y=[WHOSE[part] for part in PARTS], x=values, orientation="h", marker={"color": PALETTE[0]},
        text=[f"{value:.4f}" for value in values], textposition="auto",
    )  # fmt: skip
    figure.update_xaxes(title="mean |error| of log p, nats")
    figure.update_yaxes(autorange="reversed")
    return laid_out(figure, 320, showlegend=False).update_layout(margin={"l": 130, "t": 20})


def steps_chart(result: Likelihood) -> go.Figure:
    """The error against the number of steps, beside a line of second order."""
    figure = go.Figure()
    curves = (("the steps alone", result.by_steps, PALETTE[0]), ("in all", result.total_by_steps, PALETTE[1]))
    for name, errors, color in curves:
        figure.add_scatter(x=result.numbers, y=errors, mode="lines+markers", name=name, line={"color": color})
    line = {"color": TRUTH, "dash": "dash"}
    figure.add_scatter(x=result.numbers, y=second_order(result), mode="lines", name="∝ 1 / steps²", line=line)
    figure.update_xaxes(type="log", title="steps of the ODE", tickvals=result.numbers)
    figure.update_yaxes(type="log", title="mean |error|, nats", exponentformat="power", dtick=1)
    return laid_out(figure, 320)


def second_order(result: Likelihood) -> np.ndarray:
    """A line of second order through the last point of the discretisation's error."""
    return result.by_steps[-1] * (result.numbers[-1] / result.numbers) ** 2.0


def likelihood_figure(result: Likelihood) -> Figure:
    figure, axes = figure_of(4, side=4)
    e, top = float(result.axis[-1]), float(result.exact.max())
    shown = {"extent": (-e, e, -e, e), "origin": "lower"}
    panels = (("Exact log density", result.exact), ("By the flow", result.flow))
    for ax, (title, values) in zip(axes[0], panels, strict=False):
        image = ax.imshow(values, vmin=top - DEEPEST, vmax=top, **shown)
        plane_axes(ax, e, title)
    figure.colorbar(image, ax=axes[0, 1], shrink=0.7, label="nats")
    error = np.abs(result.flow - result.exact).clip(1e-6)
    image = axes[0, 2].imshow(error, cmap="cividis", norm=mpl.colors.LogNorm(1e-4, 1e2), **shown)
    figure.colorbar(image, ax=axes[0, 2], shrink=0.7, label="nats")
    plane_axes(axes[0, 2], e, "|error|")
    axes[0, 3].loglog(result.numbers, result.by_steps, "o-", color=PALETTE[0], label="the steps alone")
    axes[0, 3].loglog(result.numbers, result.total_by_steps, "o-", color=PALETTE[1], label="in all")
    axes[0, 3].loglog(result.numbers, second_order(result), "--", color=TRUTH, label="second order")
    axes[0, 3].set(xlabel="steps of the ODE", ylabel="mean |error|, nats", title="Error against steps")
    axes[0, 3].set_xticks(result.numbers, [str(n) for n in result.numbers], minor=False)
    axes[0, 3].set_xticks([], minor=True)
    axes[0, 3].legend()
    return figure
