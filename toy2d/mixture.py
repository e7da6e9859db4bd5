"""Mixtures of Gaussians with everything in closed form, at every noise level, sigma = 0 included.

Under xt = alpha * x0 + sigma * eps a component N(mu, S) becomes N(alpha mu, alpha**2 S + sigma**2 I), which has
the eigenvectors of S at every level.  So S is decomposed once, and a level only changes the eigenvalues.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Generator, Tensor

from playground.errors import require
from playground.levels import CLEAN, Level, noised, per_level, randn_like
from toy2d.noised import Alike, Noised


@dataclass(frozen=True, eq=False)
class Mixture:
    """means (K, D), covariances (K, D, D), log_weights (K,), normalised; x is (B, D), level () or (B, 1).

    As a level may be one for each sample, so may the weights: (K, B), for all closed forms at a level.
    All methods work in log space and in the dtype of the means.  A mixture is a Denoiser: mixture(xt, level).
    """

    means: Tensor
    covariances: Tensor
    log_weights: Tensor

    @staticmethod
    def of(
        means: Sequence[Sequence[float]],
        weights: Sequence[float] | None = None,
        std: float = 1.0,
        covariances: Sequence[Sequence[Sequence[float]]] | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> "Mixture":
        """From plain numbers: round modes of one `std`, or full covariances; weights are normalised."""
        mu = torch.tensor(means, dtype=torch.float64)
        K, D = mu.shape
        w = torch.tensor(weights if weights is not None else [1 / K] * K, dtype=torch.float64)
        require(len(w) == K, f"There are {len(w)} weights for {K} modes; give one weight for each mode.")
        require(
            bool((w > 0).all()), f"A mode's weight is {w.min():g}; every weight must be above 0: raise it."
        )
        S = torch.eye(D).double().expand(K, D, D) * std**2
        if covariances is not None:
            S = torch.tensor(covariances, dtype=torch.float64)
        smallest = float(torch.linalg.eigvalsh(S).min())
        require(
            smallest > 0,
            f"A mode's covariance has the eigenvalue {smallest:g}; all must be above 0: widen that mode.",
        )
        return Mixture(mu.to(dtype), S.to(dtype), (w / w.sum()).log().to(dtype))

    @property
    def K(self) -> int:
        return len(self.means)

    @property
    def D(self) -> int:
        return self.means.shape[1]

    def to(self, like: Tensor | torch.dtype) -> "Mixture":
        """The same mixture in another dtype or on another device."""
        return Mixture(self.means.to(like), self.covariances.to(like), self.log_weights.to(like))

    # --- the data ---------------------------------------------------------------------------------------

    def sample(self, n: int, rng: Generator) -> Tensor:
        """n exact samples, (n, D)."""
        return self.sample_with_modes(n, rng)[0]

    def sample_with_modes(self, n: int, rng: Generator) -> tuple[Tensor, Tensor]:
        """n exact samples, (n, D), and the mode that each came from, (n,)."""
        require(n >= 1, f"The number of samples is {n}; it must be at least one: raise it.")
        k = torch.multinomial(self.log_weights.exp(), n, replacement=True, generator=rng)
        z = randn_like(self.means[k], rng)
        return self.means[k] + torch.einsum("nij,nj->ni", self._roots[k], z), k

    def sample_noised(self, n: int, level: Level, rng: Generator) -> Tensor:
        """n exact samples of xt at a level, (n, D)."""
        x0 = self.sample(n, rng)
        return noised(x0, randn_like(x0, rng), level.to(x0))

    def mean(self) -> Tensor:
        """(D,)"""
        return self.log_weights.exp() @ self.means

    def std(self) -> float:
        """Root mean square deviation from the mean, per dimension."""
        w, d = self.log_weights.exp(), self.means - self.mean()
        total = (w[:, None, None] * (self.covariances + d[:, :, None] * d[:, None, :])).sum(0)
        return math.sqrt(float(total.trace()) / self.D)

    # --- closed forms at a level -------------------------------------------------------------------------

    @property
    def alike(self) -> bool:
        """Whether all modes have one covariance, and a round one."""
        round_one = self.covariances[0, 0, 0] * torch.eye(self.D).to(self.covariances)
        return torch.equal(self.covariances, round_one.expand_as(self.covariances))

    @cached_property
    def at(self) -> Callable[[Level], Noised | Alike]:
        """mixture.at(level): all closed forms at that level; the last one is kept."""
        return per_level(self._noised)

    def _noised(self, level: Level) -> Noised | Alike:
        if self._alike is not None:
            alike = self._alike(level)
            if alike.precise:
                return alike
        alpha, sigma = (
            number.reshape(-1).to(self.means) for number in (level.alpha, level.sigma)
        )  # (1 or B,)
        variances = alpha**2 * self._eigenvalues + sigma**2
        log_scale = 0.5 * variances.log().sum(1) + 0.5 * self.D * math.log(2 * math.pi)
        return Noised(
            self.means, self._axes, alpha * self._centres, variances.sqrt(), self._columns - log_scale,
            alpha * self._eigenvalues,
        )  # fmt: skip

    def log_prob(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log q(x) at the level, (B, D) -> (B,)."""
        return self.at(level).log_prob(x)

    def responsibilities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """p(mode | x) at the level, (B, D) -> (B, K)."""
        return self.at(level).responsibilities(x)

    def log_responsibilities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log p(mode | x) at the level, (B, D) -> (B, K): finite where the probability itself is not."""
        return self.at(level).log_responsibilities(x)

    def score(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """grad log q(x) at the level, sigma = 0 included, (B, D) -> (B, D)."""
        return self.at(level).score(x)

    def denoise(self, xt: Tensor, level: Level) -> Tensor:
        """E[x0 | xt], (B, D) -> (B, D)."""
        return self.at(level).denoise(xt)

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return self.denoise(xt, level)

    @cached_property
    def _alike(self) -> Callable[[Level], Alike] | None:
        """What makes the short form of a level, where the modes are alike; else None."""
        if not self.alike:
            return None
        lengths, variance = self.means.square().sum(1), float(self.covariances[0, 0, 0])
        return partial(Alike.of, self.means, self._columns, lengths, float(lengths.max()), variance)

    @property
    def _columns(self) -> Tensor:
        return self.log_weights if self.log_weights.ndim == 2 else self.log_weights[:, None]  # (K, 1 or B)

    @cached_property
    def _decomposition(self) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(self.covariances.double())
        return values.to(self.means), vectors.to(self.means)  # (K, D), (K, D, D)

    @cached_property
    def _eigenvalues(self) -> Tensor:
        return self._decomposition[0][:, :, None]  # (K, D, 1)

    @cached_property
    def _roots(self) -> Tensor:
        """Q sqrt(lambda), so that root @ root.T = S; (K, D, D)."""
        values, vectors = self._decomposition
        return vectors * values.sqrt()[:, None, :]

    @cached_property
    def _axes(self) -> Tensor:
        """All modes' eigenvectors side by side, (D, K * D)."""
        return self._decomposition[1].permute(1, 0, 2).reshape(self.D, self.K * self.D).contiguous()

    @cached_property
    def _centres(self) -> Tensor:
        """Each mean in its own mode's eigenbasis, (K, D, 1)."""
        return torch.einsum("kd,kde->ke", self.means, self._decomposition[1])[:, :, None]


# --- presets ----------------------------------------------------------------------------------------------


def two_modes(pi: float = 0.8, distance: float = 5.0, std: float = 1.0) -> Mixture:
    """Song and Ermon (2019), Section 3.2: weight pi at (5, 5) and 1 - pi at (-5, -5), unit covariance."""
    require(
        0 < pi < 1,
        f"pi is {pi:g}; a mode's weight must lie strictly between 0 and 1: choose, say, 0.8.",
    )
    return Mixture.of([[distance] * 2, [-distance] * 2], [pi, 1 - pi], std)


def ring(modes: int = 8, radius: float = 6.0, std: float = 0.5) -> Mixture:
    """Equal modes on a circle."""
    angles = [2 * math.pi * k / modes for k in range(modes)]
    return Mixture.of([[radius * math.cos(a), radius * math.sin(a)] for a in angles], std=std)


def grid(side: int = 5, spacing: float = 3.0, std: float = 0.3) -> Mixture:
    """side x side equal modes."""
    ticks = [spacing * (i - (side - 1) / 2) for i in range(side)]
    return Mixture.of([[x, y] for y in ticks for x in ticks], std=std)


def anisotropic_pair(pi: float = 0.6) -> Mixture:
    """Two long modes, tilted against one another."""
    require(0 < pi < 1, f"pi is {pi:g}; a mode's weight must lie strictly between 0 and 1: choose, say, 0.6.")
    tilted = [[[4.0, 3.0], [3.0, 2.8]], [[3.0, -2.2], [-2.2, 2.2]]]
    return Mixture.of([[3.5, 2.0], [-3.5, -1.5]], [pi, 1 - pi], covariances=tilted)
