"""The variational bound on test digits, or packaged ones, in bits per dimension (Ho et al. 2020, Table 2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from images.data.mnist import Digits, to_model
from images.metrics.estimates import Estimate
from images.models import Model
from playground.bound import VARIANCES, BoundSamples, bound_samples, discretised_decoder
from playground.denoisers import clipped
from playground.knobs import Knobs, choice, knob
from playground.levels import seeded
from playground.statistics import Z

BATCH = 250


@dataclass(frozen=True)
class BoundConfig(Knobs):
    """digits: how many of the test digits, drawn by the seed; strata + 1: network calls for each of them."""

    digits: int = knob(500, 2, 10_000, "The number of digits for the bound")
    strata: int = knob(20, 1, 1000, "The number of strata")
    variance: str = choice("beta", VARIANCES, "The variance")
    seed: int = 0


@dataclass(frozen=True)
class Bound:
    """bits: the bound in bits per dimension, with its interval over digits, times and noise.

    prior, steps and decoder are its parts L_T, L_1 + ... + L_{T-1} and L_0; the first two are Ho's rate, the
    last one the cost of the gray values that remain.
    """

    bits: Estimate
    prior: float
    steps: float
    decoder: float
    digits: int


def bound(
    model: Model,
    digits: Digits,
    config: BoundConfig,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Bound:
    """The bound on digits that the model has not seen; x0_hat is clipped, as it is when sampling."""
    count = min(config.digits, len(digits))
    chosen = torch.randperm(len(digits), generator=seeded(config.seed))[:count]
    rng, denoise = seeded(config.seed, model.device), clipped(model.denoise, -1, 1)
    strata = min(config.strata, max(1, model.schedule.T - 1))
    parts: list[BoundSamples] = []
    progress(0, count)
    for numbers in chosen.split(BATCH):
        x0 = to_model(digits.images[numbers]).to(model.device)
        args = (denoise, x0, model.schedule, config.variance, rng, discretised_decoder, strata)
        parts.append(bound_samples(*args))
        progress(sum(len(part.total) for part in parts), count)
    return _summed_up(parts)


def _summed_up(parts: list[BoundSamples]) -> Bound:
    """The means over all digits, and the interval of the total's: the digits are independent."""
    nats = 784 * math.log(2)  # of an image, for one bit in each of its pixels
    prior, steps, decoder, total = (
        torch.cat([getattr(part, name) for part in parts]) / nats
        for name in ("prior", "steps", "decoder", "total")
    )
    value, half = float(total.mean()), Z * float(total.std()) / math.sqrt(len(total))
    bits = Estimate(value, value - half, value + half)
    return Bound(bits, float(prior.mean()), float(steps.mean()), float(decoder.mean()), len(total))
