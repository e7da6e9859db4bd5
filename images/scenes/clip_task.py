"""Training a CLIP of scenes: two digits in two colours, and captions that say which colour belongs to which."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.dalle2.clip_task import Pairs
from images.data.mnist import Digits
from images.data.scenes import LENGTH, WORDS, captions_of, drawn, tokens_of, true_of
from images.networks.clip import Clip, ClipConfig, contrast, cosines
from images.networks.files import load_net, save_net
from images.training.tasks import Batches, LossOf, cosine_sheet

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "scene-clip"
SHIPPED = Path(__file__).parents[1] / "shipped" / "scene-clip.safetensors"


def contrastive(net: Clip, pairs: Pairs, rng: Generator) -> Tensor:
    """The loss of a batch, (B,): the scenes that a caption is true of are its positives."""
    z_t, _ = net.text(tokens_of(pairs.captions))
    return contrast(net.logits(net.image(pairs.x), z_t), true_of(pairs.captions, pairs.codes))


@dataclass(frozen=True)
class SceneClipTask:
    net: ClipConfig

    def build(self, seed: int) -> Clip:
        return self.net.build(seed)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images, labels = digits.images.to(device), digits.labels.to(device)

        def draw(step: int, rng: Generator) -> Pairs:
            x, codes = drawn(images, labels, size, rng)
            return Pairs(x, codes, captions_of(codes, rng))

        return draw

    def loss(self) -> LossOf:
        return contrastive

    def preview(self, net: Clip, device: torch.device) -> np.ndarray:
        """The cosines of the captions of two digits in two colours and their places: white is 1, black -1."""
        parts = [(colour, digit) for digit in (3, 5, 8) for colour in range(4)]
        captions = torch.tensor([(*a, 0, *b) for a in parts[:6] for b in parts[6:]], device=device)
        z_t, _ = net.text(tokens_of(captions))
        return cosine_sheet(cosines(z_t, z_t), cell=6)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, about)


def task_of(config: "TrainConfig") -> SceneClipTask:
    sizes = config.size or 64, config.width, config.blocks, config.layers
    return SceneClipTask(ClipConfig(*sizes, channels=3, words=len(WORDS), length=LENGTH))


def load_scene_clip(path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> Clip:
    """In eval mode, no gradients.  Raises UserError for a file that is missing or holds something else."""
    return load_net(path, KIND, ClipConfig, "CLIP of scenes", device)[0]


@torch.no_grad()
def embedded(net: Clip, x: Tensor, batch: int = 500) -> Tensor:
    """The embeddings of scenes (N, 3, 28, 28) in [-1, 1], (N, D)."""
    device = net.log_scale.device
    return torch.cat([net.image(part.to(device)) for part in x.split(batch)])


@torch.no_grad()
def caption_of(net: Clip, captions: Tensor) -> dict[str, Tensor]:
    """What the decoder is told of captions (B, LENGTH): the embedding, "vector", and the words', "tokens"."""
    z_t, words = net.text(tokens_of(captions))
    return {"vector": z_t, "tokens": words}
