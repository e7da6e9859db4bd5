"""What mixing times and recovered weights look like: charts for the page, figures for the command line, clouds."""

import math

import numpy as np

from playground.charts import Axis, Band, Chart, Curve, Dash, Mark, Points, Rule, plus_minus
from playground.colors import ANNEALED, METHODS, PALETTE, PLAIN, TRUTH
from playground.statistics import Z, wilson
from toy2d.drawing.clouds import Cloud, density
from toy2d.mixing_time.experiment import Crossing, CrossingConfig, Sweep
from toy2d.mixing_time.recovery import Recovery
from toy2d.mixture import two_modes

STARTED = ("started in mode 1", "started in mode 2")
CURVES: tuple[tuple[str, str, str, Dash], ...] = (  # field of Times, name, colour, dash
    ("gap", "spectral gap of the chain", METHODS[0], "solid"),
    ("kramers", "Kramers, the barrier integrated", METHODS[1], "dash"),
    ("eyring_kramers", "Eyring-Kramers", METHODS[3], "dot"),
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


def relaxation_chart(config: CrossingConfig, result: Crossing) -> Chart:
    """The share in mode 1 of either start, as seen and as the grid expects it, towards π."""
    marks: list[Mark] = []
    for k, name in enumerate(STARTED):
        shares = result.shares[:, k]
        marks += [
            Band(result.steps, *wilson(shares, config.particles), PALETTE[k]),
            Curve(result.steps, shares, name, PALETTE[k]),
            Curve(result.steps, result.expected[:, k], "expected by the grid", TRUTH, "dot"),
        ]
    marks.append(Rule(config.pi, "π"))
    share = Axis("share in mode 1", range=(-0.02, 1.02))
    return Chart(f"Modes {config.distance:g} apart", Axis("step", zero=True), share, marks)


# --- the distance swept -----------------------------------------------------------------------------------


def times_chart(result: Sweep, distance: float | None = None) -> list[Chart]:
    """Relaxation times against the distance of the modes, and the same over the gap's, where small differences
    show; a line marks the distance that is walked above.
    """
    at, steps, errors = _points(result)
    panels = []
    for gaps, measured in ((1.0, 1.0), (_curve(result, "gap"), _gap_at(result, at))):
        marks: list[Mark] = [
            Curve(result.distances, _curve(result, field) / gaps, name, color, dash)
            for field, name, color, dash in CURVES
        ]
        interval = plus_minus(steps / measured, Z * errors / measured)
        marks.append(Points(at, steps / measured, MEASURED, METHODS[2], interval=interval))
        panels.append(marks if distance is None else [*marks, Rule(distance, upright=True)])
    x = Axis("distance d (the paper: 5)")
    return [
        Chart("", x, Axis("relaxation time, steps", log=True), panels[0]),
        Chart("", x, Axis("time / spectral gap's", range=(0.4, 1.6)), panels[1]),
    ]


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


# --- weights ----------------------------------------------------------------------------------------------


def _bars(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the repeats, (P, repeats) -> (P,) each."""
    return shares.mean(1), shares.std(1, ddof=1)


def recovery_chart(result: Recovery) -> Chart:
    """Recovered against true weight; the bars are one standard deviation of the repeats either way."""
    marks: list[Mark] = [
        Curve([0, 1], [0, 1], "recovered = true", TRUTH, "dash"),
        Curve(result.pis, result.expected, "plain, expected from the start", PLAIN, "dot"),
    ]
    for name, color, shares in (
        ("plain", PLAIN, result.plain),
        ("annealed", ANNEALED, result.annealed),
    ):
        mean, deviation = _bars(shares)
        marks.append(Points(result.pis, mean, name, color, interval=plus_minus(mean, deviation)))
    x, y = "true weight π of mode 1", "recovered weight"
    return Chart("", Axis(x, range=(0, 1)), Axis(y, range=(-0.02, 1.02)), marks)
