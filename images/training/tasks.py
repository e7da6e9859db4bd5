"""What a run trains: a task says how to build the network, make the batches, compute the loss and draw a preview.

`Session` asks it and knows no more.  A task is a frozen dataclass made from the run's settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, to_model, to_uint8
from images.models import Model, ModelConfig, save_model
from playground.adversarial import CriticsLoss, MakersLoss, Rivals
from playground.denoisers import NetworkDenoiser
from playground.gif import tiled
from playground.levels import seeded
from playground.objectives import Batch, Loss, dropping
from playground.steps import ddim
from playground.training import Recipe, Trainee
from playground.walk import final, starting_noise, walk

if TYPE_CHECKING:
    from images.training.config import TrainConfig

Batches = Callable[[int, Generator], Any]
LossOf = Callable[[Any, Any, Generator], Tensor]


class Task(Protocol):
    """All that differs between trainings."""

    def build(self, seed: int) -> nn.Module:
        """A fresh network, whose random start comes from the seed."""
        ...

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        """(step, rng) -> a batch of `size`, on the device."""
        ...

    def loss(self) -> LossOf:
        """(net, batch, rng) -> the loss of each sample, of order one."""
        ...

    def preview(self, net: Any, device: torch.device) -> np.ndarray:
        """A sheet, (H, W) or (H, W, 3) uint8, always from the same noise."""
        ...

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        """The file that works on its own."""
        ...


@runtime_checkable
class Contested(Protocol):
    """A task whose network may have a critic, trained in turn with it (`playground.adversarial`)."""

    def trainee(self, net: nn.Module, recipe: Recipe, seed: int) -> Trainee | Rivals:
        """The network alone, or both."""
        ...

    def makers_loss(self) -> MakersLoss[Any]: ...
    def critics_loss(self) -> CriticsLoss[Any]: ...


# The module of each kind of task, which has task_of(config); looked up when needed: one task may use another.
KINDS = {
    "digits": "images.training.tasks",
    "guide": "images.guidance.task",
    "palette": "images.palette.task",
    "perception": "images.latent.perception_task",
    "autoencoder": "images.latent.autoencoder_task",
    "latent": "images.latent.task",
    "diffusion-autoencoder": "images.diffusion_autoencoder.task",
    "z-prior": "images.diffusion_autoencoder.prior_task",
    "clip": "images.dalle2.clip_task",
    "noisy-clip": "images.dalle2.noisy_clip_task",
    "prior": "images.dalle2.prior_task",
    "ar-prior": "images.dalle2.ar_prior_task",
    "decoder": "images.dalle2.decoder_task",
    "upsampler": "images.dalle2.upsampler_task",
    "scene-clip": "images.scenes.clip_task",
    "scene-decoder": "images.scenes.decoder_task",
}


def task_for(config: "TrainConfig") -> Task:
    """The task of a run's settings.  Raises UserError for settings that make none."""
    task: Task = import_module(KINDS[config.task]).task_of(config)
    return task


def passing(N: int, first: int, count: int, seed: int) -> Tensor:
    """Places `first` to first + count of an endless row of passes, (count,): each pass has its own order of all N.

    The order of a pass follows from (seed, pass), so a run that goes on needs no memory of it.
    """
    passes = range(first // N, (first + count - 1) // N + 1)
    row = torch.cat([_order(N, seed, number) for number in passes])
    return row[first - passes[0] * N :][:count]


@lru_cache(maxsize=2)
def _order(N: int, seed: int, number: int) -> Tensor:
    return torch.randperm(N, generator=Generator().manual_seed((seed * 0x9E3779B1 + number + 2**31) % 2**32))


def labelled(digits: Digits, size: int, device: torch.device) -> Batches:
    """Digits drawn at random, told their labels."""
    images, labels = digits.images.to(device), digits.labels.to(device)

    def draw(step: int, rng: Generator) -> Batch:
        i = torch.randint(len(images), (size,), generator=rng, device=device)
        return Batch(to_model(images[i]), {"label": labels[i]})

    return draw


# --- denoisers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class DenoiserTask:
    """What trainings of denoisers share: the network of `model` and its file; plain: the objective's loss."""

    model: ModelConfig
    plain: Loss

    def build(self, seed: int) -> NetworkDenoiser:
        return self.model.build(seed)

    def loss(self) -> Loss:
        return self.plain

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_model(path, self.model, weights, about)


@dataclass(frozen=True, eq=False)
class DigitsTask(DenoiserTask):
    """A denoiser of digits, told their labels where its network knows some; withheld: the share that is hidden.

    pass_seed: every digit is seen once before any is seen again, in orders that follow from it; None: drawn at random.
    """

    withheld: float
    pass_seed: int | None = None

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images, labels = digits.images.to(device), digits.labels.to(device)
        labelled, N = "label" in self.model.told, len(images)

        def draw(step: int, rng: Generator) -> Batch:
            if self.pass_seed is None:
                i = torch.randint(N, (size,), generator=rng, device=device)
            else:
                i = passing(N, step * size, size, self.pass_seed).to(device)
            return Batch(to_model(images[i]), {"label": labels[i]} if labelled else {})

        return draw

    def loss(self) -> Loss:
        return dropping(self.plain, self.withheld) if self.model.told else self.plain

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        model = self.model.around(net)
        told = {"label": torch.arange(20, device=device) % 10} if "label" in self.model.told else {}
        return sheet(drawn_by(model, 20 if told else 16, told), columns=10 if told else 8)


def drawn_by(model: Model, count: int, told: dict[str, Any], rng: Generator | None = None) -> Tensor:
    """`count` samples of a denoiser in training, (count, *shape), told that, by DDIM in at most 20 steps.

    rng: of the noise; without one always the same.
    """
    grid, rng = model.schedule.grid(min(20, model.schedule.T)), rng or seeded(0, model.device)
    denoise = model.within(model.denoise.given(**told) if told else model.denoise)
    return final(walk(ddim(0.0), denoise, starting_noise((count, *model.shape), grid[0], rng), grid, rng))


def sheet(x: Tensor, columns: int) -> np.ndarray:
    """(B, C, H, W) in [-1, 1] -> one uint8 picture, gray for one channel and RGB for three."""
    pixels = to_uint8(x).cpu().numpy()
    return tiled(pixels[:, 0] if pixels.shape[1] == 1 else pixels.transpose(0, 2, 3, 1), columns=columns)


def task_of(config: "TrainConfig") -> DigitsTask:
    """Digits, from the settings of a run."""
    passes = config.seed if config.without_replacement else None
    return DigitsTask(config.model, config.loss, config.withheld, passes)


def cosine_sheet(cosines: Tensor, cell: int) -> np.ndarray:
    """A matrix of cosines as gray squares of `cell` pixels: white is 1, black -1."""
    return to_uint8(cosines).cpu().numpy().repeat(cell, 0).repeat(cell, 1)
