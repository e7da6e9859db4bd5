"""How far samples lie from the truth, in four ways, and the floor that exact samples of the same size give."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playground.errors import require
from playground.levels import seeded
from toy2d.mixture import Mixture

DIRECTIONS = 32  # that clouds are projected on


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
    measure = each_against(mixture, truth[None])
    return lambda x: Distances(*measure(x[None])[0].tolist())


def each_against(mixture: Mixture, truths: Tensor) -> Callable[[Tensor], np.ndarray]:
    """`distances` of C clouds, each to its own truth, at once: truths and clouds (C, B, 2) -> (C, 5)."""
    exact, truths = mixture.to(torch.float64), truths.double()
    projected = _projections(truths, DIRECTIONS)
    spread = _summed_pairs(projected)

    def found(x: Tensor) -> np.ndarray:
        require(
            x.shape[1] == truths.shape[1] >= 2,
            f"The clouds have {x.shape[1]} and {truths.shape[1]} points; both must have the same number, two or more: "
            "draw as many exact samples as there are samples.",
        )
        x = x.double()
        along = _projections(x, DIRECTIONS)
        sliced = (along - projected).abs().mean((1, 2))
        energy = _energy(along, projected, spread)
        log_p = exact.log_prob(x.flatten(0, 1)).view(x.shape[:2]).mean(1)
        return torch.stack([*_wrong_mode_shares(exact, x), sliced, energy, log_p], 1).numpy()

    return found


def floors(mixture: Mixture, n: int, pairs: int = 8) -> Distances:
    """The mean of `distances` between pairs of exact samples of n points: no sampler can be expected to do better."""
    rng = seeded(0)
    clouds = torch.stack([mixture.sample(n, rng) for _ in range(2 * pairs)])
    return Distances(*each_against(mixture, clouds[1::2])(clouds[::2]).mean(0).tolist())


def wrong_mode_share(mixture: Mixture, x: Tensor) -> tuple[float, float]:
    """1/2 sum_k |share_k - w_k| and its standard error.

    A point counts for each mode by p(mode | x), whose mean over exact samples is the mode's weight even where
    modes overlap; counting it for the likeliest mode alone would not be.  The standard error is that of a mean,
    with the signs of share_k - w_k held fixed.
    """
    share, error = _wrong_mode_shares(mixture, x[None])
    return float(share), float(error)


def _wrong_mode_shares(mixture: Mixture, x: Tensor) -> tuple[Tensor, Tensor]:
    """Both for each cloud, (C, B, 2) -> (C,), (C,)."""
    r = mixture.responsibilities(x.flatten(0, 1)).view(*x.shape[:2], -1)  # (C, B, K)
    off = r.mean(1) - mixture.log_weights.exp()
    each = (r @ off.sign()[:, :, None])[:, :, 0] / 2  # (C, B)
    return off.abs().sum(1) / 2, each.std(1) / x.shape[1] ** 0.5


def energy_distance(x: Tensor, y: Tensor) -> float:
    """Szekely and Rizzo (2013): the root of 2 E|X - Y| - E|X - X'| - E|Y - Y'|, (B, 2) and (N, 2).

    Means are over all pairs (the V-statistic), so the square is never negative.
    """
    along = [_projections(points[None].double(), DIRECTIONS) for points in (x, y)]
    return float(_energy(along[0], along[1], _summed_pairs(along[1])))


def _energy(x: Tensor, y: Tensor, spread: Tensor) -> Tensor:
    """Of projections (C, R, B), (C, R, N), each sorted -> (C,); spread (C, R): `_summed_pairs` of y.

    A length in the plane is pi / 2 times the mean of its projections' lengths over all directions (over 32 even ones it
    is so within 0.1 %), so the energy distance squared is that mean of the line's; and on the line what a sort has put
    in order is summed over all pairs by one product.  Those between x and y are what both together have beyond each.
    """
    B, N, within = x.shape[2], y.shape[2], _summed_pairs(x)
    both = torch.from_numpy(np.sort(torch.cat([x, y], 2).numpy(), kind="stable"))  # merges what is in order
    between = (_summed_pairs(both) - within - spread) / 2
    squared = 2 * between / (B * N) - within / B**2 - spread / N**2
    return (math.pi / 2 * squared.mean(1)).clamp(min=0).sqrt()


def _summed_pairs(x: Tensor) -> Tensor:
    """The distances of all ordered pairs on a line, summed: x (..., B) in order -> (...)."""
    n = x.shape[-1]
    above = torch.arange(1 - n, n, 2).double()  # the i-th lies above i others, and below n - 1 - i
    return 2 * (x.double() @ above)


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
    """x (..., B, 2) along each direction, sorted: (..., directions, B) float32, which sorts twice as fast.

    It rounds a coordinate to 6e-8 of it, which is nothing beside the noise of the clouds.
    """
    angles = math.pi * torch.arange(directions, dtype=x.dtype) / directions
    along = (torch.stack([angles.cos(), angles.sin()], 1) @ x.transpose(-1, -2)).float().contiguous()
    return torch.from_numpy(np.sort(along.numpy(), axis=-1))  # torch's sort also finds where each came from


def exact_floors(mixture: Mixture, n: int, pairs: int = 16) -> np.ndarray:
    """The distances of pairs of exact samples of n points, (pairs,): what chance alone does, and how much it varies."""
    rng = seeded(0)
    return np.array(
        [sliced_wasserstein(mixture.sample(n, rng), mixture.sample(n, rng)) for _ in range(pairs)]
    )


def exact_floor(mixture: Mixture, n: int, pairs: int = 8) -> float:
    """The mean distance between two exact samples of n points: no sampler can be expected to beat it."""
    return float(exact_floors(mixture, n, pairs).mean())


def in_a_line(found: Distances) -> str:
    """The four distances on one line of the terminal."""
    return (
        f"wrong mode {found.weights:.4f} ± {found.weights_se:.4f}   sliced {found.sliced:.4f}   "
        f"energy {found.energy:.4f}   log-likelihood {found.log_likelihood:.3f}"
    )
