"""CLIP (Radford et al. 2021) at digit scale: an image encoder and a text encoder whose embeddings may be compared.

Embeddings are vectors of unit length times sqrt(D), so that their coordinates have a variance of about one: what a
diffusion prior's noise of variance one can hide, and no more than hide.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.data.captions import LENGTH, WORDS
from images.networks.parts import norm, require_size
from playground.knobs import Knobs, knob
from playground.training import weights_from

HOTTEST = math.log(100.0)  # the largest logit scale, as in CLIP


@dataclass(frozen=True)
class ClipConfig(Knobs):
    """size: D, of an embedding; width: channels at 14 x 14; blocks: convolutions at each stage.

    layers: of the text's transformer; 0: a bag of words, the mean of the words' vectors, whatever their order.
    channels: of the images; words: in the vocabulary; length: of a caption.
    """

    size: int = knob(64, 4, 1024, "The size of an embedding")
    width: int = 32
    blocks: int = 1
    layers: int = knob(2, 0, 16, "The number of the text's layers")
    channels: int = 1
    words: int = len(WORDS)
    length: int = LENGTH

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.blocks)

    def build(self, seed: int = 0) -> "Clip":
        with weights_from(seed):
            return Clip(self)


class Clip(nn.Module):
    """image: (B, C, 28, 28) in [-1, 1] -> (B, D).  text: word numbers (B, length) -> (B, D), and of each word."""

    ends = ("words", "see.0", "point")  # AdamW trains these (playground.muon)

    def __init__(self, config: ClipConfig):
        super().__init__()
        D, width = config.size, config.width
        self.size = D
        self.see = nn.Sequential(
            nn.Conv2d(4 * config.channels, width, 3, padding=1), *[_unit(width, width) for _ in range(config.blocks)],
            _unit(width, 2 * width, stride=2), *[_unit(2 * width, 2 * width) for _ in range(config.blocks)],
            _unit(2 * width, 2 * width, stride=2), nn.Flatten(),
        )  # fmt: skip
        self.point = nn.Linear(2 * width * 16, D)
        self.words = nn.Embedding(config.words, D)
        if config.layers:
            self.places = nn.Parameter(nn.init.normal_(torch.empty(config.length, D), std=0.1))
            self.read = transformer(D, config.layers)
        self.a_bag = config.layers == 0
        self.mean = nn.Linear(D, D)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def image(self, x: Tensor) -> Tensor:
        return on_sphere(self.point(self.see(F.pixel_unshuffle(x, 2))))

    def text(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """-> the caption's embedding (B, D), and its words' (B, length, D)."""
        h = self.words(words)
        if not self.a_bag:
            h = self.read(h + self.places)
        return on_sphere(self.mean(h.mean(1))), h

    def logits(self, z_i: Tensor, z_t: Tensor) -> Tensor:
        """(N, D), (M, D) -> (N, M): the cosines times the scale that was learned."""
        return self.log_scale.clamp(max=HOTTEST).exp() * cosines(z_i, z_t)


def _unit(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, padding=1), norm(outputs), nn.SiLU())


def transformer(width: int, layers: int) -> nn.TransformerEncoder:
    """Attention and two layers for each place, normalised before each (B, n, width) -> (B, n, width)."""
    layer = nn.TransformerEncoderLayer(
        width,
        max(1, width // 16),
        2 * width,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)


def on_sphere(z: Tensor) -> Tensor:
    """(B, D) -> (B, D) of length sqrt(D)."""
    return F.normalize(z, dim=1) * z.shape[1] ** 0.5


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """(N, D), (M, D) -> (N, M)."""
    return F.normalize(first, dim=1) @ F.normalize(second, dim=1).T


def contrast(logits: Tensor, match: Tensor) -> Tensor:
    """CLIP's loss of a batch, (B,): cross-entropy along rows and along columns, with every match as a positive.

    logits, match: (B, B).  The target is spread evenly over a row's matches (Khosla et al. 2020, eq. 2), which is
    InfoNCE where only the diagonal matches.
    """
    target = match.to(logits)
    rows, columns = (
        -(t / t.sum(1, keepdim=True) * s.log_softmax(1)).sum(1)
        for t, s in ((target, logits), (target.T, logits.T))
    )
    return (rows + columns) / 2
