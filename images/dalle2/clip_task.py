"""Training CLIP, and its file: digits against captions of them, with every caption that is true as a positive."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.captions import codes_of, tokens_of, true_of, with_words_left_out
from images.data.mnist import Digits, to_model
from images.networks.clip import Clip, ClipConfig, contrast, cosines
from images.networks.files import load_net, save_net
from images.training.tasks import Batches, LossOf, cosine_sheet

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "clip"
SHIPPED = Path(__file__).parents[1] / "shipped" / "clip.safetensors"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Digits x (B, 1, 28, 28), all that is true of them (B, 4), and the caption that each one got (B, 4)."""

    x: Tensor
    codes: Tensor
    captions: Tensor


def contrastive(net: Clip, pairs: Pairs, rng: Generator) -> Tensor:
    """The loss of a batch, (B,).  The images that a caption is true of are its positives, whoever's it is."""
    z_t, _ = net.text(tokens_of(pairs.captions))
    return contrast(net.logits(net.image(pairs.x), z_t), true_of(pairs.captions, pairs.codes))


def info_nce(net: Clip, pairs: Pairs, rng: Generator) -> Tensor:
    """CLIP's own loss, (B,): a caption's only positive is its own image; others that it is true of are pushed off."""
    z_t, _ = net.text(tokens_of(pairs.captions))
    own = torch.eye(len(pairs.x), dtype=torch.bool, device=pairs.x.device)
    return contrast(net.logits(net.image(pairs.x), z_t), own)


POSITIVES: dict[str, LossOf] = {"true": contrastive, "own": info_nce}


@dataclass(frozen=True)
class ClipTask:
    """positives: which images attract a caption, by name in POSITIVES."""

    net: ClipConfig
    positives: str = "true"

    def build(self, seed: int) -> Clip:
        return self.net.build(seed)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images = digits.images.to(device)
        codes = codes_of(digits.images, digits.labels).to(device)

        def draw(step: int, rng: Generator) -> Pairs:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            return Pairs(to_model(images[i]), codes[i], with_words_left_out(codes[i], rng))

        return draw

    def loss(self) -> LossOf:
        return POSITIVES[self.positives]

    def preview(self, net: Clip, device: torch.device) -> np.ndarray:
        """The cosines of thirty captions, thin, medium and thick digits of each class: white is 1, black -1."""
        codes = torch.tensor([[digit, thickness, -1, -1] for digit in range(10) for thickness in range(3)])
        z_t, _ = net.text(tokens_of(codes.to(device)))
        return cosine_sheet(cosines(z_t, z_t), cell=6)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, about)


def task_of(config: "TrainConfig") -> ClipTask:
    net = ClipConfig(config.size or 64, config.width, config.blocks, config.layers)
    return ClipTask(net, config.positives)


# --- the file -------------------------------------------------------------------------------------------------


def load_clip(path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> Clip:
    """In eval mode, no gradients.  Raises UserError for a file that is missing or holds something else."""
    return load_net(path, KIND, ClipConfig, "CLIP of this version", device)[0]


def mark_of(net: Clip) -> str:
    """Twelve hex digits of a CLIP's weights, rounded to float16: what is built on it says which one it was."""
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


@torch.no_grad()
def embedded(net: Clip, images: Tensor, batch: int = 500) -> Tensor:
    """The embeddings of uint8 images (N, 1, 28, 28), (N, D)."""
    device = net.log_scale.device
    return torch.cat([net.image(to_model(part.to(device))) for part in images.split(batch)])
