"""Training the upsampler: a denoiser of 28 x 28 digits that is told the digit at 14 x 14, blurred and noised a little.

What it is told when sampling is itself a sample, and not quite a digit.  So in training the small digit is damaged in
half of the cases (Ramesh et al. 2022, Section 2.2: a blurred condition; Ho et al. 2021: conditioning augmentation).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from images.data.mnist import Digits, load, to_model
from images.models import ModelConfig, save_model
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from images.training.tasks import Batches, sheet
from playground.denoisers import NetworkDenoiser
from playground.levels import randn_like, seeded
from playground.objectives import Batch, Loss, Objective, per_dimension
from playground.steps import ddim
from playground.walk import final, starting_noise, walk

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "upsampler"
DAMAGED = 0.5  # the share of small digits that are damaged
NOISE = 0.1  # the standard deviation of the noise on a damaged one, in the data's units
BLUR = 0.6  # of a pixel at 14 x 14, the Gaussian's standard deviation


def small(x: Tensor) -> Tensor:
    """(B, C, 28, 28) -> (B, C, 14, 14): the mean of each 2 x 2 pixels."""
    return F.avg_pool2d(x, 2)


def enlarged(x: Tensor) -> Tensor:
    """(B, C, 14, 14) -> (B, C, 28, 28): each pixel becomes 2 x 2 of them; `small` undoes it exactly."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def blurred(x: Tensor, sigma: float = BLUR) -> Tensor:
    """A Gaussian blur over 3 x 3 pixels, (B, C, H, W); its weights sum to one, and the border is repeated."""
    line = torch.exp(-torch.arange(-1.0, 2.0, device=x.device).square() / (2 * sigma**2))
    kernel = torch.outer(line, line) / line.sum().square()
    channels = x.shape[1]
    padded = F.pad(x, [1, 1, 1, 1], mode="replicate")
    return F.conv2d(padded, kernel.to(x).expand(channels, 1, 3, 3), groups=channels)


def roughened(x: Tensor, rng: Generator) -> Tensor:
    """Small digits (B, C, 14, 14), all of them blurred and noised as much as any is in training."""
    return blurred(x) + NOISE * randn_like(x, rng)


def damaged(x: Tensor, rng: Generator) -> Tensor:
    """Half of the small digits (B, C, 14, 14), blurred and noised; the other half as they are."""
    chosen = torch.rand(len(x), generator=rng, device=x.device) < DAMAGED
    return torch.where(chosen[:, None, None, None], roughened(x, rng), x)


@dataclass(frozen=True)
class UpsamplerTask:
    model: ModelConfig
    objective: Callable[..., Objective]

    def build(self, seed: int) -> NetworkDenoiser:
        return self.model.build(seed)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            x0 = to_model(images[i])
            return Batch(x0, {"image": enlarged(damaged(small(x0), rng))})

        return draw

    def loss(self) -> Loss:
        return per_dimension(self.objective(self.model.build_schedule()))

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Eight test digits: what it is told above what it makes of it."""
        model = self.model.around(net)
        told = enlarged(small(to_model(load("test", download=False).images[:8].to(device))))
        grid, rng = model.schedule.grid(min(20, model.schedule.T)), seeded(0, device)
        start = starting_noise((8, *model.shape), grid[0], rng)
        made = final(walk(ddim(0.0), model.within(net.given(image=told)), start, grid, rng))
        return sheet(torch.cat([told, made]), columns=8)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_model(path, self.model, weights, about)


def task_of(config: "TrainConfig") -> UpsamplerTask:
    from images.training.config import OBJECTIVES

    net = UNetConfig(config.width, config.blocks, patch=config.patch, tell=TellConfig(image=1))
    return UpsamplerTask(replace(config.model, net=net, kind=KIND), OBJECTIVES[config.objective])
