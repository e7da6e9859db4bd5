"""What all topics on digits share: the samplers by name, a walk, and what is kept of it."""


from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import to_uint8
from images.models import SIGMA_1, SIGMA_L, Model
from playground.levels import Level, geometric_sigmas, held, seeded
from playground.multistep import corrected, dpmpp_2m
from playground.progress import Report
from playground.steps import Step, ancestral, annealed, ddim, heun, langevin
from playground.trajectory import Trajectory, collect, frames_of
from playground.walk import State, checked, prior, walk, watched

# Walks down the schedule's grid; each is made anew for a walk, because some steps remember.
DOWNHILL: dict[str, Callable[[float], Step]] = {
    "DDIM": lambda eta: ddim(eta),
    "DDPM": lambda eta: ancestral("beta_tilde"),
    "DDPM, beta": lambda eta: ancestral("beta"),
    "Heun": lambda eta: heun(),
    "DPM-Solver++": lambda eta: dpmpp_2m(),
    "predictor-corrector": lambda eta: corrected(ancestral("beta_tilde")),
}
ANNEALED = "annealed Langevin"
SAMPLERS = (*DOWNHILL, ANNEALED)
HOLD = 5  # Langevin steps at each level; NCSN has 100 on few levels, NCSNv2 has 5 on many
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


class Sampling(Protocol):
    """What `plan` asks of a configuration."""

    sampler: str
    steps: int
    eta: float


class Shown(Protocol):
    """What a walk of digits asks of a configuration: how many, from which noise, how many frames to keep."""

    count: int
    seed: int
    frames: int


def plan(model: Model, config: Sampling) -> tuple[Step, list[Level]]:
    """The step and the grid of a sampler: down the DDPM schedule, or NCSN's levels, each held for a while.

    A network knows levels, not schedules, so either family's network serves either family's sampler.
    """
    if config.sampler != ANNEALED:
        return DOWNHILL[config.sampler](config.eta), model.schedule.grid(config.steps, config.spacing)
    sigmas = geometric_sigmas(SIGMA_1, SIGMA_L, config.steps // HOLD)
    return langevin(annealed(langevin_eps(sigmas), sigmas[-1])), held(
        [Level.of(1.0, s) for s in sigmas], HOLD
    )


def langevin_eps(sigmas: list[float], hold: int = HOLD) -> float:
    """Algorithm 1's eps, so that `hold` steps shrink the last level's noise to the next one's.

    With the score of pure noise, -x / sigma**2, a step x <- x + (a/2) s + sqrt(a) z with a = c sigma**2 takes the
    variance v to (1 - c/2)**2 v + c sigma**2.  NCSNv2 (Song and Ermon 2020), Technique 4, asks that v, which is
    sigma_{i-1}**2 at first, be as near to sigma_i**2 as it gets after `hold` steps; c is found by a search.
    """
    ratio = (sigmas[0] / sigmas[1]) ** 2 if len(sigmas) > 1 else 1.0

    def variance(c: float) -> float:
        v = ratio
        for _ in range(hold):
            v = (1 - c / 2) ** 2 * v + c
        return v

    candidates = torch.logspace(-4, 0, 400, dtype=torch.float64).tolist()
    return min(candidates, key=lambda c: abs(variance(c) - 1)) * sigmas[-1] ** 2


def walked(
    model: Model,
    step: Step,
    denoise: Callable[[Tensor, Level], Tensor],
    grid: list[Level],
    config: Shown,
    report: Report,
) -> Iterator[State]:
    rng = seeded(config.seed, model.device)
    start = prior((config.count, 1, 28, 28), grid[0], rng)
    return watched(checked(walk(step, denoise, start, grid, rng)), report, len(grid) - 1)


def filmed(states: Iterator[State], grid: list[Level], config: Shown) -> Film:
    path = collect(states, frames_of(len(grid) - 1, config.frames))
    return Film(_bytes(path.xs), _bytes(path.x0_hats), _captions(path))


def _bytes(x: Tensor) -> np.ndarray:
    return to_uint8(x)[:, :, 0].numpy()


def _captions(path: Trajectory) -> tuple[str, ...]:
    return tuple(
        f"step {index} of {path.indices[-1]}, noise {float(level.sigma / level.scale):.0%}"
        for index, level in zip(path.indices, path.levels, strict=True)
    )
