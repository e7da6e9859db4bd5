"""The classifier whose features the image metrics live in: trained once, kept, versioned in their names.

Inception's features, which FID is made of, know photographs.  This one knows digits: a small convolutional
network, trained on MNIST's training digits by `python -m images train-classifier`.  A number that it measured
can be compared with another one only under the same classifier, so VERSION is a part of every metric's name.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, to_model
from images.networks.parts import channels_last, norm
from playground.checkpoint import Shapes, load_checkpoint, require_shapes
from playground.devices import device_named
from playground.errors import UserError, require
from playground.objectives import Batch, Loss
from playground.training import weights_from

VERSION = 1
SUFFIX = f"mnist-c{VERSION}"  # as in "FCD-mnist-c1"
SHIPPED = Path(__file__).parents[1] / "shipped" / "classifier.safetensors"
SPATIAL = 7  # channels of the spatial features, as in ADM's sFID


class Classifier(nn.Module):
    """(B, 1, 28, 28) in [-1, 1] -> logits (B, 10).  The image is folded, 2 x 2 pixels to 4 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(unit(4, 32), unit(32, 32))  # (B, 32, 14, 14)
        self.middle = nn.Sequential(unit(32, 64, stride=2), unit(64, 64))  # (B, 64, 7, 7)
        self.coarse = unit(64, 96, stride=2)  # (B, 96, 4, 4)
        self.head = nn.Linear(96, 10)
        channels_last(self)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-> the spatial map (B, 64, 7, 7), and the penultimate features (B, 96), its mean over places."""
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        middle = self.middle(self.fine(x))
        return middle, self.coarse(middle).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.maps(x)[1])


def unit(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Convolution, group normalisation, rectifier."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, padding=1), norm(outputs), nn.ReLU())


def build(seed: int = 0) -> Classifier:
    """A fresh classifier; its random start comes from the seed and leaves no trace elsewhere."""
    with weights_from(seed):
        return Classifier()


# --- features ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Features:
    """What the metrics see of N images, on the CPU.

    deep: (N, 96), the penultimate layer.  spatial: (N, 343), the first 7 of the 64 channels at 7 x 7, with
    their places, as ADM (Dhariwal and Nichol 2021) takes 7 channels of an Inception layer for sFID.
    probabilities: (N, 10).
    """

    deep: Tensor
    spatial: Tensor
    probabilities: Tensor

    def __len__(self) -> int:
        return len(self.deep)

    def __getitem__(self, chosen: slice | Tensor) -> "Features":
        return Features(self.deep[chosen], self.spatial[chosen], self.probabilities[chosen])

    @cached_property
    def classes(self) -> Tensor:
        """The predicted class of each image, (N,)."""
        return self.probabilities.argmax(1)


@torch.no_grad()
def features(
    classifier: Classifier,
    images: Tensor,
    batch: int = 500,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """images: (N, 1, 28, 28) uint8, so generated images are measured as they would be saved."""
    require(len(images) > 0, "There are no images to measure; the metrics need some: generate at least two.")
    device = classifier.head.weight.device
    parts = []
    progress(0, len(images))
    for start in range(0, len(images), batch):
        x = to_model(images[start : start + batch].to(device))
        spatial, deep = classifier.maps(x)
        parts.append((deep, spatial[:, :SPATIAL].flatten(1), classifier.head(deep).softmax(1)))
        progress(min(start + batch, len(images)), len(images))
    return Features(*(torch.cat(column).cpu() for column in zip(*parts, strict=True)))


def accuracy(classifier: Classifier, digits: Digits) -> float:
    """The share of digits whose most probable class is their label."""
    return float((features(classifier, digits.images).classes == digits.labels).double().mean())


# --- the file ---------------------------------------------------------------------------------------------


def load_classifier(path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> Classifier:
    """Raises UserError for a file that is missing, damaged, or of another version."""
    device = device_named(device)
    classifier = build()
    own = classifier.state_dict()

    def check(about: dict[str, Any], shapes: Shapes) -> None:
        found = str(about.get("version"))[:20]
        require(found == str(VERSION), f"it is no classifier of version {VERSION}; its version is {found}")
        require_shapes(own, shapes)

    weights, _ = load_checkpoint(path, check)
    classifier.load_state_dict({name: value.float() for name, value in weights.items()})
    return classifier.to(device).eval().requires_grad_(False)


def card(path: str | Path = SHIPPED) -> dict[str, Any]:
    """The JSON beside the file: test accuracy, and how it was made.  Refuses weights other than its own."""
    beside = Path(path).with_suffix(".json")
    try:
        about = json.loads(beside.read_text())
        weights = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise UserError(
            f"{beside} cannot be read ({error}): train again with 'python -m images train-classifier'."
        ) from error
    require(
        isinstance(about, dict) and about.get("sha256") == weights,
        f"{beside} describes other weights than those in {path}: restore both together, or train again.",
    )
    return about


# --- what it is trained to do -----------------------------------------------------------------------------


def classification(shift: int = 2) -> Loss:
    """Cross-entropy, in nats, of clean digits; a batch tells their labels.

    Each image is moved by up to `shift` pixels in each direction, where a hand might have written it, too.
    """

    def loss(net: Classifier, batch: Batch, rng: Generator) -> Tensor:
        return F.cross_entropy(net(shifted(batch.x0, shift, rng)), batch.told["label"], reduction="none")

    return loss


def shifted(x: Tensor, most: int, rng: Generator) -> Tensor:
    """Each image (B, 1, H, W) moved by its own whole numbers of pixels, -most..most; paper, -1, comes in."""
    B, _, H, W = x.shape
    padded = F.pad(x, [most] * 4, value=-1.0)
    dy, dx = torch.randint(2 * most + 1, (2, B, 1), generator=rng, device=x.device)
    rows, columns = (torch.arange(n, device=x.device) + d for n, d in ((H, dy), (W, dx)))  # (B, H), (B, W)
    number = torch.arange(B, device=x.device)[:, None, None]
    return padded[number, 0, rows[:, :, None], columns[:, None, :]][:, None]
