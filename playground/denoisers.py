"""Denoisers: functions E[x0 | xt] of a noisy x and its level, exact or learned, and what wraps them.

A wrapper is a participle and returns a denoiser again, so wrappers compose:
`clipped(guided(conditional, unconditional, w=2.0), -1, 1)`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from playground.conditioning import Given, Hidden, Told, both, for_batch, given
from playground.errors import require_known, require_range
from playground.levels import Level, score_from_x0, x0_from_eps, x0_from_v


class Denoiser(Protocol):
    """E[x0 | xt], exact mixtures and networks alike: xt (B, *D), level -> x0_hat (B, *D)."""

    def __call__(self, xt: Tensor, level: Level) -> Tensor: ...


Score = Callable[[Tensor, Level], Tensor]


def score_of(denoise: Denoiser) -> Score:
    """The score of a denoiser: its own where it has one, else Tweedie's formula, for sigma > 0.

    An exact mixture knows its own, even at sigma = 0, where no estimate of x0 defines one.
    """
    own: Score | None = getattr(denoise, "score", None)
    if own is not None:
        return own
    return lambda xt, level: score_from_x0(denoise(xt, level), xt, level)


# --- wrappers ---------------------------------------------------------------------------------------------


def guided(conditional: Denoiser, other: Denoiser, w: float | Tensor) -> Denoiser:
    """Classifier-free guidance (Ho and Salimans 2022): eps = (1 + w) * eps_c - w * eps, w = 0 conditional.

    The rule is linear with weights that sum to one, so it reads the same for x0.  Where both are one network, told
    differently, they are one call of it.  w: one for all, or (B, 1, ..., 1), one for each sample.
    """
    if not isinstance(w, Tensor) and w == 0:
        return conditional
    pair = both(conditional, other)

    def guide(xt: Tensor, level: Level) -> Tensor:
        told, untold = pair(xt, level)
        return (1 + w) * told - w * untold

    return guide


HIGHEST = 1e4  # sigma / alpha, above that of every schedule here


def between(inside: Denoiser, outside: Denoiser, low: float, high: float) -> Denoiser:
    """`inside` at the levels with low < sigma / alpha <= high, `outside` at all others."""

    def choose(xt: Tensor, level: Level) -> Tensor:
        chosen = (level.ratio > low) & (level.ratio <= high)
        if bool(chosen.all()):
            return inside(xt, level)
        if not bool(chosen.any()):
            return outside(xt, level)
        return torch.where(chosen.to(xt.device), inside(xt, level), outside(xt, level))

    return choose


def guided_between(
    conditional: Denoiser, other: Denoiser, w: float | Tensor, low: float, high: float
) -> Denoiser:
    """Guidance in an interval of levels, low < sigma / alpha <= high; elsewhere the conditional model alone.

    Kynkäänniemi et al. (2024): at high noise guidance costs variety, at low noise it costs a call and does little.
    """
    return between(guided(conditional, other, w), conditional, low, high)


def require_interval(low: float, high: float) -> None:
    """Raises UserError unless 0 <= low <= high <= HIGHEST, levels as sigma / alpha."""
    require_range("The level above which there is guidance", low, 0, HIGHEST)
    require_range("The level up to which there is guidance", high, low, HIGHEST)


def clipped(denoise: Denoiser, low: float, high: float) -> Denoiser:
    """Keeps x0_hat inside the data's range, as DDPM's code does: the early estimates leave it."""
    return lambda xt, level: denoise(xt, level).clamp(low, high)


class counted:
    """The same denoiser, its score included; it counts its calls, and `tick` hears of each."""

    def __init__(self, denoise: Denoiser, tick: Callable[[], None] = lambda: None):
        self.denoise, self.tick, self.calls = denoise, tick, 0
        self._score = score_of(denoise)

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        self._count()
        return self.denoise(xt, level)

    def score(self, xt: Tensor, level: Level) -> Tensor:
        """That of the denoiser that is counted: right at sigma = 0 where that one is."""
        self._count()
        return self._score(xt, level)

    def _count(self) -> None:
        self.calls += 1
        self.tick()


# --- networks ---------------------------------------------------------------------------------------------

TO_X0 = {"x0": lambda x0, xt, level: x0, "eps": x0_from_eps, "v": x0_from_v}


class NetworkDenoiser(nn.Module):
    """A network as a denoiser that serves DDPM and NCSN alike, and that may be told things.

    Any level becomes a variance-preserving one when xt is divided by its standard deviation; only there does
    the network live.  So its input always has mean zero and variance about one, and it is told the one number that
    matters, the log signal-to-noise ratio log(alpha / sigma), never a timestep.

    net:        (B, *D), log_snr (B,) -> (B, *D); one that knows conditions also takes (told, hidden), see
                `playground.conditioning`
    predicts:   what the network's output means, "eps" (DDPM), "v" or "x0"
    data_std:   the data's standard deviation, in the data's units
    data_mean:  their mean, shaped as a sample or so that it broadcasts to one; None: zero
    """

    mean: Tensor | None

    def __init__(
        self, net: nn.Module, predicts: str = "v", data_std: float = 1.0, data_mean: Tensor | None = None
    ):
        super().__init__()
        require_known("What the network predicts", predicts, TO_X0)
        require_range("The data's standard deviation", data_std, 1e-6, 1e6)
        self.net, self.predicts, self.data_std = net, predicts, data_std
        self.register_buffer("mean", data_mean)

    def forward(
        self, xt: Tensor, level: Level, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        x, unit = standardised(xt, level, self.data_std, self.mean)
        out = self.net(x, log_snr(unit, len(x)), *_for_each(x, told, hidden))
        out = out.to(x.dtype)  # back to float32 before the subtractions, under autocast
        x0_hat: Tensor = self.data_std * TO_X0[self.predicts](out, x, unit)
        return x0_hat if self.mean is None else self.mean + x0_hat

    def given(self, *, hidden: Hidden | None = None, **told: Any) -> Given:
        """The denoiser of a condition, `given(label=7)`; hidden: name -> (B,) bool, whose is withheld."""
        view = given(self, hidden, told)
        check: Callable[[Told], None] | None = getattr(self.net, "require_told", None)
        if check is not None:
            check(view.told)
        return view


def standardised(
    xt: Tensor, level: Level, std: float = 1.0, mean: Tensor | None = None
) -> tuple[Tensor, Level]:
    """xt and its level, for data of this std and mean, as a network sees them: the level preserves variance, and
    the data have variance one and mean zero.  What it says of x0 is then in units of std, from the mean.
    """
    level = level.to(xt)
    scaled = Level(level.alpha * std, level.sigma)
    centred = xt if mean is None else xt - level.alpha * mean
    return centred / scaled.scale, Level(scaled.alpha / scaled.scale, scaled.sigma / scaled.scale)


def log_snr(unit: Level, B: int) -> Tensor:
    """log(alpha / sigma) of each sample, (B,), the one number of a level that networks are told."""
    return (unit.alpha / unit.sigma).clamp(1e-4, 1e4).log().reshape(-1).expand(B)


def _for_each(xt: Tensor, told: Told | None, hidden: Hidden | None) -> tuple[Told, ...]:
    """What the network is told beside the level: nothing at all, or a condition for each sample, and who lacks it."""
    if not told:
        return ()
    each = {name: for_batch(name, value, xt) for name, value in told.items()}
    return each, {name: withheld.to(xt.device) for name, withheld in (hidden or {}).items()}
