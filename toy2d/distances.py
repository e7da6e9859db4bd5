"""How far samples lie from the truth, in four ways, and the floor that exact samples of the same size give."""

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor

from playground.errors import require
from playground.levels import seeded
from toy2d.mixture import Mixture

DIRECTIONS = 32  # that clouds are projected on
PAIRED = 2_000  # points whose mutual distances are taken: the cost grows with the square of their number


@dataclass(frozen=True)
class Distances:
    """weights:        total variation between the shares of the modes and their weights: what share of the
                       samples is in a wrong mode
    weights_se:     its standard error
    sliced:         sliced Wasserstein-1 distance to the exact samples, in units of x
    energy:         energy distance to them, in roots of units of x, as scipy has it in one dimension
    log_likelihood: mean log density of the samples under the truth, in nats.  No distance: exact samples have
                    minus the entropy, samples that huddle in the middle of the modes have more.
    """

    weights: float
    weights_se: float
    sliced: float
    energy: float
    log_likelihood: float


def distances(mixture: Mixture, x: Tensor, truth: Tensor) -> Distances:
    """Samples x (B, 2) against as many exact samples `truth` (B, 2), and against the mixture's closed forms.

    Raises UserError for clouds of different sizes, or fewer than two points.
    """
    return against(mixture, truth)(x)


def against(mixture: Mixture, truth: Tensor) -> Callable[[Tensor], Distances]:
    """`distances` of many clouds to one truth (B, 2), whose own part in them is computed once."""
    exact, truth = mixture.to(torch.float64), truth.double()
    projected, spread = _projections(truth, DIRECTIONS), _mean_distance(truth[:PAIRED], truth[:PAIRED])

    def found(x: Tensor) -> Distances:
        require(
            len(x) == len(truth) >= 2,
            f"The clouds have {len(x)} and {len(truth)} points; both must have the same number, two or more: "
            "draw as many exact samples as there are samples.",
        )
        x = x.double()
        return Distances(
            *wrong_mode_share(exact, x),
            float((_projections(x, DIRECTIONS) - projected).abs().mean()),
            _energy(x[:PAIRED], truth[:PAIRED], spread),
            float(exact.log_prob(x).mean()),
        )

    return found


def floors(mixture: Mixture, n: int, pairs: int = 8) -> Distances:
    """The mean of `distances` between pairs of exact samples of n points: no sampler can be expected to do better."""
    rng = seeded(0)
    found = [distances(mixture, mixture.sample(n, rng), mixture.sample(n, rng)) for _ in range(pairs)]
    return Distances(*np.mean([astuple(each) for each in found], axis=0).tolist())


def wrong_mode_share(mixture: Mixture, x: Tensor) -> tuple[float, float]:
    """1/2 sum_k |share_k - w_k| and its standard error.

    A point counts for each mode by p(mode | x), whose mean over exact samples is the mode's weight even where
    modes overlap; counting it for the likeliest mode alone would not be.  The standard error is that of a mean,
    with the signs of share_k - w_k held fixed.
    """
    r = mixture.responsibilities(x)  # (B, K)
    off = r.mean(0) - mixture.log_weights.exp()
    each = r @ off.sign() / 2  # (B,)
    return float(off.abs().sum() / 2), float(each.std() / len(x) ** 0.5)


def energy_distance(x: Tensor, y: Tensor) -> float:
    """Szekely and Rizzo (2013): the root of 2 E|X - Y| - E|X - X'| - E|Y - Y'|, (B, D) each.

    Means are over all pairs (the V-statistic), so the square is never negative.  Of large clouds the first
    2,000 points are taken: samples come in no order, so they are a fair draw, and floors are found alike.
    """
    x, y = x[:PAIRED].double(), y[:PAIRED].double()
    return _energy(x, y, _mean_distance(y, y))


def _energy(x: Tensor, y: Tensor, spread: float) -> float:
    """spread: the mean distance within y."""
    return max(0.0, 2 * _mean_distance(x, y) - _mean_distance(x, x) - spread) ** 0.5


def _mean_distance(x: Tensor, y: Tensor) -> float:
    # Differences, not matrix products: near points would lose their digits there.
    return float(torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").mean())


def modes_of(mixture: Mixture, x: Tensor) -> Tensor:
    """The mode that each point most likely belongs to, under the clean mixture: (B, 2) -> (B,)."""
    return mixture.log_responsibilities(x).T.max(0).indices  # far faster than argmax, in this layout


def shares_of(modes: Tensor, K: int) -> np.ndarray:
    """The share of the points in each mode: (B,) -> (K,)."""
    return torch.bincount(modes, minlength=K).double().div(len(modes)).numpy()


def total_variation(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """1/2 sum_k |share_k - w_k|: the share of particles in the wrong mode, (..., K) -> (...)."""
    return np.abs(shares - weights).sum(-1) / 2


def sliced_wasserstein(x: Tensor, y: Tensor, directions: int = DIRECTIONS) -> float:
    """The mean over directions of the Wasserstein-1 distance of the projections, in units of x; (B, 2) each.

    In the plane evenly spaced directions do what random ones do elsewhere (Bonneel et al. 2015), without luck.
    """
    return float((_projections(x, directions) - _projections(y, directions)).abs().mean())


def _projections(x: Tensor, directions: int) -> Tensor:
    """x (B, 2) along each direction, sorted: (directions, B)."""
    angles = math.pi * torch.arange(directions, dtype=x.dtype) / directions
    along = (x @ torch.stack([angles.cos(), angles.sin()])).T.contiguous()
    return torch.from_numpy(np.sort(along.numpy(), axis=1))  # torch's sort also finds where each came from


def exact_floor(mixture: Mixture, n: int, pairs: int = 8) -> float:
    """The mean distance between two exact samples of n points: no sampler can be expected to beat it."""
    rng = seeded(0)
    return float(
        np.mean([sliced_wasserstein(mixture.sample(n, rng), mixture.sample(n, rng)) for _ in range(pairs)])
    )


def in_a_line(found: Distances) -> str:
    """The four distances on one line of the terminal."""
    return (
        f"wrong mode {found.weights:.4f} ± {found.weights_se:.4f}   sliced {found.sliced:.4f}   "
        f"energy {found.energy:.4f}   log-likelihood {found.log_likelihood:.3f}"
    )
