"""Training the decoder: a denoiser of 14 x 14 digits that is told the image's embedding and a caption.

The embedding is withheld from a tenth of the digits and the caption from half of them (Ramesh et al. 2022, Section
2.1), so that it may be told either, both, or nothing, and be guided.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.dalle2.clip_task import SHIPPED, embedded, load_clip, mark_of
from images.dalle2.prior_task import caption_of
from images.dalle2.upsampler_task import enlarged, small
from images.data.captions import codes_of, with_words_left_out
from images.data.mnist import Digits, load, to_model
from images.networks.clip import Clip
from images.networks.prompted import PromptedConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.objectives import Batch, Loss, dropping

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "decoder"
WITHHELD = {"vector": 0.1, "tokens": 0.5}


@dataclass(frozen=True, eq=False)
class DecoderTask(DenoiserTask):
    clip: Clip

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        """Told CLIP's embedding of the very digit, and the words of a caption that is true of it.

        Both are made for each batch: a short run sees few of the digits, and a step of the U-Net costs far more.
        """
        clip, images, labels = self.clip.to(device), digits.images.to(device), digits.labels.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            captions = with_words_left_out(codes_of(images[i], labels[i]), rng)
            told = {"vector": embedded(clip, images[i]), "tokens": caption_of(clip, captions)["tokens"]}
            return Batch(small(to_model(images[i])), told)

        return draw

    def loss(self) -> Loss:
        return dropping(self.plain, WITHHELD)

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Eight test digits above what is decoded from their embeddings alone."""
        images = load("test", download=False).images[:8].to(device)
        made = drawn_by(self.model.around(net), 8, {"vector": embedded(self.clip.to(device), images)})
        return sheet(torch.cat([to_model(images), enlarged(made)]), columns=8)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return super().save(path, weights, {**about, "clip": mark_of(self.clip)})


def task_of(config: "TrainConfig") -> DecoderTask:
    clip = load_clip(config.using or SHIPPED)
    net = PromptedConfig(config.width, config.blocks, config.patch, clip.size)
    model = replace(config.model, net=net, shape=(1, 14, 14), kind=KIND)
    return DecoderTask(model, config.loss, clip)
