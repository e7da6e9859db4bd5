"""The flow between two noise levels of two round modes, without steps: on a line it keeps every point's quantile."""

import math

import torch
from torch import Tensor
from torch.special import log_ndtr

from playground.levels import Level
from toy2d.mixture import Mixture

BEYOND = 40.0  # standard deviations beyond both modes: no number in float64 has a quantile farther out
HALVINGS = 64  # of an interval of a hundred units: down to rounding


def has_line(mixture: Mixture) -> bool:
    """Whether these are two modes of one round covariance, apart: all but the line through them is one Gaussian."""
    return mixture.K == 2 and mixture.alike and not torch.equal(mixture.means[0], mixture.means[1])


def flowed(mixture: Mixture, x: Tensor, here: Level, there: Level) -> Tensor:
    """Where the probability-flow ODE takes x (B, D) from one level to another, for a mixture that `has_line`.

    Velocity is a function of place, so on the line no path passes another, and each keeps the share of the density
    that lies to its left; across, one Gaussian stays one, and its points keep their standard deviations.
    """
    axis = (mixture.means[0] - mixture.means[1]) / (mixture.means[0] - mixture.means[1]).norm()
    middle = mixture.means[0] - (mixture.means[0] @ axis) * axis  # the line's own place, across it
    stds = [
        math.sqrt(float(level.alpha**2 * mixture.covariances[0, 0, 0] + level.sigma**2))
        for level in (here, there)
    ]
    u = x @ axis
    across = x - u[:, None] * axis - here.alpha * middle
    modes = (mixture.means @ axis)[:, None]
    kept = _logit(u, here.alpha * modes, stds[0], mixture.log_weights)
    moved = _at_logit(kept, there.alpha * modes, stds[1], mixture.log_weights)
    end: Tensor = moved[:, None] * axis + there.alpha * middle + stds[1] / stds[0] * across
    return end


def _logit(u: Tensor, modes: Tensor, std: float, log_weights: Tensor) -> Tensor:
    """log F / (1 - F) of the mixture's distribution function at u (B,), which has all its digits in either tail."""
    z = (u - modes) / std  # (K, B)
    below, above = ((log_weights[:, None] + log_ndtr(signed)).logsumexp(0) for signed in (z, -z))
    logit: Tensor = below - above
    return logit


def _at_logit(kept: Tensor, modes: Tensor, std: float, log_weights: Tensor) -> Tensor:
    """The inverse of `_logit`, by halving: kept (B,) -> u (B,)."""
    low = torch.full_like(kept, float(modes.min()) - BEYOND * std)
    high = torch.full_like(kept, float(modes.max()) + BEYOND * std)
    for _ in range(HALVINGS):
        u = (low + high) / 2
        right = _logit(u, modes, std, log_weights) < kept
        low, high = torch.where(right, u, low), torch.where(right, high, u)
    return (low + high) / 2
