"""Annealed Langevin dynamics that tells the denoiser the noise that is there.

NCSN's Algorithm 1 steps x <- x + (a / 2) * score + sqrt(a) * z with a = c * sigma_i**2, and tells the network
sigma_i.  Written with the denoiser, score = (x0_hat - x) / sigma_i**2, it is

    x - x0_hat  <-  (1 - c / 2) * (x - x0_hat) + sqrt(c) * sigma_i * z

so that the noise that is left in x has, in units of sigma_i**2, a variance that is known before the walk:

    v <- (1 - c / 2)**2 * v + c  at each step,      v <- v * (sigma_i / sigma_{i+1})**2  between levels

It never comes down to 1: even endless steps at one level leave 1 / (1 - c / 4), and the next level starts with more.
In D dimensions noise of variance v lies (sqrt(v) - 1) * sqrt(2 D) standard deviations off the shell that a network
told sigma_i has learned: a little in the plane, far off in 784.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import CLEAN, Level, Noise
from playground.steps import Moved, Step


def settled_variance(c: float, ratio: float, hold: int) -> float:
    """The v to which levels of constant ratio sigma_i / sigma_{i+1}, of `hold` steps each, settle at a level's end.

    The fixed point of one level, v = A * ratio**2 * v + B; infinite where the steps do not keep up with the levels.
    """
    q = (1 - c / 2) ** 2
    A = q**hold
    B = c * sum(q**k for k in range(hold))
    return B / (1 - A * ratio**2) if A * ratio**2 < 1 else math.inf


def settling(ratio: float, hold: int) -> float:
    """The c, from 0 to 2, at which the settled variance is lowest: never 1, so near to it as these steps come.

    NCSNv2 (Song and Ermon 2020), Technique 4, asks this of one level that starts with variance ratio**2; a level that
    follows others starts with more.  c = 2 replaces all noise at every step, and settles at 2 for every ratio.
    """
    require(hold >= 1, f"Each level is held for {hold} steps; it must be held for at least one: choose more.")
    candidates = torch.linspace(0, 2, 2001, dtype=torch.float64).tolist()[1:]
    best: float = min(candidates, key=lambda c: settled_variance(c, ratio, hold))
    return best


def variances(sigmas: Sequence[float], c: float, hold: int, v: float = 1.0) -> list[float]:
    """The noise's variance in units of sigma_i**2, before each of the len(sigmas) * hold steps; v: before the first."""
    found = []
    for i, sigma in enumerate(sigmas):
        v *= (sigmas[i - 1] / sigma) ** 2 if i else 1.0
        for _ in range(hold):
            found.append(v)
            v = (1 - c / 2) ** 2 * v + c
    return found


def actual(sigmas: Sequence[float], c: float, hold: int) -> list[Level]:
    """The grid of Algorithm 1 by the noise that is there before each step, and clean data to arrive at: n + 1 levels.

    A last step to clean data denoises (NCSNv2's Algorithm 1, its last line).
    """
    held = [sigma for sigma in sigmas for _ in range(hold)]
    pairs = zip(held, variances(sigmas, c, hold), strict=True)
    return [*(Level.of(sigma=sigma * math.sqrt(v)) for sigma, v in pairs), CLEAN]


def off_the_shell(v: float, D: int) -> float:
    """How far noise of variance v lies from the shell of variance 1 in D dimensions, in standard deviations.

    The norm of standard normal noise has mean sqrt(D) and standard deviation sqrt(1 / 2), both to order 1 / D.
    """
    return (math.sqrt(v) - 1) * math.sqrt(2 * D)


def told(c: float) -> Step:
    """Algorithm 1's step on a grid that `actual` made: the same updates, told the noise that is there.

    The noise that it adds is what the next level has beyond what is left of this one's: sqrt(c) * sigma_i, which the
    grid has already.  Arriving at clean data it is x0_hat.
    """
    require(0 < c <= 2, f"c is {c:g}; it must lie above 0, and be at most 2: settling(...) finds one.")

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        x0_hat = denoise(xt, here)
        if not bool((there.sigma > 0).any()):
            return x0_hat, x0_hat
        added = (there.sigma**2 - (1 - c / 2) ** 2 * here.sigma**2).clamp(min=0).sqrt()
        return x0_hat + (1 - c / 2) * (xt - x0_hat) + added * noise(xt), x0_hat

    return step
