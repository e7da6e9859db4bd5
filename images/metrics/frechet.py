"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017), in float64.

    d**2 = |m1 - m2|**2 + tr S1 + tr S2 - 2 tr (S1^{1/2} S2 S1^{1/2})^{1/2}

The usual code takes the root of the unsymmetric product S1 S2, which turns complex or infinite where the
covariances are singular.  Here the last trace is the sum of the singular values of R1' R2, for any R with R R' = S:
rounding errors of 1e-16 stay that small, where the square root of an eigenvalue would make 1e-8 of them.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from playground.errors import require


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean: (D,) and covariance: (D, D), both float64; the covariance may be singular.

    narrow: (D, K), K < D, where it is known that narrow @ narrow.T is the covariance.
    """

    mean: Tensor
    covariance: Tensor
    narrow: Tensor | None = None

    @cached_property
    def root(self) -> Tensor:
        """R with R @ R.T = covariance: the narrow one, or the symmetric one, (D, D)."""
        if self.narrow is not None:
            return self.narrow
        values, vectors = torch.linalg.eigh(self.covariance)
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def fitted(features: Tensor, weights: Tensor | None = None) -> Gaussian:
    """Mean and unbiased covariance of features (N, D).  weights (N,): how often each counts, N in all."""
    N, D = features.shape
    require(N >= 2, f"There are {N} images; a covariance needs at least two: generate more.")
    x = features.double()
    w = torch.ones(N, dtype=x.dtype) if weights is None else weights.double()
    mean = w @ x / N
    centred = (x - mean) * w.sqrt()[:, None]
    narrow = centred.T / math.sqrt(N - 1) if N < D else None  # few points: most of a root would be zeros
    return Gaussian(mean, centred.T @ centred / (N - 1), narrow)


def frechet_distance(one: Gaussian, two: Gaussian) -> float:
    """d**2, as FID is; >= 0 up to rounding, about 1e-13 of the traces."""
    require(
        one.mean.shape == two.mean.shape,
        f"The features have {len(one.mean)} and {len(two.mean)} dimensions; they must agree: "
        "measure both with one classifier.",
    )
    overlap = torch.linalg.svdvals(one.root.T @ two.root).sum()
    traces = one.covariance.trace() + two.covariance.trace()
    return float((one.mean - two.mean).square().sum() + traces - 2 * overlap)
