"""What mixing times and recovered weights look like: charts for the page, figures for the command line, clouds."""

import math

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from playground.statistics import Z, wilson
from toy2d.drawing.clouds import Cloud, density
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import band, laid_out
from toy2d.mixing_time.experiment import Crossing, CrossingConfig, Sweep
from toy2d.mixing_time.recovery import Recovery
from toy2d.mixture import two_modes

STARTED = ("started in mode 1", "started in mode 2")
CURVES = (  # field of Times, name, colour, dash in Plotly's words and in matplotlib's
    ("gap", "spectral gap of the chain", PALETTE[0], "solid", "-"),
    ("kramers", "Kramers, the barrier integrated", PALETTE[2], "dash", "--"),
    ("eyring_kramers", "Eyring-Kramers", PALETTE[3], "dot", ":"),
)
MEASURED = "measured crossings"


def crossing_cloud(config: CrossingConfig, result: Crossing) -> Cloud:
    """Every particle in the colour of the mode that it started in."""
    extent = max(4.0, config.distance + 3.5)
    background = density(two_modes(config.pi, config.distance), extent)
    captions = tuple(f"step {step:,}" for step in result.steps)
    return Cloud(
        "Plain Langevin from both modes", result.xs, result.origins, captions, background, STARTED, extent
    )


# --- one distance -----------------------------------------------------------------------------------------


def relaxation_chart(config: CrossingConfig, result: Crossing) -> go.Figure:
    """The share in mode 1 of either start, as seen and as the grid expects it, towards π."""
    figure = go.Figure()
    for k, name in enumerate(STARTED):
        low, high = wilson(result.shares[:, k], config.particles)
        band(figure, result.steps, low, high, PALETTE[k])
        figure.add_scatter(
            x=result.steps,
            y=result.shares[:, k],
            name=name,
            mode="lines",
            line={"color": PALETTE[k], "width": 2},
        )
        figure.add_scatter(
            x=result.steps, y=result.expected[:, k], mode="lines", name="expected by the grid", showlegend=k == 0,
            line={"color": TRUTH, "dash": "dot", "width": 2},
        )  # fmt: skip
    figure.add_hline(config.pi, line={"color": TRUTH, "dash": "dash", "width": 1}, annotation_text="π")
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title="share in mode 1", range=[-0.02, 1.02])
    return laid_out(figure, 430)


def _relaxation(ax: Axes, config: CrossingConfig, result: Crossing) -> None:
    for k, name in enumerate(STARTED):
        low, high = wilson(result.shares[:, k], config.particles)
        ax.fill_between(result.steps, low, high, color=PALETTE[k], alpha=0.25, linewidth=0)
        ax.plot(result.steps, result.shares[:, k], color=PALETTE[k], label=name)
        label = "expected by the grid" if k == 0 else None
        ax.plot(result.steps, result.expected[:, k], color=TRUTH, linestyle=":", label=label)
    ax.axhline(config.pi, color=TRUTH, linestyle="--", linewidth=1)
    ax.set(xlabel="step", ylabel="share in mode 1", ylim=(-0.02, 1.02), title=f"distance {config.distance:g}")
    ax.legend(fontsize="small")


# --- the distance swept -----------------------------------------------------------------------------------


def times_chart(result: Sweep, distance: float) -> go.Figure:
    """Relaxation times against the distance of the modes, and the same over the gap's, where small differences
    show; a line marks the distance that is walked above.
    """
    figure = make_subplots(1, 2, horizontal_spacing=0.11, column_widths=[0.55, 0.45])
    gap = _curve(result, "gap")
    for field, name, color, dash, _ in CURVES:
        for column, scale in ((1, 1.0), (2, gap)):
            figure.add_scatter(
                x=result.distances, y=_curve(result, field) / scale, name=name, mode="lines", row=1, col=column,
                line={"color": color, "dash": dash}, legendgroup=field, showlegend=column == 1,
                hovertemplate="d = %{x}: %{y:.3g}",
            )  # fmt: skip
    at, steps, errors = _points(result)
    for column, scale in ((1, 1.0), (2, _gap_at(result, at))):
        figure.add_scatter(
            x=at, y=steps / scale, name=MEASURED, mode="markers", marker={"color": PALETTE[1], "size": 8}, row=1,
            col=column, error_y={"type": "data", "array": Z * errors / scale, "thickness": 1.5},
            legendgroup=MEASURED, showlegend=column == 1, hovertemplate="d = %{x}: %{y:.3g}",
        )  # fmt: skip
    figure.add_vline(distance, line={"color": TRUTH, "dash": "dash", "width": 1})
    figure.update_xaxes(title="distance d (the paper: 5)")
    figure.update_yaxes(
        type="log", title="relaxation time, steps", exponentformat="power", dtick=2, row=1, col=1
    )
    figure.update_yaxes(title="time / spectral gap's", range=[0.4, 1.6], row=1, col=2)
    return laid_out(figure, 400)


def _gap_at(result: Sweep, at: np.ndarray) -> np.ndarray:
    """The chain's own time at distances that were measured: they are among the sweep's."""
    return _curve(result, "gap")[np.searchsorted(result.distances, at)]


def _curve(result: Sweep, field: str) -> np.ndarray:
    return np.array([getattr(each, field) for each in result.times])


def _points(result: Sweep) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a time was measured: distances, times, standard errors."""
    seen = [(d, m.steps, m.error) for d, m in result.measured if not math.isnan(m.steps)]
    at, steps, errors = np.array(seen).reshape(-1, 3).T
    return at, steps, errors


def _times(ax: Axes, result: Sweep) -> None:
    for field, name, color, _, dash in CURVES:
        ax.plot(result.distances, _curve(result, field), color=color, linestyle=dash, label=name)
    at, steps, errors = _points(result)
    ax.errorbar(at, steps, Z * errors, fmt="o", color=PALETTE[1], capsize=3, label=MEASURED)
    ax.set(yscale="log", xlabel="distance of the modes", ylabel="relaxation time, steps")
    ax.legend(fontsize="small")


def _ratios(ax: Axes, result: Sweep) -> None:
    for field, _, color, _, dash in CURVES:
        ax.plot(result.distances, _curve(result, field) / _curve(result, "gap"), color=color, linestyle=dash)
    at, steps, errors = _points(result)
    gap = _gap_at(result, at)
    ax.errorbar(at, steps / gap, Z * errors / gap, fmt="o", color=PALETTE[1], capsize=3)
    ax.set(ylim=(0.4, 1.6), xlabel="distance of the modes", ylabel="time / spectral gap's")


def crossing_figure(config: CrossingConfig, one: Crossing, swept: Sweep) -> Figure:
    """One distance over time, and the time over all distances."""
    figure, axes = figure_of(3)
    _relaxation(axes[0, 0], config, one)
    _times(axes[0, 1], swept)
    _ratios(axes[0, 2], swept)
    return figure


# --- weights ----------------------------------------------------------------------------------------------


def _bars(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the repeats, (P, repeats) -> (P,) each."""
    return shares.mean(1), shares.std(1, ddof=1)


def recovery_chart(result: Recovery) -> go.Figure:
    """Recovered against true weight; the bars are one standard deviation of the repeats either way."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], name="recovered = true", mode="lines", line={"color": TRUTH, "dash": "dash"}
    )
    figure.add_scatter(
        x=result.pis, y=result.expected, name="plain, expected from the start", mode="lines",
        line={"color": PALETTE[1], "dash": "dot"},
    )  # fmt: skip
    for name, color, shares in (
        ("plain", PALETTE[1], result.plain),
        ("annealed", PALETTE[0], result.annealed),
    ):
        mean, deviation = _bars(shares)
        figure.add_scatter(
            x=result.pis, y=mean, name=name, mode="markers", marker={"color": color, "size": 9},
            error_y={"type": "data", "array": deviation, "thickness": 1.5},
        )  # fmt: skip
    figure.update_xaxes(title="true weight π of mode 1", range=[0, 1])
    figure.update_yaxes(title="recovered weight", range=[-0.02, 1.02])
    return laid_out(figure, 460)


def recovery_figure(result: Recovery) -> Figure:
    """The same on paper."""
    figure, axes = figure_of(1, side=5)
    ax = axes[0, 0]
    ax.plot([0, 1], [0, 1], color=TRUTH, linestyle="--", label="recovered = true")
    ax.plot(
        result.pis, result.expected, color=PALETTE[1], linestyle=":", label="plain, expected from the start"
    )
    for name, color, shares in (
        ("plain", PALETTE[1], result.plain),
        ("annealed", PALETTE[0], result.annealed),
    ):
        mean, deviation = _bars(shares)
        ax.errorbar(result.pis, mean, deviation, fmt="o", color=color, capsize=3, label=name)
    ax.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="true weight π of mode 1", ylabel="recovered weight", aspect="equal"
    )
    ax.legend(fontsize="small")
    return figure
