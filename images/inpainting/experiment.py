"""A hole in a digit, filled in by a model that knows nothing of holes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import to_model
from images.metrics.readable import counted
from images.models import Model
from images.sampling import MOST, MOST_STEPS, Film, filmed, require_calls, walked
from playground.claims import mostly
from playground.denoisers import Denoiser
from playground.errors import SEEDS, require
from playground.inpainting import climbing, dps, pinned, projected, resampled
from playground.knobs import Knobs, choice, knob
from playground.levels import Level
from playground.progress import Report, silent
from playground.statistics import FAILS, wilson
from playground.steps import Step, ddim


class Settings(Protocol):
    """What a method asks of a configuration."""

    @property
    def steps(self) -> int: ...
    @property
    def resamplings(self) -> int: ...
    @property
    def eta(self) -> float: ...
    @property
    def zeta(self) -> float | None: ...


Walker = tuple[Step, Denoiser, list[Level]]


def _repaint(model: Model, known: Tensor, mask: Tensor, c: Settings) -> Walker:
    grid = resampled(model.schedule.grid(c.steps), c.resamplings, jump=max(1, c.steps // 25))
    return climbing(pinned(ddim(c.eta), known, mask)), model.within(model.denoise), grid


def _renoised(model: Model, known: Tensor, mask: Tensor, c: Settings) -> Walker:
    return pinned(ddim(c.eta), known, mask), model.within(model.denoise), model.schedule.grid(c.steps)


def _projected(model: Model, known: Tensor, mask: Tensor, c: Settings) -> Walker:
    return ddim(c.eta), projected(model.within(model.denoise), known, mask), model.schedule.grid(c.steps)


def _followed(model: Model, known: Tensor, mask: Tensor, c: Settings) -> Walker:
    require(c.zeta is not None, "DPS needs a zeta: choose one on training digits, or name it.")
    return (
        dps(ddim(c.eta), known, mask, c.zeta or 0.0),
        model.within(model.denoise),
        model.schedule.grid(c.steps),
    )


# (model, known (B or 1, 1, 28, 28), the mask of what is known, settings) -> step, denoiser, grid
METHODS: dict[str, Callable[[Model, Tensor, Tensor, Settings], Walker]] = {
    "RePaint": _repaint, "re-noise": _renoised, "project": _projected, "DPS": _followed,
}  # fmt: skip


def turns(method: str, resamplings: int) -> int:
    """How often a method walks the grid, in calls of the network: RePaint there, and back and there again; DPS needs a
    gradient, which costs about two calls more."""
    return {"RePaint": 2 * resamplings - 1, "DPS": 4}.get(method, 1)


FIRST_DIGIT = 18  # in MNIST's test set a 3 whose right half could as well belong to an 8


@dataclass(frozen=True)
class InpaintConfig(Knobs):
    """count completions of one image.  resamplings: RePaint's r (1 is plain re-noising); zeta: DPS's step."""

    count: int = knob(8, 1, MOST, "The number of completions", page=(1, 64))
    method: str = choice("RePaint", METHODS, "The method")
    steps: int = knob(50, 1, MOST_STEPS, "The number of steps", among=(10, 20, 50, 100, 250))
    resamplings: int = knob(5, 1, 50, "The number of resamplings", page=(1, 20))
    eta: float = knob(1.0, 0, 1, "eta")
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 40
    zeta: float = knob(3.0, 0, 10, "zeta")


def inpaint(
    model: Model, image: np.ndarray, hole: np.ndarray, config: InpaintConfig, report: Report = silent
) -> Film:
    """Completions of image (28, 28) uint8 where `hole` (28, 28) is True."""
    walks = turns(config.method, config.resamplings)
    require_calls(model, images=config.count, steps=config.steps, turns=walks)
    known, mask = _problem(model, image, hole)
    step, denoise, grid = METHODS[config.method](model, known, mask, config)
    film = filmed(walked(model, step, denoise, grid, config, report), grid, config)
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


def left_half() -> np.ndarray:
    """The hole that the page opens with, (28, 28) bool."""
    hole = np.zeros((28, 28), bool)
    hole[:, :14] = True
    return hole


def image_key(image: np.ndarray, hole: np.ndarray) -> str:
    """A short name of an inpainting problem, for file names and caches."""
    return hashlib.sha256(image.tobytes() + np.packbits(hole).tobytes()).hexdigest()[:10]


def said_of_completions(
    images: np.ndarray,
    seen: np.ndarray,
    sure: np.ndarray,
    image: np.ndarray,
    hole: np.ndarray,
    label: int | None,
) -> tuple[str, str]:
    """Whether the known part was kept and most completions fit it: have the digit's class, or are clear where that is
    not known; and how far apart they are in the hole.
    """
    right, fit = (sure, "clear digits") if label is None else (seen == label, "the digit's class")
    n, hits = len(right), int(right.sum())
    spread = float(images[:, hole].astype(float).std(0).mean()) if hole.any() else 0.0
    moved = int(np.abs(images[:, ~hole].astype(int) - image[~hole]).max(initial=0))
    lost = f" A known pixel is up to {moved} of 255 off." if moved else ""
    low, high = wilson(hits / n, n)
    return (
        f"Claim: the known part stays, and most completions are {fit}: {hits} of {n} ({low:.0%} to {high:.0%}).{lost} "
        f"Read as {counted(seen)}. The hole's pixels differ by {spread:.0f} of 255 (std)."
    ), FAILS if moved else mostly(hits, n)
