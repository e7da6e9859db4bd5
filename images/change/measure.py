"""How far a move along one attribute changes it, what it changes beside, and whether the class survives."""

from dataclasses import dataclass

import torch
from torch import Tensor

from images.change.directions import FITTED, NAMES, UNITS, Directions, directions, directions_of, values_of
from images.change.experiment import FARTHEST, redrawn
from images.data.mnist import Digits, to_model, to_uint8
from images.diffusion_autoencoder.experiment import LEAST_STEPS, codes, own_noise
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, bootstrap, mean_of, ratio_of, share_of
from images.metrics.pca import Basis, principal
from images.metrics.ridge import fitted
from images.models import Model
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.statistics import Difference, ends, interval, interval_of_mean, verdict

POINTS = 5  # of each digit's line from -by to by
BATCH = 50  # digits in one walk, POINTS of each
VIEWS = ("z", "PCA")


@dataclass(frozen=True)
class MeasureConfig(Knobs):
    """digits: test digits, each moved from -by to by along each attribute; hold: as in `directions_of`."""

    digits: int = knob(100, 10, 10_000, "The number of digits")
    by: float = knob(2.0, 0.1, FARTHEST, "The move")
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps")
    hold: bool = True
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Measured:
    """slopes: (view, along, of) -> how much attribute `of` grows by a move of one along `along`, in its own units.

    margins: (view, along, other) -> how much more the attribute moves than the other one, each in its standard
    deviation within a class.  kept: (view, along) -> the share of digits whose class is the same at both ends.
    explained: (view, of) -> R**2 of the ridge regression on the test digits.  spreads: those standard deviations.
    keeps, explains: z's share less PCA's, and z's R**2 less PCA's, over the same digits.
    """

    config: MeasureConfig
    size: int
    slopes: dict[tuple[str, str, str], Estimate]
    margins: dict[tuple[str, str, str], Difference]
    kept: dict[tuple[str, str], Estimate]
    explained: dict[tuple[str, str], Estimate]
    spreads: dict[str, float]
    keeps: dict[str, Difference]
    explains: dict[str, Difference]


def measure(
    model: Model,
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: MeasureConfig,
    report: Report = silent,
) -> Measured:
    """In z with each digit's own x_T kept, and beside it in PCA of the same size, where a move adds a picture."""
    n, rng = config.digits, seeded(config.seed)
    require(n <= len(test), f"There are {len(test):,} test digits, and {n:,} were asked for: ask for fewer.")
    ways = directions(model, training, config.hold)
    basis, flat = _in_pca(training, len(ways.std), config.hold)
    x0 = to_model(test.images[:n])
    slopes: dict[tuple[str, str, str], Estimate] = {}
    margins: dict[tuple[str, str, str], Difference] = {}
    kept: dict[tuple[str, str], Tensor] = {}
    for number, name in enumerate(NAMES):
        moves = torch.linspace(-config.by, config.by, POINTS)[:, None] * torch.eye(3)[number]
        told = part_of(report, number * n * (config.steps + 1), 3 * n * (config.steps + 1))
        drawn = {
            "z": _by_z(model, x0, ways, moves, config.steps, told),
            "PCA": _by_pca(basis, x0, flat, moves),
        }
        for view, images in drawn.items():
            own = _slopes(images, moves[:, number], f"{name} in {view}")
            for k, of in enumerate(NAMES):
                slopes[view, name, of] = bootstrap(mean_of(own[:, k]), len(own), rng)
                if k != number:
                    margins[view, name, of] = _margin(own / ways.spreads, number, k)
            kept[view, name] = _kept(classifier, images)
    explained, explains = _explained(model, basis, training, test, rng)
    return Measured(
        config,
        len(ways.std),
        slopes,
        margins,
        {key: share_of(hits) for key, hits in kept.items()},
        explained,
        dict(zip(NAMES, ways.spreads.tolist(), strict=True)),
        {name: interval_of_mean(kept["z", name].double() - kept["PCA", name].double()) for name in NAMES},
        explains,
    )


def _in_pca(training: Digits, size: int, hold: bool) -> tuple[Basis, Directions]:
    """PCA of the training digits with `size` numbers, and the directions of the attributes in it."""
    seen = training.images[:FITTED]
    basis = principal(to_model(training.images).flatten(1), size)
    numbers = basis.projected(to_model(seen).flatten(1))
    return basis, directions_of(numbers, values_of(seen), training.labels[:FITTED], hold)


def _by_z(model: Model, x0: Tensor, ways: Directions, moves: Tensor, steps: int, report: Report) -> Tensor:
    """(n * POINTS, 1, 28, 28) uint8, digit by digit."""
    found = []
    for start in range(0, len(x0), BATCH):
        some = x0[start : start + BATCH].to(model.device)
        z = codes(model, some)
        x_T = own_noise(model, some, steps, z)
        found.append(redrawn(model, z, x_T, ways, moves, steps))
        report((start + len(some)) * (steps + 1), 1)
    return torch.cat(found)


def _by_pca(basis: Basis, x0: Tensor, ways: Directions, moves: Tensor) -> Tensor:
    added = ways.moved(torch.zeros(len(moves), len(ways.std)), moves) @ basis.vectors.T
    moved = x0.flatten(1)[:, None] + added  # (n, POINTS, 784)
    return to_uint8(moved.reshape(-1, *x0.shape[1:]))


def _slopes(images: Tensor, by: Tensor, along: str) -> Tensor:
    """The least-squares slope of every attribute of each digit, (n, 3); by (POINTS,) has mean zero.

    Digits that lost their ink on the way are left out.  Raises UserError where fewer than two remain.
    """
    values = values_of(images).view(-1, len(by), len(NAMES))
    own = (by.double()[:, None] * values).sum(1) / by.double().square().sum()
    whole = own[own.isfinite().all(1)]
    require(
        len(whole) >= 2,
        f"Of {len(own):,} digits {len(whole)} still had ink at every move along {along}, and a spread needs two: "
        "measure more digits, or take more steps.",
    )
    return whole


def _margin(slopes: Tensor, own: int, other: int) -> Difference:
    """How much larger one mean slope is than the other's size, tested digit by digit; slopes (n, 3)."""
    sign = slopes[:, other].mean().sign()
    apart = slopes[:, own] - sign * slopes[:, other]
    return interval_of_mean(apart)


def _kept(classifier: Classifier, images: Tensor) -> Tensor:
    """Whose class is the same at both ends as in the middle, (n,) bool."""
    read = features(classifier, images).classes.view(-1, POINTS)
    middle = read[:, POINTS // 2]
    return (read[:, 0] == middle) & (read[:, -1] == middle)


def _explained(
    model: Model, basis: Basis, training: Digits, test: Digits, rng: torch.Generator
) -> tuple[dict[tuple[str, str], Estimate], dict[str, Difference]]:
    """R**2 on all test digits of a ridge regression of each attribute, from z and from PCA of the same size.

    And z's less PCA's, from the same resamples.
    """
    seen, found = training.images[:FITTED], {}
    errors: dict[str, Tensor] = {}
    y, wanted = values_of(seen), values_of(test.images)
    for view in VIEWS:
        a, b = (
            codes(model, x).cpu() if view == "z" else basis.projected(x.flatten(1))
            for x in (to_model(seen), to_model(test.images))
        )
        errors[view] = (fitted(a, y)(b) - wanted).square()
        spread = (wanted - wanted.mean(0)).square()
        for k, of in enumerate(NAMES):
            left = ratio_of((spread - errors[view])[:, k], spread[:, k])
            found[view, of] = bootstrap(left, len(spread), rng, ends=(-torch.inf, 1.0))
    more = {}
    for k, of in enumerate(NAMES):
        gain = bootstrap(ratio_of((errors["PCA"] - errors["z"])[:, k], spread[:, k]), len(spread), rng)
        more[of] = Difference(gain.value, gain.low, gain.high)
    return found, more


def claims(found: Measured) -> list[str]:
    """A sentence for each claim, with its numbers and a verdict."""
    N = f"N = {found.config.digits}"
    said = []
    for name in NAMES:
        s, unit = found.slopes["z", name, name], UNITS[name]
        grows = verdict(Difference(s.value, s.low, s.high), N)
        said.append(
            f"A move of one along {name} makes the drawn digit's {name} grow: by {s.value:.2f} {unit} "
            f"({ends(s, '.2f')}), {N}; **{grows}**."
        )
        others = [other for other in NAMES if other != name]
        margins = [found.margins["z", name, other] for other in others]
        words = " and ".join(
            f"{other} by {interval(d, '.2f')}: **{verdict(d, N)}**"
            for other, d in zip(others, margins, strict=True)
        )
        said.append(f"It moves {name} more than the others, in standard deviations more than {words}.")
        a, b, more = found.kept["z", name], found.kept["PCA", name], found.keeps[name]
        said.append(
            f"The class survives moves of ±{found.config.by:g} along {name} more often than in PCA of {found.size}: "
            f"{interval(a, '.2f')} against {interval(b, '.2f')}, {interval(more, '.2f')} more; **{verdict(more, N)}**."
        )
    for name in NAMES:
        a, b = (found.explained[view, name] for view in VIEWS)
        more = found.explains[name]
        said.append(
            f"A linear map reads {name} better off z than off PCA of the same size, R² on the test digits "
            f"{interval(a)} against {interval(b)}, {interval(more)} more; **{verdict(more)}**."
        )
    return said
