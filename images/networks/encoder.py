"""A digit -> a few numbers: the semantic encoder of a diffusion autoencoder (Preechakul et al. 2022, Section 3)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import Block, channels_last, norm, require_size
from playground.knobs import Knobs, knob


@dataclass(frozen=True)
class EncoderConfig(Knobs):
    """size: how many numbers come out.  width: channels at 14 x 14, twice that at 7 x 7 and 4 x 4; blocks at each."""

    size: int = knob(32, 1, 1024, "The size of the code")
    width: int = 24
    blocks: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.blocks)

    def build(self) -> "Encoder":
        return Encoder(self)


class Encoder(nn.Module):
    """x0 (B, 1, 28, 28) in [-1, 1] -> z (B, size), of no fixed scale.  Half a U-Net that sees no noise level."""

    ends = ("enter", "leave")  # AdamW trains these (playground.muon)

    def __init__(self, config: EncoderConfig):
        super().__init__()
        fine, coarse = config.width, 2 * config.width
        self.enter = nn.Conv2d(4, fine, 3, padding=1)
        blocks: list[nn.Module] = [Block(fine, fine) for _ in range(config.blocks)]
        blocks += [
            nn.Conv2d(fine, coarse, 2, stride=2),
            *(Block(coarse, coarse) for _ in range(config.blocks)),
        ]
        self.blocks = nn.Sequential(*blocks, nn.Conv2d(coarse, coarse, 3, stride=2, padding=1))  # to 4 x 4
        self.leave = nn.Sequential(norm(coarse), nn.SiLU(), nn.Flatten(), nn.Linear(16 * coarse, config.size))
        channels_last(self)

    def forward(self, x0: Tensor) -> Tensor:
        folded = F.pixel_unshuffle(x0, 2).contiguous(memory_format=torch.channels_last)
        return self.leave(self.blocks(self.enter(folded)))
