"""The variational bound in pictures: its terms, its gap against the chain's length, two losses compared."""

import numpy as np

from playground.bound import VARIANCES
from playground.charts import Axis, Chart, Curve, Dash, Mark, Rule, plus_minus
from playground.colors import PALETTE
from playground.levels import Schedule
from playground.objectives import bound_weight
from playground.steps import VARIANCE_SIGNS
from toy2d.forward_and_bound.bound import Bound, Bounds, Gaps, Losses

COLORS = {
    "exact": (PALETTE[0], PALETTE[5]),
    "learned": (PALETTE[1], PALETTE[3]),
}  # by variance: beta, beta_tilde
LOSS_COLORS = {"simple": PALETTE[0], "weighted": PALETTE[1]}


def color_of(model: str, variance: str) -> str:
    return COLORS.get(model, (PALETTE[2], PALETTE[4]))[variance == "beta_tilde"]


def from_noise(row: Bound) -> np.ndarray:
    """The sum of the terms from L_T down to L_{t-1}, entry t - 1; entry 0 is the whole bound."""
    return row.terms[::-1].cumsum()[::-1]


def terms_chart(result: Bounds) -> list[Chart]:
    """Left each L_{t-1}, right their sum from L_T on, which ends at the bound."""
    terms: list[Mark] = []
    sums: list[Mark] = []
    for row in result.rows:
        look = (
            f"{row.model}, {VARIANCE_SIGNS[row.variance]}",
            color_of(row.model, row.variance),
            dash_of(row.variance),
        )
        t = np.arange(1, len(row.terms) + 1)
        terms.append(Curve(t[1:-1], row.terms[1:-1], *look))
        sums.append(Curve(t, from_noise(row), *look))
    sums.append(Rule(result.nll, "exact −log p"))
    t_axis = Axis("t", log=True)
    return [
        Chart("Each term L_{t−1}, t ≥ 2", t_axis, Axis("nats", log=True), terms),
        Chart("Their sum, from L_{T} down to L_{t−1}", t_axis, Axis("nats "), sums),
    ]


def dash_of(variance: str) -> Dash:
    return "solid" if variance == "beta" else "dot"


def gaps_chart(result: Gaps) -> Chart:
    """The bound less the exact value against the number of steps, with two standard errors."""
    marks: list[Mark] = [
        Curve(result.lengths, gap, f"{model}, {VARIANCE_SIGNS[variance]}", color_of(model, variance),
              dash_of(variance), dots=True,
              interval=plus_minus(gap, 2 * np.asarray(result.errors[model, variance])))
        for (model, variance), gap in result.gaps.items()
    ]  # fmt: skip
    marks.append(Rule(0, "exact −log p"))
    x = Axis("steps of the chain", log=True, ticks=result.lengths)
    return Chart("", x, Axis("bound − exact, nats"), marks)


def losses_chart(result: Losses) -> Chart:
    """The error of the predicted noise at each t."""
    marks = [
        Curve(result.times, loss.eps_errors, f"{name} loss", LOSS_COLORS.get(name, PALETTE[2]), dots=True)
        for name, loss in result.losses.items()
    ]
    return Chart("", Axis("t", log=True), Axis("E‖ε̂ − E[ε | x_{t}]‖²", log=True), marks)


def weights_chart(schedule: Schedule) -> Chart:
    """The weight that the bound gives to each t, for both variances; the simple loss has one for all."""
    t, marks = np.arange(1, schedule.T + 1), []
    for variance, color in zip(VARIANCES, (PALETTE[1], PALETTE[3]), strict=True):
        weight = bound_weight(schedule, variance).numpy()[1:]
        kept = np.isfinite(weight)  # with beta_tilde the weight at t = 1 is infinite
        marks.append(Curve(t[kept], weight[kept], f"bound, {VARIANCE_SIGNS[variance]}", color))
    marks.append(Curve(t[[0, -1]], [1, 1], "simple loss", PALETTE[0]))
    return Chart("", Axis("t", log=True), Axis("weight of ‖ε − ε̂‖²", log=True), marks)


def bound_charts(result: Bounds, gaps: Gaps) -> list[Chart]:
    return [*terms_chart(result), gaps_chart(gaps)]
