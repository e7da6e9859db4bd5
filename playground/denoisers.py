"""Denoisers: functions E[x0 | xt] of a noisy x and its level, exact or learned, and what wraps them.

A wrapper is a participle and returns a denoiser again, so wrappers compose:
`clipped(guided(conditional, unconditional, w=2.0), -1, 1)`.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from playground.errors import require
from playground.levels import (
    Level,
    eps_from_x0,
    score_from_x0,
    v_from_x0,
    x0_from_eps,
    x0_from_v,
)


class Denoiser(Protocol):
    """E[x0 | xt], exact mixtures and networks alike: xt (B, *D), level -> x0_hat (B, *D)."""

    def __call__(self, xt: Tensor, level: Level) -> Tensor: ...


Score = Callable[[Tensor, Level], Tensor]


def score_of(denoise: Denoiser) -> Score:
    """The score of a denoiser: its own where it has one, else Tweedie's formula.

    An exact mixture has its own, which is right even at sigma = 0, where no denoiser defines a score.
    """
    own = getattr(denoise, "score", None)
    return own or (lambda xt, level: score_from_x0(denoise(xt, level), xt, level))


# --- wrappers ---------------------------------------------------------------------------------------------


def guided(conditional: Denoiser, other: Denoiser, w: float) -> Denoiser:
    """Classifier-free guidance (Ho and Salimans 2022): eps = (1 + w) * eps_c - w * eps, w = 0 conditional.

    The rule is linear with weights that sum to one, so it reads the same for x0.
    """
    return lambda xt, level: (1 + w) * conditional(xt, level) - w * other(xt, level)


def clipped(denoise: Denoiser, low: float, high: float) -> Denoiser:
    """Keeps x0_hat inside the data's range, as DDPM's code does: the early estimates leave it."""
    return lambda xt, level: denoise(xt, level).clamp(low, high)


def projected(denoise: Denoiser, known: Tensor, mask: Tensor) -> Denoiser:
    """Inpainting as a wrapper: x0_hat is replaced by `known` where the boolean `mask` is True."""
    return lambda xt, level: torch.where(mask, known, denoise(xt, level))


# --- networks ---------------------------------------------------------------------------------------------

FROM_X0 = {"x0": lambda x0, xt, level: x0, "eps": eps_from_x0, "v": v_from_x0}
TO_X0 = {"x0": lambda x0, xt, level: x0, "eps": x0_from_eps, "v": x0_from_v}


class NetworkDenoiser(nn.Module):
    """A network as a denoiser that serves DDPM and NCSN alike.

    Any level becomes a variance-preserving one when xt is divided by its standard deviation; only there does
    the network live.  So its input always has variance about one, and it is told the one number that matters,
    the log signal-to-noise ratio log(alpha / sigma), never a timestep.

    net:        (B, *D), log_snr (B,) -> (B, *D)
    predicts:   what the network's output means, "eps" (DDPM), "v" or "x0"
    data_std:   the data's standard deviation, in the data's units
    """

    def __init__(self, net: nn.Module, predicts: str = "v", data_std: float = 1.0):
        super().__init__()
        require(
            predicts in TO_X0,
            f"The network predicts {predicts!r}; known are {', '.join(TO_X0)}: choose one of these.",
        )
        self.net, self.predicts, self.data_std = net, predicts, data_std

    def forward(self, xt: Tensor, level: Level) -> Tensor:
        unit, scale = self._unit(level.to(xt))
        xt = xt / scale
        log_snr = (unit.alpha / unit.sigma).clamp(1e-4, 1e4).log().reshape(-1).expand(len(xt))
        out = self.net(xt, log_snr).to(xt.dtype)  # back to float32 before the subtractions, under autocast
        return self.data_std * TO_X0[self.predicts](out, xt, unit)

    def _unit(self, level: Level) -> tuple[Level, Tensor]:
        """The variance-preserving view of a level, and the factor that xt is divided by to be there."""
        scaled = Level(level.alpha * self.data_std, level.sigma)
        return Level(scaled.alpha / scaled.scale, scaled.sigma / scaled.scale), scaled.scale
