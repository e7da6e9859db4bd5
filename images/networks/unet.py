"""A compact U-Net for 28 x 28 images that two CPU cores can train, conditioned on the noise level.

Speed comes from where the work is done: the image is folded, 2 x 2 pixels to 4 channels, so the widest maps
are 14 x 14; most blocks sit at 7 x 7, where attention over 49 places is cheap, too.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import Attention, Block, LevelEmbedding, norm, require_size, zeroed
from images.networks.telling import TellConfig, Telling
from playground.conditioning import Hidden, Told
from playground.knobs import Knobs, knob


@dataclass(frozen=True)
class UNetConfig(Knobs):
    """width: channels at the finer of the two stages (twice that at the coarser); blocks: residual blocks per stage
    and direction; patch: pixels folded into channels (2: 2 x 2); channels: those of x; tell: what it may be told.

    Height and width of x must divide by 2 * patch: 28 x 28 has its stages at 14 x 14 and 7 x 7.
    """

    width: int = 48
    blocks: int = 2
    attention: bool = True
    patch: int = 2
    channels: int = knob(1, 1, 1024, "The number of channels")
    tell: TellConfig = field(default_factory=TellConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.blocks, self.patch)
        if isinstance(self.tell, dict):  # as a checkpoint's JSON has it
            object.__setattr__(self, "tell", TellConfig(**self.tell))

    def build(self) -> "UNet":
        return UNet(self)


class UNet(nn.Module):
    """x (B, C, H, W), log_snr (B,), and what it is told, by name -> (B, C, H, W)."""

    ends = ("embed", "telling", "enter", "enter_beside", "leave")  # AdamW trains these (playground.muon)

    def __init__(self, config: UNetConfig):
        super().__init__()
        fine, coarse, self.patch = config.width, 2 * config.width, config.patch
        cond = 4 * config.width
        self.embed = LevelEmbedding(cond)
        self.telling = Telling(config.tell, cond)
        folded, beside = config.channels * self.patch**2, config.tell.image and config.tell.image + 1
        self.enter = nn.Conv2d(folded, fine, 3, padding=1)
        if (
            beside
        ):  # a layer of its own, zero at first: the rest may come from a network that is told no image
            self.enter_beside = zeroed(nn.Conv2d(beside * self.patch**2, fine, 3, padding=1))
        self.down = nn.ModuleList([Block(fine, fine, cond) for _ in range(config.blocks)])
        self.coarsen = nn.Conv2d(fine, coarse, 2, stride=2)
        self.middle = nn.ModuleList()
        for _ in range(config.blocks):
            self.middle.append(Block(coarse, coarse, cond))
            if config.attention:
                self.middle.append(Attention(coarse, tokens=config.tell.tokens))
        self.middle.append(Block(coarse, coarse, cond))
        self.refine = nn.ConvTranspose2d(coarse, fine, 2, stride=2)
        self.up = nn.ModuleList([Block(2 * fine, fine, cond) for _ in range(config.blocks)])
        self.leave = nn.Sequential(norm(fine), nn.SiLU(), zeroed(nn.Conv2d(fine, folded, 3, padding=1)))
        self.laid_out(torch.channels_last)

    def laid_out(self, memory_format: torch.memory_format) -> "UNet":
        """The layout of weights and maps in memory: it changes the speed, nothing else."""
        self.memory_format = memory_format
        self.to(memory_format=memory_format)  # type: ignore[call-overload]  # torch's stubs leave it out
        return self

    def forward(
        self, x: Tensor, log_snr: Tensor, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        told, hidden = told or {}, hidden or {}
        cond = self.telling.added(self.embed(log_snr), told, hidden)
        tokens = self.telling.tokens(told, hidden, x)
        h = self._entered(x, told, hidden)  # (B, width, 14, 14) for digits
        kept = []
        for block in self.down:
            h = block(h, cond)
            kept.append(h)
        h = self.coarsen(h)  # (B, 2 * width, 7, 7)
        for block in self.middle:
            h = block(h, cond, tokens) if isinstance(block, Attention) else block(h, cond)
        h = self.refine(h)  # (B, width, 14, 14)
        for block in self.up:
            h = block(torch.cat([h, kept.pop()], 1), cond)
        return F.pixel_shuffle(self.leave(h), self.patch).contiguous()  # (B, C, 28, 28)

    def require_told(self, told: Told) -> None:
        """Raises UserError for conditions that this network does not know."""
        self.telling.config.require(told)

    def _entered(self, x: Tensor, told: Told, hidden: Hidden) -> Tensor:
        """x folded, and the image it is told beside it, as the first map."""
        h = self.enter(self._folded(x))
        if self.telling.config.image:
            h = h + self.enter_beside(self._folded(self.telling.beside(x, told, hidden)))
        return h

    def _folded(self, x: Tensor) -> Tensor:
        return F.pixel_unshuffle(x, self.patch).contiguous(memory_format=self.memory_format)
