"""How far to trust a share, and how far two clouds of points lie apart."""

import math

import numpy as np
import torch
from torch import Tensor

from playground.levels import seeded
from toy2d.mixture import Mixture


def modes_of(mixture: Mixture, x: Tensor) -> Tensor:
    """The mode that each point most likely belongs to, under the clean mixture: (B, 2) -> (B,)."""
    return mixture.log_responsibilities(x).T.max(0).indices  # far faster than argmax, in this layout


def shares_of(modes: Tensor, K: int) -> np.ndarray:
    """The share of the points in each mode: (B,) -> (K,)."""
    return torch.bincount(modes, minlength=K).double().div(len(modes)).numpy()


def wilson(share: np.ndarray, n: int, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) 95 % confidence band of a share seen among n independent particles -> low, high."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def total_variation(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """1/2 sum_k |share_k - w_k|: the share of particles in the wrong mode, (..., K) -> (...)."""
    return np.abs(shares - weights).sum(-1) / 2


def sliced_wasserstein(x: Tensor, y: Tensor, directions: int = 32) -> float:
    """The mean over directions of the Wasserstein-1 distance of the projections, in units of x; (B, 2) each.

    In the plane evenly spaced directions do what random ones do elsewhere (Bonneel et al. 2015), without luck.
    """
    angles = math.pi * torch.arange(directions, dtype=x.dtype) / directions
    rays = torch.stack([angles.cos(), angles.sin()])  # (2, directions)
    return float(((x @ rays).sort(0).values - (y @ rays).sort(0).values).abs().mean())


def exact_floor(mixture: Mixture, n: int, pairs: int = 8) -> float:
    """The mean distance between two exact samples of n points: what no sampler can be told to beat."""
    rng = seeded(0)
    return float(
        np.mean([sliced_wasserstein(mixture.sample(n, rng), mixture.sample(n, rng)) for _ in range(pairs)])
    )
