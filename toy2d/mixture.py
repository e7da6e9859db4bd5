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


@dataclass(frozen=True, eq=False)
class Mixture:
    """means (K, D), covariances (K, D, D), log_weights (K,), normalised; x is (B, D), level () or (B, 1).

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

    @cached_property
    def at(self) -> "Callable[[Level], Noised | Alike]":
        """mixture.at(level): all closed forms at that level; the last one is kept."""
        return per_level(self._noised)

    def _noised(self, level: Level) -> "Noised | Alike":
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
            self.means, self._axes, alpha * self._centres, variances.sqrt(), self.log_weights[:, None] - log_scale,
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
    def _alike(self) -> "Callable[[Level], Alike] | None":
        """What makes the short form of a level, where all modes have one covariance that is round; else None."""
        variance = self.covariances[0, 0, 0]
        round_ones = variance * torch.eye(self.D).to(self.covariances)
        if not torch.equal(self.covariances, round_ones.expand_as(self.covariances)):
            return None
        lengths, reach = self.means.square().sum(1), float(self.means.square().sum(1).max())
        return partial(Alike.of, self.means, self.log_weights, lengths, reach, float(variance))

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


@dataclass(frozen=True, eq=False)
class Noised:
    """The mixture at one level: the components N(alpha mu_k, Q (alpha**2 lambda_k + sigma**2) Q^T).

    Few large operations serve all modes at once, and the batch is the last dimension in here: sums over modes and
    coordinates then run along it, which is ten times as fast as summing pairs that lie side by side.

    means (K, D); axes (D, K * D), all eigenvectors; centres, stds, gains (K, D, 1 or B) along them; log_scale (K, 1
    or B)
    """

    means: Tensor
    axes: Tensor
    centres: Tensor  # alpha Q^T mu
    stds: Tensor  # sqrt(alpha**2 lambda + sigma**2)
    log_scale: Tensor  # log w - log of the density's divisor
    gains: Tensor  # alpha lambda

    def log_prob(self, x: Tensor) -> Tensor:
        """(B, D) -> (B,)."""
        return self._log_joint(self._standard(x)).logsumexp(0)

    def responsibilities(self, x: Tensor) -> Tensor:
        """p(mode | x), (B, D) -> (B, K)."""
        return self._log_joint(self._standard(x)).softmax(0).T

    def log_responsibilities(self, x: Tensor) -> Tensor:
        """log p(mode | x), (B, D) -> (B, K)."""
        return self._log_joint(self._standard(x)).log_softmax(0).T

    def score(self, x: Tensor) -> Tensor:
        """sum_k p(k | x) * -S_k^-1 (x - alpha mu_k), (B, D) -> (B, D)."""
        y = self._standard(x)
        r = self._log_joint(y).softmax(0)
        return -(self.axes @ (r[:, None] * y / self.stds).flatten(0, 1)).T

    def denoise(self, xt: Tensor) -> Tensor:
        """sum_k p(k | xt) * (mu_k + alpha S (alpha**2 S + sigma**2 I)^-1 (xt - alpha mu_k)), (B, D) -> (B, D).

        Finite for alpha = 0 and for sigma = 0.
        """
        y = self._standard(xt)
        r = self._log_joint(y).softmax(0)
        moved = (r[:, None] * self.gains * y / self.stds).flatten(0, 1)
        return (self.means.T @ r + self.axes @ moved).T

    def _standard(self, x: Tensor) -> Tensor:
        """x as every mode sees it: along its eigenvectors, in its standard deviations, (B, D) -> (K, D, B)."""
        along = (self.axes.T @ x.T).view(*self.means.shape, -1)
        return (along - self.centres) / self.stds

    def _log_joint(self, y: Tensor) -> Tensor:
        """log w_k + log N_k, (K, D, B) -> (K, B)."""
        return torch.add(self.log_scale, y.square().sum(1), alpha=-0.5)


LOST = 1e-4  # of a logit, to rounding: beyond it modes are told apart by differences


@dataclass(frozen=True, eq=False)
class Alike:
    """`Noised` in a fifth of the operations, for modes of one round covariance: v I at the level.

    |x|**2 / v is then in every mode's exponent, and goes out of the responsibilities,

        p(k | x) = softmax_k(slope mu_k . x + offset_k),   slope = alpha / v,   offset_k = log w_k - |alpha mu_k|**2 / 2 v

    so that a score is a product, a softmax and a product.  means (K, D); offsets (K, 1 or B); alpha, variance, gain:
    numbers, or (B,) where each sample has its own level.
    """

    means: Tensor
    log_weights: Tensor
    offsets: Tensor
    alpha: float | Tensor
    variance: float | Tensor  # alpha**2 lambda + sigma**2
    gain: float | Tensor  # alpha lambda / variance: how much of xt is believed
    precise: bool  # that rounding loses less than LOST of a logit

    @staticmethod
    def of(
        means: Tensor, log_weights: Tensor, lengths: Tensor, reach: float, variance: float, level: Level
    ) -> "Alike":
        """lengths (K,): |mu_k|**2; reach: the largest of them; variance: of the clean modes."""
        alpha, sigma = (_plain(number, means) for number in (level.alpha, level.sigma))
        at = alpha**2 * variance + sigma**2
        share = alpha**2 / at
        offsets = log_weights[:, None] - 0.5 * share * lengths[:, None]
        most = float(share.max()) if isinstance(share, Tensor) else share
        precise = reach * most * torch.finfo(means.dtype).eps <= LOST
        return Alike(means, log_weights, offsets, alpha, at, alpha * variance / at, precise)

    def log_prob(self, x: Tensor) -> Tensor:
        """(B, D) -> (B,), by differences: the exponents themselves are asked for."""
        scale = self.variance if isinstance(self.variance, Tensor) else x.new_tensor(self.variance)
        apart = sum((x[:, d] - self.alpha * self.means[:, d, None]).square() for d in range(x.shape[1]))
        logs = self.log_weights[:, None] - 0.5 * apart / scale  # (K, B)
        return logs.logsumexp(0) - x.shape[1] / 2 * (2 * math.pi * scale).log()

    def responsibilities(self, x: Tensor) -> Tensor:
        """p(mode | x), (B, D) -> (B, K)."""
        return self._logits(x).softmax(0).T

    def log_responsibilities(self, x: Tensor) -> Tensor:
        """log p(mode | x), (B, D) -> (B, K)."""
        return self._logits(x).log_softmax(0).T

    def score(self, x: Tensor) -> Tensor:
        """(alpha sum_k p(k | x) mu_k - x) / v, (B, D) -> (B, D)."""
        return self._combined(x, self.alpha / self.variance, -1 / self.variance)

    def denoise(self, xt: Tensor) -> Tensor:
        """sum_k p(k | xt) mu_k pulled towards xt by the gain, (B, D) -> (B, D)."""
        return self._combined(xt, 1 - self.alpha * self.gain, self.gain)

    def _logits(self, x: Tensor) -> Tensor:
        """(B, D) -> (K, B)"""
        slope = self.alpha / self.variance
        if isinstance(slope, Tensor):
            return torch.addcmul(self.offsets, self.means @ x.T, slope)
        return torch.addmm(self.offsets, self.means, x.T, alpha=slope)

    def _combined(self, x: Tensor, of_means: float | Tensor, of_x: float | Tensor) -> Tensor:
        """of_means * sum_k p(k | x) mu_k + of_x * x, (B, D) -> (B, D), the batch last in memory."""
        r = self._logits(x).softmax(0)
        if isinstance(of_means, Tensor):
            return torch.addcmul(of_means * (self.means.T @ r), x.T, of_x).T  # type: ignore[call-overload, no-any-return]
        return torch.addmm(x.T, self.means.T, r, beta=of_x, alpha=of_means).T


def _plain(number: Tensor, like: Tensor) -> float | Tensor:
    """A level's alpha or sigma as a number, or (B,) where there is one for each sample."""
    return float(number) if number.numel() == 1 else number.reshape(-1).to(like)


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
