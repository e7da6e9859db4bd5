"""Training an autoencoder of digits: squared error, and a little of the divergence from N(0, I)."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, load, to_model
from images.models import FORMAT, SHIPPED, load_model
from images.networks.autoencoder import Autoencoder, AutoencoderConfig
from images.training.tasks import Batches, LossOf, sheet
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError
from playground.levels import randn_like
from playground.training import weights_from

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "autoencoder"
LATENT = SHIPPED.with_name("latent.safetensors")  # it carries the shipped autoencoder


@dataclass(frozen=True)
class AutoencoderTask:
    """kl: the weight of KL, in nats for each number of a latent, beside the mean squared error of a pixel."""

    net: AutoencoderConfig
    kl: float

    def build(self, seed: int) -> Autoencoder:
        with weights_from(seed):
            return self.net.build()

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)

        def draw(step: int, rng: Generator) -> Tensor:
            return to_model(images[torch.randint(len(images), (size,), generator=rng, device=device)])

        return draw

    def loss(self) -> LossOf:
        def loss(net: Autoencoder, x: Tensor, rng: Generator) -> Tensor:
            mean, log_variance = net.moments(x)
            raw = mean + (log_variance / 2).exp() * randn_like(mean, rng)
            error = (net.raw_decoded(raw) - x).square().flatten(1).mean(1)
            return error + self.kl * divergence(mean, log_variance)

        return loss

    def preview(self, net: nn.Module, device: torch.device) -> np.ndarray:
        """Test digits above, what is left of them below."""
        x = to_model(load("test", download=False).images[:20]).to(device)
        rows = torch.cat([x, net.decode(net.encode(x)).clamp(-1, 1)]).view(2, 2, 10, 1, 28, 28)
        return sheet(rows.transpose(0, 1).flatten(0, 2), columns=10)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        header = {"format": FORMAT, "model": {"kind": KIND, "net": asdict(self.net), "kl": self.kl}}
        return save_checkpoint(path, weights, header | about)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats for each number, averaged: (B, *D) -> (B,) (Kingma and Welling 2014)."""
    each = (mean.square() + log_variance.exp() - 1 - log_variance) / 2
    return each.flatten(1).mean(1)


def task_of(config: "TrainConfig") -> AutoencoderTask:
    return AutoencoderTask(AutoencoderConfig(config.size or 4, config.width, config.blocks), config.kl)


def load_autoencoder(path: str | Path = "", device: torch.device | str = "cpu") -> Autoencoder:
    """From an autoencoder's file, or from a latent model that carries one; empty: the shipped one.

    Raises UserError for a file that is missing, damaged, or holds something else.
    """
    path = path or LATENT
    weights, about = load_checkpoint(path)
    model = about.get("model", {})
    if model.get("parts"):
        found: Autoencoder = load_model(path, device).part("autoencoder")
        return found
    try:
        if model["kind"] != KIND:
            raise KeyError("kind")
        net = AutoencoderConfig(**model["net"]).build()
        net.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{path} is no autoencoder: train one with 'python -m images train --preset autoencoder-f4', or name "
            "another file."
        ) from error
    return net.to(device).eval().requires_grad_(False)
