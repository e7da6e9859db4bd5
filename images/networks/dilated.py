"""NCSN's kind of network: dilated convolutions, and a normalisation that is conditioned on the noise level.

The lecture: "the model is a U-Net with dilated convolution", with "a modified version of conditional instance
normalization to provide conditioning on sigma_i" (Song and Ermon 2019, Section 5 and Appendix A).  As there, the
coarse maps are few, and dilation lets every place see the whole digit; pooling is by the mean, and what comes back
from the coarse maps is added to the fine ones.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import LevelEmbedding, channels_last, require_size, zeroed


@dataclass(frozen=True)
class DilatedConfig:
    """width: channels at 14 x 14; blocks: those on each way, and rounds of the dilations 1, 2 and 4 at 7 x 7."""

    width: int = 32
    blocks: int = 2
    patch: int = 2

    def __post_init__(self) -> None:
        require_size(self.width, self.blocks, self.patch)

    def build(self) -> "DilatedNet":
        return DilatedNet(self)


class DilatedNet(nn.Module):
    """(B, 1, 28, 28), log_snr (B,) -> (B, 1, 28, 28)."""

    ends = ("embed", "enter", "leave")  # as in the U-Net

    def __init__(self, config: DilatedConfig):
        super().__init__()
        fine, coarse, self.patch = config.width, 2 * config.width, config.patch
        cond, rounds = coarse, range(config.blocks)
        self.embed = LevelEmbedding(cond)
        self.enter = nn.Conv2d(self.patch**2, fine, 3, padding=1)
        self.down = nn.ModuleList([DilatedBlock(fine, cond, 1) for _ in rounds])
        self.coarsen = nn.Conv2d(fine, coarse, 1)
        self.middle = nn.ModuleList([DilatedBlock(coarse, cond, d) for _ in rounds for d in (1, 2, 4)])
        self.refine = nn.Conv2d(coarse, fine, 1)
        self.up = nn.ModuleList([DilatedBlock(fine, cond, 1) for _ in rounds])
        self.norm = ConditionalInstanceNorm(fine, cond)
        self.leave = zeroed(nn.Conv2d(fine, self.patch**2, 3, padding=1))
        channels_last(self)

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        cond = self.embed(log_snr)
        h = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)  # (B, 4, 14, 14)
        h = self.enter(h)
        kept = []
        for block in self.down:
            h = block(h, cond)
            kept.append(h)
        h = self.coarsen(F.avg_pool2d(h, 2))  # (B, 2 * width, 7, 7)
        for block in self.middle:
            h = block(h, cond)
        h = F.interpolate(self.refine(h), scale_factor=2.0)  # (B, width, 14, 14)
        for block in self.up:
            h = block(h + kept.pop(), cond)
        h = self.leave(F.elu(self.norm(h, cond)))
        return F.pixel_shuffle(h, self.patch).contiguous()  # (B, 1, 28, 28)


class DilatedBlock(nn.Module):
    """Residual block whose convolutions reach `dilation` places far."""

    def __init__(self, width: int, cond: int, dilation: int):
        super().__init__()
        self.norm1, self.norm2 = (ConditionalInstanceNorm(width, cond) for _ in range(2))
        self.conv1, self.conv2 = (
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for _ in range(2)
        )
        zeroed(self.conv2)

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        h = self.conv1(F.elu(self.norm1(x, cond)))
        return x + self.conv2(F.elu(self.norm2(h, cond)))


class ConditionalInstanceNorm(nn.Module):
    """CondInstanceNorm++ (Song and Ermon 2019, Appendix A.1):

        gamma * (x - mean) / std + beta + alpha * (mean - m) / v

    mean and std are each channel's over places, m and v those of the means over channels.  The last term gives
    back what instance normalisation takes away: the channels' means, the brightness of the image.  The paper
    looks gamma, beta and alpha up by the level's index; here they are a function of the level.
    """

    def __init__(self, channels: int, cond: int):
        super().__init__()
        self.film = zeroed(nn.Linear(cond, 3 * channels))

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True, correction=0)  # (B, C, 1, 1)
        v, m = torch.var_mean(mean, dim=1, keepdim=True, correction=0)
        gamma, beta, alpha = self.film(cond)[..., None, None].chunk(3, dim=1)
        normalised = (x - mean) * (variance + 1e-5).rsqrt()
        return (1 + gamma) * normalised + beta + (1 + alpha) * (mean - m) * (v + 1e-5).rsqrt()
