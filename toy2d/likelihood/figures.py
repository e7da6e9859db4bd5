"""The flow's log density in pictures: maps, whose the error is, the error against the number of steps."""

import numpy as np

from playground.charts import Axis, Bars, Chart, Curve, Heat
from playground.colors import METHODS, TRUTH
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.planes import plane
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
    captions = tuple(f"σ / α = {ratio:.3g}" for ratio in result.ratios)
    standard = density(Mixture.of([[0.0, 0.0]]), CLOSE)
    return [
        Cloud("x_t, on the data's density", result.xs, result.modes, captions, density(mixture), names),
        Cloud("Closer, on that of N(0, I)", result.xs, result.modes, captions, standard, names, CLOSE),
    ]


def maps_chart(result: Likelihood) -> list[Chart]:
    """The mixture's log density, the flow's, and the absolute error between them."""
    axis, top = result.axis, float(result.exact.max())
    error = np.abs(result.flow - result.exact).clip(1e-6)
    maps = (
        ("Exact log density", Heat(axis, axis, result.exact, top - DEEPEST, top, "viridis")),
        ("By the flow", Heat(axis, axis, result.flow, top - DEEPEST, top, "viridis", bar="nats")),
        ("|error|", Heat(axis, axis, error, 1e-4, 1e2, log=True, bar="nats")),
    )
    return [Chart(title, *plane(float(axis[-1])), [heat], equal=True) for title, heat in maps]


def parts_chart(errors: Errors) -> Chart:
    """Whose the error is, one bar each, the first on top."""
    names = PARTS[::-1]
    values = [getattr(errors, part) for part in names]
    colors = [METHODS[0] if part == "steps" else METHODS[1] for part in names]  # the steps, as in the curves
    bars = Bars(
        values, range(len(names)), color=colors, lying=True, texts=[f"{value:.4f}" for value in values]
    )
    x = Axis("mean |error| of log p, nats", zero=True)
    return Chart("", x, Axis(names=[WHOSE[part] for part in names]), [bars])


def steps_chart(result: Likelihood) -> Chart:
    """The error against the number of steps, beside a line of second order."""
    marks = [
        Curve(result.numbers, result.by_steps, "the steps alone", METHODS[0], dots=True),
        Curve(result.numbers, result.total_by_steps, "in all", METHODS[2], dots=True),
        Curve(result.numbers, second_order(result), "∝ 1 / steps²", TRUTH, "dash"),
    ]
    x = Axis("steps of the ODE", log=True, ticks=result.numbers)
    return Chart("", x, Axis("mean |error|, nats", log=True), marks)


def second_order(result: Likelihood) -> np.ndarray:
    """A line of second order through the last point of the discretisation's error."""
    return result.by_steps[-1] * (result.numbers[-1] / result.numbers) ** 2.0


def likelihood_charts(result: Likelihood) -> list[list[Chart]]:
    """The maps; below them the error against steps, and whose it is."""
    return [maps_chart(result), [steps_chart(result), parts_chart(result.errors)]]
