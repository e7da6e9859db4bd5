"""DPS's step zeta, chosen on training digits: what is measured on held-out ones must not be tuned on them.

The choice is by the squared distance from the true digit, which the metrics' classifier has no part in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from images.models import Model
from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level, seeded
from playground.progress import Report, silent
from playground.steps import Step
from playground.walk import final, starting_noise, walk

ZETAS = (0.3, 1.0, 3.0, 10.0)
TRAINING = 100  # digits, the first ones of the training set


@dataclass(frozen=True)
class Zeta:
    """The step that was chosen; errors: of each candidate, the mean squared distance from the training digits."""

    value: float
    errors: dict[float, float]

    def __str__(self) -> str:
        tried = ", ".join(f"{zeta:g}: {error:.3f}" for zeta, error in self.errors.items())
        return f"zeta = {self.value:g}, chosen on training digits by squared error ({tried})"


def least(
    error_of: Callable[[float], float], zetas: Sequence[float] = ZETAS, report: Report = silent
) -> Zeta:
    """The candidate with the least error; one that is no number, because the walk left all bounds, is never chosen."""
    errors = {}
    for turn, zeta in enumerate(zetas):
        report(turn, len(zetas), f"choosing zeta, {zeta:g}")
        errors[zeta] = error_of(zeta)
    finite = {zeta: error for zeta, error in errors.items() if error == error and error < float("inf")}
    require(bool(finite), f"No zeta of {', '.join(f'{z:g}' for z in zetas)} led to a digit: take more steps.")
    return Zeta(min(finite, key=lambda zeta: finite[zeta]), errors)


@torch.no_grad()
def error(
    model: Model, walker: tuple[Step, Denoiser, list[Level]], truth: Tensor, where: Tensor, seed: int
) -> float:
    """Mean squared distance of one completion each from truth (N, 1, H, W), where `where` is True."""
    step, denoise, grid = walker
    rng = seeded(seed, model.device)
    x = final(walk(step, denoise, starting_noise(tuple(truth.shape), grid[0], rng), grid, rng)).clamp(-1, 1)
    return float((x - truth).square()[where.expand_as(truth)].mean())
