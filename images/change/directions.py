"""Linear directions in a code along which an attribute of the digit grows (Preechakul et al. 2022, Section 5.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from images.data.attributes import attributes
from images.data.mnist import Digits, to_model
from images.diffusion_autoencoder.experiment import codes
from images.metrics.ridge import fitted
from images.models import Model

NAMES = ("thickness", "slant", "width")
UNITS = {"thickness": "px", "slant": "degrees", "width": "px"}
FITTED = 8000  # training digits that the regressions see


@dataclass(frozen=True, eq=False)
class Directions:
    """std: (size,), of the codes; vectors: (3, size), of length one in normalised codes, an attribute each.

    promised: (3, 3), by the regression: how much each attribute (column) grows by a move of one along each direction
    (row).  spreads: (3,), each attribute's standard deviation within a class.
    """

    std: Tensor
    vectors: Tensor
    promised: Tensor
    spreads: Tensor

    def moved(self, z: Tensor, moves: Tensor) -> Tensor:
        """Codes z (B, size), each moved by its own row of moves (B, 3)."""
        return z + (moves.to(z) @ self.vectors.to(z)) * self.std.to(z)


def values_of(images: Tensor) -> Tensor:
    """thickness, slant and width of uint8 images (B, 1, 28, 28), (B, 3) float64; NaN for an empty one."""
    found = attributes(images)
    return torch.stack([getattr(found, name) for name in NAMES], 1).double().cpu()


def directions_of(z: Tensor, values: Tensor, labels: Tensor, hold: bool) -> Directions:
    """From codes z (N, size) of digits with these values (N, 3), compared within their classes only.

    So a direction does not lead to another class that happens to be wider.  hold: it leaves the other two attributes
    alone, by the regression: of all such moves the shortest; else it is the regression's own gradient.
    """
    std = z.double().std(0).clamp(min=1e-12)
    x, y = (_within(part, labels) for part in (z.double() / std, values))
    slopes = fitted(x, y).slopes  # (size, 3)
    ways = slopes @ torch.linalg.inv(slopes.T @ slopes) if hold else slopes
    vectors = (ways / ways.norm(dim=0)).T
    return Directions(std, vectors, vectors @ slopes, y.std(0))


def _within(values: Tensor, labels: Tensor) -> Tensor:
    """values (N, K) less the mean of their class."""
    found = values.clone()
    for label in labels.unique():
        found[labels == label] -= values[labels == label].mean(0)
    return found


def directions(model: Model, training: Digits, hold: bool = True) -> Directions:
    """Of a diffusion autoencoder's z.  Raises UserError for a model without an encoder."""
    images, labels = training.images[:FITTED], training.labels[:FITTED]
    z, values = codes(model, to_model(images)).cpu(), values_of(images)
    whole = values.isfinite().all(1)
    return directions_of(z[whole], values[whole], labels[whole], hold)
