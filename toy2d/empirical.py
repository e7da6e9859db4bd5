"""The exact optimum for finite data: the denoiser of the points themselves, smoothed by the noise.

Trained to the end on N points, with no limit to its capacity, a network would become this function.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from playground.errors import require
from playground.levels import Level
from toy2d.noised import LOST

PAIRS = 250_000  # distances held at once: 1 MB in float32, which stays in a core's cache


@dataclass(frozen=True, eq=False)
class Empirical:
    """points (N, D), each of weight 1 / N.  A Denoiser: q(xt) is a mixture of N(alpha x_i, sigma**2 I)."""

    points: Tensor

    def __post_init__(self) -> None:
        require(
            self.points.ndim == 2 and len(self.points) > 0,
            f"The data have shape {tuple(self.points.shape)}; give at least one point, as (N, D).",
        )

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return self.denoise(xt, level)

    def denoise(self, xt: Tensor, level: Level) -> Tensor:
        """E[x0 | xt] = sum_i w_i x_i, w = softmax(-||xt - alpha x_i||**2 / (2 sigma**2)): (B, D) -> (B, D).

        At sigma = 0 it is the nearest point (the mean of those that tie).
        """
        weights = self._products if self._is_precise(xt, level) else self._differences
        return torch.cat([(self._columns @ weights(*part).T).T for part in self._chunks(xt, level)])

    def score(self, xt: Tensor, level: Level) -> Tensor:
        """grad log q(xt), by Tweedie's formula: (B, D) -> (B, D).  Needs sigma > 0."""
        return (level.alpha.to(xt) * self.denoise(xt, level) - xt) / level.sigma.to(xt) ** 2

    def log_prob(self, xt: Tensor, level: Level) -> Tensor:
        """log q(xt): (B, D) -> (B,).  Needs sigma > 0."""
        D, parts = xt.shape[1], []
        for x, alpha, sigma in self._chunks(xt, level):
            logits, nearest = self._logits(x, alpha, sigma)
            inner = logits.logsumexp(1) - nearest / (2 * sigma.reshape(-1) ** 2)
            parts.append(inner - D * sigma.reshape(-1).log())
        return torch.cat(parts) - math.log(len(self.points)) - D / 2 * math.log(2 * math.pi)

    def _is_precise(self, xt: Tensor, level: Level) -> bool:
        """Whether squares may be expanded: rounding then loses less than LOST of a logit."""
        if level.sigma.numel() > 1 or float(level.sigma) == 0:
            return False
        return float(self._lengths.max() * level.ratio**-2) * torch.finfo(xt.dtype).eps <= LOST

    def _products(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The weights w, (B, N).  |x|**2 is in every point's exponent, and goes out of them: a product is left."""
        slope = float(alpha[0] / sigma[0] ** 2)
        offsets = self._lengths * (-0.5 * slope * float(alpha[0]))
        return torch.addmm(offsets, x, self._columns, alpha=slope).softmax(1)

    def _differences(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The same at any level, coordinate by coordinate."""
        return self._logits(x, alpha, sigma)[0].softmax(1)

    @cached_property
    def _columns(self) -> Tensor:
        """The points, (D, N), each coordinate in one piece of memory."""
        return self.points.T.contiguous()

    @cached_property
    def _lengths(self) -> Tensor:
        """|x_i|**2, (N,)."""
        return self.points.square().sum(1)

    def _chunks(self, xt: Tensor, level: Level):
        """Rows of xt with their alpha and sigma, (rows, 1), few enough to hold all their distances."""
        rows = max(1, PAIRS // len(self.points))
        alpha, sigma = (part.to(xt).reshape(-1, 1).expand(len(xt), 1) for part in (level.alpha, level.sigma))
        return zip(xt.split(rows), alpha.split(rows), sigma.split(rows), strict=True)

    def _logits(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Log weights up to a constant, (B, N), the largest 0, and the least squared distance, (B,).

        By differences, coordinate by coordinate: the expanded square loses all digits at little noise.
        """
        squares = torch.zeros(())
        for d, column in enumerate(self._columns):
            apart = x[:, d, None] - alpha * column
            squares = squares + apart.square_()
        nearest = squares.amin(1, keepdim=True)
        tiny = torch.finfo(x.dtype).tiny
        return (nearest - squares).div_((2 * sigma.square()).clamp(min=tiny)), nearest[:, 0]


def nearest_distances(x: Tensor, points: Tensor, leave_one_out: bool = False) -> Tensor:
    """The distance from each x (B, D) to the nearest of the points (N, D), (B,).

    leave_one_out: x are the points themselves, and a point is not its own neighbour.
    """
    distances = []
    for at, rows in enumerate(x.split(max(1, PAIRS // len(points)))):
        apart = torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist")
        if leave_one_out:
            first = at * max(1, PAIRS // len(points))
            own = torch.arange(len(rows))
            apart[own, first + own] = math.inf
        distances.append(apart.amin(1))
    return torch.cat(distances)
