"""Training a prior of z: the same denoising, on the normalised codes of all digits, by a small MLP."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.mnist import Digits, to_model
from images.diffusion_autoencoder.experiment import codes, downward
from images.diffusion_autoencoder.task import SHIPPED as AUTOENCODER
from images.metrics.evaluate import fingerprint
from images.models import Model, load_model, save_model
from images.networks.code_prior import CodePriorConfig, Normaliser, NormaliserConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.errors import require
from playground.levels import seeded
from playground.objectives import Batch
from playground.walk import final, starting_noise

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "z-prior"
SHIPPED = AUTOENCODER.with_name("z-prior.safetensors")


@dataclass(frozen=True, eq=False)
class ZPriorTask(DenoiserTask):
    """autoencoder: the diffusion autoencoder whose z this is about; normaliser: measured when the batches are made."""

    autoencoder: Model
    normaliser: Normaliser

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        z = codes(self.autoencoder, to_model(digits.images)).to(device)
        normal = self.normaliser.to(device).settle(z)

        def draw(step: int, rng: Generator) -> Batch:
            return Batch(normal[torch.randint(len(normal), (size,), generator=rng, device=device)])

        return draw

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """What twenty drawn codes make of noise."""
        decoder, normal = self.autoencoder, drawn_by(self.model.around(net), 20, {})
        z = self.normaliser.to(device).decode(normal).to(decoder.device)
        highest = decoder.schedule.grid(1)[0]
        x_T = starting_noise((20, *decoder.shape), highest, seeded(0, decoder.device))
        return sheet(final(downward(decoder, x_T, min(10, decoder.schedule.T), z)), columns=10)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        """The normaliser goes along; the autoencoder does not, but the file says which it was."""
        carried = {f"parts.normaliser.{name}": value for name, value in self.normaliser.state_dict().items()}
        config = replace(self.model, parts=(self.normaliser.config,))
        return save_model(
            path, config, weights | carried, {**about, "autoencoder": fingerprint(self.autoencoder)}
        )


def require_made_for(prior: Model, autoencoder: Model) -> None:
    """Raises UserError for a prior of another autoencoder's z: its numbers would mean something else."""
    require(
        prior.about.get("autoencoder") == fingerprint(autoencoder),
        "This prior of z was trained for another diffusion autoencoder, whose numbers mean something else: choose the "
        "one it was made for, or train a prior with --preset z-prior --using FILE.",
    )


def task_of(config: "TrainConfig") -> ZPriorTask:
    autoencoder = load_model(config.using or AUTOENCODER)
    autoencoder.part("encoder")  # or a sentence says that there is none
    size = autoencoder.config.vector
    net = CodePriorConfig(size, config.width, config.blocks)
    model = replace(config.model, net=net, shape=(size,), bounded=False, kind=KIND)
    return ZPriorTask(model, config.loss, autoencoder, NormaliserConfig(size).build())
