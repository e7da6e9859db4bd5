"""Training the noise-aware CLIP: noised small digits against captions, embedded by a CLIP that stays as it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from images.dalle2.clip_task import SHIPPED as CLIP
from images.dalle2.clip_task import Pairs, load_clip, mark_of
from images.dalle2.prior_task import caption_of
from images.dalle2.upsampler_task import small
from images.data.captions import codes_of, true_of, with_words_left_out
from images.data.mnist import Digits, load, to_model
from images.networks.clip import Clip, contrast, cosines
from images.networks.files import load_net, save_net
from images.networks.noisy_clip import NoisyClip, NoisyClipConfig
from images.training.tasks import Batches, LossOf, cosine_sheet
from playground.errors import require
from playground.levels import linear_beta, noised, randn_like, seeded
from playground.objectives import uniform_times

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "noisy-clip"
SHIPPED = CLIP.with_name("noisy-clip.safetensors")


@dataclass(frozen=True, eq=False)
class NoisyClipTask:
    net: NoisyClipConfig
    clip: Clip

    def build(self, seed: int) -> NoisyClip:
        return self.net.build(seed)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images, labels = digits.images.to(device), digits.labels.to(device)

        def draw(step: int, rng: Generator) -> Pairs:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            codes = codes_of(images[i], labels[i])
            return Pairs(small(to_model(images[i])), codes, with_words_left_out(codes, rng))

        return draw

    def loss(self) -> LossOf:
        """CLIP's contrast at every level of the schedule alike, (B,); captions that are true are all positives."""
        schedule = linear_beta()

        def loss(net: NoisyClip, pairs: Pairs, rng: Generator) -> Tensor:
            clip = self.clip.to(pairs.x.device)
            level = schedule.at(uniform_times(pairs.x, schedule, rng), pairs.x)
            z_i = net(noised(pairs.x, randn_like(pairs.x, rng), level), level)
            logits = clip.logits(z_i, caption_of(clip, pairs.captions)["vector"])
            return contrast(logits, true_of(pairs.captions, pairs.codes))

        return loss

    def preview(self, net: nn.Module, device: torch.device) -> np.ndarray:
        """The cosines of one digit of each class, noised to t = 300, rows, with the captions of the ten, columns."""
        digits, clip = load("test", download=False), self.clip.to(device)
        first = torch.stack([(digits.labels == c).nonzero()[0, 0] for c in range(10)])
        x0, level = small(to_model(digits.images[first])).to(device), linear_beta().level(300)
        captions = codes_of(digits.images[first], digits.labels[first]).to(device)
        z_i = net(noised(x0, randn_like(x0, seeded(0, device)), level.to(x0)), level.to(x0))
        return cosine_sheet(cosines(z_i, caption_of(clip, captions)["vector"]), cell=12)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, {**about, "clip": mark_of(self.clip)})


def task_of(config: "TrainConfig") -> NoisyClipTask:
    clip = load_clip(config.using or CLIP)
    return NoisyClipTask(NoisyClipConfig(clip.size, config.width, config.blocks), clip)


def load_noisy_clip(clip: Clip, path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> NoisyClip:
    """In eval mode, no gradients of its weights.

    Raises UserError for a file that is missing, holds something else, or was trained against another CLIP.
    """
    net, about = load_net(path, KIND, NoisyClipConfig, "noise-aware CLIP", device)
    require(
        about.get("clip") == mark_of(clip),
        f"{path} was trained against another CLIP: train it again with 'python -m images train --preset noisy-clip "
        "--using FILE', FILE the CLIP that is used.",
    )
    return net
