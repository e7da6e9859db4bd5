"""Where a learned score can be trusted: maps of its error, the error against density, sigma and data."""

import dataclasses

import numpy as np

from playground.charts import Axis, Chart, Contour, Curve, Mark, Points, Rule
from playground.colors import PALETTE
from toy2d.drawing.fields import error_map
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


def maps_chart(config: LowDensityConfig, result: LowDensity) -> list[Chart]:
    """Relative error, the 10 % line in white; 99 % of the noisy data lie within the dotted line."""
    charts = []
    for k, (title, each) in enumerate(panels(config, result)):
        bar = "relative error" if k == 0 else ""  # one scale for all three
        chart = error_map(each, f"{title}: {each.error.area:.0%} good", bar)
        line = Contour(each.axis, each.axis, _mass_above(each), 0.99, "white", "dot")
        charts.append(dataclasses.replace(chart, marks=[*chart.marks, line]))
    return charts


def _mass_above(each: Field) -> np.ndarray:
    """For each point the share of the square's probability that lies where the density is at least as high."""
    density = np.exp(each.log_density - each.log_density.max())
    order = np.argsort(density, axis=None)[::-1]
    share = np.empty(density.size)
    share[order] = density.ravel()[order].cumsum() / density.sum()
    return share.reshape(density.shape)


def by_density_chart(config: LowDensityConfig, result: LowDensity) -> Chart:
    """The median relative error in bins of the data's density, for the three maps."""
    colors = (COLORS["one"], COLORS["many"], PALETTE[2])
    marks: list[Mark] = [
        Curve(np.power(10.0, each.error.density_bins), each.error.median_errors, name, color, dots=True)
        for (name, each), color in zip(panels(config, result), colors, strict=True)
    ]
    marks.append(Rule(TOLERANCE, f"{TOLERANCE:.0%}"))
    x, y = Axis("density of the noisy data", log=True), Axis("median relative error", log=True)
    return Chart("", x, y, marks)


def by_sigma_chart(config: LowDensityConfig, result: LowDensity) -> Chart:
    """How much of the square, and of the noisy data in it, the score of many levels serves at each of them."""
    one = Points([config.sigma], [result.one.error.area], "one level: area", COLORS["one"], 11, "diamond")
    marks: list[Mark] = [
        Curve(result.sigmas, result.area, "many levels: area", COLORS["many"], dots=True),
        Curve(result.sigmas, result.mass, "many levels: data", PALETTE[5], "dot", dots=True),
        one,
    ]
    y = Axis(f"share with error below {TOLERANCE:.0%}", range=(0, 1.03), percent=True)
    return Chart("", Axis("noise σ", log=True), y, marks)


def low_density_charts(config: LowDensityConfig, result: LowDensity) -> list[Chart]:
    return [*maps_chart(config, result), by_sigma_chart(config, result)]


def sweep_chart(result: Sweep) -> list[Chart]:
    """Good area and median error at the small σ, against the number of training points."""
    titles = f"Area with error below {TOLERANCE:.0%}", "Median relative error over the square"
    x, y = Axis("training points", log=True, ticks=result.points), Axis(zero=True, percent=True)
    return [
        Chart(title, x, y, [
            Curve(result.points, values, NAMES[name], COLORS[name], dots=True) for name, values in table.items()
        ])
        for title, table in zip(titles, (result.area, result.median), strict=True)
    ]  # fmt: skip
