"""Inpainting with the truth at hand: one coordinate of a mixture is seen, and the other one is to be filled in."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome
from playground.denoisers import Denoiser, counted
from playground.errors import SEEDS, require, require_range
from playground.inpainting import climbing, dps, pinned, projected, resampled
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, seeded
from playground.progress import Report, part_of, silent
from playground.statistics import FAILS, HOLDS, Difference, interval, most_by_chance, wilson
from playground.steps import VARIANCES, Step, ancestral
from playground.trajectory import frames_of, recorded
from playground.walk import State, checked, starting_noise, walk, watched
from toy2d.conditional import given, share_below, variance_above
from toy2d.mixture import Mixture
from toy2d.presets import PRESETS, MixtureSpec
from toy2d.starts import KEPT
from toy2d.work import require_walk

PAIR = "pair"  # two round modes at (lean, HEIGHT) and (-lean, -HEIGHT): x tells a little about y
HEIGHT = 2.5
SPLIT = 0.0  # the unknown coordinate is "low" below it

Walker = tuple[Step, Denoiser, list[Level]]


@dataclass(frozen=True)
class InpaintConfig(Knobs):
    """mixture: "pair" or a preset; known: the seen coordinate, 0 for x and 1 for y, and value, what is seen.

    lean: how far the modes of "pair" lie from the middle in x; resamplings, jump: RePaint's r and jump length;
    zeta: the step of gradient guidance; variance: DDPM's, "beta_tilde" or "beta".
    """

    mixture: str = choice(PAIR, (PAIR, *PRESETS), "The mixture")
    pi: float = knob(0.63, 0, 1, "pi", open_ends=True, page=(0.01, 0.99))
    lean: float = knob(2.0, 0, 8, "The lean of the pair", page=(0, 6))
    known: int = 0
    value: float = knob(0.4, -20, 20, "The observation", page=(-8, 8))
    resamplings: int = knob(10, 1, 200, "The number of resamplings", among=(1, 2, 5, 10, 20, 40))
    jump: int = knob(1, 1, 100, "RePaint's jump", page=(1, 50))
    zeta: float = knob(0.3, 0, 10, "zeta", page=(0, 2))
    steps: int = knob(50, 1, 1_000, "The number of steps", among=(10, 20, 50, 100, 200))
    particles: int = knob(2_000, 2, 20_000, "The number of particles", page=(100, 20_000))
    frames: int = knob(60, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")
    variance: str = choice("beta_tilde", VARIANCES, "The variance")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.known in (0, 1),
            f"The known coordinate is {self.known}; it must be 0 (x) or 1 (y): choose one.",
        )
        self.build()
        self.require_walks(self.resamplings)

    def require_walks(self, turns: int) -> None:
        """Raises UserError where the methods take minutes, RePaint walking `turns` times over each step."""
        calls = self.steps * (
            2 * turns + 4
        )  # gradient guidance costs more than one call, the others one each
        require_walk(self.build().K, particles=self.particles, calls=calls)

    def build(self) -> Mixture:
        """Raises UserError for a pi outside (0, 1)."""
        if self.mixture != PAIR:
            return MixtureSpec(self.mixture, self.pi).build()
        require_range("pi", self.pi, 0, 1, open_ends=True)
        return Mixture.of([[self.lean, HEIGHT], [-self.lean, -HEIGHT]], [self.pi, 1 - self.pi])

    @property
    def mask(self) -> Tensor:
        """(1, 2), True where known."""
        return torch.arange(2)[None] == self.known


# --- the methods: (config, mixture, known (B or 1, 2)) -> step, denoiser, grid ------------------------------
# All walk with DDPM's step, so that what differs is the conditioning.


def _grid(config: InpaintConfig) -> list[Level]:
    return SCHEDULES["linear"]().grid(config.steps)


def _step(config: InpaintConfig) -> Step:
    return ancestral(config.variance)


def _repaint(config: InpaintConfig, mixture: Mixture, known: Tensor) -> Walker:
    grid = resampled(_grid(config), config.resamplings, config.jump)
    return pinned(climbing(_step(config)), known, config.mask), mixture, grid


METHODS: dict[str, Callable[[InpaintConfig, Mixture, Tensor], Walker]] = {
    "replacement": lambda c, m, known: (pinned(_step(c), known, c.mask), m, _grid(c)),
    "projection": lambda c, m, known: (_step(c), projected(m, known, c.mask), _grid(c)),
    "repaint": _repaint,
    "dps": lambda c, m, known: (dps(_step(c), known, c.mask, c.zeta), m, _grid(c)),
    "exact": lambda c, m, known: (_step(c), conditioned(c, m), _grid(c)),
}


def conditioned(config: InpaintConfig, mixture: Mixture) -> Denoiser:
    """E[x0 | xt, the observation]: the exact conditional's own denoiser.  Walked, it shows what the number of
    steps alone does to the result.
    """
    line, unknown = given(mixture, config.known, config.value), 1 - config.known

    def denoise(xt: Tensor, level: Level) -> Tensor:
        filled = line.denoise(xt[:, unknown : unknown + 1], level)
        return torch.where(config.mask, torch.full_like(xt, config.value), filled)

    return denoise


# --- one observation --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Filled:
    """xs (F, up to 5,000, 2); alphas (F,); filled (B,), the unknown coordinate at the end.

    low: its share below the split, with the 95 % band low_band; distance: its Wasserstein-1 distance to as many
    samples of the exact conditional; above, above_se: the variance of those above the split, and its standard error
    (NaN for fewer than two); off: root mean square distance of the known coordinate from what was seen.
    calls: of the denoiser; one whose gradient is taken counts once.
    """

    name: str
    xs: np.ndarray
    alphas: np.ndarray
    filled: np.ndarray
    low: float
    low_band: tuple[float, float]
    distance: float
    above: float
    above_se: float
    off: float
    calls: int


@dataclass(frozen=True, eq=False)
class Inpainting:
    """runs, one for each method; low, above: the exact conditional's P(unknown < split) and Var(unknown | unknown >
    split); floors (pairs,): the distances of pairs of exact sample sets; axis, density (N,): the exact conditional
    density.
    """

    runs: tuple[Filled, ...]
    low: float
    above: float
    floors: np.ndarray
    axis: np.ndarray
    density: np.ndarray

    @property
    def floor(self) -> float:
        """The mean of them: no method can be expected to come nearer."""
        return float(self.floors.mean())


def inpainting(config: InpaintConfig, report: Report = silent) -> Inpainting:
    """Every method from noise of the same seed, against the exact conditional."""
    mixture = config.build()
    line = given(mixture, config.known, config.value)
    rng = seeded(config.seed + 1)
    truth = line.sample(config.particles, rng)[:, 0]
    pairs = [[line.sample(config.particles, rng)[:, 0] for _ in range(2)] for _ in range(16)]
    floors = np.array([_apart(*pair) for pair in pairs])
    walkers = {name: make(config, mixture, seen(config)) for name, make in METHODS.items()}
    total, done, runs = sum(len(grid) - 1 for _, _, grid in walkers.values()), 0, []
    for name, walker in walkers.items():
        runs.append(_fill(name, walker, config, truth, part_of(report, done, total)))
        done += len(walker[2]) - 1
    axis = torch.linspace(-9, 9, 361)
    density = line.log_prob(axis[:, None]).exp()
    return Inpainting(
        tuple(runs),
        share_below(line, SPLIT),
        variance_above(line, SPLIT),
        floors,
        axis.numpy(),
        density.numpy(),
    )


def is_exact(result: Inpainting, run: Filled) -> bool:
    """Whether a run cannot be told from the exact posterior: neither by its share below the split, nor by its distance.

    Of exact samples one or the other says so by chance in 7.5 cases of 100 at most.
    """
    low, high = run.low_band
    return low <= result.low <= high and run.distance <= most_by_chance(result.floors)


def replaces_exactly(config: InpaintConfig, result: Inpainting) -> Outcome:
    """The home assignment's claim: replacing what is known draws from the exact posterior."""
    run = next(run for run in result.runs if run.name == "replacement")
    return Outcome(
        f"By replacement {interval(Difference(run.low, *run.low_band))} lies below {SPLIT:g}, {result.low:.3f} should; "
        f"distance {run.distance:.3f}, exact samples {result.floor:.3f}, by chance to "
        f"{most_by_chance(result.floors):.3f} (N = {config.particles:,}).",
        HOLDS if is_exact(result, run) else FAILS,
    )


def seen(config: InpaintConfig) -> Tensor:
    """The observation, (1, 2); the unknown coordinate is never read."""
    return torch.full((1, 2), config.value)


def _fill(name: str, walker: Walker, config: InpaintConfig, truth: Tensor, report: Report) -> Filled:
    step, denoise, grid = walker
    moves, calls = len(grid) - 1, counted(denoise)
    states = watched(walk_of((step, calls, grid), config, config.particles), report, moves)
    trajectory, end = recorded(states, frames_of(moves, config.frames), KEPT)
    filled = end[:, 1 - config.known]
    low = float((filled < SPLIT).double().mean())
    band = wilson(np.array(low), config.particles)
    alphas = np.array([float(level.alpha) for level in trajectory.levels])
    off = float((end[:, config.known] - config.value).square().mean().sqrt())
    return Filled(
        name,
        trajectory.xs.numpy(),
        alphas,
        filled.numpy(),
        low,
        (float(band[0]), float(band[1])),
        _apart(filled, truth),
        *spread_above(filled),
        off,
        calls.calls,
    )


def walk_of(walker: Walker, config: InpaintConfig, particles: int) -> Iterator[State]:
    """The walk of one method from the noise of config's seed."""
    step, denoise, grid = walker
    rng = seeded(config.seed)
    return checked(walk(step, denoise, starting_noise((particles, 2), grid[0], rng), grid, rng))


def _apart(x: Tensor, y: Tensor) -> float:
    """Wasserstein-1 on the line, of two samples of one size."""
    return float((x.sort().values - y.sort().values).abs().mean())


def spread_above(filled: Tensor) -> tuple[float, float]:
    """The variance of those above the split, and its standard error; NaN for fewer than two."""
    if int((filled >= SPLIT).sum()) < 2:
        return math.nan, math.nan
    above = filled[filled >= SPLIT].double()
    variance = above.var()
    error = (((above - above.mean()) ** 4).mean() - variance**2).clamp(min=0) / len(above)
    return float(variance), float(error.sqrt())
