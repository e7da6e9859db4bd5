"""Plain Langevin dynamics from both modes at once: how long until a particle's start is forgotten?"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor

from playground.errors import SEEDS, require, require_range, seed_beside
from playground.knobs import Knobs, knob
from playground.levels import CLEAN, seeded
from playground.progress import Report, part_of, silent
from playground.statistics import OPEN, Difference, Z, equals
from playground.steps import langevin
from playground.walk import State, checked, walk, watched
from toy2d.distances import modes_of
from toy2d.mixing_time.relaxation import (
    GridChain,
    along,
    eyring_kramers,
    grid_chain,
    kramers,
    relaxation_steps,
    shares_after,
)
from toy2d.mixture import Mixture, two_modes
from toy2d.work import require_walk

SETTLED = 4.0  # units of time until the particles have spread within their modes
ENOUGH = 10  # particles that must change modes before a time is told from them
KEPT = 1_000  # particles of each start whose paths are kept
FARTHEST = 6.0


@dataclass(frozen=True)
class CrossingConfig(Knobs):
    """Modes of unit standard deviation at +- (distance, distance), as in the paper, whose distance is 5.

    step_size:  a of x + (a / 2) * score + sqrt(a) * z
    particles:  from each mode
    longest:    the most steps that are walked; else it is one and a half relaxation times
    """

    pi: float = knob(0.8, 0, 1, "pi", open_ends=True, page=(0.01, 0.99))
    distance: float = knob(1.75, 0.25, FARTHEST, "The distance", page=(0.5, FARTHEST))
    step_size: float = knob(0.1, 0.01, 0.5, "The step size")
    particles: int = knob(1_000, 10, 100_000, "The number of particles", page=(10, 20_000))
    longest: int = knob(1_000, 10, 1_000_000, "The largest number of steps", page=(100, 50_000))
    frames: int = knob(80, 5, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True)
class Times:
    """Relaxation times in steps: the chain's own by the spectral gap of its transition matrix on a grid, Kramers'
    with the barrier's integral, and Eyring and Kramers' with a parabola (NaN where there is no saddle).
    """

    gap: float
    kramers: float
    eyring_kramers: float


@dataclass(frozen=True)
class Measured:
    """A relaxation time in steps with its standard error, both NaN where fewer than ten particles changed modes."""

    steps: float
    error: float
    changed: int


@dataclass(frozen=True, eq=False)
class Crossing:
    """F frames.  xs (F, up to 2,000, 2) float32; origins (B,) uint8, the mode that each started in;
    steps (F,); shares, expected (F, 2): the share in mode 1 of those that started in mode 1, in mode 2;
    seconds: what one step of all particles took here.
    """

    xs: np.ndarray
    origins: np.ndarray
    steps: np.ndarray
    shares: np.ndarray
    expected: np.ndarray
    measured: Measured
    times: Times
    seconds: float


@lru_cache(256)
def times(pi: float, distance: float, a: float) -> tuple[Times, GridChain]:
    """The three times of one distance, and the chain on the grid that the first came from."""
    line = along(pi, distance)
    chain = grid_chain(line, a)
    return Times(relaxation_steps(chain, a), kramers(line) / a, eyring_kramers(line) / a), chain


def crossing(config: CrossingConfig, report: Report = silent) -> Crossing:
    """Walks particles from both modes, and sets what they do beside what the grid expects.

    Raises UserError for a pi, a distance or a step size out of range.
    """
    expected, chain = times(config.pi, config.distance, config.step_size)
    settled, end, last = _plan(config, expected.gap)
    require_walk(2, particles=config.particles, starts=2, steps=last)
    every = max(1, last // config.frames)
    mixture, n = two_modes(config.pi, config.distance), config.particles
    kept = min(n, KEPT)
    xs, ones, steps, began = [], [], [], time.perf_counter()
    marks: dict[int, Tensor] = {}
    for state in watched(_walked(config, mixture, last), report, last):
        if state.index in (settled, end):
            marks[state.index] = _in_first(mixture, state.x)
        if state.index % every == 0:
            xs.append(torch.cat([state.x[:kept], state.x[n : n + kept]]))
            ones.append(_in_first(mixture, state.x))
            steps.append(state.index)
    seconds = (time.perf_counter() - began) / last
    return Crossing(
        torch.stack(xs).numpy(),
        np.repeat(np.array([0, 1], dtype=np.uint8), kept),
        np.array(steps),
        torch.stack(ones).double().unflatten(1, (2, n)).mean(2).numpy(),
        _expected(config, chain, last, every),
        _measured(marks[settled], marks[end], end - settled),
        expected,
        seconds,
    )


def measured(config: CrossingConfig, report: Report = silent) -> Measured:
    """What `crossing` measures, alone: no path is kept, and the walk ends where the time is told.

    It runs on the line through the modes.  Across it the chain is another one, independent, that no mode depends on.
    """
    gap = times(config.pi, config.distance, config.step_size)[0].gap
    settled, end, _ = _plan(config, gap)
    mixture = along(config.pi, config.distance).to(torch.float32)
    early, late = (
        _in_first(mixture, state.x)
        for state in watched(_walked(config, mixture, end), report, end)
        if state.index in (settled, end)
    )
    return _measured(early, late, end - settled)


def _plan(config: CrossingConfig, tau: float) -> tuple[int, int, int]:
    """The steps between which the time is measured, and the last step."""
    settled = min(math.ceil(SETTLED / config.step_size), config.longest // 4)
    end = min(settled + math.ceil(tau), config.longest)
    return settled, end, min(settled + math.ceil(1.5 * tau), config.longest)


def _walked(config: CrossingConfig, mixture: Mixture, steps: int) -> Iterator[State]:
    """The first half of the particles starts as exact samples of mode 1, the second of mode 2."""
    rng, n = seeded(config.seed), config.particles
    start = mixture.means.repeat_interleave(n, 0) + torch.randn((2 * n, mixture.D), generator=rng)
    return checked(
        walk(langevin(config.step_size, estimate=False), mixture, start, [CLEAN] * (steps + 1), rng)
    )


def _in_first(mixture: Mixture, x: Tensor) -> Tensor:
    return modes_of(mixture, x) == 0


def _measured(early: Tensor, late: Tensor, steps: int) -> Measured:
    """The difference between the shares of the two starts falls as exp(-t / tau), whatever they fall to.

    early, late (2 n,): who was in mode 1 at either time.  The standard error is the delta method's: both
    differences are means over the same particles, so each particle's part in log(late / early) is taken whole.
    """
    sign = torch.tensor([1.0, -1.0], dtype=torch.float64)[:, None]
    y = torch.stack([early, late]).double().unflatten(1, (2, -1))  # (time, start, particle)
    D = (y.mean(2) * sign[:, 0]).sum(1)
    changed = int((early != late).sum())
    if changed < ENOUGH or not 0 < D[1] < D[0]:
        return Measured(math.nan, math.nan, changed)
    parts = sign * (y[1] / D[1] - y[0] / D[0])
    error = float((parts.var(1) / parts.shape[1]).sum().sqrt())
    fall = float((D[0] / D[1]).log())
    return Measured(steps / fall, steps * error / fall**2, changed)


def _expected(config: CrossingConfig, chain: GridChain, last: int, every: int) -> np.ndarray:
    starts = math.sqrt(2) * config.distance * np.array([[1.0], [-1.0]])  # unit Gaussians here
    shares = shares_after(chain, np.exp(-0.5 * (chain.u - starts) ** 2), last, every)
    return np.concatenate([ndtr(starts - chain.border).T, shares])


# --- as the modes are moved -------------------------------------------------------------------------------


@dataclass(frozen=True)
class SweepConfig(Knobs):
    """The times at each of `distances` and `measured_at`; at the latter particles are walked, too, where any are
    expected to change modes within `longest` steps.
    """

    pi: float = 0.8
    step_size: float = 0.1
    distances: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
    measured_at: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5)
    particles: int = 500
    longest: int = 1_000
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.distances) >= 2, "A sweep needs two distances or more: give more of them.")
        for distance in (*self.distances, *self.measured_at):
            self.at(distance)  # validates each distance

    def at(self, distance: float) -> CrossingConfig:
        require_range("The distance", distance, 0.25, FARTHEST)
        seed = seed_beside(self.seed, round(100 * distance))  # points of a curve are to err independently
        return CrossingConfig(
            self.pi, distance, self.step_size, self.particles, self.longest, frames=5, seed=seed
        )


@dataclass(frozen=True, eq=False)
class Sweep:
    """distances (N,), rising; times: one for each; measured: a distance of these, and what was measured there."""

    distances: np.ndarray
    times: tuple[Times, ...]
    measured: tuple[tuple[float, Measured], ...]


def sweep(config: SweepConfig, report: Report = silent) -> Sweep:
    """Crossings against formulas as the modes are moved apart."""
    distances = sorted({*config.distances, *config.measured_at})
    found = {d: times(config.pi, d, config.step_size)[0] for d in distances}
    walks = [d for d in sorted(config.measured_at) if _changes(config.at(d), found[d].gap) >= 2 * ENOUGH]
    lengths = [_plan(config.at(d), found[d].gap)[1] for d in walks]
    require_walk(2, particles=config.particles, starts=2, steps_in_all=sum(lengths))
    seen, done = [], 0
    for distance, length in zip(walks, lengths, strict=True):
        seen.append((distance, measured(config.at(distance), part_of(report, done, sum(lengths)))))
        done += length
    return Sweep(np.array(distances), tuple(found.values()), tuple(seen))


def _changes(config: CrossingConfig, tau: float) -> float:
    """Particles expected to change modes while the time is measured: of each start in the proportion that is right."""
    settled, end, _ = _plan(config, tau)
    return config.particles * -math.expm1(-(end - settled) / tau)


def said(config: CrossingConfig, result: Crossing) -> tuple[str, str]:
    """Whether the time that crossings show is the spectral gap's, where enough of them were seen to tell one."""
    seen, gap, N = result.measured, result.times.gap, 2 * config.particles
    if math.isnan(seen.steps):
        return (
            f"Too few of {N:,} particles changed modes ({seen.changed:,}) for a time; the chain's spectral gap says "
            f"{gap:,.3g} steps."
        ), OPEN
    half = Z * seen.error
    outcome = equals(gap, Difference(seen.steps, seen.steps - half, seen.steps + half))
    return (
        f"The start is forgotten in {seen.steps:,.0f} ± {half:,.0f} steps, by crossings that were counted "
        f"({seen.changed:,} of {N:,} particles changed modes); the chain's spectral gap says {gap:,.0f}."
    ), outcome
