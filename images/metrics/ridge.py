"""Ridge regression: what can be read linearly off a few numbers, and along which direction it grows."""

from dataclasses import dataclass

import torch
from torch import Tensor

PENALTY = 1e-3  # of the standardised features' variance, which is one


@dataclass(frozen=True, eq=False)
class Ridge:
    """mean, std: (D,), of the features; weights: (D, K), on standardised features; offset: (K,).  All float64."""

    mean: Tensor
    std: Tensor
    weights: Tensor
    offset: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """(N, D) -> (N, K)."""
        return (x.double() - self.mean) / self.std @ self.weights + self.offset

    @property
    def slopes(self) -> Tensor:
        """The gradient of each target by the features, in their own units, (D, K)."""
        return self.weights / self.std[:, None]


def fitted(x: Tensor, y: Tensor, penalty: float = PENALTY) -> Ridge:
    """Of features x (N, D) to targets y (N, K); the offset is not held back."""
    x, y = x.double(), y.double()
    mean, std, offset = x.mean(0), x.std(0).clamp(min=1e-12), y.mean(0)
    a = (x - mean) / std
    gram = a.T @ a + penalty * len(a) * torch.eye(a.shape[1], dtype=a.dtype)
    return Ridge(mean, std, torch.linalg.solve(gram, a.T @ (y - offset)), offset)
