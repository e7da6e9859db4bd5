"""Digits to small latents and back: the first stage of latent diffusion (Rombach et al. 2022, Section 3.1)."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import Block, channels_last, norm, require_size, zeroed
from playground.errors import require

SIDE, PAD = 32, 2  # 28 does not divide by 8; digits are padded with paper, and cropped again
CHANNELS = {2: 1, 4: 3, 8: 8}  # of the latents, by f: 256, 192 and 128 numbers


@dataclass(frozen=True)
class AutoencoderConfig:
    """f: what height and width are divided by.  width: channels of the finest maps, twice that on coarser ones."""

    f: int = 4
    width: int = 24
    blocks: int = 1

    def __post_init__(self) -> None:
        require(
            self.f in CHANNELS,
            f"An autoencoder is to divide lengths by f = {self.f}; known are 2, 4 and 8: choose.",
        )
        require_size(self.width, self.blocks)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one latent: (3, 8, 8) for f = 4."""
        return CHANNELS[self.f], SIDE // self.f, SIDE // self.f

    def build(self) -> "Autoencoder":
        return Autoencoder(self)


class Autoencoder(nn.Module):
    """x (B, 1, 28, 28) in [-1, 1] <-> latents (B, C, 32 / f, 32 / f), centred and scaled channel by channel.

    Nobody outside sees the raw latents, whose scale means nothing: `centre` and `spread`, (C, 1, 1), are those of the
    training set once `settle` has been told them, and travel in the file.
    """

    ends = ("enter", "leave", "begin", "end")  # AdamW trains these (playground.muon)
    centre: Tensor
    spread: Tensor

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        self.config = config
        C, stages = config.shape[0], int(math.log2(config.f))  # the first halving is a fold of 2 x 2 pixels
        widths = [config.width * (1 if stage == 0 else 2) for stage in range(stages)]
        self.enter = nn.Conv2d(4, widths[0], 3, padding=1)
        self.down = nn.Sequential(*_down(widths, config.blocks))
        self.leave = nn.Sequential(norm(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], 2 * C, 1))
        self.begin = nn.Conv2d(C, widths[-1], 3, padding=1)
        self.up = nn.Sequential(*_up(widths[::-1], config.blocks))
        self.end = nn.Sequential(norm(widths[0]), nn.SiLU(), zeroed(nn.Conv2d(widths[0], 4, 3, padding=1)))
        self.register_buffer("centre", torch.zeros(C, 1, 1))
        self.register_buffer("spread", torch.ones(C, 1, 1))
        channels_last(self)

    @property
    def last(self) -> nn.Conv2d:
        """The decoder's last layer, where losses are weighed against each other."""
        layer = self.end[-1]
        assert isinstance(layer, nn.Conv2d)
        return layer

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the raw latents' Gaussian, each (B, C, 32 / f, 32 / f)."""
        padded = F.pad(x, (PAD,) * 4, value=-1.0)
        folded = F.pixel_unshuffle(padded, 2).contiguous(memory_format=torch.channels_last)
        mean, log_variance = self.leave(self.down(self.enter(folded))).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 10)

    def raw_decoded(self, raw: Tensor) -> Tensor:
        """Raw latents -> (B, 1, 28, 28), not clamped."""
        h = self.begin(raw.contiguous(memory_format=torch.channels_last))
        x = F.pixel_shuffle(self.end(self.up(h)), 2)
        return x[..., PAD:-PAD, PAD:-PAD].contiguous()

    def encode(self, x: Tensor) -> Tensor:
        """The latents' mean, centred and scaled."""
        return ((self.moments(x)[0] - self.centre) / self.spread).contiguous()

    def decode(self, latents: Tensor) -> Tensor:
        return self.raw_decoded(latents * self.spread + self.centre)

    @torch.no_grad()
    def settle(self, images: Tensor, batch: int = 500, scale: float = 1.0) -> Tensor:
        """Measures centre and spread on images (N, 1, 28, 28) in [-1, 1]; returns their latents, (N, C, h, w).

        scale: the standard deviation that every channel of the latents is to have; 1 is what the diffusion expects.
        """
        raw = torch.cat([self.moments(part)[0] for part in images.split(batch)])
        self.centre.copy_(raw.mean((0, 2, 3))[:, None, None])
        self.spread.copy_(raw.std((0, 2, 3))[:, None, None] / scale)
        return ((raw - self.centre) / self.spread).contiguous()


def _down(widths: list[int], blocks: int) -> list[nn.Module]:
    layers: list[nn.Module] = [Block(widths[0], widths[0]) for _ in range(blocks)]
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 2, stride=2), *(Block(after, after) for _ in range(blocks))]
    return layers


def _up(widths: list[int], blocks: int) -> list[nn.Module]:
    layers: list[nn.Module] = [Block(widths[0], widths[0]) for _ in range(blocks)]
    for before, after in pairwise(widths):
        layers += [
            nn.ConvTranspose2d(before, after, 2, stride=2),
            *(Block(after, after) for _ in range(blocks)),
        ]
    return layers
