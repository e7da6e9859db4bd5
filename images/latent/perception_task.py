"""Training the classifier whose inner maps the perceptual loss compares."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, load, to_model
from images.metrics.classifier import shifted
from images.models import SHIPPED
from images.networks.files import load_net, save_net
from images.networks.perception import Perception, PerceptionConfig
from images.training.tasks import Batches, labelled, sheet
from playground.objectives import Batch, Loss
from playground.training import weights_from

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "perception"
PERCEPTION = SHIPPED.with_name("perception.safetensors")


@dataclass(frozen=True)
class PerceptionTask:
    """shift: each digit is moved by up to so many pixels each way, so that places do not matter much."""

    net: PerceptionConfig
    shift: int = 2

    def build(self, seed: int) -> Perception:
        with weights_from(seed):
            return self.net.build()

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        return labelled(digits, size, device)

    def loss(self) -> Loss:
        def loss(net: Perception, batch: Batch, rng: Generator) -> Tensor:
            seen = net(shifted(batch.x0, self.shift, rng))
            return F.cross_entropy(seen, batch.told["label"], reduction="none")

        return loss

    def preview(self, net: nn.Module, device: torch.device) -> np.ndarray:
        """The first hundred test digits; those that it takes for another class are inverted."""
        digits = load("test", download=False).part(0, 100)
        x = to_model(digits.images).to(device)
        right = net(x).argmax(1).cpu() == digits.labels
        return sheet(torch.where(right.to(device)[:, None, None, None], x, -x), columns=20)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, about)


def task_of(config: "TrainConfig") -> PerceptionTask:
    return PerceptionTask(PerceptionConfig(config.width))


@lru_cache(maxsize=2)
def load_perception(path: str | Path = PERCEPTION, device: torch.device | str = "cpu") -> Perception:
    """Frozen.  Raises UserError for a file that is missing, damaged, or holds something else."""
    return load_net(path, KIND, PerceptionConfig, "network of perception", device)[0]
