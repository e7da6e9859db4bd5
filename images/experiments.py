"""What the image pages and the command line do: plain numbers in, arrays out.  No Streamlit, no drawing."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from images.mnist import to_model, to_uint8
from images.model import SIGMA_1, SIGMA_L, Model
from playground.denoisers import clipped, projected
from playground.errors import require, require_known, require_range
from playground.levels import Level, geometric_sigmas, held, seeded
from playground.multistep import corrected, dpmpp_2m
from playground.steps import Step, ancestral, annealed, climbing, ddim, heun, langevin, pinned, resampled
from playground.trajectory import Trajectory, collect, frames_of
from playground.walk import State, checked, prior, walk

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
METHODS = ("RePaint", "re-noise", "project")
MOST = 400  # images in one go: more would need gigabytes on a laptop


@dataclass(frozen=True)
class SampleConfig:
    """count images by `sampler` in `steps` steps; eta counts for DDIM alone."""

    count: int = 25
    sampler: str = "DDIM"
    steps: int = 50
    eta: float = 0.0
    seed: int = 0
    frames: int = 40

    def __post_init__(self) -> None:
        require_range("The number of images", self.count, 1, MOST)
        require_range("eta", self.eta, 0, 1)
        require_known("The sampler", self.sampler, SAMPLERS)
        require(
            self.sampler != ANNEALED or self.steps >= 2 * HOLD,
            f"Annealed Langevin has {self.steps} steps; it needs {2 * HOLD} or more, {HOLD} at each of two levels: "
            "raise them.",
        )


@dataclass(frozen=True)
class InpaintConfig:
    """count completions of one image.  resamplings: RePaint's r (1 is plain re-noising)."""

    count: int = 8
    method: str = "RePaint"
    steps: int = 50
    resamplings: int = 5
    eta: float = 1.0
    seed: int = 0
    frames: int = 40

    def __post_init__(self) -> None:
        require_range("The number of completions", self.count, 1, MOST)
        require_range("The number of resamplings", self.resamplings, 1, 50)
        require_range("eta", self.eta, 0, 1)
        require_known("The method", self.method, METHODS)


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


Progress = Callable[[int, int], None]


def sample(model: Model, config: SampleConfig, progress: Progress | None = None) -> Film:
    """New digits from noise; progress(done, total) is called after every step."""
    step, grid = plan(model, config)
    return _film(_walk(model, step, clipped(model.denoise, -1, 1), grid, config, progress), grid, config)


def plan(model: Model, config: SampleConfig) -> tuple[Step, list[Level]]:
    """The step and the grid of a sampler: down the DDPM schedule, or NCSN's levels, each held for a while.

    A network knows levels, not schedules, so either family's network serves either family's sampler.
    """
    if config.sampler != ANNEALED:
        return DOWNHILL[config.sampler](config.eta), model.schedule.grid(config.steps)
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


def inpaint(
    model: Model, image: np.ndarray, hole: np.ndarray, config: InpaintConfig, progress: Progress | None = None
) -> Film:
    """Completions of image (28, 28) uint8 where `hole` (28, 28) is True."""
    known, mask = _problem(model, image, hole)
    denoise = clipped(model.denoise, -1, 1)
    grid = model.schedule.grid(config.steps)
    step = ddim(config.eta)
    if config.method == "project":
        denoise = projected(denoise, known, mask)
    else:
        step = pinned(step, known, mask)
    if config.method == "RePaint":
        step, grid = climbing(step), resampled(grid, config.resamplings, jump=max(1, config.steps // 25))
    film = _film(_walk(model, step, denoise, grid, config, progress), grid, config)
    film.xs[-1][:, ~hole] = image[~hole]  # not a gray value of what was given is changed by rounding
    return film


def _problem(model: Model, image: np.ndarray, hole: np.ndarray) -> tuple[Tensor, Tensor]:
    """-> known (1, 1, 28, 28) in [-1, 1] and the mask of what is known, on the model's device."""
    for name, array in (("image", image), ("mask", hole)):
        require(
            array.shape == (28, 28),
            f"The {name} is {' x '.join(map(str, array.shape))}; the model works on 28 x 28: resize it.",
        )
    require(
        bool(hole.any()),
        "The mask covers nothing; there is nothing to fill in: paint over a part of the digit.",
    )
    require(
        not bool(hole.all()),
        "The mask covers the whole image; then nothing is known: leave a part, or use the Generate page.",
    )
    known = to_model(torch.from_numpy(image.copy()))[None, None].to(model.device)
    return known, torch.from_numpy(~hole)[None, None].to(model.device)


def _walk(
    model: Model,
    step: Step,
    denoise: Callable[[Tensor, Level], Tensor],
    grid: list[Level],
    config: SampleConfig | InpaintConfig,
    progress: Progress | None,
) -> Iterator[State]:
    rng = seeded(config.seed, model.device)
    start = prior((config.count, 1, 28, 28), grid[0], rng)
    for state in checked(walk(step, denoise, start, grid, rng)):
        if progress is not None:
            progress(state.index, len(grid) - 1)
        yield state


def _film(states: Iterator[State], grid: list[Level], config: SampleConfig | InpaintConfig) -> Film:
    path = collect(states, frames_of(len(grid) - 1, config.frames))
    return Film(_bytes(path.xs), _bytes(path.x0_hats), _captions(path))


def _bytes(x: Tensor) -> np.ndarray:
    return to_uint8(x)[:, :, 0].numpy()


def _captions(path: Trajectory) -> tuple[str, ...]:
    return tuple(
        f"step {index} of {path.indices[-1]}, noise {float(level.sigma / level.scale):.0%}"
        for index, level in zip(path.indices, path.levels, strict=True)
    )


def image_key(image: np.ndarray, hole: np.ndarray) -> str:
    """A short name of an inpainting problem, for file names and caches."""
    return hashlib.sha256(image.tobytes() + np.packbits(hole).tobytes()).hexdigest()[:10]
