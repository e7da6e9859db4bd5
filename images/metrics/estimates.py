"""Quality in numbers: Frechet distances, precision, recall and classes, each with an interval.

The Frechet distance of n images is biased upwards, the more so the smaller n is and the more dimensions
there are: even other real digits do not reach 0.  So a number is read beside its floor, which is what n real
digits reach against the same reference, and two numbers are compared at the same n only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from images.metrics.classifier import SUFFIX, Features
from images.metrics.frechet import Gaussian, fitted, frechet_distance
from images.metrics.neighbours import coverage
from playground.errors import require
from playground.statistics import FAILS, HOLDS, OPEN, Z, wilson

FCD, SFCD = f"FCD-{SUFFIX}", f"sFCD-{SUFFIX}"
PRECISION, RECALL = f"precision-{SUFFIX}", f"recall-{SUFFIX}"
ENTROPY, CONFIDENCE = f"class-entropy-{SUFFIX}", f"confidence-{SUFFIX}"
MEANINGS = {
    FCD: "Frechet distance in the classifier's 96 penultimate features; lower is better",
    SFCD: "the same in 7 channels of an earlier layer with their 7 x 7 places: sFID's idea; lower is better",
    PRECISION: "share of the images within the real ones' manifold, k = 3; higher is better",
    RECALL: "share of the real images within the generated ones' manifold, k = 3; higher is better",
    ENTROPY: f"entropy of the predicted classes in nats; {math.log(10):.4f} is all ten alike",
    CONFIDENCE: "mean probability of the most probable class",
}
RESAMPLES = 100  # a standard error from 100 is itself known to about 7 %


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval, low to high: 1.96 standard errors to each side, cut where no value can be;
    of a share Wilson's, which is not symmetric.
    """

    value: float
    low: float
    high: float

    @property
    def se(self) -> float:
        """The standard error, by the upper side: the lower one may be cut off at 0."""
        return (self.high - self.value) / Z


@dataclass(frozen=True, eq=False)
class Reference:
    """The real images that others are held against, and their Gaussians, fitted once."""

    features: Features

    @cached_property
    def deep(self) -> Gaussian:
        return fitted(self.features.deep)

    @cached_property
    def spatial(self) -> Gaussian:
        return fitted(self.features.spatial)


def verdict(larger: Estimate, smaller: Estimate, at: str = "this N") -> str:
    """In bold, whether what is claimed to be larger is: by 95 % intervals that do not touch.

    That is stricter than a test of the difference, and right where both were measured on the same digits, too.
    """
    if larger.low > smaller.high:
        return f"**{HOLDS}**"
    return f"**{FAILS}**" if larger.high < smaller.low else f"**{OPEN}** at {at}"


def share_of(hits: Tensor) -> Estimate:
    """The share of hits (n,) bool among independent images, with Wilson's interval: it stays in [0, 1]."""
    value = float(hits.double().mean())
    low, high = wilson(value, len(hits))
    return Estimate(value, float(low), float(high))


def ratio_of(top: Tensor, bottom: Tensor) -> Callable[[Tensor], float]:
    """The statistic sum of `top` over sum of `bottom`, (n,) each, for `bootstrap`: R**2 where top = bottom - errors."""
    return lambda weights: float(weights @ top) / float(weights @ bottom)


def bootstrap(
    statistic: Callable[[Tensor], float],
    n: int,
    rng: Generator,
    resamples: int = RESAMPLES,
    ends: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Interval of a statistic of n independent images (Efron 1979).

    statistic(weights (n,)) -> float; the weights say how often each image counts; once each, for the value.
    ends: the least and the largest value that the statistic can have; the interval is cut there.
    """
    require(
        resamples >= 2, f"The bootstrap draws {resamples} resamples; a spread needs at least two: raise it."
    )
    value = statistic(torch.ones(n, dtype=torch.float64))
    resampled = [statistic(_drawn(n, rng)) for _ in range(resamples)]
    half = Z * float(torch.tensor(resampled, dtype=torch.float64).std())
    return Estimate(value, max(ends[0], value - half), min(ends[1], value + half))


def frechet_estimate(
    images: Tensor, reference: Gaussian, rng: Generator, resamples: int = RESAMPLES
) -> Estimate:
    """Frechet distance of features (n, D), and the interval of its mean at this n, bias included.

    The plain bootstrap fails here twice.  Duplicates push a resample's distance up once more, so only the
    spread is used, around the value.  And near the floor the distance is a quadratic form of the sampling
    noise e, say |d + e|**2, of variance 4 d'Sd + V; a resample adds e* to e, and since 4 E[e'Se] = 2 V, its
    variance is 4 d'Sd + 3 V on average.  V is what resamples show against their own sample, where d + e = 0,
    so 2 V is taken off.
    """
    own = fitted(images)
    value = frechet_distance(own, reference)
    drawn = (fitted(images, _drawn(len(images), rng)) for _ in range(resamples))
    pairs = [(frechet_distance(one, reference), frechet_distance(one, own)) for one in drawn]
    variance, V = torch.tensor(pairs, dtype=torch.float64).var(0).tolist()
    half = Z * math.sqrt(max(variance - 2 * V, V))
    return Estimate(value, max(0.0, value - half), value + half)


def _drawn(n: int, rng: Generator) -> Tensor:
    """How often each of n images is drawn in n draws with replacement, (n,) float64."""
    return torch.bincount(torch.randint(n, (n,), generator=rng), minlength=n).double()


def measured(
    images: Features, reference: Reference, rng: Generator, resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """All metrics of MEANINGS by name, for the features of N images against a reference.

    Precision and recall take the first min(N, M) images of both sides, because they depend on the sizes;
    their intervals hold the manifolds fixed.  No interval covers the sampling of the reference.
    """
    equal = min(len(images), len(reference.features))
    covered = coverage(images.deep[:equal], reference.features.deep[:equal])
    distances = {
        FCD: frechet_estimate(images.deep, reference.deep, rng, resamples),
        SFCD: frechet_estimate(images.spatial, reference.spatial, rng, resamples),
    }
    shares = {PRECISION: share_of(covered.precise), RECALL: share_of(covered.recalled)}
    statistics = {
        ENTROPY: (lambda w: entropy(torch.bincount(images.classes, w, minlength=10)), (0.0, math.log(10))),
        CONFIDENCE: (mean_of(images.probabilities.amax(1)), (0.0, 1.0)),
    }
    others = {
        name: bootstrap(statistic, len(images), rng, resamples, ends)
        for name, (statistic, ends) in statistics.items()
    }
    return distances | shares | others


def mean_of(values: Tensor) -> Callable[[Tensor], float]:
    """The mean of values (n,), as a statistic for `bootstrap`."""
    return lambda weights: float(weights @ values.double() / len(values))


def entropy(counts: Tensor) -> float:
    """Entropy in nats of the distribution that counts (K,) are proportional to; 0 log 0 = 0."""
    p = counts.double() / counts.sum()
    return float(torch.special.entr(p).sum())


def decibels(mse: Tensor) -> float:
    """Peak signal-to-noise ratio, peak to peak: values run over 2.  mse: of all images, a scalar; 0 gives infinity."""
    return float(10 * torch.log10(4 / mse))
