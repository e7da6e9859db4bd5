"""Log likelihood by the probability-flow ODE (Song et al. 2021, "Score-based ... SDEs", Section 4.3).

In y = x / scale, against the angle theta = arctan(sigma / alpha), the flow is dy/dtheta = v_hat / scale, so
along a path

    log p(y at the first level) = log p(y at the last level) + integral of div v_hat dtheta,

div with respect to x, and a density of x is one of y divided by scale**D.  Angle and v are bounded, whatever the
schedule; sigma / alpha, the other usual variable, ends at 2e4 on the cosine one.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level, eps_from_x0, noised, v_from_x0, x0_from_v
from playground.steps import heun_correction

LogDensity = Callable[[Tensor], Tensor]


def log_likelihood(
    denoise: Denoiser, x: Tensor, grid: Sequence[Level], log_prior: LogDensity | None = None
) -> tuple[Tensor, Tensor]:
    """log p(x) at the level grid[0], for few dimensions: the divergence is exact, one backward pass for each.

    x: (B, D) -> log p (B,), in nats, and where the flow carried x to, (B, D).  grid runs from little noise
    (sigma > 0) to much, Heun's rule between its levels; log_prior: log density at the last level, by default
    N(0, scale**2 I).  Error: second order in the grid's spacing, plus that of the prior.
    """
    require(len(grid) >= 2, f"The grid has {len(grid)} level; the flow needs two or more: take more steps.")
    require(
        float(grid[0].sigma) > 0,
        "The grid starts at sigma = 0, where eps is not defined: start it at a small sigma, such as 0.01.",
    )
    grid = [level.to(x) for level in grid]
    D, integral = x[0].numel(), torch.zeros(len(x)).to(x)
    v, div = _v_and_divergence(denoise, x, grid[0])
    for here, there in pairwise(grid):
        x0_hat = x0_from_v(v, x, here)
        guess = noised(x0_hat, eps_from_x0(x0_hat, x, here), there)  # DDIM's step
        with torch.no_grad():
            x = guess + heun_correction(denoise, guess, x0_hat, here, there)
        div_here = div
        v, div = _v_and_divergence(denoise, x, there)
        integral = integral + (there.angle - here.angle) * (div_here + div) / 2
    last = grid[-1]
    log_prior = log_prior or _normal(last)
    scales = D * (last.scale.log() - grid[0].scale.log())  # densities of x, not of y
    return log_prior(x) + integral + scales, x


def _normal(level: Level) -> LogDensity:
    scale = level.scale

    def log_density(x: Tensor) -> Tensor:
        D = x[0].numel()
        return -0.5 * (x / scale).flatten(1).square().sum(1) - D * (scale.log() + 0.5 * math.log(2 * math.pi))

    return log_density


def _v_and_divergence(denoise: Denoiser, x: Tensor, level: Level) -> tuple[Tensor, Tensor]:
    """v_hat (B, *D), and its divergence with respect to x (B,), exactly: one row of the Jacobian at a time."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        v = v_from_x0(denoise(x, level), x, level)
        flat = v.flatten(1)
        div = torch.zeros(len(x)).to(x)
        for i in range(flat.shape[1]):
            row = torch.autograd.grad(flat[:, i].sum(), x, retain_graph=True)[0].flatten(1)
            div = div + row[:, i]
    return v.detach(), div.detach()
