"""Annealed Langevin dynamics on digits, told Algorithm 1's noise and told the noise that is there: measured.

The same chain runs with the network and, as a control, with the exact denoiser of real digits, which is right at
every place and level: what that one loses is the chain's own fault, what the network loses beyond it is the network's,
away from the shell that it has learned.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import to_model, to_uint8
from images.generate.experiment import SampleConfig
from images.metrics.estimates import FCD, Estimate
from images.metrics.evaluate import BATCH, Yardstick
from images.models import Model
from images.sampling import ANNEALED, AS_WRITTEN, HOLD, LANGEVIN, langevin_levels, plan
from playground.annealing import off_the_shell, settled_variance, variances
from playground.claims import alike
from playground.denoisers import Denoiser, clipped
from playground.knobs import Knobs, knob
from playground.levels import Level, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import difference_of_shares, interval
from playground.walk import checked, final, starting_noise, walk, watched

NETWORK, EXACT = "the network", "the exact denoiser of real digits"
PIXELS = 28 * 28
FIRST = SampleConfig(16, "DDPM", 100)  # what both sides of the page open with


@dataclass(frozen=True)
class ToldConfig(Knobs):
    """samples digits of each chain in `steps` steps; remembered: training digits of the exact denoiser, 0 for none."""

    samples: int = knob(100, 10, 10_000, "The number of samples")
    steps: int = 100
    seed: int = 0
    remembered: int = knob(5_000, 0, 10_000, "The number of remembered digits")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sampling(ANNEALED)

    def sampling(self, sampler: str) -> SampleConfig:
        return SampleConfig(1, sampler, self.steps, seed=self.seed)


@dataclass(frozen=True, eq=False)
class Mismatch:
    """What is known before the walk: c, the settled v, and how far off its shell the network is, least and most."""

    c: float
    settled: float
    off: tuple[float, float]
    sigmas: tuple[float, ...]
    v: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ToldDigits:
    """images: (N, 28, 28) uint8 by (denoiser, sampler); distances: their FCD; floor: as many real digits'."""

    config: ToldConfig
    mismatch: Mismatch
    images: dict[tuple[str, str], Tensor]
    distances: dict[tuple[str, str], Estimate]
    floor: Estimate

    def difference(self, denoiser: str) -> Estimate:
        """As written less told, with its 95 % interval."""
        return difference(self.distances[denoiser, AS_WRITTEN], self.distances[denoiser, ANNEALED])


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b of two independent estimates: their standard errors add in squares."""
    half = math.hypot(a.high - a.low, b.high - b.low) / 2
    value = a.value - b.value
    return Estimate(value, value - half, value + half)


def mismatch(highest: float, steps: int) -> Mismatch:
    """Of a walk of `steps` steps by a network that has seen sigma / alpha <= highest."""
    sigmas, c = langevin_levels(highest, steps // HOLD)
    v = variances(sigmas, c, HOLD)
    off = [off_the_shell(each, PIXELS) for each in v[HOLD:]]
    settled = settled_variance(c, sigmas[0] / sigmas[1], HOLD)
    return Mismatch(c, settled, (min(off), max(off)), tuple(sigmas), tuple(v))


def told_digits(
    model: Model, config: ToldConfig, yardstick: Yardstick, report: Report = silent
) -> ToldDigits:
    """Both chains, from the same starts and noise, with the network and with the exact denoiser."""
    floor = yardstick.floors(config.samples, config.seed)[
        FCD
    ]  # refuses too many samples before the long work
    denoisers: dict[str, Denoiser] = {NETWORK: clipped(model.denoise, -1, 1)}
    if config.remembered:
        denoisers[EXACT] = remembering(
            to_model(yardstick.training.images[: config.remembered]).to(model.device)
        )
    walks = [(name, sampler) for name in denoisers for sampler in LANGEVIN]
    images, distances = {}, {}
    for number, (name, sampler) in enumerate(walks):
        part = turn_of(report, number, len(walks))
        images[name, sampler] = generated(model, denoisers[name], config, sampler, part)
        distances[name, sampler] = yardstick.measure(images[name, sampler][:, None], config.seed)[1][FCD]
    return ToldDigits(config, mismatch(model.schedule.highest, config.steps), images, distances, floor)


def generated(model: Model, denoise: Denoiser, config: ToldConfig, sampler: str, report: Report) -> Tensor:
    """(N, 28, 28) uint8, in batches from one generator."""
    rng, batches = seeded(config.seed, model.device), []
    counts = [len(part) for part in torch.arange(config.samples).split(BATCH)]
    for number, count in enumerate(counts):
        step, grid = plan(model, config.sampling(sampler))
        start = starting_noise((count, 1, 28, 28), grid[0], rng)
        states = checked(walk(step, denoise, start, grid, rng))
        x = final(watched(states, turn_of(report, number, len(counts)), len(grid) - 1))
        batches.append(to_uint8(x).cpu()[:, 0])
    return torch.cat(batches)


def remembering(points: Tensor) -> Denoiser:
    """E[x0 | xt] for data that are exactly the points (N, *D), each as likely: a mean weighted by nearness."""
    flat = points.flatten(1)

    def denoise(xt: Tensor, level: Level) -> Tensor:
        squares = torch.cdist(xt.flatten(1), level.alpha * flat).square()
        weights = (-squares / (2 * level.sigma**2)).softmax(1)  # (B, N)
        return (weights @ flat).view_as(xt)

    return denoise


def said(ddpm: np.ndarray, ncsn: np.ndarray) -> tuple[str, str]:
    """Whether one side has as many clear digits as the other; ddpm, ncsn: which of each are clear, (N,) bool."""
    apart = difference_of_shares(ddpm.mean(), len(ddpm), ncsn.mean(), len(ncsn))
    return (
        "Claim: both walks end in as many clear digits. The metrics' classifier is sure of the class of "
        f"{ddpm.sum()} of {len(ddpm)} by DDPM and of {ncsn.sum()} of {len(ncsn)} by NCSN: DDPM's share less NCSN's is "
        f"{interval(apart, '+.0%')}."
    ), alike(apart, f"N = {len(ddpm)} each")
