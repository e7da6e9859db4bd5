"""The variational bound in pictures: its terms, its gap against the chain's length, two losses compared."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.bound import VARIANCES
from playground.colors import PALETTE, TRUTH
from playground.levels import Schedule
from playground.objectives import bound_weight
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import laid_out
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


def terms_chart(result: Bounds) -> go.Figure:
    """Left each L_{t-1}, right their sum from L_T on, which ends at the bound."""
    titles = ["Each term L<sub>t−1</sub>, t ≥ 2", "Their sum, from L<sub>T</sub> down to L<sub>t−1</sub>"]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for row in result.rows:
        name, color = f"{row.model}, {row.variance}", color_of(row.model, row.variance)
        t = np.arange(1, len(row.terms) + 1)
        line = {"color": color, "width": 2, "dash": "solid" if row.variance == "beta" else "dot"}
        figure.add_scatter(x=t[1:-1], y=row.terms[1:-1], mode="lines", name=name, line=line, row=1, col=1)
        figure.add_scatter(x=t, y=from_noise(row), mode="lines", line=line, showlegend=False, row=1, col=2)
    figure.add_hline(
        result.nll, line={"color": TRUTH, "dash": "dash"}, annotation_text="exact −log p", row=1, col=2
    )
    figure.update_xaxes(title="t", type="log", row=1, col=1)
    figure.update_xaxes(title="t", type="log", row=1, col=2)
    figure.update_yaxes(title="nats", type="log", exponentformat="power", dtick=1, row=1, col=1)
    figure.update_yaxes(title="nats", row=1, col=2)
    return laid_out(figure, 380).update_layout(margin={"t": 70}, legend={"y": 1.1})


def gaps_chart(result: Gaps) -> go.Figure:
    """The bound less the exact value against the number of steps, with two standard errors."""
    figure = go.Figure()
    for (model, variance), gap in result.gaps.items():
        error = {"type": "data", "array": 2 * result.errors[model, variance], "thickness": 1}
        figure.add_scatter(
            x=result.lengths, y=gap, error_y=error, mode="lines+markers", name=f"{model}, {variance}",
            line={"color": color_of(model, variance), "dash": "solid" if variance == "beta" else "dot"},
        )  # fmt: skip
    figure.add_hline(0, line={"color": TRUTH, "dash": "dash"}, annotation_text="exact −log p",
                     annotation_position="bottom left")  # fmt: skip
    figure.update_xaxes(type="log", title="steps of the chain", tickvals=result.lengths)
    figure.update_yaxes(title="bound − exact, nats")
    return laid_out(figure, 340)


def losses_chart(result: Losses) -> go.Figure:
    """The error of the predicted noise at each t."""
    figure = go.Figure()
    for name, loss in result.losses.items():
        figure.add_scatter(
            x=result.times, y=loss.eps_errors, mode="lines+markers", name=f"{name} loss",
            line={"color": LOSS_COLORS.get(name, PALETTE[2])},
        )  # fmt: skip
    figure.update_xaxes(type="log", title="t")
    figure.update_yaxes(type="log", title="E‖ε̂ − E[ε | x_t]‖²", exponentformat="power", dtick=1)
    return laid_out(figure, 340)


def weights_chart(schedule: Schedule) -> go.Figure:
    """The weight that the bound gives to each t, for both variances; the simple loss has one for all."""
    figure, t = go.Figure(), np.arange(1, schedule.T + 1)
    for variance, color in zip(VARIANCES, (PALETTE[1], PALETTE[3]), strict=True):
        weight = bound_weight(schedule, variance).numpy()[1:]
        kept = np.isfinite(weight)  # with beta_tilde the weight at t = 1 is infinite
        figure.add_scatter(
            x=t[kept], y=weight[kept], mode="lines", name=f"bound, {variance}", line={"color": color}
        )
    figure.add_scatter(x=t[[0, -1]], y=[1, 1], mode="lines", name="simple loss", line={"color": PALETTE[0]})
    figure.update_xaxes(type="log", title="t")
    figure.update_yaxes(type="log", title="weight of ‖ε − ε̂‖²", exponentformat="power", dtick=1)
    return laid_out(figure, 300)


# --- figures --------------------------------------------------------------------------------------------------


def bound_figure(result: Bounds, gaps: Gaps) -> Figure:
    figure, axes = figure_of(3, side=4.4)
    for row in result.rows:
        name, color = f"{row.model}, {row.variance}", color_of(row.model, row.variance)
        t = np.arange(1, len(row.terms) + 1)
        axes[0, 0].loglog(t[1:-1], row.terms[1:-1], color=color, label=name)
        axes[0, 1].semilogx(t, from_noise(row), color=color, label=name)
        errors = 2 * gaps.errors[row.model, row.variance]
        axes[0, 2].errorbar(gaps.lengths, gaps.gaps[row.model, row.variance], errors, fmt="o-", color=color)
    axes[0, 1].axhline(result.nll, color=TRUTH, linestyle="--", label="exact -log p")
    axes[0, 2].axhline(0, color=TRUTH, linestyle="--")
    axes[0, 0].set(xlabel="t", ylabel="nats", title="Each term, t >= 2")
    axes[0, 1].set(xlabel="t", ylabel="nats", title="Sum from L_T down")
    axes[0, 2].set(xlabel="steps of the chain", ylabel="nats", title="Bound - exact", xscale="log")
    axes[0, 0].legend(fontsize="small")
    return figure


def losses_figure(result: Losses) -> Figure:
    figure, axes = figure_of(1, side=5)
    for name, loss in result.losses.items():
        color = LOSS_COLORS.get(name, PALETTE[2])
        axes[0, 0].loglog(result.times, loss.eps_errors, "o-", color=color, label=f"{name} loss")
    axes[0, 0].set(xlabel="t", ylabel="E ||eps_hat - E[eps | x_t]||²", title="Error of the predicted noise")
    axes[0, 0].legend()
    return figure
