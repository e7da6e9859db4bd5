"""A denoiser of codes: a residual MLP told the noise level (Preechakul et al. 2022, Section 4, "latent DDIM")."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import LevelEmbedding, require_size, zeroed
from playground.knobs import Knobs, knob


@dataclass(frozen=True)
class CodePriorConfig(Knobs):
    """size: of a code; width, blocks: of the residual MLP."""

    size: int = knob(32, 1, 1024, "The size of the code")
    width: int = 128
    blocks: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.blocks)

    def build(self) -> "CodePrior":
        return CodePrior(self)


class CodePrior(nn.Module):
    """x (B, size), log_snr (B,) -> (B, size)."""

    ends = ("embed", "enter", "leave")  # AdamW trains these (playground.muon)

    def __init__(self, config: CodePriorConfig):
        super().__init__()
        width = config.width
        self.embed, self.enter = LevelEmbedding(width), nn.Linear(config.size, width)
        self.blocks = nn.ModuleList([_Block(width) for _ in range(config.blocks)])
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.SiLU(), zeroed(nn.Linear(width, config.size)))

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        h, cond = self.enter(x), self.embed(log_snr)
        for block in self.blocks:
            h = block(h, cond)
        out: Tensor = self.leave(h)
        return out


class _Block(nn.Module):
    """h (B, width) -> (B, width); the level scales and shifts after the normalisation, as in the U-Net."""

    def __init__(self, width: int):
        super().__init__()
        self.norm, self.film = nn.LayerNorm(width), zeroed(nn.Linear(width, 2 * width))
        self.rise, self.fall = nn.Linear(width, 2 * width), zeroed(nn.Linear(2 * width, width))

    def forward(self, h: Tensor, cond: Tensor) -> Tensor:
        scale, shift = self.film(cond).chunk(2, dim=1)
        seen = torch.addcmul(shift, self.norm(h), 1 + scale)
        return h + self.fall(F.silu(self.rise(seen)))


@dataclass(frozen=True)
class NormaliserConfig:
    """size: of the codes."""

    size: int = 32

    def build(self) -> "Normaliser":
        return Normaliser(self)


class Normaliser(nn.Module):
    """Codes <-> codes whose every number has mean zero and variance one over the training set, which travel along."""

    centre: Tensor
    spread: Tensor

    def __init__(self, config: NormaliserConfig):
        super().__init__()
        self.config = config
        self.register_buffer("centre", torch.zeros(config.size))
        self.register_buffer("spread", torch.ones(config.size))

    def settle(self, z: Tensor) -> Tensor:
        """Measures centre and spread on codes z (N, size); returns them normalised."""
        self.centre.copy_(z.mean(0))
        self.spread.copy_(z.std(0).clamp(min=1e-6))
        return self.encode(z)

    def encode(self, z: Tensor) -> Tensor:
        return (z - self.centre) / self.spread

    def decode(self, x: Tensor) -> Tensor:
        return x * self.spread + self.centre
