"""Training the autoregressive prior: the cross-entropy of each bucket of an embedding, told the caption."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from images.dalle2.clip_task import SHIPPED, embedded, load_clip, mark_of
from images.dalle2.prior_task import caption_of, captioned
from images.data.mnist import Digits, load
from images.networks.ar_prior import ARPrior, ARPriorConfig
from images.networks.clip import Clip, cosines
from images.networks.files import load_net, save_net
from images.training.tasks import Batches, LossOf, cosine_sheet
from playground.levels import seeded
from playground.objectives import Batch

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "ar-prior"
FITTED_TO = 5000  # training digits; 64 directions need no more


def bucket_entropy(net: ARPrior, batch: Batch, rng: Generator) -> Tensor:
    """Cross-entropy in nats for each bucket, (B,).  x0 is the embedding; hidden says whose caption is withheld."""
    buckets = net.quantised(batch.x0)
    logits = net(buckets, batch.told, batch.hidden)  # (B, kept, buckets)
    return F.cross_entropy(logits.transpose(1, 2), buckets, reduction="none").mean(1)


@dataclass(frozen=True, eq=False)
class ARPriorTask:
    net: ARPriorConfig
    clip: Clip

    @cached_property
    def fitted_to(self) -> Tensor:
        """The embeddings that directions and buckets are fitted to, (FITTED_TO, D)."""
        return embedded(self.clip, load("train", download=False).images[:FITTED_TO]).cpu()

    def build(self, seed: int) -> ARPrior:
        return self.net.build(seed).fit(self.fitted_to)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        return captioned(self.clip, digits, size, device)

    def loss(self) -> LossOf:
        return bucket_entropy

    def preview(self, net: ARPrior, device: torch.device) -> np.ndarray:
        """As the diffusion prior's: the cosines of what is drawn for ten captions with the captions' own."""
        codes = torch.tensor([[digit, -1, -1, -1] for digit in range(10)], device=device)
        told = caption_of(self.clip.to(device), codes)
        z = net.sample(told, 10, seeded(0, device))
        return cosine_sheet(cosines(z, told["vector"]), cell=12)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, {**about, "clip": mark_of(self.clip)})


def task_of(config: "TrainConfig") -> ARPriorTask:
    clip = load_clip(config.using or SHIPPED)
    return ARPriorTask(
        ARPriorConfig(clip.size, config.size or 16, width=config.width, layers=config.blocks), clip
    )


def load_ar_prior(path: str | Path, device: torch.device | str = "cpu") -> tuple[ARPrior, dict[str, Any]]:
    """In eval mode, no gradients; and what is known about it.

    Raises UserError for a file that is missing or holds something else.
    """
    return load_net(path, KIND, ARPriorConfig, "autoregressive prior of this version", device)
