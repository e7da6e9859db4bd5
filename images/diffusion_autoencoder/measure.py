"""What z and x_T hold, in numbers: reconstruction, probes of z, z swapped, and the path between two digits."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from images.data.mnist import Digits, to_model, to_uint8
from images.diffusion_autoencoder.experiment import (
    WAYS,
    BetweenConfig,
    between,
    codes,
    downward,
    own_noise,
    squared_errors,
)
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, bootstrap, mean_of, share_of
from images.metrics.paths import unevenness as uneven
from images.metrics.pca import Basis, principal
from images.metrics.ridge import fitted
from images.models import Model
from playground.errors import SEEDS, require_whole
from playground.knobs import Knobs, knob
from playground.levels import randn_like, seeded
from playground.progress import Report, silent
from playground.statistics import Difference, interval_of_mean
from playground.steps import ddim, heun
from playground.walk import final

PROBED = 8000  # training digits that the probes are fitted to
INK = 0.0  # pixels above this, in [-1, 1], are ink; paper is -1 exactly, away from every stroke


@dataclass(frozen=True)
class MeasureConfig(Knobs):
    """digits: test digits reconstructed; steps: each way, one or more; pairs: for swapping and the path in between."""

    digits: int = knob(100, 10, 10_000, "The number of digits")
    steps: tuple[int, ...] = (20, 50)
    pairs: int = 20
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_whole("The number of pairs", self.pairs, 2, self.digits // 2)
        for steps in self.steps:
            require_whole("The number of steps", steps, 2, 1000)


@dataclass(frozen=True, eq=False)
class Measured:
    """errors: (what, calls up and down; 0 where there are none) -> mean squared error; each: that of each digit, (N,).

    probes: class accuracy of linear probes.  follows: of swapped pairs, the share whose class is that of z's digit, and
    of x_T's.  leads: z's less the other's, of both, over the same digits.  spreads: mean square of x_T where there is
    ink, and on paper; 1 for noise.  uneven: longest over mean step of the path between two digits, by way; evener: z's
    less another way's, over the same pairs.
    """

    config: MeasureConfig
    size: int
    errors: dict[tuple[str, int], Estimate]
    each: dict[tuple[str, int], Tensor]
    probes: dict[str, Estimate]
    follows: dict[str, Estimate]
    leads: dict[str, Difference]
    spreads: dict[str, Difference]
    uneven: dict[str, Estimate]
    evener: dict[str, Difference]


Z_RANDOM, Z_OWN = "z and a random x_T", "z and its own x_T"
Z_HEUN = "z and its own x_T, by Heun"
UNTOLD = "the same network told nothing, its own x_T"
PLAIN, PCA = "the shipped model, its own x_T", "PCA of the same size"


def measure(
    model: Model,
    plain: Model,
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: MeasureConfig,
    report: Report = silent,
) -> Measured:
    """plain: an unconditional model of digits.  The test digits are the first ones; x_T and intervals from the seed."""
    x0 = to_model(test.images[: config.digits]).to(model.device)
    z = codes(model, x0)
    each, rng = {}, seeded(config.seed)
    runs = [(steps, name) for steps in config.steps for name in (Z_RANDOM, Z_OWN, Z_HEUN, UNTOLD, PLAIN)]
    x_T = None
    for done, (steps, name) in enumerate(runs):
        report(done, len(runs) + 2)
        given = z if name in (Z_RANDOM, Z_OWN, Z_HEUN) else None
        of = plain if name == PLAIN else model
        noise = randn_like(x0, seeded(config.seed, x0.device))
        # Heun asks twice for each step, so half as many are as dear
        step, taken = (heun(), max(2, steps // 2)) if name == Z_HEUN else (ddim(0.0), steps)
        start = noise if name == Z_RANDOM else own_noise(of, x0, taken, given, step=step)
        x_T = start if name == Z_OWN else x_T
        each[name, steps] = squared_errors(final(downward(of, start, taken, given, step)), x0).cpu()
    assert x_T is not None
    basis = principal(to_model(training.images).flatten(1), z.shape[1])
    each[PCA, 0] = squared_errors(basis.rebuilt(x0.cpu().flatten(1)), x0.cpu().flatten(1))
    report(len(runs), len(runs) + 2)
    read = probes(model, basis, training, test)
    follows = _swapped(model, classifier, test, x_T, z, config)
    ratios = unevenness(model, classifier, test, config)
    return Measured(
        config,
        z.shape[1],
        {key: _mean(values, rng) for key, values in each.items()},
        each,
        {view: share_of(right) for view, right in read.items()},
        {of: share_of(right) for of, right in follows.items()},
        {"class": _lead(read["z"], read["PCA"]), "swapped": _lead(follows["z"], follows["x_T"])},
        {where: mean_square(x_T, places(x0)) for where, places in PLACES.items()},
        {way: _mean(values, rng) for way, values in ratios.items()},
        {way: interval_of_mean(ratios[WAYS[0]] - ratios[way]) for way in WAYS[1:]},
    )


def _lead(one: Tensor, other: Tensor) -> Difference:
    """By how much the share of hits is larger, hits (N,) bool over the same digits; cut at 1, the most there is."""
    found = interval_of_mean(one.double() - other.double())
    return Difference(found.value, max(-1.0, found.low), min(1.0, found.high))


def mean_square(x_T: Tensor, where: Tensor) -> Difference:
    """Of x_T (N, 1, H, W) at the places `where`, bool, digit by digit, with the interval of the mean over digits."""
    n = where.flatten(1).sum(1)
    each = (x_T.square() * where).flatten(1).sum(1) / n
    return interval_of_mean(each[n > 0].cpu())


def _mean(values: Tensor, rng: torch.Generator) -> Estimate:
    return bootstrap(mean_of(values.cpu()), len(values), rng)


def _far(x0: Tensor) -> Tensor:
    """Pixels with no ink within three of them."""
    return torch.nn.functional.max_pool2d(x0, 7, stride=1, padding=3) == -1


# --- the probes --------------------------------------------------------------------------------------------


PLACES: dict[str, Callable[[Tensor], Tensor]] = {"ink": lambda x0: x0 > INK, "paper": _far}


def probes(model: Model, basis: Basis, training: Digits, test: Digits) -> dict[str, Tensor]:
    """Which test digits, (N,) bool, a ridge regression to the classes reads right, from z and from PCA of that size."""
    seen, unseen = to_model(training.images[:PROBED]), to_model(test.images)
    views: dict[str, Callable[[Tensor], Tensor]] = {
        "z": lambda x: codes(model, x).cpu(),
        "PCA": lambda x: basis.projected(x.flatten(1)),
    }
    return {
        name: ridge(view(seen), training.labels[:PROBED], view(unseen)).argmax(1) == test.labels
        for name, view in views.items()
    }


def ridge(x: Tensor, labels: Tensor, new: Tensor) -> Tensor:
    """Ridge regression of x (N, D) to one-hot labels: scores of new (M, 10)."""
    return fitted(x, torch.nn.functional.one_hot(labels, 10))(new)


# --- swapping, and the way in between -------------------------------------------------------------------------


def _swapped(
    model: Model, classifier: Classifier, test: Digits, x_T: Tensor, z: Tensor, config: MeasureConfig
) -> dict[str, Tensor]:
    """z of one digit with the own x_T of the next, where their classes differ: whose class is it then?"""
    n = config.digits
    labels, others = test.labels[:n], test.labels[:n].roll(-1)
    x = final(downward(model, x_T.roll(-1, 0), config.steps[-1], z))
    found = features(classifier, to_uint8(x).cpu()).classes
    differ = labels != others
    return {"z": (found == labels)[differ], "x_T": (found == others)[differ]}


def unevenness(
    model: Model, classifier: Classifier, test: Digits, config: MeasureConfig
) -> dict[str, Tensor]:
    """(pairs,) each: longest over mean step between neighbours on the way, in the classifier's features; 1 is even."""
    ratios: dict[str, list[float]] = {}
    for pair in range(config.pairs):
        one, two = (test.images[2 * pair + k, 0].numpy() for k in (0, 1))
        for way, images in between(model, one, two, BetweenConfig(11, config.steps[0])).items():
            ratios.setdefault(way, []).append(uneven(features(classifier, images)))
    return {way: torch.tensor(values, dtype=torch.float64) for way, values in ratios.items()}
