"""Conditional distributions of a Gaussian mixture, exact: given its class, and given some of its coordinates."""

import math

import torch
from torch import Tensor

from playground.errors import require
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
