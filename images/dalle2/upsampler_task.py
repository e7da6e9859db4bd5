"""Training the upsampler: a denoiser of 28 x 28 digits that is told the digit at 14 x 14, blurred and noised a little.

What it is told when sampling is itself a sample, and not quite a digit.  So in training the small digit is damaged in
half of the cases (Ramesh et al. 2022, Section 2.2: a blurred condition; Ho et al. 2021: conditioning augmentation).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from images.data.mnist import Digits, load, to_model
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.levels import randn_like
from playground.objectives import Batch

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


class UpsamplerTask(DenoiserTask):
    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            x0 = to_model(images[i])
            return Batch(x0, {"image": enlarged(damaged(small(x0), rng))})

        return draw

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Eight test digits: what it is told above what it makes of it."""
        told = enlarged(small(to_model(load("test", download=False).images[:8].to(device))))
        made = drawn_by(self.model.around(net), 8, {"image": told})
        return sheet(torch.cat([told, made]), columns=8)


def task_of(config: "TrainConfig") -> UpsamplerTask:
    net = UNetConfig(config.width, config.blocks, patch=config.patch, tell=TellConfig(image=1))
    return UpsamplerTask(replace(config.model, net=net, kind=KIND), config.loss)
