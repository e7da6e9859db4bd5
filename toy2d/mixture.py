"""Mixtures of Gaussians with everything in closed form, at every noise level, sigma = 0 included.

Under xt = alpha * x0 + sigma * eps a component N(mu, S) becomes N(alpha mu, alpha**2 S + sigma**2 I), which has
the eigenvectors of S at every level.  So S is decomposed once, and a level only changes the eigenvalues.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import torch
from torch import Generator, Tensor

from playground.errors import require
from playground.levels import CLEAN, Level, noised, randn_like

WRITTEN_OUT = 16  # columns K * D up to which a compiled score is written out; more would compile for minutes


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

    def log_prob(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log q(x) at the level, (B, D) -> (B,)."""
        return self._seen(x, level).log_joint.logsumexp(0)

    def responsibilities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """p(mode | x) at the level, (B, D) -> (B, K)."""
        return self._seen(x, level).responsibilities.T

    def log_responsibilities(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """log p(mode | x) at the level, (B, D) -> (B, K): finite where the probability itself is not."""
        return self._seen(x, level).log_joint.log_softmax(0).T

    def score(self, x: Tensor, level: Level = CLEAN) -> Tensor:
        """grad log q(x) at the level, sigma = 0 included, (B, D) -> (B, D)."""
        if torch.compiler.is_compiling() and self.K * self.D <= WRITTEN_OUT:
            return self._score_written_out(x, level)
        seen = self._seen(x, level)
        pull = seen.responsibilities[:, None] * seen.y / seen.stds
        return -(self._axes @ pull.flatten(0, 1)).T

    def denoise(self, xt: Tensor, level: Level) -> Tensor:
        """E[x0 | xt], (B, D) -> (B, D): each mode's linear estimate, weighted by p(mode | xt).

        mu + alpha S (alpha**2 S + sigma**2 I)^-1 (xt - alpha mu), finite for alpha = 0 and for sigma = 0.
        """
        seen = self._seen(xt, level)
        r = seen.responsibilities
        gain = _row(level.alpha) * self._eigenvalues / seen.stds
        moved = (r[:, None] * gain * seen.y).flatten(0, 1)
        return (self.means.T @ r + self._axes @ moved).T

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return self.denoise(xt, level)

    # --- how: few large operations for all modes at once --------------------------------------------------
    # The batch is the last dimension in here: sums over modes and over coordinates then run along it, which is
    # ten times as fast as summing pairs that lie side by side.

    def _seen(self, x: Tensor, level: Level) -> "_Seen":
        """x as every mode sees it: along its eigenvectors, in units of its standard deviations."""
        at = self._at(level)
        along = (self._axes.T @ x.T).view(self.K, self.D, -1)
        y = (along - at.centres) / at.stds
        return _Seen(y, at.stds, torch.add(at.log_scale, y.square().sum(1), alpha=-0.5))

    def _score_written_out(self, x: Tensor, level: Level) -> Tensor:
        """`score` number by number: a compiler makes one loop over the batch of it, and keeps nothing on the way."""
        at, axes, modes, coordinates = self._computed_at(level), self._axes, range(self.K), range(self.D)
        pulls, logs = [], []
        for k in modes:
            column = [axes[:, k * self.D + e] for e in coordinates]
            along = [sum(c[d] * x[:, d] for d in coordinates) for c in column]
            y = [(along[e] - at.centres[k, e]) / at.stds[k, e] for e in coordinates]
            logs.append(at.log_scale[k] - 0.5 * sum(v * v for v in y))
            back = [y[e] / at.stds[k, e] for e in coordinates]
            pulls.append([sum(column[e][d] * back[e] for e in coordinates) for d in coordinates])
        top = reduce(torch.maximum, logs)
        shares = [(log - top).exp() for log in logs]
        total = sum(shares)
        return -torch.stack([sum(shares[k] * pulls[k][d] for k in modes) / total for d in coordinates]).T

    def _at(self, level: Level) -> "_AtLevel":
        """What depends on the level alone.  The last answer is kept, because samplers stay at a level for long."""
        if torch.compiler.is_compiling():
            return self._computed_at(level)
        last = self._last.get("level")
        if last is None or last[0] is not level.alpha or last[1] is not level.sigma:
            last = self._last["level"] = (level.alpha, level.sigma, self._computed_at(level))
        return last[2]

    def _computed_at(self, level: Level) -> "_AtLevel":
        alpha, sigma = _row(level.alpha), _row(level.sigma)
        stds = (alpha**2 * self._eigenvalues + sigma**2).sqrt()
        log_scale = stds.log().sum(1) + 0.5 * self.D * math.log(2 * math.pi)
        return _AtLevel(alpha * self._centres, stds, self.log_weights[:, None] - log_scale)

    @cached_property
    def _last(self) -> dict[str, tuple[Tensor, Tensor, "_AtLevel"]]:
        return {}

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
class _AtLevel:
    """centres, stds (K, D, 1) or (K, D, B); log_scale, log w_k less log of the density's divisor, (K, 1 or B)."""

    centres: Tensor
    stds: Tensor
    log_scale: Tensor


@dataclass(frozen=True, eq=False)
class _Seen:
    """y (K, D, B); stds (K, D, 1) or (K, D, B); log_joint, log w_k + log N_k, (K, B)."""

    y: Tensor
    stds: Tensor
    log_joint: Tensor

    @property
    def responsibilities(self) -> Tensor:
        return self.log_joint.softmax(0)


def _row(number: Tensor) -> Tensor:
    """A level's () or (B, 1) beside the batch: (1,) or (B,)."""
    return number.reshape(-1)


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
