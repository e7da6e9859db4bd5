"""Inpainting in the plane at many observations, and RePaint with many resamplings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from playground.progress import Report, silent, turn_of
from playground.steps import VARIANCES
from playground.walk import final, watched
from toy2d.conditional import given, share_below, variance_above
from toy2d.inpainting.experiment import METHODS, SPLIT, InpaintConfig, Walker, seen, spread_above, walk_of

RESAMPLINGS = (1, 2, 5, 10, 20, 40)


@dataclass(frozen=True, eq=False)
class Shares:
    """low[name] (N,): the share below the split at each of `at` (N,); truth (N,); particles behind each share."""

    at: np.ndarray
    truth: np.ndarray
    low: dict[str, np.ndarray]
    particles: int


def over_observations(
    config: InpaintConfig, reach: float = 3.0, count: int = 25, particles: int = 200, report: Report = silent
) -> Shares:
    """The share at `count` observations from -reach to reach: one walk each, every particle with its own."""
    mixture = config.build()
    values = np.linspace(-reach, reach, count)
    known = torch.tensor(values, dtype=torch.float32).repeat_interleave(particles)[:, None].expand(-1, 2)
    names = [name for name in METHODS if name != "exact"]  # that one knows one observation only
    low = {}
    for turn, name in enumerate(names):
        walker = METHODS[name](config, mixture, known)
        end = _end(walker, config, len(known), report, turn, len(names))
        low[name] = (end[:, 1 - config.known] < SPLIT).double().view(count, particles).mean(1).numpy()
    truth = np.array([share_below(given(mixture, config.known, float(value)), SPLIT) for value in values])
    return Shares(values, truth, low, particles)


def over_resamplings(
    config: InpaintConfig, turns: Sequence[int] = RESAMPLINGS, report: Report = silent
) -> Shares:
    """RePaint's share against its number of resamplings, at config's observation."""
    config.require_walks(sum(turns))
    mixture = config.build()
    low = []
    for turn, r in enumerate(turns):
        walker = METHODS["repaint"](replace(config, resamplings=r), mixture, seen(config))
        end = _end(walker, config, config.particles, report, turn, len(turns))
        low.append(float((end[:, 1 - config.known] < SPLIT).double().mean()))
    truth = share_below(given(mixture, config.known, config.value), SPLIT)
    return Shares(np.array(turns), np.full(len(turns), truth), {"repaint": np.array(low)}, config.particles)


@dataclass(frozen=True, eq=False)
class Narrowing:
    """above[variance], errors[variance] (N,): the variance of RePaint's results above the split with each of DDPM's
    two variances, and its standard error, at each r of `at` (N,); exact: the conditional's.
    """

    at: np.ndarray
    exact: float
    above: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]


def narrowing(
    config: InpaintConfig, turns: Sequence[int] = RESAMPLINGS, report: Report = silent
) -> Narrowing:
    """What resampling does to the width of the upper mode: every walk down with too small a variance narrows it."""
    mixture, cells = config.build(), [(variance, r) for variance in VARIANCES for r in turns]
    found = []
    for turn, (variance, r) in enumerate(cells):
        walker = METHODS["repaint"](replace(config, resamplings=r, variance=variance), mixture, seen(config))
        end = _end(walker, config, config.particles, report, turn, len(cells))
        found.append(spread_above(end[:, 1 - config.known]))
    values = np.array(found).reshape(len(VARIANCES), len(turns), 2)
    exact = variance_above(given(mixture, config.known, config.value), SPLIT)
    above, errors = (dict(zip(VARIANCES, values[:, :, k], strict=True)) for k in range(2))
    return Narrowing(np.array(turns), exact, above, errors)


def _end(
    walker: Walker, config: InpaintConfig, particles: int, report: Report, turn: int, turns: int
) -> Tensor:
    """The last x, (B, 2)."""
    states = walk_of(walker, config, particles)
    return final(watched(states, turn_of(report, turn, turns), len(walker[2]) - 1))
