"""Training a diffusion autoencoder: the denoiser is told what an encoder makes of the clean digit; one loss."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.mnist import Digits, load, to_model
from images.models import load_model
from images.networks.encoder import EncoderConfig
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.errors import require
from playground.objectives import Batch, Loss, dropping

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "diffusion-autoencoder"
SHIPPED = Path(__file__).parents[1] / "shipped" / "diffusion-autoencoder.safetensors"


@dataclass(frozen=True, eq=False)
class DiffusionAutoencoderTask(DenoiserTask):
    """withheld: the share of digits whose z the denoiser is not told, so that it can do without, too.

    start: a file whose weights it begins with; empty: none.
    """

    withheld: float
    start: str = ""

    def build(self, seed: int) -> NetworkDenoiser:
        net = super().build(seed)
        if self.start:
            begun = load_model(self.start)
            require(
                begun.config == self.model,
                f"{self.start} holds another network than the one that is to be trained: choose the same preset and "
                "size, or start without it.",
            )
            net.load_state_dict(begun.denoise.state_dict())
        return net

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            return Batch(to_model(images[i]))

        return draw

    def loss(self) -> Loss:
        """The diffusion loss alone: its gradient reaches the encoder through what the denoiser is told."""
        plain = dropping(self.plain, self.withheld)

        def loss(net: Any, batch: Batch, rng: Generator) -> Tensor:
            return plain(net, replace(batch, told={"vector": net.parts["encoder"](batch.x0)}), rng)

        return loss

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Test digits, and below each what its z and a random x_T make of it."""
        model = self.model.around(net)
        x0 = to_model(load("test", download=False).images[:10]).to(device)
        twice = {"vector": model.part("encoder")(x0).repeat(2, 1)}
        return sheet(torch.cat([x0, drawn_by(model, 2 * len(x0), twice)]), columns=10)


def task_of(config: "TrainConfig") -> DiffusionAutoencoderTask:
    encoder = EncoderConfig(config.size or 32, max(4, 3 * config.width // 4), config.blocks)
    net = UNetConfig(config.width, config.blocks, patch=config.patch, tell=TellConfig(vector=encoder.size))
    model = replace(config.model, net=net, kind=KIND, parts=(encoder,))
    return DiffusionAutoencoderTask(model, config.loss, config.withheld, config.using)
