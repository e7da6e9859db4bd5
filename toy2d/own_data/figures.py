"""What memorising and generalising look like: clouds to animate, a chart for the page, a figure to print."""

import numpy as np
from scipy.ndimage import gaussian_filter

from playground.charts import Axis, Chart, Curve, Mark, Rule
from playground.colors import METHODS, TRUTH
from toy2d.datasets import MOST_POINTS
from toy2d.drawing.clouds import Cloud
from toy2d.drawing.planes import still
from toy2d.own_data.experiment import OwnData, OwnDataConfig, Sampled
from toy2d.presets import EXTENT

TITLES = ("Exact optimum for these points", "Network trained on them")
LABELS = ("samples", "training points")
SHOWN = 1_000  # training points drawn into a panel


def own_data_clouds(config: OwnDataConfig, result: OwnData) -> list[Cloud]:
    """Samples on their way, with the training points lying still above them; the data's density behind."""
    background = truth_background(config)
    runs = (result.optimum, result.network)
    return [
        _cloud(title, run, result, background)
        for title, run in zip(TITLES, runs, strict=True)
        if run is not None
    ]


def _cloud(title: str, run: Sampled, result: OwnData, background: np.ndarray | None) -> Cloud:
    F, B = run.xs.shape[:2]
    points = result.points[:SHOWN]
    xs = np.concatenate([run.xs, np.broadcast_to(points, (F, *points.shape))], 1)
    labels = np.repeat(np.array([0, 1], np.uint8), [B, len(points)])
    captions = tuple(f"ᾱ = {alpha**2:.3g}" for alpha in run.alphas)
    return Cloud(title, xs, labels, captions, background, LABELS)


def truth_background(config: OwnDataConfig, side: int = 72, n: int = MOST_POINTS) -> np.ndarray | None:
    """The square root of the density of fresh data, at most 1, (side, side); None where there are none."""
    if config.given:
        return None
    fresh = config.fresh(n, 500).numpy()
    limits = [[-EXTENT, EXTENT]] * 2
    counts = np.histogram2d(fresh[:, 1], fresh[:, 0], bins=side, range=limits)[0]  # rows are y
    smooth = np.sqrt(gaussian_filter(counts, 0.8))
    return smooth / smooth.max()


# --- the distance to the nearest training point -----------------------------------------------------------


def _curves(config: OwnDataConfig, result: OwnData) -> list[tuple[str, np.ndarray, str]]:
    fresh = "training points, each to the others" if config.given else "fresh data"
    rows = [("exact optimum", result.optimum.nearest, METHODS[2])]
    if result.network is not None:
        rows.append(("network", result.network.nearest, METHODS[0]))
    return [*rows, (fresh, result.reference, TRUTH)]


def _steps(nearest: np.ndarray, typical: float) -> tuple[np.ndarray, np.ndarray]:
    """The cumulative distribution, in units of the typical distance; at most 400 corners."""
    at = np.linspace(0, 1, 401)[1:]
    return np.quantile(nearest, at).clip(1e-4 * typical) / typical, at


def nearest_chart(config: OwnDataConfig, result: OwnData) -> Chart:
    """How many samples lie within a distance of a training point: memorising is the step far on the left."""
    marks: list[Mark] = [
        Curve(*_steps(nearest, result.typical), name, color, "dash" if color == TRUTH else "solid", 2.5)
        for name, nearest, color in _curves(config, result)
    ]
    marks.append(Rule(config.threshold, "copies: left of this line", upright=True, dash="dot"))
    x = Axis("distance to the nearest training point, in typical distances", log=True)
    return Chart("", x, Axis("share of the samples", range=(0, 1.02)), marks)


def own_data_charts(config: OwnDataConfig, result: OwnData) -> list[Chart]:
    """The end points, and the distribution of their distances."""
    ends = [still(cloud, title=cloud.title) for cloud in own_data_clouds(config, result)]
    return [*ends, nearest_chart(config, result)]
