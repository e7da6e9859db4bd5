"""Training an autoencoder of digits: squared error, a little of the divergence from N(0, I), and losses for sharpness.

Squared error alone blurs, so features are compared as well (perceptual), and a critic judges patches (adversarial):
Rombach et al. (2022), Section 3.1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, load, to_model
from images.latent.perception_task import load_perception
from images.models import SHIPPED, load_model
from images.networks.autoencoder import CHANNELS, Autoencoder, AutoencoderConfig
from images.networks.files import load_net, save_net
from images.networks.perception import PatchCritic, perceptual_distance
from images.training.tasks import Batches, LossOf, sheet
from playground.adversarial import CriticsLoss, MakersLoss, Rivals, adaptive_weight, hinge_critic, hinge_maker
from playground.checkpoint import load_checkpoint
from playground.errors import require
from playground.levels import randn_like
from playground.training import Recipe, Trainee, weights_from

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "autoencoder"
LATENT = SHIPPED.with_name("latent.safetensors")  # it carries the shipped autoencoder of f = 4


CRITICS_RATE = 1e-3  # AdamW's highest
MOST_PULL = 100.0  # the adaptive weight's clamp


@dataclass(frozen=True)
class AutoencoderTask:
    """kl: the weight of KL, in nats for each number of a latent, beside the mean squared error of a pixel.

    perceptual: the weight of `perceptual_distance`; adversarial: how hard the critic pulls, 1 as hard as all else
    together; 0: without.  critic_from: the share of the run after which the critic enters.
    """

    net: AutoencoderConfig
    kl: float
    perceptual: float = 0.0
    adversarial: float = 0.0
    critic_from: float = 1 / 3

    def build(self, seed: int) -> Autoencoder:
        with weights_from(seed):
            return self.net.build()

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)

        def draw(step: int, rng: Generator) -> Tensor:
            return to_model(images[torch.randint(len(images), (size,), generator=rng, device=device)])

        return draw

    def loss(self) -> LossOf:
        """Without a critic."""
        makers = self.makers_loss()
        return lambda net, x, rng: makers(net, None, x, rng)

    def trainee(self, net: nn.Module, recipe: Recipe, seed: int) -> Trainee | Rivals:
        """With a critic where there is an adversarial loss."""
        maker = Trainee(net, recipe)
        if self.adversarial == 0:
            return maker
        with weights_from(seed + 1):
            critic = PatchCritic().to(next(net.parameters()).device)
        return Rivals(maker, critic, self.critic_from, CRITICS_RATE)

    def makers_loss(self) -> MakersLoss[Tensor]:
        look = load_perception if self.perceptual else None

        def loss(net: Autoencoder, critic: PatchCritic | None, x: Tensor, rng: Generator) -> Tensor:
            mean, log_variance = net.moments(x)
            back = net.raw_decoded(mean + (log_variance / 2).exp() * randn_like(mean, rng))
            faithful = (back - x).square().flatten(1).mean(1)
            if look is not None:
                faithful = faithful + self.perceptual * perceptual_distance(look(device=x.device), back, x)
            plain = faithful + self.kl * divergence(mean, log_variance)
            if critic is None:
                return plain
            liked = hinge_maker(critic(back).float())
            pull = adaptive_weight(faithful.mean(), liked.mean(), net.last.weight, MOST_PULL)
            return plain + self.adversarial * pull * liked

        return loss

    def critics_loss(self) -> CriticsLoss[Tensor]:
        def loss(critic: PatchCritic, net: Autoencoder, x: Tensor, rng: Generator) -> Tensor:
            with torch.no_grad():
                mean, log_variance = net.moments(x)
                back = net.raw_decoded(mean + (log_variance / 2).exp() * randn_like(mean, rng))
            return hinge_critic(critic(x).float(), critic(back).float())

        return loss

    def preview(self, net: Autoencoder, device: torch.device) -> np.ndarray:
        """Test digits above, what is left of them below."""
        x = to_model(load("test", download=False).images[:20]).to(device)
        rows = torch.cat([x, net.decode(net.encode(x)).clamp(-1, 1)]).view(2, 2, 10, 1, 28, 28)
        return sheet(rows.transpose(0, 1).flatten(0, 2), columns=10)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        losses = {name: getattr(self, name) for name in ("kl", "perceptual", "adversarial")}
        return save_net(path, KIND, self.net, weights, about, **losses)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats for each number, averaged: (B, *D) -> (B,) (Kingma and Welling 2014)."""
    each = (mean.square() + log_variance.exp() - 1 - log_variance) / 2
    return each.flatten(1).mean(1)


def task_of(config: "TrainConfig") -> AutoencoderTask:
    net = AutoencoderConfig(config.size or 4, config.width, config.blocks)
    return AutoencoderTask(net, config.kl, config.perceptual, config.adversarial, config.critic_from)


def shipped(f: int) -> Path:
    """The file of the shipped autoencoder that divides lengths by f."""
    require(f in CHANNELS, f"An autoencoder is to divide lengths by f = {f}; known are 2, 4 and 8: choose.")
    return LATENT if f == 4 else SHIPPED.with_name(f"autoencoder-f{f}.safetensors")


def load_autoencoder(path: str | Path = "", device: torch.device | str = "cpu") -> Autoencoder:
    """From an autoencoder's file, or from a latent model that carries one; empty: the shipped one.

    Raises UserError for a file that is missing, damaged, or holds something else.
    """
    path = path or LATENT
    if load_checkpoint(path)[1].get("model", {}).get("parts"):
        found: Autoencoder = load_model(path, device).part("autoencoder")
        return found
    return load_net(path, KIND, AutoencoderConfig, "autoencoder", device, "autoencoder-f4")[0]
