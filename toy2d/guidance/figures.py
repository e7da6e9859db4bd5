"""What guidance looks like: clouds to animate, charts for the page, a figure to print."""

import math

import numpy as np
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.clouds import Cloud
from toy2d.drawing.mpl import figure_of, scatter
from toy2d.drawing.plotly import laid_out, plane
from toy2d.guidance.experiment import (
    BELIEF_EXTENT,
    Guidance,
    GuidanceConfig,
    GuidanceSweep,
    Guided,
    believed_log_density,
)
from toy2d.presets import EXTENT

NAMES = {
    "stochastic": "Classifier, stochastic form",
    "ddim": "Classifier, DDIM form",
    "free": "Classifier-free, DDIM",
}
COLORS = {name: k for k, name in enumerate(NAMES)}  # of a method, its number in PALETTE
SHARES = (0.5, 0.9)  # of the probability, within the contours that are drawn
CHART_POINTS = 1_500  # in a chart's panel: more would make the page heavy, and show nothing new


def extent_of(result: Guidance) -> float:
    """Half the side of a square that holds the end points, up to the grid of the believed density."""
    far = max(np.abs(run.xs[-1]).max() for run in result.runs)
    return float(min(BELIEF_EXTENT, max(EXTENT, math.ceil(far))))


def guidance_clouds(config: GuidanceConfig, result: Guidance) -> list[Cloud]:
    """The three walks, on the density that people believe they sample."""
    extent = extent_of(result)
    background = believed_background(config, extent)

    def cloud(run: Guided) -> Cloud:
        captions = tuple(f"alpha_bar = {alpha**2:.3g}" for alpha in run.alphas)
        labels = np.full(run.xs.shape[1], COLORS[run.name], np.uint8)
        return Cloud(NAMES[run.name], run.xs, labels, captions, background, (), extent)

    return [cloud(run) for run in result.runs]


def believed_background(config: GuidanceConfig, extent: float, side: int = 96) -> np.ndarray:
    """The square root of the believed density, at most 1: (side, side)."""
    axis = torch.linspace(-extent, extent, side)
    x = torch.cartesian_prod(axis, axis).flip(1)
    log_q = believed_log_density(config.mixture.build(), config.label, config.w, x)
    return ((log_q - log_q.max()) / 2).exp().reshape(side, side).numpy()


def contour_levels(density: np.ndarray) -> list[float]:
    """The densities above which the SHARES of the probability lie, lowest first."""
    ordered = np.sort(density.ravel())[::-1]
    mass = np.cumsum(ordered) / ordered.sum()
    return sorted(float(ordered[np.searchsorted(mass, share)]) for share in SHARES)


# --- charts -----------------------------------------------------------------------------------------------


def ends_chart(config: GuidanceConfig, result: Guidance) -> go.Figure:
    """The end points of each method on the contours of the believed density."""
    figure = make_subplots(
        1, 3, subplot_titles=[NAMES[run.name] for run in result.runs], horizontal_spacing=0.05
    )
    density = np.exp(result.belief.log_density)
    for column, run in enumerate(result.runs, start=1):
        at = {"row": 1, "col": column}
        x = run.xs[-1][:CHART_POINTS]
        figure.add_scattergl(
            x=x[:, 0], y=x[:, 1], mode="markers", showlegend=False, hoverinfo="skip",
            marker={"size": 3, "color": PALETTE[COLORS[run.name]], "opacity": 0.5}, **at,
        )  # fmt: skip
        for level in contour_levels(density):
            figure.add_contour(
                x=result.belief.axis, y=result.belief.axis, z=density, showscale=False, hoverinfo="skip",
                contours={"start": level, "end": level, "size": 1, "coloring": "none"}, showlegend=False,
                line={"color": TRUTH, "width": 2}, **at,
            )  # fmt: skip
    return plane(laid_out(figure, 400), extent_of(result), 3).update_layout(margin={"l": 45, "r": 5})


def along_chart(result: Guidance) -> go.Figure:
    """Where the end points lie along the axis that leads from the other classes to the class."""
    figure = go.Figure()
    edges = along_edges(result)
    rows = [
        ("believed density", result.along_belief, TRUTH, "solid"),
        ("exact conditional, w = 0", result.along_conditional, TRUTH, "dot"),
    ]
    rows += [
        (NAMES[run.name], run.along, PALETTE[COLORS[run.name]], dash_of(run.name)) for run in result.runs
    ]
    for name, along, color, dash in rows:
        heights = np.histogram(along, edges, density=True)[0]
        figure.add_scatter(
            x=(edges[:-1] + edges[1:]) / 2, y=heights, name=name, mode="lines",
            line={"color": color, "dash": dash, "width": 2.5 if color == TRUTH else 2},
        )  # fmt: skip
    figure.update_xaxes(title="along the axis from the other classes to this one")
    figure.update_yaxes(title="density", rangemode="tozero")
    return laid_out(figure, 320)


def dash_of(name: str) -> str:
    """Classifier-free is dashed: with exact models it lies on the DDIM form, and would hide it."""
    return "dash" if name == "free" else "solid"


def along_edges(result: Guidance, bins: int = 36) -> np.ndarray:
    clouds = (result.along_belief, result.along_conditional, *(run.along for run in result.runs))
    low, high = min(a.min() for a in clouds), max(a.max() for a in clouds)
    return np.linspace(low - 0.5, high + 0.5, bins + 1)


def sweep_chart(sweep: GuidanceSweep) -> go.Figure:
    """The distance to the believed density against w, and the floor that its own samples give."""
    figure = go.Figure()
    for (name, k), row in zip(COLORS.items(), sweep.distances, strict=True):
        line = {"color": PALETTE[k], "dash": dash_of(name)}
        figure.add_scatter(x=sweep.ws, y=row, name=NAMES[name], mode="lines+markers", line=line)
    figure.add_scatter(
        x=sweep.ws,
        y=sweep.floors,
        name="floor: two samples of it",
        mode="lines",
        line={"color": TRUTH, "dash": "dot"},
    )
    figure.update_xaxes(title="w")
    figure.update_yaxes(title="distance to the believed density", rangemode="tozero")
    return laid_out(figure, 320)


# --- a figure ---------------------------------------------------------------------------------------------


def guidance_figure(config: GuidanceConfig, result: Guidance) -> Figure:
    """End points on the believed density's contours, and all along the class's axis."""
    figure, axes = figure_of(4)
    density = np.exp(result.belief.log_density)
    for ax, cloud in zip(axes[0], guidance_clouds(config, result), strict=False):
        scatter(ax, cloud, -1)
        ax.contour(
            result.belief.axis, result.belief.axis, density, levels=contour_levels(density), colors=TRUTH
        )
        ax.set_title(cloud.title)
    last, edges = axes[0, 3], along_edges(result)
    last.hist(
        result.along_belief, edges, density=True, histtype="step", color=TRUTH, lw=2, label="believed density"
    )
    last.hist(
        result.along_conditional,
        edges,
        density=True,
        histtype="step",
        color=TRUTH,
        ls=":",
        label="exact conditional",
    )
    for run in result.runs:
        color, line = PALETTE[COLORS[run.name]], {"dash": "--", "solid": "-"}[dash_of(run.name)]
        last.hist(
            run.along, edges, density=True, histtype="step", color=color, ls=line, label=NAMES[run.name]
        )
    last.set(xlabel="along the class's axis", ylabel="density", title=f"w = {config.w:g}")
    last.legend(fontsize="small")
    return figure
