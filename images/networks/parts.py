"""Parts that the networks share: residual block, attention, the level's embedding, and how they start."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from playground.errors import require, require_whole


class Block(nn.Module):
    """Residual block; the level scales and shifts each channel after the second normalisation (FiLM).

    cond: the length of the level's embedding; 0: a block of a network that sees no level.
    """

    def __init__(self, inputs: int, outputs: int, cond: int = 0):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = norm(outputs), zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        if cond:
            self.film = zeroed(nn.Linear(cond, 2 * outputs))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        if cond is not None:
            scale, shift = self.film(cond)[..., None, None].chunk(2, dim=1)
            h = torch.addcmul(shift, h, 1 + scale)
        return self.skip(x) + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Self-attention over all places of a small map, (B, C, H, W) -> (B, C, H, W).

    tokens: the length of the tokens that the places may attend to as well.  Tokens have a softmax of their own and a
    projection that starts at zero; one softmax over both would change a network from the first step on.
    """

    def __init__(self, channels: int, head: int = 32, tokens: int = 0):
        super().__init__()
        self.heads = divisor(channels, channels // head)
        self.norm, self.qkv = norm(channels), nn.Conv2d(channels, 3 * channels, 1)
        self.out = zeroed(nn.Conv2d(channels, channels, 1))
        if tokens:
            self.token_kv = nn.Linear(tokens, 2 * channels)
            self.token_out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, cond: Tensor, tokens: Tensor | None = None) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.qkv(self.norm(x)).permute(0, 2, 3, 1).reshape(B, H * W, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, H * W, C / heads)
        h = x + self.out(_as_map(F.scaled_dot_product_attention(q, k, v), x.shape))
        if tokens is None:
            return h
        kv = self.token_kv(tokens).view(B, -1, 2, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        return h + self.token_out(_as_map(F.scaled_dot_product_attention(q, kv[0], kv[1]), x.shape))


def _as_map(h: Tensor, shape: torch.Size) -> Tensor:
    """(B, heads, H * W, C / heads) -> (B, C, H, W)."""
    B, C, H, W = shape
    return h.transpose(1, 2).reshape(B, H, W, C).permute(0, 3, 1, 2)


class LevelEmbedding(nn.Module):
    """log(alpha / sigma), (B,) -> (B, cond): sines and cosines of 16 frequencies, then two layers."""

    omega: Tensor

    def __init__(self, cond: int, frequencies: int = 16):
        super().__init__()
        self.register_buffer("omega", 0.25 * math.pi * 1.3 ** torch.arange(frequencies), persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(2 * frequencies, cond), nn.SiLU(), nn.Linear(cond, cond), nn.SiLU()
        )

    def forward(self, log_snr: Tensor) -> Tensor:
        angle = log_snr[:, None] * self.omega
        return self.layers(torch.cat([angle.sin(), angle.cos()], 1))


def channels_last(net: nn.Module) -> None:
    """Lays the weights out with the channels last, where convolutions are faster on a processor."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave it out


def norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with groups of about eight channels."""
    return nn.GroupNorm(divisor(channels, channels // 8), channels)


def divisor(n: int, most: int) -> int:
    """The largest divisor of n up to `most`, at least 1: channels must fall into equal groups."""
    return next(d for d in range(max(1, most), 0, -1) if n % d == 0)


def require_size(width: int, blocks: int, patch: int = 2) -> None:
    """Raises UserError for sizes that are invalid, or too large to train."""
    require_whole("The width", width, 4, 512)
    require_whole("The number of blocks", blocks, 1, 16)
    require(patch in (1, 2), f"The patch is {patch!r}; pixels are folded by 1 or 2: choose one.")


def zeroed(layer: nn.Module) -> nn.Module:
    """Starts at zero, so that a residual block starts as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
