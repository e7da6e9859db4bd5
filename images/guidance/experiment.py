"""Guidance on digits: classifier-free and by a guide, and what each does to agreement, distance and variety.

A guide pulls in two forms: as a denoiser, walked by DDIM, and as the stochastic step whose mean is moved.  Agreement is
read by the metrics' classifier, which guides nothing.  Labels are drawn with MNIST's own shares, or a perfect model
would show a distance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.attributes import attributes
from images.data.mnist import Digits, to_model, to_uint8
from images.generate.experiment import told_label
from images.metrics.classifier import Features
from images.metrics.estimates import FCD, Estimate
from images.metrics.evaluate import Yardstick
from images.models import Model
from images.networks.guide import Guide
from playground.denoisers import HIGHEST, Denoiser, require_interval
from playground.errors import SEEDS, require, require_range
from playground.guidance import Gradient, classifier_guided, gradient_of, guided_ancestral, pulling_between
from playground.knobs import Knobs, knob
from playground.levels import linear_beta, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import (
    Difference,
    difference,
    difference_of_shares,
    ends,
    interval,
    interval_of_mean,
    verdict,
    wilson,
)
from playground.steps import Step, ddim, in_unison
from playground.walk import checked, final, starting_noise, walk, watched

BATCH = 250
WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
SCALES = (0.0, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class GuidanceConfig(Knobs):
    """samples: digits at each strength; steps: of DDIM; strengths: w of guidance without a classifier, s with one.

    low, high: guided at levels with low < sigma / alpha <= high only.
    """

    samples: int = knob(200, 20, 10_000, "The number of digits")
    steps: int = knob(20, 1, 1000, "The number of steps", among=(5, 10, 15, 20, 50, 100))
    strengths: tuple[float, ...] = WEIGHTS
    seed: int = knob(0, *SEEDS, "The seed")
    low: float = knob(0.0, 0, HIGHEST, "The level above which there is guidance")
    high: float = knob(HIGHEST, 0, HIGHEST, "The level up to which there is guidance")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_interval(self.low, self.high)
        require(len(self.strengths) > 0, "No strength of guidance was given; choose at least one.")
        for strength in self.strengths:
            require_range("The strength of guidance", strength, 0, 1000)


FIRST = GuidanceConfig(steps=10)  # what the page opens with, by DPM-Solver++


@dataclass(frozen=True, eq=False)
class Row:
    """What one strength does.  agreement: share of digits that the metrics' classifier reads as asked, with its 95 %
    interval; spread: the standard deviation of slant and thickness within classes, real digits have 1; confidence: the
    guide's own mean probability of the label, where there is one; fooled: that less the mean probability of the
    metrics' classifier, over the same digits.
    """

    strength: float
    images: Tensor
    metrics: dict[str, Estimate]
    agreement: float
    low: float
    high: float
    slant: float
    thickness: float
    confidence: float | None
    fooled: Difference | None = None


@dataclass(frozen=True, eq=False)
class Sweep:
    config: GuidanceConfig
    rows: tuple[Row, ...]
    floors: dict[str, Estimate]


Strength = float | Tensor  # one for all, or one for each digit, (B, 1, 1, 1)
# (labels, strength, config, whose interval counts) -> what is walked
Guided = Callable[[Tensor, Strength, GuidanceConfig], tuple[Step, Denoiser]]


def classifier_free(model: Model, step: Callable[[], Step] = lambda: ddim(0.0)) -> Guided:
    """Ho and Salimans (2022): the model told the label, led away from itself told nothing."""
    return lambda labels, w, c: (step(), told_label(model, labels, w, c.low, c.high))


def by_guide(model: Model, guide: Guide) -> Guided:
    """Dhariwal and Nichol (2021), Algorithm 2: the unconditional model, its score moved by s times the guide's."""
    return lambda labels, s, c: (
        ddim(0.0),
        model.within(classifier_guided(model.denoise, _pulled(towards(guide, labels), s, c))),
    )


def by_guide_stochastic(model: Model, guide: Guide) -> Guided:
    """Dhariwal and Nichol (2021), Algorithm 1: the mean of DDPM's step is moved by s Sigma grad log p(c | xt)."""
    return lambda labels, s, c: (
        guided_ancestral(_pulled(towards(guide, labels), s, c)),
        model.within(model.denoise),
    )


def _pulled(gradient: Gradient, s: Strength, config: GuidanceConfig) -> Gradient:
    return pulling_between(gradient, s, 0.0, config.low, config.high)


FORMS: dict[str, Callable[[Model, Guide], Guided]] = {"ddim": by_guide, "stochastic": by_guide_stochastic}


def towards(guide: Guide, labels: Tensor) -> Gradient:
    """grad log p(c | xt) of the labels, (B,)."""
    return gradient_of(lambda xt, level: guide(xt, level).gather(1, labels[:, None]).squeeze(1))


def labels_like(digits: Digits, n: int, seed: int) -> Tensor:
    """n labels with the shares that they have among the digits, (n,)."""
    return digits.labels[torch.randint(len(digits.labels), (n,), generator=seeded(seed))]


def the_ten(model: Model, guided: Guided, config: GuidanceConfig, report: Report = silent) -> np.ndarray:
    """The classes 0 to 9 at each strength, from the same noise, (strengths * 10, 28, 28) uint8.

    All strengths are walked as one batch: on two cores that takes three fifths of the time of one after the other.
    """
    rows, rng = len(config.strengths), seeded(config.seed, model.device)
    labels = torch.arange(10, device=model.device).repeat(rows)
    strength = torch.tensor(config.strengths, device=model.device).repeat_interleave(10).view(-1, 1, 1, 1)
    return _drawn(model, guided, labels, strength, config, rng, report, rows)[:, 0].numpy()


def generated(
    model: Model,
    guided: Guided,
    labels: Tensor,
    strength: float,
    config: GuidanceConfig,
    report: Report = silent,
) -> Tensor:
    """One digit for each label, (N, 1, 28, 28) uint8; the noise is the same at every strength."""
    rng, batches = seeded(config.seed, model.device), labels.to(model.device).split(BATCH)
    parts = [
        _drawn(model, guided, chosen, strength, config, rng, turn_of(report, number, len(batches)))
        for number, chosen in enumerate(batches)
    ]
    return torch.cat(parts)


def _drawn(
    model: Model, guided: Guided, labels: Tensor, strength: Strength, config: GuidanceConfig, rng: Generator,
    report: Report, rows: int = 1,
) -> Tensor:  # fmt: skip
    """One digit for each label, (B, 1, 28, 28) uint8, in so many rows of the same noise."""
    grid = model.schedule.grid(min(config.steps, model.schedule.T))
    start = starting_noise((len(labels) // rows, *model.shape), grid[0], rng).repeat(rows, 1, 1, 1)
    step, denoise = guided(labels, strength, config)
    states = checked(walk(in_unison(step, rows), denoise, start, grid, rng))
    return to_uint8(final(watched(states, report, len(grid) - 1))).cpu()


def sweep(
    model: Model, guided: Guided, yardstick: Yardstick, config: GuidanceConfig, guide: Guide | None = None,
    report: Report = silent,
) -> Sweep:  # fmt: skip
    """The same labels and noise at every strength."""
    labels = labels_like(yardstick.test, config.samples, config.seed)
    real = within_classes(yardstick.test.images, yardstick.test.labels)
    rows = []
    for turn, strength in enumerate(config.strengths):
        part = turn_of(report, turn, len(config.strengths))
        images = generated(model, guided, labels, strength, config, part)
        features, metrics = yardstick.measure(images, config.seed)
        right = float((features.classes == labels).double().mean())
        low, high = wilson(right, config.samples)
        slant, thickness = (a / b for a, b in zip(within_classes(images, labels), real, strict=True))
        spread = (slant, thickness)
        sure, fooled = (None, None) if guide is None else confused(guide, features, images, labels)
        rows.append(Row(strength, images, metrics, right, float(low), float(high), *spread, sure, fooled))
    return Sweep(config, tuple(rows), yardstick.floors(config.samples, config.seed))


def within_classes(images: Tensor, labels: Tensor) -> tuple[float, float]:
    """The standard deviation of slant and thickness within classes, the root of the mean variance."""
    found = attributes(images)
    spreads = []
    for values in (found.slant, found.thickness):
        variances = []
        for label in labels.unique():
            of = values[labels == label].double()
            of = of[of.isfinite()]
            if len(of) > 1:
                variances.append(float(of.var()) * len(of))
        spreads.append(float(np.sqrt(sum(variances) / len(labels))))
    return spreads[0], spreads[1]


def confused(guide: Guide, seen: Features, images: Tensor, labels: Tensor) -> tuple[float, Difference]:
    """The guide's mean probability of the label, and how much more that is than the metrics' classifier gives it.

    Both look at the same digits, so the interval is that of the mean of paired differences.
    """
    own = confidence(guide, images, labels)
    apart = own - seen.probabilities.gather(1, labels[:, None]).squeeze(1).double()
    return float(own.mean()), interval_of_mean(apart)


@torch.no_grad()
def confidence(guide: Guide, images: Tensor, labels: Tensor) -> Tensor:
    """The guide's probability of each finished digit's label, (N,), at the least noise that it knows."""
    device = next(guide.parameters()).device
    x = to_model(images.to(device))
    log_p = guide(x, linear_beta().level(1).to(x))
    return log_p.gather(1, labels.to(device)[:, None]).squeeze(1).exp().double().cpu()


def verdicts(found: Sweep) -> list[str]:
    """The lecture's claims about guidance, each with its numbers."""
    rows, first = found.rows, found.rows[0]
    best = max(rows, key=lambda row: row.agreement)
    n = found.config.samples
    rise = difference_of_shares(best.agreement, n, first.agreement, n)
    N = f"N = {n:,} at each strength, seed {found.config.seed}"
    said = [
        f"**Agreement** goes from {first.agreement:.1%} ({ends(first, '.1%')}) at {first.strength:g} to "
        f"{best.agreement:.1%} ({ends(best, '.1%')}) at {best.strength:g}: "
        f"that it rises {verdict(rise, 'this N')}; {N}."
    ]
    nearest = min(rows, key=lambda row: row.metrics[FCD].value)
    fcd, start = nearest.metrics[FCD], first.metrics[FCD]
    said.append(
        f"**{FCD}** is lowest at {nearest.strength:g}: {interval(fcd, '.2f')}, against "
        f"{interval(start, '.2f')} without guidance and a floor of "
        f"{found.floors[FCD].value:.2f}."
    )
    last = rows[-1]
    said.append(
        f"**Variety** within a class, real digits 1: slant {first.slant:.2f} to {last.slant:.2f}, thickness "
        f"{first.thickness:.2f} to {last.thickness:.2f}, from {first.strength:g} to {last.strength:g}."
    )
    if last.confidence is not None and last.fooled is not None:
        gap = last.fooled
        said.append(
            f"**Confusing the classifier:** at {last.strength:g} the guide gives its digits {last.confidence:.1%}, "
            f"which is {interval(gap, '+.1%')} beyond the metrics' classifier, which "
            "guided nothing. "
            f"That the guide is fooled: {verdict(gap, f'N = {found.config.samples:,}')}."
        )
    return said


def forms_apart(stochastic: Sweep, ddim: Sweep) -> list[str]:
    """The stochastic form against DDIM's, strength by strength: agreement, and how much farther off it lies."""
    n, said = stochastic.config.samples, []
    for one, other in zip(stochastic.rows, ddim.rows, strict=True):
        if one.strength == 0:
            continue
        surer = difference_of_shares(one.agreement, n, other.agreement, n)
        a, b = one.metrics[FCD], other.metrics[FCD]
        nearer = difference(b.value, b.se, a.value, a.se)
        said.append(
            f"s = {one.strength:g}: that the stochastic form agrees more often than DDIM's "
            f"({interval(surer, '+.1%')}) {verdict(surer, f'N = {n:,}')}; that it is nearer to real digits ({FCD} less "
            f"by {interval(nearer, '.2f')}) {verdict(nearer, f'N = {n:,}')}."
        )
    return said
