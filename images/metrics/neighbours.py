"""Nearest neighbours: precision and recall in feature space, the nearest training digits in pixel space."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.errors import require

CHUNK = 1000  # rows of a distance matrix at a time: 1000 x 60,000 float32 are 240 MB


def radii(points: Tensor, k: int = 3) -> Tensor:
    """Distance of each point to its k-th nearest other one, (N, D) -> (N,)."""
    require(
        len(points) > k,
        f"There are {len(points)} images; each needs {k} others as neighbours: take at least {k + 1}.",
    )
    # The point itself is the nearest of all, at distance 0, so the k-th other one is number k + 1.
    return torch.cat([_distances(rows, points).kthvalue(k + 1, dim=1).values for rows in points.split(CHUNK)])


def inside(queries: Tensor, points: Tensor, radius: Tensor) -> Tensor:
    """Which queries (M, D) lie within `radius` (N,) of at least one of the points (N, D): (M,) bool."""
    return torch.cat([(_distances(rows, points) <= radius).any(1) for rows in queries.split(CHUNK)])


@dataclass(frozen=True, eq=False)
class Coverage:
    """precise (M,): which generated images lie within the real ones' manifold; recalled (N,): which real ones
    lie within the generated ones'.  Both bool; their means are precision and recall.
    """

    precise: Tensor
    recalled: Tensor


def coverage(generated: Tensor, real: Tensor, k: int = 3) -> Coverage:
    """Precision and recall (Kynkaanniemi et al. 2019, eq. 1 and 2), features (M, D) and (N, D).

    A manifold is the union of balls around its points, each as wide as the distance to the k-th nearest other
    point.  Both numbers depend on M and N: compare only at equal sizes, and look at the floor.
    """
    return Coverage(inside(generated, real, radii(real, k)), inside(real, generated, radii(generated, k)))


def nearest(
    images: Tensor, training: Tensor, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Tensor, Tensor]:
    """The training image nearest to each image: its number (N,), and how far it is (N,).

    images (N, 1, 28, 28) and training (M, 1, 28, 28), uint8.  The distance is Euclidean over all pixels, each
    in [0, 1]: 0 is a copy, and 28 lies between black and white.
    """
    flat, others = (x.flatten(1).float() / 255 for x in (images, training))
    found = []
    progress(0, len(flat))
    for rows in flat.split(CHUNK):
        found.append(_distances(rows, others).argmin(1))
        progress(min(CHUNK * len(found), len(flat)), len(flat))
    index = torch.cat(found)
    return index, (flat - others[index]).norm(dim=1)  # again, without the matrix product's rounding


def _distances(rows: Tensor, points: Tensor) -> Tensor:
    """(R, D), (N, D) -> (R, N), by one matrix product; exact to about 1e-3 of the norms."""
    return torch.cdist(rows, points, compute_mode="use_mm_for_euclid_dist")
