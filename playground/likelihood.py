"""Log likelihood by the probability-flow ODE (Song et al. 2021, "Score-based ... SDEs", Section 4.3).

In u = x / alpha, against s = sigma / alpha, the flow is du/ds = eps_hat, so along a path

    log p(u at the first level) = log p(u at the last level) + integral of div eps_hat ds,

and a density of x is one of u divided by alpha**D.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level, eps_from_x0

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
    D = x[0].numel()
    u, integral = x / grid[0].alpha, torch.zeros(len(x)).to(x)
    eps, div = _eps_and_divergence(denoise, u, grid[0])
    for here, there in pairwise(grid):
        ds = there.ratio - here.ratio
        guess = there.alpha * (u + ds * eps)
        with torch.no_grad():
            eps_guess = eps_from_x0(denoise(guess, there), guess, there)
        u = u + ds * (eps + eps_guess) / 2
        div_here = div
        eps, div = _eps_and_divergence(denoise, u, there)
        integral = integral + ds * (div_here + div) / 2
    last = grid[-1]
    x_last = last.alpha * u
    log_prior = log_prior or _normal(last)
    scales = D * (last.alpha.log() - grid[0].alpha.log())  # densities of x, not of u
    return log_prior(x_last) + integral + scales, x_last


def _normal(level: Level) -> LogDensity:
    scale = level.scale

    def log_density(x: Tensor) -> Tensor:
        D = x[0].numel()
        return -0.5 * (x / scale).flatten(1).square().sum(1) - D * (scale.log() + 0.5 * math.log(2 * math.pi))

    return log_density


def _eps_and_divergence(denoise: Denoiser, u: Tensor, level: Level) -> tuple[Tensor, Tensor]:
    """eps_hat (B, D), and its divergence with respect to u (B,), exactly: one row of the Jacobian at a time."""
    with torch.enable_grad():
        u = u.detach().requires_grad_()
        x = level.alpha * u
        eps = eps_from_x0(denoise(x, level), x, level)
        flat = eps.flatten(1)
        div = torch.zeros(len(u)).to(u)
        for i in range(flat.shape[1]):
            row = torch.autograd.grad(flat[:, i].sum(), u, retain_graph=True)[0].flatten(1)
            div = div + row[:, i]
    return eps.detach(), div.detach()
