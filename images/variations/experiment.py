"""What varies among digits that share one embedding, and what stays, measured on their pixels.

An image's embedding keeps what CLIP was told in captions, class, thickness, width and slant, and need not keep the
rest (Ramesh et al. 2022, Section 3.1).  So the spread of each attribute among variations of one digit is held against
its spread among random digits, and among digits of one class: 0 is all kept, 1 is nothing kept.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from images.dalle2.agreement import Share, without_dust
from images.dalle2.clip_task import embedded
from images.dalle2.experiment import MOST, DrawConfig, Stack, decoded, upsampled
from images.dalle2.experiment import for_file as for_drawing
from images.data.attributes import attributes
from images.data.mnist import Digits, to_uint8
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, bootstrap
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.statistics import Difference, verdict

TOLD = ("thickness", "slant", "width")
PIXELS = "pixels, all together"
RANDOM = 2000  # test digits whose spread is the measure
ORIGINAL = 18  # the test digit that the page opens with
LEAST = 2  # variations of an original: of one there is no spread
FIRST = DrawConfig(
    count=10, w=0.0, steps=20
)  # what the page opens with: variations show what w = 0 leaves open


def for_file(image: Tensor, config: DrawConfig) -> tuple:
    """What shipped variations of one image, (1, 28, 28) uint8, were made for: the stack, the settings, the image."""
    return *for_drawing(config), image


@dataclass(frozen=True)
class SpreadConfig(Knobs):
    """originals: test digits, the first ones; count: variations of each; w, steps: as in DrawConfig."""

    originals: int = knob(20, 5, 1000, "The number of originals")
    count: int = knob(8, LEAST, MOST, "The number of variations")
    w: float = knob(0.0, 0, 20, "The guidance w")
    steps: int = 20
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.drawing  # its rules are checked now, before anything is loaded

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=self.count, w=self.w, steps=self.steps, frames=2)


@dataclass(frozen=True)
class Spread:
    """The standard deviation within variations, over that among random digits, and over that within their class."""

    of_all: Estimate
    of_class: Estimate


@dataclass(frozen=True, eq=False)
class Spreads:
    """spreads: by attribute; same_class: how many variations are read as their original is."""

    config: SpreadConfig
    spreads: dict[str, Spread]
    same_class: Share
    forgotten: Difference

    @property
    def at(self) -> str:
        return f"N = {self.config.originals} originals of {self.config.count} variations"

    @property
    def verdicts(self) -> dict[str, str]:
        """Of each attribute, whether it spreads less than among digits of one class."""
        found = {name: s.of_class for name, s in self.spreads.items()}
        return {
            name: verdict(Difference(1 - e.value, 1 - e.high, 1 - e.low), self.at)
            for name, e in found.items()
        }

    @property
    def verdict(self) -> str:
        """Whether what captions tell spreads less than the picture as a whole, each over its spread in a class."""
        return verdict(self.forgotten, self.at)


def measures(images: Tensor) -> dict[str, Tensor]:
    """What is measured of images (N, 1, 28, 28) uint8: name -> (N, numbers), double."""
    found = attributes(without_dust(images))
    values = {name: getattr(found, name).double()[:, None] for name in (*TOLD, "ink")}
    return values | {PIXELS: images.flatten(1).double()}


def within(values: Tensor, groups: Tensor) -> Tensor:
    """The variance within each group, summed over the numbers: values (N, K), groups (N,) -> (groups,).

    Empty images have no thickness; such rows are left out, and a group of fewer than two gives NaN.
    """
    variances = []
    for group in groups.unique():
        of = values[groups == group]
        of = of[of.isfinite().all(1)]
        variances.append(of.var(0).sum() if len(of) > 1 else torch.tensor(torch.nan, dtype=values.dtype))
    return torch.stack(variances)


def spreads(
    stack: Stack, digits: Digits, classifier: Classifier, config: SpreadConfig, report: Report = silent
) -> Spreads:
    """Variations of the first digits; their intervals are a bootstrap's over originals."""
    n = config.originals
    require(n < len(digits), f"There are {len(digits)} digits, too few for {n} originals: ask for fewer.")
    made = varied(stack, digits.images[:n], config, report)
    groups = torch.arange(n).repeat_interleave(config.count)
    others, labels = digits.images[n:][:RANDOM], digits.labels[n:][:RANDOM]
    own, real = measures(made), measures(others)
    variances = {name: within(values, groups) for name, values in own.items()}  # of each original
    everyone = torch.zeros_like(labels)
    of_all = {name: within(values, everyone)[0] for name, values in real.items()}
    of_class = {name: _mean(within(values, labels), torch.ones(10)) for name, values in real.items()}
    rng = seeded(config.seed)

    def ratio(name: str, measure: Tensor, weights: Tensor) -> float:
        return float((_mean(variances[name], weights) / measure).sqrt())

    def estimated(name: str, measure: Tensor) -> Estimate:
        return bootstrap(lambda weights: ratio(name, measure, weights), n, rng, ends=(0.0, torch.inf))

    def forgotten(weights: Tensor) -> float:
        told = sum(ratio(name, of_class[name], weights) for name in TOLD) / len(TOLD)
        return ratio(PIXELS, of_class[PIXELS], weights) - told

    found = {name: Spread(estimated(name, of_all[name]), estimated(name, of_class[name])) for name in own}
    more = bootstrap(forgotten, n, rng)
    seen = features(classifier, made).classes
    first = features(classifier, digits.images[:n]).classes.repeat_interleave(config.count)
    return Spreads(
        config,
        found,
        Share(int((seen == first).sum()), len(seen)),
        Difference(more.value, more.low, more.high),
    )


def varied(stack: Stack, originals: Tensor, config: SpreadConfig, report: Report = silent) -> Tensor:
    """count variations of each of (N, 1, 28, 28) uint8, one original after another: (N * count, 1, 28, 28) uint8."""
    z_i = embedded(stack.clip, originals).repeat_interleave(config.count, 0)
    rng, parts = seeded(config.seed, stack.decoder.device), []
    batches = z_i.split(MOST)
    steps = config.steps
    for number, z in enumerate(batches):
        part = part_of(report, 2 * number * steps, 2 * len(batches) * steps)
        _, small = decoded(stack, {"vector": z}, config.drawing, rng, part, count=len(z))
        part = part_of(report, (2 * number + 1) * steps, 2 * len(batches) * steps)
        _, large = upsampled(stack, small, config.drawing, rng, part)
        parts.append(to_uint8(large).cpu())
    return torch.cat(parts)


def _mean(variances: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of those variances that there are."""
    there = variances.isfinite()
    return (variances[there] * weights[there]).sum() / weights[there].sum()
