"""Networks to measure ours against: a plain hand-written U-Net, and diffusers' UNet2DModel where it is installed.

Each takes what ours takes, net(x (B, 1, 28, 28), log_snr (B,)) -> (B, 1, 28, 28), so that loss, optimiser,
average and sampler are the same for all.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from playground.levels import linear_beta


def timesteps(log_snr: Tensor) -> Tensor:
    """DDPM's t = 0..999 (diffusers counts from 0) for log(alpha / sigma), (B,) -> (B,)."""
    schedule = linear_beta()
    table = (schedule.alpha[1:] / schedule.sigma[1:]).log().flip(0).float()  # rises: t = 999 first
    place = torch.searchsorted(table.to(log_snr), log_snr.float() - 1e-4).clamp(max=999)
    return 999 - place


# --- plain ------------------------------------------------------------------------------------------------


class PlainUNet(nn.Module):
    """The U-Net of a hundred tutorials: 28, 14 and 7 pixels, two residual blocks each, attention at 7 x 7."""

    def __init__(self, width: int):
        super().__init__()
        w, cond = width, 4 * width
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, cond), nn.SiLU(), nn.Linear(cond, cond))
        self.enter = nn.Conv2d(1, w, 3, padding=1)
        sizes = (w, 2 * w, 2 * w)
        self.down, self.shrink, at = nn.ModuleList(), nn.ModuleList(), w
        kept = []
        for i, size in enumerate(sizes):
            self.down.append(nn.ModuleList([PlainBlock(at, size, cond), PlainBlock(size, size, cond)]))
            kept.append(size)
            at = size
            if i < 2:
                self.shrink.append(nn.Conv2d(size, size, 3, stride=2, padding=1))
        self.middle = nn.ModuleList([PlainBlock(at, at, cond), PlainBlock(at, at, cond)])
        self.attention = PlainAttention(at)
        self.up = nn.ModuleList()
        for size in reversed(kept):
            self.up.append(nn.ModuleList([PlainBlock(at + size, size, cond), PlainBlock(size, size, cond)]))
            at = size
        self.leave = nn.Sequential(nn.GroupNorm(4, at), nn.SiLU(), nn.Conv2d(at, 1, 3, padding=1))

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        half = self.width // 2
        omega = torch.exp(-math.log(10_000) * torch.arange(half, device=x.device) / half)
        angle = timesteps(log_snr)[:, None] * omega
        cond = self.time(torch.cat([angle.sin(), angle.cos()], 1))
        h, kept = self.enter(x), []
        for i, pair in enumerate(self.down):
            one, two = pair.children()
            h = two(one(h, cond), cond)
            kept.append(h)
            h = self.shrink[i](h) if i < 2 else h
        h = self.middle[1](self.attention(self.middle[0](h, cond)), cond)
        for i, pair in enumerate(self.up):
            one, two = pair.children()
            h = F.interpolate(h, scale_factor=2.0) if i else h
            h = two(one(torch.cat([h, kept.pop()], 1), cond), cond)
        return self.leave(h)


class PlainBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, cond: int):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(4, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(4, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shift = nn.Linear(cond, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.shift(F.silu(cond))[..., None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class PlainAttention(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(4, channels)
        self.attend = nn.MultiheadAttention(channels, 1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x).flatten(2).transpose(1, 2)  # (B, 49, C)
        h, _ = self.attend(h, h, h, need_weights=False)
        return x + h.transpose(1, 2).reshape(x.shape)


# --- diffusers --------------------------------------------------------------------------------------------


class DiffusersUNet(nn.Module):
    """UNet2DModel laid out as in diffusers' own course for 28 x 28 digits: (w, 2w, 2w), two layers, attention."""

    def __init__(self, width: int):
        super().__init__()
        from diffusers import UNet2DModel

        self.net: Any = UNet2DModel(
            sample_size=28,
            in_channels=1,
            out_channels=1,
            layers_per_block=2,
            block_out_channels=(width, 2 * width, 2 * width),
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4,
        )

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        out: Tensor = self.net(x, timesteps(log_snr)).sample
        return out


def has_diffusers() -> bool:
    try:
        import diffusers  # noqa: F401
    except ImportError:
        return False
    return True


# --- equal size -------------------------------------------------------------------------------------------


def size(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def of_size(build: Callable[[int], nn.Module], parameters: int) -> nn.Module:
    """The network whose number of parameters is nearest, among widths that 4 divides."""
    width = min(range(8, 129, 4), key=lambda width: abs(size(build(width)) - parameters))
    return build(width)
