"""A compact U-Net for 28 x 28 images that two CPU cores can train, conditioned on the noise level.

Speed comes from where the work is done: the image is folded, 2 x 2 pixels to 4 channels, so the widest maps
are 14 x 14; most blocks sit at 7 x 7, where attention over 49 places is cheap, too.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from playground.errors import require_range


@dataclass(frozen=True)
class UNetConfig:
    """width: channels at 14 x 14 (twice that at 7 x 7); blocks: residual blocks per stage and direction."""

    width: int = 48
    blocks: int = 2
    attention: bool = True
    patch: int = 2

    def __post_init__(self) -> None:
        require_size(self.width, self.blocks)

    def build(self) -> "UNet":
        return UNet(self)


class UNet(nn.Module):
    """(B, 1, 28, 28), log_snr (B,) -> (B, 1, 28, 28)."""

    def __init__(self, config: UNetConfig):
        super().__init__()
        fine, coarse, self.patch = config.width, 2 * config.width, config.patch
        cond = 4 * config.width
        self.embed = LevelEmbedding(cond)
        self.enter = nn.Conv2d(self.patch**2, fine, 3, padding=1)
        self.down = nn.ModuleList([Block(fine, fine, cond) for _ in range(config.blocks)])
        self.coarsen = nn.Conv2d(fine, coarse, 2, stride=2)
        self.middle = nn.ModuleList()
        for _ in range(config.blocks):
            self.middle.append(Block(coarse, coarse, cond))
            if config.attention:
                self.middle.append(Attention(coarse))
        self.middle.append(Block(coarse, coarse, cond))
        self.refine = nn.ConvTranspose2d(coarse, fine, 2, stride=2)
        self.up = nn.ModuleList([Block(2 * fine, fine, cond) for _ in range(config.blocks)])
        self.leave = nn.Sequential(
            norm(fine), nn.SiLU(), zeroed(nn.Conv2d(fine, self.patch**2, 3, padding=1))
        )
        self.laid_out(torch.channels_last)

    def laid_out(self, memory_format: torch.memory_format) -> "UNet":
        """The layout of weights and maps in memory: it changes the speed, nothing else."""
        self.memory_format = memory_format
        return self.to(memory_format=memory_format)

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        cond = self.embed(log_snr)
        x = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=self.memory_format)  # (B, 4, 14, 14)
        h = self.enter(x)
        kept = []
        for block in self.down:
            h = block(h, cond)
            kept.append(h)
        h = self.coarsen(h)  # (B, 2 * width, 7, 7)
        for block in self.middle:
            h = block(h, cond)
        h = self.refine(h)  # (B, width, 14, 14)
        for block in self.up:
            h = block(torch.cat([h, kept.pop()], 1), cond)
        return F.pixel_shuffle(self.leave(h), self.patch).contiguous()  # (B, 1, 28, 28)


class Block(nn.Module):
    """Residual block; the level scales and shifts each channel after the second normalisation (FiLM)."""

    def __init__(self, inputs: int, outputs: int, cond: int):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = norm(outputs), zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.film = zeroed(nn.Linear(cond, 2 * outputs))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.film(cond)[..., None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(torch.addcmul(shift, self.norm2(h), 1 + scale)))
        return self.skip(x) + h


class Attention(nn.Module):
    """Self-attention over all places of a small map, (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int, head: int = 32):
        super().__init__()
        self.heads = divisor(channels, channels // head)
        self.norm, self.qkv = norm(channels), nn.Conv2d(channels, 3 * channels, 1)
        self.out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.qkv(self.norm(x)).permute(0, 2, 3, 1).reshape(B, H * W, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, H * W, C / heads)
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, H, W, C).permute(0, 3, 1, 2)
        return x + self.out(h)


class LevelEmbedding(nn.Module):
    """log(alpha / sigma), (B,) -> (B, cond): sines and cosines of 16 frequencies, then two layers."""

    def __init__(self, cond: int, frequencies: int = 16):
        super().__init__()
        self.register_buffer("omega", 0.25 * math.pi * 1.3 ** torch.arange(frequencies), persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(2 * frequencies, cond), nn.SiLU(), nn.Linear(cond, cond), nn.SiLU()
        )

    def forward(self, log_snr: Tensor) -> Tensor:
        angle = log_snr[:, None] * self.omega
        return self.layers(torch.cat([angle.sin(), angle.cos()], 1))


def norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with groups of about eight channels."""
    return nn.GroupNorm(divisor(channels, channels // 8), channels)


def divisor(n: int, most: int) -> int:
    """The largest divisor of n up to `most`, at least 1: channels must fall into equal groups."""
    return next(d for d in range(max(1, most), 0, -1) if n % d == 0)


def require_size(width: int, blocks: int) -> None:
    """Raises UserError for a network's size that is none, or that no machine here could train."""
    require_range("The width", width, 4, 512)
    require_range("The number of blocks", blocks, 1, 16)


def zeroed(layer: nn.Module) -> nn.Module:
    """Starts at zero, so that a residual block starts as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
