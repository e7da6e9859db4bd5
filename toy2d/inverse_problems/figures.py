"""What inverse problems look like: the posterior of one measurement, and the error of a mean of K samples."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.mpl import plane as on_paper
from toy2d.drawing.plotly import laid_out, plane
from toy2d.inverse_problems.experiment import Inverse, InverseConfig
from toy2d.presets import EXTENT

NAMES = {"exact": "exact samples", "told": "the denoiser told y", "dps": "DPS, told nothing"}


def seen_line(config: InverseConfig) -> np.ndarray:
    """The points with A x = y: the ends of a line, (2, 2); for both coordinates the one point twice."""
    A, far = config.A.numpy(), 2 * EXTENT
    at = np.linalg.lstsq(A, np.full(len(A), config.value), rcond=None)[0]
    if len(A) == 2:
        return np.stack([at, at])
    along = np.array([-A[0, 1], A[0, 0]])
    return np.stack([at - far * along, at + far * along])


def plane_chart(config: InverseConfig, found: Inverse) -> go.Figure:
    """The data, what is seen, samples of the posterior, and the regression's point."""
    figure, line = go.Figure(), seen_line(config)
    data = config_points(config)
    for x, name, color, size in (
        (data, "data", TRUTH, 2), (found.samples, "samples of the posterior", PALETTE[0], 3),
    ):  # fmt: skip
        figure.add_scattergl(
            x=x[:, 0], y=x[:, 1], mode="markers", name=name, marker={"size": size, "color": color}
        )
    figure.add_scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines+markers",
        name="A x = y",
        line={"color": PALETTE[2], "dash": "dash"},
    )
    figure.add_scatter(
        x=found.point[:1], y=found.point[1:], mode="markers", name="regression, E[x | y]",
        marker={"size": 14, "color": PALETTE[1], "symbol": "x"},
    )  # fmt: skip
    return plane(laid_out(figure, 430), EXTENT)


def config_points(config: InverseConfig, n: int = 1_500) -> np.ndarray:
    from playground.levels import seeded

    return config.mixture.build().sample(n, seeded(config.seed + 5)).numpy()


def means_chart(found: Inverse) -> go.Figure:
    """The squared error of the mean of the first K samples, over the regression's."""
    figure = go.Figure()
    K = np.arange(1, len(found.methods[0].means) + 1)
    for color, method in zip(PALETTE, found.methods, strict=False):
        figure.add_scatter(
            x=K, y=method.means, name=NAMES[method.name], mode="lines+markers", line={"color": color}
        )
    figure.add_scatter(x=K, y=1 + 1 / K, name="1 + 1/K", mode="lines", line={"color": TRUTH, "dash": "dot"})
    figure.update_xaxes(title="K, samples in the mean")
    figure.update_yaxes(title="squared error / the least", rangemode="tozero")
    return laid_out(figure, 430)


def inverse_figure(config: InverseConfig, found: Inverse) -> Figure:
    """Both on paper."""
    figure, axes = figure_of(2)
    left, right = axes[0]
    left.scatter(*config_points(config).T, s=1, color=TRUTH, label="data")
    left.scatter(*found.samples.T, s=2, color=PALETTE[0], label="samples of the posterior")
    left.plot(*seen_line(config).T, "--", color=PALETTE[2], label="A x = y")
    left.plot(*found.point, "x", ms=12, mew=3, color=PALETTE[1], label="regression, E[x | y]")
    left.legend(fontsize="small", markerscale=3, loc="upper left")
    on_paper(left, EXTENT, "one measurement")
    K = np.arange(1, len(found.methods[0].means) + 1)
    for color, method in zip(PALETTE, found.methods, strict=False):
        right.plot(K, method.means, "o-", color=color, label=NAMES[method.name])
    right.plot(K, 1 + 1 / K, ":", color=TRUTH, label="1 + 1/K")
    right.set(xlabel="K, samples in the mean", ylabel="squared error / the least", ylim=(0, None))
    right.legend(fontsize="small")
    return figure
