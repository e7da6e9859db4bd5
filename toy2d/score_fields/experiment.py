"""Exact and learned scores on a grid, and the error between them (the lecture's Problem 1)."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.denoisers import score_of
from playground.errors import UserError, require
from playground.knobs import Knobs, knob
from playground.levels import Level
from playground.statistics import FAILS, HOLDS
from toy2d.net import Learned
from toy2d.presets import EXTENT, MixtureSpec

TOLERANCE = 0.1  # a score is called good where its relative error is below 10 %
ENOUGH = 0.95  # of the data, where a score must be good to count as learned
SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0)  # that the page offers


@dataclass(frozen=True)
class FieldConfig(Knobs):
    """The square [-extent, extent]^2 at noise sigma (0: the data themselves), `resolution` points a side."""

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma: float = knob(1.0, 0, 1_000, "sigma", among=SIGMAS)
    extent: float = knob(EXTENT, 0, 1_000, "The extent", open_ends=True)
    resolution: int = knob(91, 2, 1_000, "The resolution")


@dataclass(frozen=True, eq=False)
class ScoreError:
    """relative (H, W): ||s_hat - s|| / max(||s||, typical), typical the root mean square of ||s|| over the data
    (the score vanishes inside every mode, so its own size alone would be no measure there).

    area, mass: shares of the square's area, and of its probability, where that is below 10 %.
    density_bins, median_errors: the middle of bins of log10 density, and the median relative error in each.
    """

    relative: np.ndarray
    area: float
    mass: float
    density_bins: np.ndarray
    median_errors: np.ndarray


@dataclass(frozen=True, eq=False)
class Field:
    """axis (W,); log_density (H, W), natural log; exact, learned (H, W, 2); [i, j] is at x = axis[j], y = axis[i].

    judged: how far the learned score is from the exact one; None, as `learned`, where no network was given.
    """

    axis: np.ndarray
    log_density: np.ndarray
    exact: np.ndarray
    learned: np.ndarray | None
    judged: ScoreError | None

    @property
    def error(self) -> ScoreError:
        """Of the learned score.  Raises UserError where there is none."""
        if self.judged is None:
            raise UserError(
                "This field has an exact score only; an error needs a learned one: give a network."
            )
        return self.judged


def score_field(config: FieldConfig, learned: Learned | None = None) -> Field:
    """Raises UserError for learned scores at sigma = 0: no denoiser defines a score there."""
    require(
        learned is None or config.sigma > 0,
        "sigma is 0; a learned score needs noise, since it was learned by denoising: choose a sigma above 0.",
    )
    mixture = config.mixture.build(torch.float64)
    level = Level.of(sigma=config.sigma, like=mixture.means)
    axis = torch.linspace(-config.extent, config.extent, config.resolution, dtype=torch.float64)
    x = torch.cartesian_prod(axis, axis).flip(1)  # (H * W, 2), x fastest
    log_density = mixture.log_prob(x, level)
    exact = mixture.score(x, level)
    s_hat = None if learned is None else _learned(learned, x, level)
    return Field(
        axis.numpy(),
        _square(log_density, config),
        _square(exact, config),
        None if s_hat is None else _square(s_hat, config),
        None if s_hat is None else _error(s_hat, exact, log_density, config),
    )


def _learned(learned: Learned, x: Tensor, level: Level) -> Tensor:
    x = x.float()
    with torch.no_grad():
        return score_of(learned.denoise)(x, level.to(x)).double()


def _error(s_hat: Tensor, exact: Tensor, log_density: Tensor, config: FieldConfig) -> ScoreError:
    mass = log_density.softmax(0)  # of each cell, within the square
    size = exact.norm(dim=1)
    typical = (mass @ size.square()).sqrt()
    relative = (s_hat - exact).norm(dim=1) / size.clamp(min=typical)
    good = (relative < TOLERANCE).double()
    bins, medians = _by_density(relative.numpy(), log_density.numpy() / np.log(10))
    return ScoreError(_square(relative, config), float(good.mean()), float(mass @ good), bins, medians)


def _by_density(
    relative: np.ndarray, log10_density: np.ndarray, bins: int = 24
) -> tuple[np.ndarray, np.ndarray]:
    """The median relative error in equal bins of log10 density; empty bins are left out."""
    edges = np.linspace(max(log10_density.min(), log10_density.max() - 12), log10_density.max(), bins + 1)
    which = np.digitize(log10_density, edges[1:-1])
    inside = log10_density >= edges[0]
    filled = [i for i in range(bins) if (inside & (which == i)).any()]
    medians = [np.median(relative[inside & (which == i)]) for i in filled]
    return (edges[:-1] + edges[1:])[filled] / 2, np.array(medians)


def said(config: FieldConfig, error: ScoreError) -> tuple[str, str]:
    """Whether the learned score is good where the data lie; exact up to the grid, and of one training."""
    return (
        f"Claim: the learned score is within {TOLERANCE:.0%} of the exact one for {ENOUGH:.0%} of the data or more. It "
        f"is for {error.mass:.1%} of them, and on {error.area:.0%} of the square. One training, judged on a grid of "
        f"{config.resolution}² points: exact, so without an interval."
    ), HOLDS if error.mass >= ENOUGH else FAILS


def _square(values: Tensor, config: FieldConfig) -> np.ndarray:
    """(H * W, ...) -> (H, W, ...)."""
    return values.reshape(config.resolution, config.resolution, *values.shape[1:]).numpy()
