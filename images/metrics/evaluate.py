"""python -m images evaluate: a model's images, measured against test digits, beside real digits."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from images.data.mnist import Digits, load
from images.generate.experiment import SampleConfig, sample
from images.metrics.bound import Bound, BoundConfig, bound
from images.metrics.classifier import Classifier, Features, features, load_classifier
from images.metrics.estimates import RESAMPLES, Estimate, Reference, bootstrap, mean_of, measured
from images.metrics.neighbours import nearest
from images.models import Model
from images.sampling import SAMPLERS
from playground.errors import SEEDS, require, require_whole
from playground.knobs import Knobs, choice, knob
from playground.levels import EVEN, seeded

BATCH = 250  # images generated at once: a few hundred megabytes
NEAREST = "nearest-training-distance"
Progress = Callable[[str, int, int], None]  # stage, done, total


def silent(stage: str, done: int, total: int) -> None:
    """Ignores progress reports; the default."""


@dataclass(frozen=True)
class EvaluateConfig(Knobs):
    """samples images by `sampler` in `steps` steps; bound_digits: for the variational bound, 0 for none."""

    samples: int = knob(1000, 10, 60_000, "The number of samples")
    sampler: str = choice("DDIM", SAMPLERS, "The sampler")
    steps: int = 50
    eta: float = 0.0
    seed: int = knob(0, *SEEDS, "The seed")
    bound_digits: int = 500
    spacing: str = EVEN

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bound_digits != 0:  # 0: no bound
            require_whole("The number of digits for the bound", self.bound_digits, 2, 10_000)
        self.batch(1, self.seed)  # the sampler's own rules

    def batch(self, count: int, seed: int) -> SampleConfig:
        return SampleConfig(count, self.sampler, self.steps, self.eta, seed, 2, self.spacing)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """images: (N, 1, 28, 28) uint8.  metrics and floors: by name; the floors are real digits' instead.

    neighbours: for each image the number of the nearest training digit, and its distance (`nearest`).
    """

    images: Tensor
    metrics: dict[str, Estimate]
    floors: dict[str, Estimate]
    neighbours: tuple[Tensor, Tensor]
    class_counts: tuple[int, ...]
    bound: Bound | None


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What models are measured with: the classifier, the test digits (or packaged ones: see
    `Digits.called`) as the reference, bootstrap resamples."""

    classifier: Classifier
    training: Digits
    test: Digits
    reference: Reference
    resamples: int = RESAMPLES

    @staticmethod
    def load(
        data: str | Path | None = None, progress: Progress = silent, device: torch.device | str = "cpu"
    ) -> "Yardstick":
        """data: as in `images.data.mnist.load`."""
        classifier, training, test = load_classifier(device=device), load("train", data), load("test", data)
        seen = features(classifier, test.images, progress=_stage(progress, f"measuring the {test.called}"))
        return Yardstick(classifier, training, test, Reference(seen))

    def measure(
        self, images: Tensor, seed: int = 0, progress: Progress = silent
    ) -> tuple[Features, dict[str, Estimate]]:
        """(N, 1, 28, 28) uint8 -> their features, and the metrics of `images.metrics.estimates.estimates`."""
        seen = features(self.classifier, images, progress=_stage(progress, "measuring"))
        return seen, measured(seen, self.reference, seeded(seed), self.resamples)

    def floors(self, n: int, seed: int = 0, progress: Progress = silent) -> dict[str, Estimate]:
        """The metrics of n training digits, drawn by the seed, against the same test digits."""
        require(
            n <= len(self.training),
            f"{n:,} images are to be measured, but there are only {len(self.training):,} training digits for "
            "the floor at the same size: ask for fewer samples.",
        )
        return self.measure(self.training.images[_drawn(len(self.training), n, seed)], seed, progress)[1]


def evaluate(
    model: Model, config: EvaluateConfig, yardstick: Yardstick, progress: Progress = silent
) -> Evaluation:
    """Generates, measures, and measures real digits in the same way."""
    # The floor comes first: it refuses too many samples before the long work.
    floors = yardstick.floors(config.samples, config.seed, progress)
    images = generate(model, config, progress)
    seen, metrics = yardstick.measure(images, config.seed, progress)
    neighbours = _nearest(yardstick, images, progress)
    held_out = yardstick.test.images[_drawn(len(yardstick.test), config.samples, config.seed)]
    metrics |= _distance(neighbours[1], config.seed)
    floors |= _distance(_nearest(yardstick, held_out, progress)[1], config.seed)
    limit = None
    if config.bound_digits:
        settings = BoundConfig(config.bound_digits, seed=config.seed)
        limit = bound(model, yardstick.test, settings, _stage(progress, "bounding"))
    counts = tuple(torch.bincount(seen.classes, minlength=10).tolist())
    return Evaluation(images, metrics, floors, neighbours, counts, limit)


def generate(model: Model, config: EvaluateConfig, progress: Progress = silent) -> Tensor:
    """New digits, (N, 1, 28, 28) uint8, in batches, each from a seed of its own that config.seed draws."""
    N = config.samples
    seeds = torch.randint(2**31, (-(-N // BATCH),), generator=seeded(config.seed)).tolist()
    batches = []
    for start, seed in zip(range(0, N, BATCH), seeds, strict=True):
        count = min(BATCH, N - start)

        def show(done: int, total: int, stage: str = "", *, before: int = start, count: int = count) -> None:
            progress("generating", before * total + count * done, N * total)

        batches.append(torch.from_numpy(sample(model, config.batch(count, seed), show).images.copy()))
    return torch.cat(batches)[:, None]


def _drawn(population: int, n: int, seed: int) -> Tensor:
    return torch.randperm(population, generator=seeded(seed))[:n]


def _stage(progress: Progress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


def _nearest(yardstick: Yardstick, images: Tensor, progress: Progress) -> tuple[Tensor, Tensor]:
    return nearest(images, yardstick.training.images, _stage(progress, "looking for the nearest digits"))


def _distance(distances: Tensor, seed: int) -> dict[str, Estimate]:
    return {NEAREST: bootstrap(mean_of(distances), len(distances), seeded(seed), ends=(0.0, math.inf))}


# --- what is kept -----------------------------------------------------------------------------------------


def fingerprint(model: Model) -> str:
    """Twelve hex digits of the SHA-256 of the weights: which model a number belongs to."""
    weights = model.denoise.state_dict()
    content = b"".join(weights[name].cpu().contiguous().numpy().tobytes() for name in sorted(weights))
    return hashlib.sha256(content).hexdigest()[:12]
