"""A classifier of noised digits at every level: what classifier guidance needs (lecture, "Conditional generation")."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import Attention, Block, LevelEmbedding, channels_last, norm, require_size
from playground.denoisers import log_snr, standardised
from playground.levels import Level
from playground.training import weights_from


@dataclass(frozen=True)
class GuideConfig:
    """width: channels at 14 x 14, twice that at 7 x 7; blocks at each.

    patch: pixels folded into channels, 2 for digits of 28 x 28, 1 for those of 14 x 14.
    """

    width: int = 32
    blocks: int = 1
    classes: int = 10
    patch: int = 2

    def __post_init__(self) -> None:
        require_size(self.width, self.blocks, self.patch)

    def build(self, seed: int = 0) -> "Guide":
        with weights_from(seed):
            return Guide(self)


class Guide(nn.Module):
    """log p(c | xt): (B, 1, 28, 28), level -> (B, classes).  Half a U-Net, pooled, as in Dhariwal and Nichol (2021)."""

    ends = ("embed", "enter", "head")  # trained by AdamW, as in the U-Net

    def __init__(self, config: GuideConfig):
        super().__init__()
        fine, coarse, cond = config.width, 2 * config.width, 4 * config.width
        self.embed, self.patch = LevelEmbedding(cond), config.patch
        self.enter = nn.Conv2d(config.patch**2, fine, 3, padding=1)
        self.fine = nn.ModuleList([Block(fine, fine, cond) for _ in range(config.blocks)])
        self.coarsen = nn.Conv2d(fine, coarse, 2, stride=2)
        self.coarse = nn.ModuleList()
        for _ in range(config.blocks):
            self.coarse.extend([Block(coarse, coarse, cond), Attention(coarse)])
        pooled = [norm(coarse), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.head = nn.Sequential(*pooled, nn.Linear(coarse, config.classes))
        channels_last(self)

    def forward(self, xt: Tensor, level: Level) -> Tensor:
        return self.read(xt, level).log_softmax(1)

    def read(self, xt: Tensor, level: Level) -> Tensor:
        """What the digit is taken for, (B, classes): numbers of any size."""
        x, unit = standardised(xt, level)
        cond = self.embed(log_snr(unit, len(x)))
        h = self.enter(F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last))
        for block in self.fine:
            h = block(h, cond)
        h = self.coarsen(h)
        for block in self.coarse:
            h = block(h, cond)
        return self.head(h)
