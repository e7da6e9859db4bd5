"""Two autoencoders on the same digits: what another loss, or another weight of KL, gains and costs.

Rombach et al. (2022), Section 3.1; lecture, "Latent diffusion models".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from images.autoencoders.experiment import (
    MeasureConfig,
    from_noise,
    grays,
    psnr_gain,
    rebuilt,
    require_enough,
    squared_errors,
)
from images.data.mnist import Digits, to_model, to_uint8
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, Reference, bootstrap, frechet_estimate
from images.networks.autoencoder import Autoencoder
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import Difference, difference, interval, interval_of_mean, mean_difference, verdict

WHAT = ("psnr", "gray", "off", "rebuilt", "noise")


@dataclass(frozen=True, eq=False)
class Seen:
    """errors, gray: of each test digit, (N,) float64; rebuilt, noise: Frechet distances."""

    errors: Tensor
    gray: Tensor
    rebuilt: Estimate
    noise: Estimate


@dataclass(frozen=True)
class Compared:
    """The one less the other: PSNR in dB; the share of gray pixels, and how far off real digits' it is (too few are no
    better than too many); and Frechet distances of reconstructions and of decoded noise.

    Errors and grays are compared digit by digit, the Frechet distances as two estimates.
    """

    psnr: Difference
    gray: Difference
    off: Difference
    rebuilt: Difference
    noise: Difference


def seen(net: Autoencoder, classifier: Classifier, test: Digits, config: MeasureConfig) -> Seen:
    """The first test digits go through; the others are the reference."""
    n, rng = config.digits, seeded(config.seed)
    require_enough(n, test)
    x, reference = to_model(test.images[:n]), Reference(features(classifier, test.images[n:])).deep
    back, noise = rebuilt(net, x), from_noise(net, n, config.seed)
    distances = (
        frechet_estimate(features(classifier, to_uint8(some)).deep, reference, rng) for some in (back, noise)
    )
    return Seen(squared_errors(back, x), grays(to_uint8(back)), *distances)


def compared(one: Seen, other: Seen, real: Tensor) -> Compared:
    """real: grays of the same digits themselves."""
    rng, n = seeded(0), len(real)
    gain = psnr_gain(one.errors, other.errors, rng)
    apart = bootstrap(
        lambda w: abs(float(w @ (one.gray - real))) / n - abs(float(w @ (other.gray - real))) / n, n, rng
    )
    distances = (
        difference(a.value, a.se, b.value, b.se)
        for a, b in ((one.rebuilt, other.rebuilt), (one.noise, other.noise))
    )
    return Compared(
        gain,
        interval_of_mean(one.gray - other.gray),
        Difference(apart.value, apart.low, apart.high),
        *distances,
    )


def compare(
    pairs: Sequence[tuple[Autoencoder, Autoencoder]],
    classifier: Classifier,
    test: Digits,
    config: MeasureConfig,
    report: Report = silent,
) -> list[Compared]:
    """Of each pair (new, base): two trainings that differ in what is asked about, and not in seed.

    A network that stands in several pairs is looked at once.
    """
    nets, known = {id(net): net for pair in pairs for net in pair}, {}
    for turn, (key, net) in enumerate(nets.items()):
        report(turn, len(nets))
        known[key] = seen(net, classifier, test, config)
    report(len(nets), len(nets))
    real = grays(test.images[: config.digits])
    return [compared(known[id(one)], known[id(other)], real) for one, other in pairs]


def over_trainings(found: Sequence[Compared]) -> Compared:
    """The mean difference over pairs of trainings, with Student's interval: what differs is then not one run's luck."""
    values = {name: np.array([getattr(one, name).value for one in found]) for name in WHAT}
    return Compared(**{name: mean_difference(v, np.zeros_like(v)) for name, v in values.items()})


def claims(found: Compared, N: str) -> list[str]:
    """What is claimed of perceptual and adversarial losses: PSNR is paid, sharpness and distance are won."""
    lower = [
        ("PSNR is lower", "psnr", "+.2f", " dB"),
        ("strokes are sharper, there are fewer gray pixels", "gray", "+.4f", " of all"),
        ("their share is nearer to that of real digits", "off", "+.4f", ""),
        ("reconstructions are nearer to real digits", "rebuilt", "+.3f", " FCD"),
        ("decoded noise is nearer to real digits", "noise", "+.2f", " FCD"),
    ]
    said = []
    for words, name, form, unit in lower:
        d: Difference = getattr(found, name)
        said.append(f"{words}: {interval(d, form)}{unit}, {N}; **{verdict(negated(d), N)}**.")
    return said


def negated(found: Difference) -> Difference:
    """b - a from a - b."""
    return Difference(-found.value, -found.high, -found.low)
