"""Annealed Langevin dynamics, dissected: what its levels, steps and step sizes do to the samples."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from playground.errors import SEEDS, SIGMAS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import Level, geometric_sigmas, repeated, seeded
from playground.progress import Report, part_of, silent
from playground.statistics import FAILS, HOLDS, Z, difference
from playground.steps import Step, StepSize, annealed, in_unison, langevin
from playground.trajectory import frames_of
from playground.walk import EVERY, State, checked, diverged, walk, watched
from toy2d.distances import (
    Distances,
    distances,
    exact_floor,
    floors,
    modes_of,
    sliced_wasserstein,
    wrong_mode_share,
)
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec, narrowest_std
from toy2d.starts import LEVELS, STARTS
from toy2d.work import require_walk

KEPT = 3_000  # particles whose paths are kept
DIVERGED = math.inf  # what a cell of the map holds where a walk was stopped

RULES: dict[str, Callable[["AnnealingConfig", float], StepSize]] = {
    "algorithm1": lambda c, s: annealed(c.eps, c.sigma_L) if c.levels == "added" else _own_sized(c.eps, s),
    "prose": lambda c, s: lambda level: _sigma(level, c, s) / c.lowest(s),
    "prose_eps": lambda c, s: lambda level: c.eps * _sigma(level, c, s) / c.lowest(s),
    "data": lambda c, s: lambda level: c.eps * (level.sigma**2 + s**2),
}


@dataclass(frozen=True)
class AnnealingConfig(Knobs):
    """One annealed chain, its particles uniform on [-8, 8]^2 at first.  s is the narrowest mode's standard deviation.

    levels: "own", sigma_i is the modes' own standard deviation, sigma_1 down to s, as the paper's authors ran it
            (so noise sqrt(sigma_i**2 - s**2) is added); or "added", noise from sigma_1 down to sigma_L
    rule:   the step a_i of x + (a_i / 2) * score + sqrt(a_i) * z:
            "algorithm1", eps * sigma_i**2 / sigma_L**2 (with "own", sigma_L is s); "prose", the lecture's
            sigma_i / sigma_L, which knows no eps; "prose_eps", the same times eps; "data", eps times the variance
            of the narrowest mode at the level
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    levels: str = choice("own", LEVELS, "The reading of sigma")
    rule: str = choice("algorithm1", RULES, "The rule")
    L: int = knob(10, 1, 1_000, "The number of levels L", page=(1, 200))
    T: int = knob(100, 1, 10_000, "The number of steps at each level T", page=(1, 1_000))
    eps: float = knob(0.1, 1e-6, 1e4, "eps", page=(0.0001, 10.0))
    sigma_1: float = knob(20.0, *SIGMAS, "The highest level, sigma_1,", page=(0.1, 100.0))
    sigma_L: float = knob(0.1, *SIGMAS, "The lowest level, sigma_L,")
    particles: int = knob(2_000, 2, 200_000, "The number of particles")
    frames: int = knob(80, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_walk(self.mixture, particles=self.particles, steps=self.L * self.T)

    def lowest(self, s: float) -> float:
        """sigma_L in either reading."""
        return s if self.levels == "own" else self.sigma_L

    def sigmas(self, s: float) -> list[float]:
        """The noise added at each level, most first.  Raises UserError for sigmas that do not fall."""
        sigmas = geometric_sigmas(self.sigma_1, self.lowest(s), self.L)
        if self.levels == "added":
            return sigmas
        return [math.sqrt(max(0.0, sigma**2 - s**2)) for sigma in sigmas]


def _sigma(level: Level, config: AnnealingConfig, s: float) -> Tensor:
    """sigma_i as the reading has it."""
    return (level.sigma**2 + s**2).sqrt() if config.levels == "own" else level.sigma


def _own_sized(eps: float, s: float) -> StepSize:
    """Algorithm 1, line 3, where sigma is the modes' own."""
    return lambda level: eps * (level.sigma**2 + s**2) / s**2


def step_sizes(config: AnnealingConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sigma_i as the reading has it, a_i, and a_i over the narrowest mode's variance at the level; (L,) each.

    The last is what decides: above 4 the chain diverges, and a Gaussian's variance ends 1 / (1 - ratio / 4) times
    too wide below that.
    """
    s = narrowest_std(config.mixture.build())
    size = RULES[config.rule](config, s)
    levels = [Level.of(sigma=sigma) for sigma in config.sigmas(s)]
    a = np.array([float(size(level)) for level in levels])
    sigmas = np.array([float(_sigma(level, config, s)) for level in levels])
    return sigmas, a, a / (np.array(config.sigmas(s)) ** 2 + s**2)


# --- one chain --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Annealing:
    """F frames.  xs (F, up to 3,000, 2); modes (F, B) uint8; steps, sigmas (F,), sigma the noise added; distances of
    all end points; floor: of exact samples.
    """

    xs: np.ndarray
    modes: np.ndarray
    steps: np.ndarray
    sigmas: np.ndarray
    distances: Distances
    floor: Distances


def annealing(config: AnnealingConfig, report: Report = silent) -> Annealing:
    """Raises UserError where the chain diverges."""
    mixture = config.mixture.build()
    total = config.L * config.T
    keep, frames = frames_of(total, config.frames), []
    for state in watched(_states(config, mixture), report, total):
        if state.index in keep:
            frames.append((state.x[:KEPT], state.index, float(state.level.sigma)))
    truth = mixture.sample(config.particles, seeded(config.seed + 1))
    xs, steps, sigmas = zip(*frames, strict=True)
    return Annealing(
        torch.stack(xs).numpy(),
        torch.stack([modes_of(mixture, x) for x in xs]).to(torch.uint8).numpy(),
        np.array(steps),
        np.array(sigmas),
        distances(mixture, state.x, truth),
        floors(mixture, config.particles),
    )


def _states(config: AnnealingConfig, mixture: Mixture) -> Iterator[State]:
    s, rng = narrowest_std(mixture), seeded(config.seed)
    start = STARTS["square"](mixture, config.particles, rng)
    step, grid = chain_of(config, s)
    return checked(walk(step, mixture, start, grid, rng))


def chain_of(config: AnnealingConfig, s: float) -> tuple[Step, list[Level]]:
    """The step, and the grid that it walks; s: the narrowest mode's standard deviation."""
    grid = repeated([Level.of(sigma=sigma) for sigma in config.sigmas(s)], config.T)
    return langevin(RULES[config.rule](config, s), estimate=False), grid


# --- the map ----------------------------------------------------------------------------------------------

AXES = ("L", "T", "eps", "sigma_1")


@dataclass(frozen=True)
class MapConfig(Knobs):
    """The chain of `base` with two of L, T, eps and sigma_1 replaced by each pair of `xs` and `ys`."""

    base: AnnealingConfig = field(default_factory=AnnealingConfig)
    x: str = choice("L", AXES, "The axis")
    y: str = choice("eps", AXES, "The axis")
    xs: tuple[float, ...] = (3.0, 10.0, 30.0)
    ys: tuple[float, ...] = (0.03, 0.1, 0.3)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.x != self.y, f"Both axes of the map are {self.x}; they must differ: choose another for one."
        )
        require(
            min(len(self.xs), len(self.ys)) > 0, "An axis of the map is empty: give it at least one value."
        )
        steps = sum(cell.L * cell.T for cell in self.cells())  # validates each cell
        require_walk(self.base.mixture, particles=self.base.particles, steps_in_all=steps)

    def cells(self) -> list[AnnealingConfig]:
        """Row by row, x fastest."""
        pairs = itertools.product(self.ys, self.xs)
        return [_with(_with(self.base, self.x, x), self.y, y) for y, x in pairs]


def _with(config: AnnealingConfig, axis: str, value: float) -> AnnealingConfig:
    """With another value on one of the AXES; L and T count."""
    changed: dict[str, Any] = {axis: _whole(axis, value)}
    return replace(config, **changed)


def _whole(axis: str, value: float) -> float:
    if axis not in ("L", "T"):
        return value
    require(
        value == int(value),
        f"{axis} is {value:g}; it counts, so it must be whole: choose, say, {int(value)}.",
    )
    return int(value)


@dataclass(frozen=True, eq=False)
class Map:
    """weights, sliced (Y, X): share in a wrong mode, sliced Wasserstein distance; infinite where the chain diverged.
    weights_floor, sliced_floor: what exact samples of the same number have on average.
    """

    weights: np.ndarray
    sliced: np.ndarray
    weights_floor: float
    sliced_floor: float


def annealing_map(config: MapConfig, report: Report = silent) -> Map:
    """Walks every cell's chain, those of one length side by side; one that diverges is a value and stops nothing."""
    mixture, n = config.base.mixture.build(), config.base.particles
    cells = config.cells()
    for cell in cells:
        cell.sigmas(narrowest_std(mixture))  # refuses sigmas that do not fall, before any work
    truth = mixture.sample(n, seeded(config.base.seed + 1))
    groups: dict[tuple[int, int], list[int]] = {}
    for i, cell in enumerate(cells):
        groups.setdefault((cell.L, cell.T), []).append(i)
    found, done, total = np.empty((len(cells), 2)), 0, sum(cell.L * cell.T for cell in cells)
    for (L, T), members in groups.items():
        part = part_of(report, done, total)
        for i, end in zip(members, _ends([cells[i] for i in members], mixture, part), strict=True):
            found[i] = DIVERGED if end is None else _wrong(mixture, end, truth)
        done += L * T * len(members)
    weights, sliced = found.T.reshape(2, len(config.ys), len(config.xs))
    return Map(weights, sliced, _weights_floor(mixture, n), exact_floor(mixture, n))


def _wrong(mixture: Mixture, end: Tensor, truth: Tensor) -> tuple[float, float]:
    return wrong_mode_share(mixture, end)[0], sliced_wasserstein(end, truth)


def _ends(cells: list[AnnealingConfig], mixture: Mixture, report: Report) -> list[Tensor | None]:
    """Where chains of one length end that differ in their levels or in eps; None where one diverges.

    They are one walk, (cells * particles, 2), from one start and with one noise: each is what it would be alone.
    """
    first, R, s = cells[0], len(cells), narrowest_std(mixture)
    n, rng, total = first.particles, seeded(first.seed), first.L * first.T
    start = STARTS["square"](mixture, n, rng).repeat(R, 1)
    sigmas = torch.tensor([cell.sigmas(s) for cell in cells])  # (R, L)
    grid = repeated([_level(at, n) for at in sigmas.T], first.T)
    step = in_unison(langevin(_sizes(cells, s), estimate=False), R)
    lost = torch.zeros(R, dtype=torch.bool)
    for state in walk(step, mixture, start, grid, rng):
        if state.index % EVERY == 0 or state.index == total:
            lost |= diverged(state.x, R)
            if bool(lost.all()):
                break
        report(state.index * R, total * R)
    ends = state.x.chunk(R)
    return [None if gone else end for gone, end in zip(lost.tolist(), ends, strict=True)]


def _level(sigmas: Tensor, n: int) -> Level:
    """One level for all chains, or for n particles of each its own, (R * n, 1)."""
    if bool((sigmas == sigmas[0]).all()):
        return Level.of(sigma=float(sigmas[0]))
    sigma = sigmas.repeat_interleave(n)[:, None]
    return Level(torch.ones_like(sigma), sigma)


def _sizes(cells: list[AnnealingConfig], s: float) -> StepSize:
    """The step of each particle at a level, (cells * particles, 1), by its own cell's rule."""
    n = cells[0].particles

    def size(level: Level) -> Tensor:
        sigmas = level.sigma.expand(len(cells) * n, 1)[::n, 0]
        own = [Level(torch.ones_like(sigma), sigma) for sigma in sigmas]
        each = [RULES[cell.rule](cell, s)(at) for cell, at in zip(cells, own, strict=True)]
        return torch.stack([torch.as_tensor(a) for a in each]).repeat_interleave(n)[:, None]

    return size


def _weights_floor(mixture: Mixture, n: int, draws: int = 8) -> float:
    rng = seeded(0)
    return float(np.mean([wrong_mode_share(mixture, mixture.sample(n, rng))[0] for _ in range(draws)]))


def said(config: AnnealingConfig, result: Annealing) -> tuple[str, str]:
    """Whether the modes' weights are found: no more particles are in a wrong mode than of as many exact samples, within
    its noise; and the cloud's distance beside its floor.
    """
    found, floor = result.distances, result.floor
    more = difference(found.weights, found.weights_se, floor.weights, 0.0)
    return (
        f"In a wrong mode: {found.weights:.3f} ± {Z * found.weights_se:.3f} of the particles, of as many exact samples "
        f"{floor.weights:.3f} (N = {config.particles:,}). Sliced distance {found.sliced:.2f}, exact samples "
        f"{floor.sliced:.2f}."
    ), FAILS if more.low > 0 else HOLDS
