"""Noise levels, schedules, and the conversions between x0, eps, score and v.

Everything hangs on one line, for every method of the lecture:

    xt = alpha * x0 + sigma * eps,    eps ~ N(0, I)

NCSN keeps alpha = 1 and lets sigma grow; DDPM keeps alpha**2 + sigma**2 = 1 (alpha = sqrt(alpha_bar)).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

import torch
from torch import Generator, Tensor

from playground.errors import require, require_known, require_range, require_sigma, require_whole


@dataclass(frozen=True, eq=False)
class Level:
    """A noise level.  alpha, sigma: () for the whole batch, or (B, 1, ..., 1), one for each sample.

    Two levels are equal when they are the same object: tensors do not compare to one truth value.
    """

    alpha: Tensor
    sigma: Tensor

    @staticmethod
    def of(alpha: float = 1.0, sigma: float = 0.0, like: Tensor | None = None) -> "Level":
        """A level from plain numbers, with the dtype and device of `like`."""
        if like is None:
            return Level(torch.tensor(alpha), torch.tensor(sigma))
        return Level(like.new_tensor(alpha), like.new_tensor(sigma))

    def to(self, like: Tensor) -> "Level":
        """The same level with the dtype and device of `like`."""
        return Level(self.alpha.to(like), self.sigma.to(like))

    @property
    def alpha_bar(self) -> Tensor:
        """DDPM's alpha_bar; meaningful where alpha**2 + sigma**2 = 1."""
        return self.alpha**2

    @property
    def scale(self) -> Tensor:
        """Standard deviation of xt when the data have variance one."""
        return (self.alpha**2 + self.sigma**2).sqrt()

    @property
    def ratio(self) -> Tensor:
        """sigma / alpha: the noise beside data that are not scaled; the flow's own time."""
        return self.sigma / self.alpha

    @property
    def log_snr(self) -> Tensor:
        """log(alpha / sigma), half the log of the signal-to-noise ratio; infinite for clean data."""
        return (self.alpha / self.sigma).log()

    @property
    def is_clean(self) -> bool:
        """Whether some sample has no noise left: eps and the score of a denoiser are not defined there."""
        return not bool((self.sigma > 0).all())

    @property
    def angle(self) -> Tensor:
        """arctan(sigma / alpha): 0 for clean data, pi / 2 for noise alone (Salimans and Ho 2022, Section 4)."""
        return torch.atan2(self.sigma, self.alpha)


CLEAN = Level.of(sigma=0.0)


# --- conversions: x0 is the hub ---------------------------------------------------------------------------
# Tensors are (B, *D); each function is affine in its first argument.


def noised(x0: Tensor, eps: Tensor, level: Level) -> Tensor:
    """Lecture, "Diffusion probabilistic models": a sample of q(xt | x0) for eps ~ N(0, I)."""
    return level.alpha * x0 + level.sigma * eps


def eps_from_x0(x0: Tensor, xt: Tensor, level: Level) -> Tensor:
    """The noise that leads from x0 to xt.  Needs sigma > 0."""
    return (xt - level.alpha * x0) / level.sigma


def x0_from_eps(eps: Tensor, xt: Tensor, level: Level) -> Tensor:
    """Lecture, "Suppose that eps is the noise instance": the inverse of `eps_from_x0`.  Needs alpha > 0."""
    return (xt - level.sigma * eps) / level.alpha


def score_from_x0(x0: Tensor, xt: Tensor, level: Level) -> Tensor:
    """Tweedie's formula, exact at every noise level: score = -E[eps | xt] / sigma.  Needs sigma > 0."""
    return (level.alpha * x0 - xt) / level.sigma**2


def x0_from_score(score: Tensor, xt: Tensor, level: Level) -> Tensor:
    """Lecture, first section: d(x~) = x~ + sigma**2 * score, here for any alpha > 0."""
    return (xt + level.sigma**2 * score) / level.alpha


def v_from_x0(x0: Tensor, xt: Tensor, level: Level) -> Tensor:
    """Salimans and Ho (2022), Section 4: v = alpha * eps - sigma * x0.  Needs sigma > 0."""
    return level.alpha * eps_from_x0(x0, xt, level) - level.sigma * x0


def x0_from_v(v: Tensor, xt: Tensor, level: Level) -> Tensor:
    """The inverse of `v_from_x0`, at every level; the divisor is one where variance is preserved."""
    return (level.alpha * xt - level.sigma * v) / level.scale**2


# --- schedules --------------------------------------------------------------------------------------------


def evenly(T: int, steps: int) -> list[int]:
    """From T down to 0, all steps of one length, rounded."""
    return torch.linspace(T, 0, steps + 1, dtype=torch.float64).round().int().tolist()


def as_ddims_authors(T: int, steps: int) -> list[int]:
    """The code that made DDIM's Table 1: 1, 1 + T / S, 1 + 2 T / S, ..., and one short step from 1 to 0.

    Where S does not divide T the times are rounded down, so that there are S steps; the authors' come to more.
    """
    return [1 + i * T // steps for i in reversed(range(steps))] + [0]


EVEN, AUTHORS = "even", "authors"
SPACINGS = {EVEN: evenly, AUTHORS: as_ddims_authors}


@dataclass(frozen=True, eq=False)
class Schedule:
    """T noise levels and the clean one: entry t of alpha and sigma, (T + 1,) float64, is x_t; t = 0 is data."""

    name: str
    alpha: Tensor
    sigma: Tensor

    @property
    def T(self) -> int:
        return len(self.alpha) - 1

    @property
    def highest(self) -> float:
        """The highest sigma / alpha, that of x_T: a network trained on this schedule has seen no more noise."""
        return float(self.sigma[-1] / self.alpha[-1])

    def up_to(self, highest: float) -> "Schedule":
        """The levels with sigma / alpha <= highest: for a network that was trained on no more noise than that."""
        kept = int((self.sigma / self.alpha <= highest).sum())
        require(
            kept >= 2,
            f"The {self.name} schedule of {self.T} steps has no level but the clean one with sigma / alpha of at most "
            f"{highest:g}: choose more steps.",
        )
        return Schedule(self.name, self.alpha[:kept], self.sigma[:kept])

    def level(self, t: int) -> Level:
        """The level of x_t, two float64 scalars; a walk takes them to the dtype of x."""
        return Level(self.alpha[t], self.sigma[t])

    def at(self, t: Tensor, like: Tensor) -> Level:
        """One level for each sample: t (B,) integers -> alpha, sigma (B, 1, ..., 1) shaped for `like` (B, *D)."""
        shape = (-1, *[1] * (like.ndim - 1))
        alpha, sigma = self.alpha.to(like), self.sigma.to(like)
        return Level(alpha[t].view(shape), sigma[t].view(shape))

    def subset(self, steps: int, spacing: str = EVEN) -> list[int]:
        """`steps` + 1 times from noise to data, DDIM's tau (Song et al. 2021, Appendix D.2); see SPACINGS."""
        require_range("The number of steps", steps, 1, self.T)
        require_known("The spacing of the times", spacing, SPACINGS)
        return SPACINGS[spacing](self.T, steps)

    def grid(self, steps: int | None = None, spacing: str = EVEN) -> list[Level]:
        """The levels a sampler walks along, noise first and clean data last: n steps, n + 1 levels."""
        return [self.level(t) for t in self.subset(self.T if steps is None else steps, spacing)]


def linear_beta(T: int = 1000, beta_1: float = 1e-4, beta_T: float = 0.02) -> Schedule:
    """DDPM (Ho et al. 2020), Section 4: beta rises linearly; alpha_bar_t = prod_s (1 - beta_s)."""
    require(T >= 1, f"The schedule has T = {T} steps; it needs at least one: choose a larger T.")
    require(
        0 < beta_1 <= beta_T < 1,
        f"beta rises from {beta_1:g} to {beta_T:g}; it must not fall, and stay strictly between 0 and 1: "
        "DDPM has 0.0001 and 0.02.",
    )
    beta = torch.linspace(beta_1, beta_T, T, dtype=torch.float64)
    return _variance_preserving("linear", torch.cat([torch.ones(1).double(), (1 - beta).cumprod(0)]))


def cosine(T: int = 1000, s: float = 0.008, beta_max: float = 0.999) -> Schedule:
    """Nichol and Dhariwal (2021), eq. 17: alpha_bar = cos(...)**2, each beta at most 0.999."""
    require(T >= 1, f"The schedule has T = {T} steps; it needs at least one: choose a larger T.")
    f = torch.cos((torch.arange(T + 1, dtype=torch.float64) / T + s) / (1 + s) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp(max=beta_max)
    return _variance_preserving("cosine", torch.cat([torch.ones(1).double(), (1 - beta).cumprod(0)]))


def _variance_preserving(name: str, alpha_bar: Tensor) -> Schedule:
    return Schedule(name, alpha_bar.sqrt(), (1 - alpha_bar).sqrt())


SCHEDULES = {"linear": linear_beta, "cosine": cosine}


def geometric_sigmas(sigma_1: float, sigma_L: float, L: int) -> list[float]:
    """NCSN (Song and Ermon 2019), Section 4.1: sigma_1 > ... > sigma_L with a constant ratio."""
    require_whole("The number of noise levels L", L, 1, 10_000)
    require_sigma("The highest level, sigma_1,", sigma_1)
    require_sigma("The lowest level, sigma_L,", sigma_L)
    require(
        0 < sigma_L <= sigma_1,
        f"The noise levels run from {sigma_1:g} to {sigma_L:g}; they must fall and stay positive: "
        "choose sigma_1 at least sigma_L, and sigma_L above 0.",
    )
    if L == 1:
        return [sigma_1]
    return [sigma_1 * (sigma_L / sigma_1) ** (i / (L - 1)) for i in range(L)]


def shell_ratio(D: int) -> float:
    """NCSNv2 (Song and Ermon 2020), Technique 2: the ratio of neighbouring levels in D dimensions.

    The norm of noise of standard deviation sigma is sigma * sqrt(D), give or take sigma / sqrt(2), so that in high
    dimensions each level lives on a thin shell of its own.  The ratio gamma at which a level's shell, three standard
    deviations to each side, holds half of the next one's noise:

        Phi(sqrt(2 D) (gamma - 1) + 3 gamma) - Phi(sqrt(2 D) (gamma - 1) - 3 gamma) = 1 / 2
    """
    require(D >= 1, f"The dimension is {D}; it must be at least one: give the number of pixels.")
    phi = NormalDist().cdf

    def shared(gamma: float) -> float:
        middle = math.sqrt(2 * D) * (gamma - 1)
        return phi(middle + 3 * gamma) - phi(middle - 3 * gamma)

    low, high = 1.0, 2.0  # shared(1) = 0.997; where D is small, shells overlap at any ratio
    while shared(high) > 0.5:
        high *= 2
        if high > 1e6:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if shared(middle) > 0.5 else (low, middle)
    return low


def shell_sigmas(sigma_1: float, sigma_L: float, D: int) -> list[float]:
    """Geometric levels with Technique 2's ratio, or slightly less: 103 from 30 to 0.01 in 784 dimensions."""
    intervals = math.ceil(math.log(sigma_1 / sigma_L) / math.log(shell_ratio(D)))
    return geometric_sigmas(sigma_1, sigma_L, 1 + max(1, intervals))


def repeated(levels: Sequence[Level], T: int) -> list[Level]:
    """Annealed Langevin's grid: each level for T steps, and the last one once more, to arrive at."""
    require(
        T >= 1, f"Each level is held for T = {T} steps; it must be held for at least one: choose a larger T."
    )
    return [level for level in levels for _ in range(T)] + [levels[-1]]


def ascending(grid: Sequence[Level], first: Level) -> list[Level]:
    """A grid of DDIM walked the other way, from data to noise (Song et al. 2021, Section 4.3): n levels up to grid[0].

    first: the level that clean data are taken for, the schedule's level 1.  At sigma = 0 eps would be 0 / 0, and the
    flow cannot be started there.
    """
    require(
        not first.is_clean,
        "A walk up to noise cannot start at sigma = 0, where eps is 0 / 0: start at the schedule's level 1.",
    )
    return [first, *(level for level in reversed(grid) if float(level.ratio) > float(first.ratio))]


# --- chance, and what is remembered -----------------------------------------------------------------------

Noise = Callable[[Tensor], Tensor]  # z = noise(x): standard normal, shaped like x


def gaussian(rng: Generator) -> Noise:
    """The noise that steps add, all of it from one seeded generator."""
    return lambda x: randn_like(x, rng)


def randn_like(x: Tensor, rng: Generator) -> Tensor:
    """Standard normal noise shaped as x, from an explicit generator on x's device."""
    return torch.randn(x.shape, generator=rng, dtype=x.dtype, device=x.device)


def seeded(seed: int, device: torch.device | str = "cpu") -> Generator:
    """The generator of a seed on a device: same seed, same device, same result."""
    return Generator(device).manual_seed(seed)


V = TypeVar("V")


def per_level(compute: Callable[[Level], V]) -> Callable[[Level], V]:
    """Keeps the last level's value: samplers stay at a level for many steps, and walk a grid of the same objects.

    The level is compared by identity, because comparing its tensors would cost as much as most values do.
    """
    last: list[tuple[Level, V]] = []

    def remembered(level: Level) -> V:
        if not last or last[0][0] is not level:
            last[:] = [(level, compute(level))]
        return last[0][1]

    return remembered


def per_move(compute: Callable[[Level, Level], V]) -> Callable[[Level, Level], V]:
    """As `per_level`, for moves from a level to another; the last two are kept: RePaint goes to and fro."""
    last: list[tuple[Level, Level, V]] = []

    def remembered(here: Level, there: Level) -> V:
        for start, end, value in last:
            if start is here and end is there:
                return value
        value = compute(here, there)
        last[:] = [*last[-1:], (here, there, value)]
        return value

    return remembered
