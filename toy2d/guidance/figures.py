"""What guidance looks like: clouds to animate, charts for the page, a figure to print."""

import math

import numpy as np
import torch

from playground.charts import Axis, Chart, Contour, Curve, Dash, Mark, Points, Rule
from playground.colors import METHODS, PALETTE, TRUTH
from playground.statistics import interval_of_mean
from toy2d.drawing.clouds import Cloud
from toy2d.drawing.planes import plane
from toy2d.guidance.best_w import EXACT, BestW
from toy2d.guidance.experiment import (
    BELIEF_EXTENT,
    Guidance,
    GuidanceConfig,
    GuidanceSweep,
    Guided,
    believed_log_density,
    overshoots,
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
        captions = tuple(f"ᾱ = {alpha**2:.3g}" for alpha in run.alphas)
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


def ends_chart(config: GuidanceConfig, result: Guidance) -> list[Chart]:
    """The end points of each method on the contours of the believed density."""
    density, axis = np.exp(result.belief.log_density), result.belief.axis
    lines = [Contour(axis, axis, density, level) for level in contour_levels(density)]
    charts = []
    for run in result.runs:
        x = run.xs[-1][:CHART_POINTS]
        points = Points(x[:, 0], x[:, 1], color=PALETTE[COLORS[run.name]], size=3, opacity=0.5)
        charts.append(Chart(NAMES[run.name], *plane(extent_of(result)), [points, *lines], equal=True))
    return charts


def along_chart(result: Guidance) -> Chart:
    """Where the end points lie along the axis that leads from the other classes to the class."""
    edges = along_edges(result)
    centres = (edges[:-1] + edges[1:]) / 2

    def curve(name: str, along: np.ndarray, color: str, dash: Dash, width: float = 2) -> Curve:
        return Curve(centres, np.histogram(along, edges, density=True)[0], name, color, dash, width)

    marks = [
        curve("believed density", result.along_belief, TRUTH, "solid", 2.5),
        curve("exact conditional, w = 0", result.along_conditional, TRUTH, "dot", 2.5),
        *(
            curve(NAMES[run.name], run.along, PALETTE[COLORS[run.name]], dash_of(run.name))
            for run in result.runs
        ),
    ]
    x = Axis("along the axis from the other classes to this one")
    return Chart("", x, Axis("density", zero=True), marks)


def dash_of(name: str) -> Dash:
    """Classifier-free is dashed: with exact models it lies on the DDIM form, and would hide it."""
    return "dash" if name == "free" else "solid"


def along_edges(result: Guidance, bins: int = 36) -> np.ndarray:
    clouds = (result.along_belief, result.along_conditional, *(run.along for run in result.runs))
    low, high = min(a.min() for a in clouds), max(a.max() for a in clouds)
    return np.linspace(low - 0.5, high + 0.5, bins + 1)


def sweep_chart(sweep: GuidanceSweep) -> Chart:
    """The distance to the believed density against w, and the floor that its own samples give."""
    marks = [
        Curve(sweep.ws, row, NAMES[name], PALETTE[k], dash_of(name), dots=True)
        for (name, k), row in zip(COLORS.items(), sweep.distances, strict=True)
    ]
    marks.append(Curve(sweep.ws, sweep.floors, "floor: two samples of it", TRUTH, "dot"))
    return Chart("", Axis("w"), Axis("distance to the believed density", zero=True), marks)


def said(config: GuidanceConfig, result: Guidance) -> tuple[str, str]:
    """The claim with its number; and the nearest and the farthest of the samplers from the belief, beside its floor."""
    claim = overshoots(config, result)
    near, far = (pick(result.runs, key=lambda run: run.to_belief) for pick in (min, max))
    return (
        f"Claim: guidance draws samples beyond the class itself. {claim.words} From the density that people believe "
        f"they are {near.to_belief:.2f} ({NAMES[near.name]}) to {far.to_belief:.2f} ({NAMES[far.name]}) away, floor "
        f"{result.belief.floor:.2f}."
    ), claim.verdict


def best_w_chart(found: BestW) -> Chart:
    """The distance to the exact conditional against w, a curve for each length of training, with intervals."""
    marks: list[Mark] = []
    for k, (row, distances) in enumerate(found.distances.items()):
        ends = [interval_of_mean(column) for column in distances.T]
        mean = np.array([e.value for e in ends])
        reach = np.array([e.low for e in ends]), np.array([e.high for e in ends])
        name = "exact model" if row == EXACT else f"{row} steps of training"
        color = TRUTH if row == EXACT else METHODS[1 + k % 3]
        marks.append(Curve(found.config.ws, mean, name, color, dots=True, interval=reach))
    marks.append(Rule(found.floor, "floor: two exact samples", color=TRUTH, dash="dot"))
    return Chart("", Axis("w"), Axis("distance to the exact conditional", zero=True), marks)


def guidance_charts(config: GuidanceConfig, result: Guidance) -> list[Chart]:
    """End points on the believed density's contours, and all along the class's axis."""
    return [*ends_chart(config, result), along_chart(result)]
