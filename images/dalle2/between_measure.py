"""The way between two digits along CLIP's arc, beside blending their pixels: how even, and what is read on it.

Lecture, "DALL-E 2"; Ramesh et al. (2022), Section 3.2.  Both ways are judged by the metrics' classifier, pair by pair.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from images.dalle2.agreement import Share
from images.dalle2.experiment import DrawConfig, Stack, between
from images.data.mnist import Digits, to_uint8
from images.metrics.classifier import Classifier, Features, features
from images.metrics.paths import third_classes, unevenness
from images.metrics.readable import SURE
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.statistics import Difference, interval, interval_of_mean, verdict

ARC, PIXELS = "CLIP's arc", "pixels"
WAYS = (ARC, PIXELS)
POINTS = 11  # both ends included, so that one is in the middle


@dataclass(frozen=True)
class BetweenConfig(Knobs):
    """pairs: of test digits, drawn at random by the seed, no digit twice; steps: of each stage."""

    pairs: int = knob(50, 5, 1_000, "The number of pairs")
    steps: int = knob(20, 1, 1_000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=POINTS, w=0.0, steps=self.steps, frames=2, seed=self.seed)


@dataclass(frozen=True, eq=False)
class Way:
    """Of each pair, (pairs,) float64.  uneven: longest over mean step, 1 is even.

    third: the share of the digits between that are read as neither end is.  sure: whether the middle one has a clear
    class, 0 or 1.  ends: how many of both ends are read as the digits that they come from, 0 to 2.
    """

    uneven: Tensor
    third: Tensor
    sure: Tensor
    ends: Tensor

    @property
    def recovered(self) -> Share:
        return Share(int(self.ends.sum()), 2 * len(self.ends))


@dataclass(frozen=True, eq=False)
class Measured:
    config: BetweenConfig
    ways: dict[str, Way]

    def more(self, what: str, one: str = ARC, other: str = PIXELS) -> Difference:
        """By how much `what` of a Way is larger on one way, over the same pairs."""
        return interval_of_mean(getattr(self.ways[one], what) - getattr(self.ways[other], what))


def measure_between(
    stack: Stack, digits: Digits, classifier: Classifier, config: BetweenConfig, report: Report = silent
) -> Measured:
    """Raises UserError where there are too few digits for so many pairs."""
    n = config.pairs
    require(
        2 * n <= len(digits),
        f"There are {len(digits):,} digits, too few for {n:,} pairs of two: ask for fewer.",
    )
    drawn = torch.randperm(len(digits), generator=seeded(config.seed))[: 2 * n].view(n, 2)
    seen: dict[str, list[tuple[Features, Tensor]]] = {way: [] for way in WAYS}
    total = 3 * config.steps
    for turn, pair in enumerate(drawn):
        one, two = digits.images[pair]
        true = features(classifier, torch.stack([one, two])).classes
        made = between(stack, one, two, config.drawing, part_of(report, turn * total, n * total))
        paths = {ARC: torch.from_numpy(made.images.copy())[:, None], PIXELS: blended(one, two, POINTS)}
        for way, path in paths.items():
            seen[way].append((features(classifier, path), true))
    return Measured(config, {way: _way(paths) for way, paths in seen.items()})


def blended(one: Tensor, two: Tensor, count: int) -> Tensor:
    """From one digit (1, H, W) uint8 to another, pixel by pixel: (count, 1, H, W) uint8, both ends as they are."""
    share = torch.linspace(0, 1, count)[:, None, None, None]
    ends = [image[None].float() / 127.5 - 1 for image in (one, two)]
    return to_uint8(torch.lerp(ends[0], ends[1], share))


def _way(paths: list[tuple[Features, Tensor]]) -> Way:
    def each(value) -> Tensor:
        return torch.tensor([float(value(path, true)) for path, true in paths], dtype=torch.float64)

    return Way(
        each(lambda path, true: unevenness(path)),
        each(lambda path, true: third_classes(path).double().mean()),
        each(lambda path, true: path.probabilities[POINTS // 2].max() > SURE),
        each(lambda path, true: (path.classes[[0, -1]] == true).sum()),
    )


def claims(found: Measured) -> list[str]:
    """A sentence for each, with its numbers and a verdict."""
    N = f"N = {found.config.pairs} pairs"
    even, clear, rest = (
        found.more("uneven", PIXELS, ARC),
        found.more("sure"),
        found.more("third", PIXELS, ARC),
    )
    arc, pixels = (found.ways[way] for way in WAYS)
    values = [interval(interval_of_mean(way.uneven), ".2f") for way in (arc, pixels)]
    return [
        f"The way along CLIP's arc is more even than blending pixels: longest over mean step {values[0]} against "
        f"{values[1]}, less by {interval(even, '.2f')}, {N}; **{verdict(even, N)}**.",
        f"Half-way the classifier is sure of a class more often: {arc.sure.mean():.0%} against "
        f"{pixels.sure.mean():.0%}, more by {interval(clear, '.1%')}, {N}; **{verdict(clear, N)}**.",
        f"On the way fewer digits are read as a third class: {arc.third.mean():.1%} against {pixels.third.mean():.1%}, "
        f"fewer by {interval(rest, '.1%')}, {N}; **{verdict(rest, N)}**.",
        f"Both ends are read as the digits that they come from in {arc.recovered} of cases; blended pixels begin and "
        "end with the digits themselves.",
    ]
