"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017), in float64.

    d**2 = |m1 - m2|**2 + tr S1 + tr S2 - 2 tr (S1^{1/2} S2 S1^{1/2})^{1/2}

The usual code takes the root of the unsymmetric product S1 S2, which turns complex or infinite where the
covariances are singular.  Here only symmetric roots are taken, and the last trace is the sum of the singular
values of S1^{1/2} S2^{1/2}: rounding errors of 1e-16 stay that small, where the square root of an eigenvalue
would make 1e-8 of them.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from playground.errors import require


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean: (D,) and covariance: (D, D), both float64; the covariance may be singular."""

    mean: Tensor
    covariance: Tensor

    @cached_property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance, (D, D)."""
        values, vectors = torch.linalg.eigh(self.covariance)
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def fitted(features: Tensor, weights: Tensor | None = None) -> Gaussian:
    """Mean and unbiased covariance of features (N, D).  weights (N,): how often each counts, N in all."""
    N = len(features)
    require(N >= 2, f"There are {N} images; a covariance needs at least two: generate more.")
    x = features.double()
    w = torch.ones(N, dtype=x.dtype) if weights is None else weights.double()
    mean = w @ x / N
    centred = (x - mean) * w.sqrt()[:, None]
    return Gaussian(mean, centred.T @ centred / (N - 1))


def frechet_distance(one: Gaussian, two: Gaussian) -> float:
    """d**2, as FID is; >= 0 up to rounding, about 1e-13 of the traces."""
    require(
        one.mean.shape == two.mean.shape,
        f"The features have {len(one.mean)} and {len(two.mean)} dimensions; they must agree: "
        "measure both with one classifier.",
    )
    overlap = torch.linalg.svdvals(one.root @ two.root).sum()
    traces = one.covariance.trace() + two.covariance.trace()
    return float((one.mean - two.mean).square().sum() + traces - 2 * overlap)
