"""Training diffusion in latents: denoiser and loss are those of digits, x is what an autoencoder makes of them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.mnist import Digits, to_model
from images.latent.autoencoder_task import load_autoencoder, shipped
from images.models import Model, kind_of, load_model, save_model
from images.networks.autoencoder import Autoencoder
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.errors import require
from playground.objectives import Batch, Loss, dropping

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "latent"


@dataclass(frozen=True, eq=False)
class LatentTask(DenoiserTask):
    """model: without the autoencoder, which is not trained any more; it goes into the file beside the denoiser.

    scale: of the latents.  start: a latent model whose weights it begins with; what this one is told beyond that starts
    at zero, so it begins as that model.
    """

    autoencoder: Autoencoder
    withheld: float
    scale: float = 1.0
    start: Model | None = None

    def build(self, seed: int) -> NetworkDenoiser:
        net = self.model.build(seed)
        if self.start is not None:
            begin_as(net, self.start)
        return net

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        """All digits are encoded once; their latents' centre and spread are measured, and kept by the autoencoder."""
        encoder = self.autoencoder.to(device)
        latents, labels = (
            encoder.settle(to_model(digits.images.to(device)), scale=self.scale),
            digits.labels.to(device),
        )
        labelled = "label" in self.model.told

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(latents), (size,), generator=rng, device=device)
            return Batch(latents[i], {"label": labels[i]} if labelled else {})

        return draw

    def loss(self) -> Loss:
        return dropping(self.plain, self.withheld) if self.model.told else self.plain

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        told = {"label": torch.arange(20, device=device) % 10} if self.model.told else {}
        latents = drawn_by(self.model.around(net), 20, told)
        return sheet(self.autoencoder.to(device).decode(latents).clamp(-1, 1), columns=10)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        """One file: whoever loads it can sample pixels, without knowing of another one."""
        carried = {
            f"parts.autoencoder.{name}": value for name, value in self.autoencoder.state_dict().items()
        }
        return save_model(
            path, replace(self.model, parts=(self.autoencoder.config,)), weights | carried, about
        )


def begin_as(net: NetworkDenoiser, start: Model) -> None:
    """Takes over all weights of the other model's network.  Raises UserError where it is another kind of network."""
    own = net.state_dict()
    begun = {name: v for name, v in start.denoise.state_dict().items() if not name.startswith("parts.")}
    wrong = sorted(name for name, v in begun.items() if name not in own or own[name].shape != v.shape)
    require(
        not wrong and net.predicts == start.denoise.predicts,
        "The latent model to begin with holds another network than the one that is to be trained: choose the same "
        "preset, width and blocks, or build on an autoencoder's file.",
    )
    net.load_state_dict(own | begun)


def task_of(config: "TrainConfig") -> LatentTask:
    autoencoder = load_autoencoder(config.using or shipped(config.size or 4))
    shape = autoencoder.config.shape
    tell = TellConfig(classes=10 if config.labels else 0)
    net = UNetConfig(config.width, config.blocks, patch=config.patch, channels=shape[0], tell=tell)
    model = replace(config.model, net=net, shape=shape, bounded=False, kind=KIND)
    start = load_model(config.using) if config.using and kind_of(config.using) == KIND else None
    return LatentTask(model, config.loss, autoencoder, config.withheld, config.latent_scale, start)
