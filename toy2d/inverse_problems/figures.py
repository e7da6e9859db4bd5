"""What inverse problems look like: the posterior of one measurement, and the error of a mean of K samples."""

import numpy as np

from playground.charts import Axis, Chart, Curve, Mark, Points
from playground.colors import METHODS, PALETTE, TRUTH
from toy2d.drawing.planes import plane
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


def plane_chart(config: InverseConfig, found: Inverse) -> Chart:
    """The data, what is seen, samples of the posterior, and the regression's point."""
    data, drawn, line = config_points(config), found.samples, seen_line(config)
    marks: list[Mark] = [
        Points(data[:, 0], data[:, 1], "data", TRUTH, 2),
        Points(drawn[:, 0], drawn[:, 1], "samples of the posterior", PALETTE[0], 3),
        Curve(line[:, 0], line[:, 1], "A x = y", PALETTE[2], "dash", dots=True),
        Points(found.point[:1], found.point[1:], "regression, E[x | y]", PALETTE[1], 14, "x"),
    ]
    return Chart("", *plane(EXTENT), marks, equal=True)


def config_points(config: InverseConfig, n: int = 1_500) -> np.ndarray:
    from playground.levels import seeded

    return config.mixture.build().sample(n, seeded(config.seed + 5)).numpy()


def means_chart(found: Inverse) -> Chart:
    """The squared error of the mean of the first K samples, over the regression's."""
    K = np.arange(1, len(found.methods[0].means) + 1)
    marks: list[Mark] = [
        Curve(K, method.means, NAMES[method.name], color, dots=True)
        for color, method in zip((PALETTE[0], *METHODS[1:]), found.methods, strict=False)
    ]
    marks.append(Curve(K, 1 + 1 / K, "1 + 1/K", TRUTH, "dot"))
    return Chart("", Axis("K, samples in the mean"), Axis("squared error / the least", zero=True), marks)


def inverse_charts(config: InverseConfig, found: Inverse) -> list[Chart]:
    return [plane_chart(config, found), means_chart(found)]
