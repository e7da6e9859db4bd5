"""What all topics on digits share: the samplers by name, a walk, and what is kept of it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from images.data.mnist import to_uint8
from images.models import SHAPE, SIGMA_1, SIGMA_L, Model
from playground.annealing import actual, settling, told
from playground.denoisers import Denoiser
from playground.errors import require
from playground.gif import beside, enlarged, tiled
from playground.levels import Level, geometric_sigmas, repeated, seeded
from playground.progress import Report
from playground.solvers import corrected, dpmpp_2m
from playground.steps import Step, ancestral, annealed, ddim, heun, langevin
from playground.trajectory import Trajectory, collect, frames_of
from playground.walk import State, checked, starting_noise, walk, watched
from playground.work import require_work

DDPM_BETA = "DDPM, beta"  # pages write it with a β

# Walks down the schedule's grid.
DOWNHILL: dict[str, Callable[[float], Step]] = {
    "DDIM": lambda eta: ddim(eta),
    "DDPM": lambda eta: ancestral("beta_tilde"),
    DDPM_BETA: lambda eta: ancestral("beta"),
    "Heun": lambda eta: heun(),
    "DPM-Solver++": lambda eta: dpmpp_2m(),
    "predictor-corrector": lambda eta: corrected(ancestral("beta_tilde")),
}
ANNEALED, AS_WRITTEN = "annealed Langevin", "annealed Langevin, as written"
LANGEVIN = (ANNEALED, AS_WRITTEN)  # told the noise that is there, and told Algorithm 1's sigma_i
SAMPLERS = (*DOWNHILL, *LANGEVIN)
HOLD = 5  # Langevin steps at each level; NCSN has 100 on few levels, NCSNv2 has 5 on many
MOST_STEPS = 100_000  # beyond any schedule here; annealed Langevin has no other bound
CALLS, LONGEST = 400.0, 15 * 60.0  # images a second through the shipped network, on one core; seconds
MOST = 400  # images in one go: more would need gigabytes on a laptop


@dataclass(frozen=True, eq=False)
class Film:
    """Frames on the way, uint8: xs and x0_hats (F, B, 28, 28); captions: F sentences."""

    xs: np.ndarray
    x0_hats: np.ndarray
    captions: tuple[str, ...]

    @property
    def images(self) -> np.ndarray:
        """The finished images, (B, 28, 28)."""
        return self.xs[-1]

    def pairs(self, columns: int | None = None) -> list[np.ndarray]:
        """For GIF and WebP: sheets of x_t and of the predicted x0 side by side, 112 screen pixels a digit."""
        both = zip(self.xs, self.x0_hats, strict=True)
        return [beside(enlarged(tiled(x, columns)), enlarged(tiled(x0, columns))) for x, x0 in both]


def require_calls(model: Model, *, longest: float = LONGEST, **counts: int) -> None:
    """Raises UserError for what takes more than `longest` seconds, on a processor or on a GPU."""
    require_work(CALLS * (1 if model.device.type == "cpu" else 30), longest, **counts)


class Sampling(Protocol):
    """What `plan` asks of a configuration."""

    @property
    def sampler(self) -> str: ...
    @property
    def steps(self) -> int: ...
    @property
    def eta(self) -> float: ...
    @property
    def spacing(self) -> str: ...


class Shown(Protocol):
    """What a walk of digits asks of a configuration: how many, from which noise, how many frames to keep."""

    @property
    def count(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def frames(self) -> int: ...


def plan(model: Model, config: Sampling) -> tuple[Step, list[Level]]:
    """The step and the grid of a sampler: down the DDPM schedule, or NCSN's levels, each held for a while.

    A network knows levels, not schedules, so either family's network serves either family's sampler.
    """
    if config.sampler in DOWNHILL:
        return DOWNHILL[config.sampler](config.eta), model.schedule.grid(config.steps, config.spacing)
    sigmas, c = langevin_levels(model.schedule.highest, config.steps // HOLD)
    if config.sampler == ANNEALED:
        return told(c), actual(sigmas, c, HOLD)
    return langevin(annealed(c * sigmas[-1] ** 2, sigmas[-1])), repeated(
        [Level.of(sigma=s) for s in sigmas], HOLD
    )


def langevin_levels(highest: float, L: int) -> tuple[list[float], float]:
    """L sigmas, and c of Algorithm 1's step a_i = c sigma_i**2, for a network that has seen sigma / alpha <= highest.

    At its first level the noise grows from sigma_1 to sigma_1 / sqrt(1 - c / 4) at most; that must have been seen.
    """
    c = settling((SIGMA_1 / SIGMA_L) ** (1 / (L - 1)), HOLD)
    return geometric_sigmas(min(SIGMA_1, highest * math.sqrt(1 - c / 4)), SIGMA_L, L), c


def walked(
    model: Model, step: Step, denoise: Denoiser, grid: list[Level], config: Shown, report: Report
) -> Iterator[State]:
    require(
        model.shape == SHAPE,
        f"This model is of the kind {model.config.kind!r} and makes x of the shape {model.shape}, not digits of "
        f"{SHAPE}: choose another model, or the command made for it.",
    )
    rng = seeded(config.seed, model.device)
    start = starting_noise((config.count, *SHAPE), grid[0], rng)
    return watched(checked(walk(step, denoise, start, grid, rng)), report, len(grid) - 1)


def filmed(states: Iterator[State], grid: list[Level], config: Shown) -> Film:
    path = collect(states, frames_of(len(grid) - 1, config.frames))
    assert path.x0_hats is not None  # every step of these estimates x0
    return Film(_bytes(path.xs), _bytes(path.x0_hats), _captions(path, grid))


def _bytes(x: Tensor) -> np.ndarray:
    return to_uint8(x)[:, :, 0].numpy()


def _captions(path: Trajectory, grid: Sequence[Level]) -> tuple[str, ...]:
    """The step, and the noise beside the data in x_t, σ/α; where levels are walked more than once, on how many."""
    levels = len({float(level.log_snr) for level in grid}) - 1
    on = "" if levels >= path.indices[-1] - 1 else f" on {levels} levels"
    return tuple(
        f"step {index} of {path.indices[-1]}{on}, σ/α = {_ratio(level)}"
        for index, level in zip(path.indices, path.levels, strict=True)
    )


def _ratio(level: Level) -> str:
    ratio = float(level.sigma / level.alpha) if float(level.alpha) else math.inf
    return "∞" if math.isinf(ratio) else f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"
