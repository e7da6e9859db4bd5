"""What the comparison of NCSN's weights looks like: charts for the page, a figure for the command line, clouds."""

import numpy as np

from playground.charts import Axis, Band, Chart, Curve, Mark, grouped
from playground.colors import METHODS, TRUTH
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.planes import still
from toy2d.ncsn.experiment import Ncsn, NcsnConfig

NAMES = {"ncsn_one": "λ = 1", "ncsn_sigma": "λ = σ", "ncsn": "λ = σ²"}
COLORS = dict(zip(NAMES, (METHODS[2], METHODS[1], METHODS[0]), strict=True))
CEILING = "one Gaussian, no modes"


def error_chart(result: Ncsn) -> Chart:
    """The error at each level with a band of two standard errors, below that of a single Gaussian's score."""
    marks: list[Mark] = []
    for objective, run in result.runs.items():
        low = np.maximum(run.errors - 2 * run.errors_se, run.errors / 10)  # a logarithm has no zero
        color = COLORS[objective]
        marks.append(Band(result.sigmas, low, run.errors + 2 * run.errors_se, color))
        marks.append(Curve(result.sigmas, run.errors, NAMES[objective], color, dots=True))
    marks.append(Curve(result.sigmas, result.ceiling, CEILING, TRUTH, "dash"))
    y = Axis("σ² E‖ŝ − s‖²", log=True, range=_range(result))
    return Chart("", Axis("noise level σ", log=True), y, marks)


def _range(result: Ncsn) -> tuple[float, float]:
    """From below the smallest error to above the largest: the ceiling may fall far out of sight."""
    errors = np.concatenate([run.errors for run in result.runs.values()])
    return 0.4 * float(errors.min()), 1.6 * float(max(errors.max(), result.ceiling.max()))


def share_chart(result: Ncsn) -> Chart:
    """What share of the whole loss each level makes, at the exact score."""
    shares = {NAMES[objective]: run.shares for objective, run in result.runs.items()}
    levels = Axis("noise level σ", names=[f"{sigma:.3g}" for sigma in result.sigmas])
    bars = grouped(shares, [COLORS[objective] for objective in result.runs])
    return Chart("", levels, Axis("share of the loss", zero=True, percent=True), bars)


def ncsn_clouds(config: NcsnConfig, result: Ncsn) -> list[Cloud]:
    """Annealed Langevin dynamics with each network, coloured by the mode that a particle ends in."""
    background, names = density(config.mixture.build()), mode_names(result.weights)
    captions = tuple(
        f"step {step:,}   σ = {sigma:.3g}"
        for step, sigma in zip(result.frame_steps, result.frame_sigmas, strict=True)
    )
    return [
        Cloud(NAMES[objective], run.xs, run.modes, captions, background, names)
        for objective, run in result.runs.items()
    ]


def ncsn_charts(config: NcsnConfig, result: Ncsn) -> list[Chart]:
    """Errors by level, and where the samples of each network end."""
    ends = [still(cloud, title=cloud.title) for cloud in ncsn_clouds(config, result)]
    return [error_chart(result), *ends]
