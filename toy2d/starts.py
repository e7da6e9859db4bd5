"""Where chains of particles start, and how many there may be."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from toy2d.mixture import Mixture

MOST = 200_000  # particles: more would take minutes, and tell nothing new
KEPT = 5_000  # particles whose paths are kept; shares count all of them
SQUARE = 8.0
LEVELS = ("own", "added")  # what a sigma is: the modes' own standard deviation, or that of noise added

STARTS: dict[str, Callable[[Mixture, int, Generator], Tensor]] = {
    "square": lambda mixture, n, rng: SQUARE * (2 * torch.rand((n, 2), generator=rng) - 1),
    "mode": lambda mixture, n, rng: mixture.means[-1].expand(n, 2),
    "data": lambda mixture, n, rng: mixture.sample(n, rng),
}
