"""Training the prior: a denoiser of the image's embedding that is told the caption's, and its words.

It lives on embeddings, which have no range, so nothing is clipped; captions are withheld whole, words and embedding
together, from a tenth of the digits (Ramesh et al. 2022, Section 2.2).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.dalle2.clip_task import SHIPPED, embedded, load_clip, mark_of
from images.data.captions import codes_of, tokens_of, with_words_left_out
from images.data.mnist import Digits
from images.networks.caption_prior import CaptionPriorConfig
from images.networks.clip import Clip, cosines, on_sphere
from images.training.tasks import Batches, DenoiserTask, cosine_sheet, drawn_by
from playground.denoisers import NetworkDenoiser
from playground.objectives import Batch

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "prior"
WITHHELD = 0.1


@dataclass(frozen=True, eq=False)
class PriorTask(DenoiserTask):
    clip: Clip

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        return captioned(self.clip, digits, size, device)

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """The cosines of an embedding drawn for "a zero" to "a nine", rows, with the ten captions' own, columns."""
        codes = torch.tensor([[digit, -1, -1, -1] for digit in range(10)], device=device)
        told = caption_of(self.clip.to(device), codes)
        z = drawn_by(self.model.around(net), 10, told)
        return cosine_sheet(cosines(on_sphere(z), told["vector"]), cell=12)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return super().save(path, weights, {**about, "clip": mark_of(self.clip)})


@torch.no_grad()
def caption_of(clip: Clip, codes: Tensor) -> dict[str, Tensor]:
    """What prior and decoder are told of captions (B, 4): the embedding, "vector", and the words', "tokens"."""
    z_t, words = clip.text(tokens_of(codes))
    return {"vector": z_t, "tokens": words}


def captioned(clip: Clip, digits: Digits, size: int, device: torch.device) -> Batches:
    """What both priors learn from: embeddings, made once, and captions, anew for each batch, a tenth withheld whole."""
    clip = clip.to(device)
    z_i, codes = embedded(clip, digits.images), codes_of(digits.images, digits.labels).to(device)

    def draw(step: int, rng: Generator) -> Batch:
        i = torch.randint(len(z_i), (size,), generator=rng, device=device)
        told: dict[str, Any] = caption_of(clip, with_words_left_out(codes[i], rng))
        hidden = torch.rand(size, generator=rng, device=device) < WITHHELD
        return Batch(z_i[i], told, dict.fromkeys(told, hidden))

    return draw


def task_of(config: "TrainConfig") -> PriorTask:
    clip = load_clip(config.using or SHIPPED)
    net = CaptionPriorConfig(clip.size, config.width, config.blocks)
    model = replace(config.model, net=net, shape=(clip.size,), bounded=False, kind=KIND)
    return PriorTask(model, config.loss, clip)
