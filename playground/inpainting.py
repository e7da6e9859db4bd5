"""Inpainting by a model that knows nothing of holes: as a wrapper, as steps, and as a grid that climbs again."""

from collections.abc import Callable

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level, Noise, noised, per_move
from playground.objectives import squared_norm
from playground.steps import Moved, Step, added_variance


def projected(denoise: Denoiser, known: Tensor, mask: Tensor) -> Denoiser:
    """Inpainting as a wrapper: x0_hat is replaced by `known` where the boolean `mask` is True."""
    return lambda xt, level: torch.where(mask, known, denoise(xt, level))


def pinned(step: Step, known: Tensor, mask: Tensor) -> Step:
    """Inpainting as a step: where `mask` is True, `known` (B or 1, *D), re-noised to the level reached.

    RePaint (Lugmayr et al. 2022), eq. 8; with a grid that never climbs it is plain replacement.
    """

    def pinning(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        xs, x0_hat = step(denoise, xt, here, there, noise)
        xs = torch.where(mask, noised(known, noise(xs), there), xs)
        return xs, None if x0_hat is None else torch.where(mask, known, x0_hat)

    return pinning


def climbing(step: Step) -> Step:
    """Where the grid climbs to more noise, a sample of q(xt | xs) instead of a step: RePaint's resampling."""

    falls = per_move(lambda here, there: bool((there.ratio <= here.ratio).all()))
    up = per_move(lambda here, there: (there.alpha / here.alpha, added_variance(there, here).sqrt()))

    def climb(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        if falls(here, there):
            return step(denoise, xt, here, there, noise)
        shrunk, std = up(here, there)
        return shrunk * xt + std * noise(xt), None  # nothing was denoised, so there is no new estimate

    return climb


def resampled(grid: list[Level], resamplings: int = 1, jump: int = 1) -> list[Level]:
    """RePaint's grid: every `jump` steps down, climb back `jump` levels and walk them again, in all
    `resamplings` times (1: no climbing).  (Lugmayr et al. 2022, Section 4.2.)

    As in Algorithm 1, which re-noises only while t > 1, clean data are the end: the step to them is taken once,
    and nothing climbs above x_T = grid[0].  As in the authors' code, jumps are counted from the last level with
    noise, so where `jump` does not divide the way, the first levels are walked once.
    """
    require(
        resamplings >= 1, f"RePaint walks each level {resamplings} times; it must be at least 1: raise it."
    )
    require(jump >= 1, f"RePaint's jump is {jump} levels; it must be at least 1: raise it.")
    clean = [level for level in grid[-1:] if float(level.sigma) == 0]
    noisy = grid[: len(grid) - len(clean)]
    moves = len(noisy) - 1
    require(
        resamplings == 1 or jump <= moves,
        f"RePaint's jump is {jump} levels, but x_T lies only {moves} above the last level with noise, from where it "
        "would climb: choose a shorter jump, more steps, or 1 resampling.",
    )
    first = moves % jump  # jumps are counted from the clean end
    walked = noisy[: first + 1]
    for start in range(first, moves, jump):
        down = noisy[start + 1 : start + jump + 1]
        for turn in range(resamplings):
            walked += ([noisy[start]] if turn else []) + down
    return walked + clean


def dps(step: Step, known: Tensor, mask: Tensor, zeta: float = 1.0) -> Step:
    """Diffusion posterior sampling for inpainting: what is measured is `known` (B or 1, *D) where `mask` is True.

    The known part is a soft constraint: x is pulled towards it, not set to it.
    """
    seen = masking(mask)
    return following(step, seen, seen(known), zeta)


Operator = Callable[[Tensor], Tensor]  # what is measured of x: (B, *D) -> (B, *M), differentiable


def masking(mask: Tensor) -> Operator:
    """Only what lies where the boolean `mask` is True."""
    return lambda x: torch.where(mask, x, 0.0)


def following(step: Step, operator: Operator, measured: Tensor, zeta: float = 1.0) -> Step:
    """Diffusion posterior sampling for any inverse problem y = A(x0) + noise (DPS, Chung et al. 2023, Algorithm 1).

    After the step, x moves against the gradient, with respect to xt, of the distance || y - A(x0_hat(xt)) ||, by zeta.
    measured: y, (B or 1, *M).
    """

    def follow(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        xs, x0_hat = step(denoise, xt, here, there, noise)
        with torch.enable_grad():
            x = xt.detach().requires_grad_()
            distance = squared_norm(measured - operator(denoise(x, here))).clamp(min=1e-12).sqrt()
            gradient = torch.autograd.grad(distance.sum(), x)[0]
        return xs - zeta * gradient, x0_hat

    return follow
