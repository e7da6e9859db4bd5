"""Principal components: what as many numbers keep of an image linearly, the yardstick of codes and latents."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Basis:
    """mean (D,), vectors (D, size): the orthonormal directions of the largest variance, the largest first."""

    mean: Tensor
    vectors: Tensor

    def of(self, size: int) -> "Basis":
        """The first `size` of its directions."""
        return Basis(self.mean, self.vectors[:, :size])

    def projected(self, x: Tensor) -> Tensor:
        """(N, D) -> (N, size)."""
        return (x - self.mean) @ self.vectors

    def rebuilt(self, x: Tensor) -> Tensor:
        """(N, D) -> (N, D), the nearest points of the subspace."""
        return self.mean + self.projected(x) @ self.vectors.T


def principal(x: Tensor, size: int) -> Basis:
    """The basis of data (N, D)."""
    mean = x.mean(0)
    centred = (
        x - mean
    ).double()  # float32 gives NaN on some threads where there are fewer points than dimensions
    _, vectors = torch.linalg.eigh(centred.T @ centred / len(x))
    return Basis(mean, vectors[:, -size:].flip(1).to(x.dtype))
