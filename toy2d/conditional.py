"""Conditional distributions of a Gaussian mixture, given its class, a coordinate, or a linear measurement."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from playground.errors import require
from playground.levels import Level
from toy2d.mixture import Mixture


def component(mixture: Mixture, label: int) -> Mixture:
    """p(x | c): classes are components, so the conditional of class `label` is that component alone."""
    require(
        0 <= label < mixture.K,
        f"The class is {label}; this mixture has classes 0 to {mixture.K - 1}: choose one of these.",
    )
    one = slice(label, label + 1)
    return Mixture(mixture.means[one], mixture.covariances[one], torch.zeros_like(mixture.log_weights[one]))


def given(mixture: Mixture, known: int, value: float) -> Mixture:
    """p(other coordinates | x[known] = value), a mixture in D - 1 dimensions (Bishop 2006, eq. 2.81 and 2.82).

    Each component is conditioned by itself, and weighs as much as it explains the value:

        mu_k' = mu_u + S_uk / S_kk (value - mu_k),   S' = S_uu - S_uk S_ku / S_kk,   w' ~ w N(value; mu_k, S_kk)

    The weights stay in log space, so a value far from every mode gives the nearest ones, not NaN.
    """
    require(
        0 <= known < mixture.D and mixture.D > 1,
        f"The known coordinate is number {known} of {mixture.D}; one must be left unknown: choose another.",
    )
    others = [i for i in range(mixture.D) if i != known]
    variance = mixture.covariances[:, known, known]  # (K,)
    gap = value - mixture.means[:, known]
    gain = mixture.covariances[:, others, known] / variance[:, None]  # (K, D - 1)
    means = mixture.means[:, others] + gain * gap[:, None]
    block = mixture.covariances[:, others][:, :, others]  # (K, D - 1, D - 1)
    covariances = block - gain[:, :, None] * mixture.covariances[:, None, known, others]
    log_weights = mixture.log_weights + _log_normal(gap, variance)
    return Mixture(means, covariances, log_weights.log_softmax(0))


def _log_normal(gap: Tensor, variance: Tensor) -> Tensor:
    """log N(gap; 0, variance) but for the constant."""
    return -0.5 * (gap**2 / variance + variance.log())


def share_below(mixture: Mixture, split: float) -> float:
    """P(x < split) of a mixture on the line, in closed form."""
    z = (split - mixture.means[:, 0]) / mixture.covariances[:, 0, 0].sqrt()
    return float((mixture.log_weights.exp().double() * torch.special.ndtr(z.double())).sum())


def variance_above(mixture: Mixture, split: float) -> float:
    """Var(x | x > split) of a mixture on the line, from the moments of truncated normals; NaN where none is above."""
    mean, std = mixture.means[:, 0].double(), mixture.covariances[:, 0, 0].double().sqrt()
    z = (split - mean) / std
    mass, density = torch.special.ndtr(-z), torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    moments = torch.stack(
        [mass, mean * mass + std * density, (mean**2 + std**2) * mass + std * (mean + split) * density]
    )
    m0, m1, m2 = (moments @ mixture.log_weights.exp().double()).tolist()
    return m2 / m0 - (m1 / m0) ** 2 if m0 > 0 else math.nan


# --- a linear measurement ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Posterior:
    """p(x | y) of a mixture for B measurements at once: a mixture each, whose covariances are the same for all.

    log_weights (B, K), normalised; means (B, K, D); covariances (K, D, D).
    """

    log_weights: Tensor
    means: Tensor
    covariances: Tensor

    def mean(self) -> Tensor:
        """E[x | y], the regression: (B, D)."""
        return (self.log_weights.exp()[:, :, None] * self.means).sum(1)

    def variance(self) -> Tensor:
        """E ||x - E[x | y]||**2 given y, the least squared error that there is: (B,)."""
        w, apart = self.log_weights.exp(), self.means - self.mean()[:, None]
        within = self.covariances.diagonal(dim1=1, dim2=2).sum(1)
        return (w * (within + apart.square().sum(2))).sum(1)

    def sample(self, n: int, rng: Generator) -> Tensor:
        """n samples for each measurement, (n, B, D)."""
        B, _, D = self.means.shape
        k = torch.multinomial(self.log_weights.exp(), n, replacement=True, generator=rng).T  # (n, B)
        values, vectors = torch.linalg.eigh(self.covariances)
        roots = vectors * values.clamp(min=0).sqrt()[:, None, :]
        z = torch.randn((n, B, D, 1), generator=rng, dtype=self.means.dtype)
        return self.means[torch.arange(B), k] + (roots[k] @ z).squeeze(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x | y) of points x (N, D) for the first measurement, (N,)."""
        return Mixture(self.means[0], self.covariances, self.log_weights[0]).log_prob(x)


def posterior(mixture: Mixture, A: Tensor, std: Tensor, y: Tensor) -> Posterior:
    """p(x | y) for y = A x + std * eps: a mixture again (Bishop 2006, eq. 2.113 to 2.117), in closed form.

        gain_k = S_k A^T (A S_k A^T + std**2)^-1,   mu_k' = mu_k + gain_k (y - A mu_k),   S_k' = S_k - gain_k A S_k

    and each component weighs as much as it explains y.  A: (M, D); std: (M,), above 0; y: (B, M).
    """
    seen = A @ mixture.covariances @ A.T + torch.diag(std**2)  # (K, M, M), the covariance of y
    gain = torch.linalg.solve(seen, A @ mixture.covariances).transpose(1, 2)  # (K, D, M)
    gap = y[:, None] - mixture.means @ A.T  # (B, K, M)
    means = mixture.means + torch.einsum("kdm,bkm->bkd", gain, gap)
    covariances = mixture.covariances - gain @ A @ mixture.covariances
    lengths = (gap * torch.linalg.solve(seen, gap.permute(1, 2, 0)).permute(2, 0, 1)).sum(2)  # (B, K)
    log_weights = mixture.log_weights - (lengths + torch.linalg.slogdet(seen).logabsdet) / 2
    symmetric = (covariances + covariances.transpose(1, 2)) / 2
    return Posterior(log_weights.log_softmax(1), means, symmetric)


def told(mixture: Mixture, A: Tensor, std: Tensor, y: Tensor) -> Callable[[Tensor, Level], Tensor]:
    """E[x0 | xt, y], the denoiser told the measurement, exact: xt is one more measurement, alpha x0 + sigma eps.

    y: (B, M); the samples xt are (B, D), or (n * B, D) with the measurements repeated n times.
    """
    wide, D = mixture.to(torch.float64), mixture.D

    def denoise(xt: Tensor, level: Level) -> Tensor:
        here = level.to(torch.zeros((), dtype=torch.float64))
        both = torch.cat([A, here.alpha * torch.eye(D).double()])
        noise = torch.cat([std, here.sigma.expand(D)])
        z = torch.cat([y.repeat(len(xt) // len(y), 1), xt.double()], 1)
        return posterior(wide, both, noise, z).mean().to(xt)

    return denoise
