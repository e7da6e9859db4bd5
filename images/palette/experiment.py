"""Palette used and measured: restorations of one picture, and claims on held-out digits.

A posterior sample has exactly twice the least possible squared error (its own variance on top of the target's), and the
mean of K samples 1 + 1/K times; the first step from pure noise is the regression, E[x0 | picture].
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.corruptions import GRAY, TASKS, Damaged, coloured, gray
from images.data.mnist import Digits, to_model, to_uint8
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import decibels
from images.models import Model
from playground.denoisers import Denoiser
from playground.errors import SEEDS
from playground.knobs import Knobs, choice, knob
from playground.levels import seeded
from playground.objectives import knowing
from playground.progress import Report, silent
from playground.statistics import Difference, Z, equals, interval, wilson
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk, watched


@dataclass(frozen=True)
class PaletteConfig(Knobs):
    """digits: held-out ones, from `first` on; samples: of each; eta 1 by default: a posterior sample needs its "
    "noise."""

    task: str = choice("colourisation", TASKS, "The task")
    digits: int = knob(50, 1, 2_000, "The number of digits")
    samples: int = knob(4, 1, 64, "The number of samples of each")
    steps: int = knob(20, 1, 1000, "The number of steps", among=(5, 10, 20, 50, 100))
    eta: float = 1.0
    first: int = knob(0, 0, 60_000, "The first digit", page=(0, 4_000))
    seed: int = knob(0, *SEEDS, "The seed")


FIRST = PaletteConfig(digits=10)  # what the page opens with: a row of digits


@dataclass(frozen=True, eq=False)
class Restored:
    """truth, seen, regression: (N, 3, 28, 28); samples: (K, N, 3, 28, 28), all in [-1, 1]; hole: (N, 1, 28, 28)."""

    truth: Tensor
    seen: Tensor
    regression: Tensor
    samples: Tensor
    hole: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class InBytes:
    """What the network made of damaged digits, as gray values of a screen, uint8, for a small file.

    regression: (N, 3, 28, 28); samples: (K, N, 3, 28, 28).
    """

    regression: Tensor
    samples: Tensor


def restore(model: Model, digits: Digits, config: PaletteConfig, report: Report = silent) -> Restored:
    """Damages the digits, restores each K times, and by one step from noise."""
    rng = seeded(config.seed, model.device)
    truth, damaged, labels = _damaged(digits, config, rng)
    told = told_picture(
        model, damaged.seen.repeat(config.samples, 1, 1, 1), damaged.hole.repeat(config.samples, 1, 1, 1)
    )
    grid = model.schedule.grid(min(config.steps, model.schedule.T))
    start = starting_noise((config.samples * len(truth), *model.shape), grid[0], rng)
    states = checked(walk(ddim(config.eta), told, start, grid, rng))
    samples = final(watched(states, report, len(grid) - 1)).view(config.samples, *truth.shape)
    noise = starting_noise(tuple(truth.shape), grid[0], rng)
    with torch.no_grad():
        regression = told_picture(model, damaged.seen, damaged.hole)(noise, grid[0])
    parts = (truth, damaged.seen, regression, samples, damaged.hole, labels)
    return Restored(*(part.cpu() for part in parts))


def _damaged(digits: Digits, config: PaletteConfig, rng: Generator) -> tuple[Tensor, Damaged, Tensor]:
    """The digits in colour, what is left of them, and their labels, on the generator's device."""
    chosen = slice(config.first, config.first + config.digits)
    labels = digits.labels[chosen].to(rng.device)
    truth = coloured(to_model(digits.images[chosen]).to(rng.device), labels, rng)
    return truth, TASKS[config.task](truth, rng), labels


def in_bytes(found: Restored) -> InBytes:
    """What of a result takes a network to make; the error of a gray value is 1/255 at most."""
    return InBytes(to_uint8(found.regression), to_uint8(found.samples))


def from_bytes(known: InBytes, digits: Digits, config: PaletteConfig) -> Restored:
    """The result: the digits are damaged again, as they were."""
    truth, damaged, labels = _damaged(digits, config, seeded(config.seed))
    return Restored(
        truth, damaged.seen, to_model(known.regression), to_model(known.samples), damaged.hole, labels
    )


def for_file(model: Model, digits: Digits, config: PaletteConfig) -> tuple:
    """What a shipped result was made for: the model, the settings, and the very digits."""
    few = digits.part(config.first, config.digits)
    return model.about, config, few.images, few.labels


def told_picture(model: Model, seen: Tensor, hole: Tensor) -> Denoiser:
    """The model told a damaged picture; what is known of it stays as it is."""
    return knowing(model.within(model.denoise.given(image=seen)), seen, ~hole)


@dataclass(frozen=True, eq=False)
class Measured:
    """regression, sample, mean: squared errors in the hole, per number of [-1, 1].

    ratio: a sample's error over the regression's, with its standard error; accuracy: shares that the metrics'
    classifier reads right, with 95 % intervals; psnr: in decibels.
    """

    regression: float
    sample: float
    mean: float
    ratio: float
    ratio_se: float
    psnr: dict[str, float]
    accuracy: dict[str, tuple[float, float, float]]
    N: int
    K: int


def measure(found: Restored, classifier: Classifier) -> Measured:
    """The claims' numbers."""
    where = found.hole.expand_as(found.truth).double()

    def error(x: Tensor) -> Tensor:
        return ((x - found.truth).double().square() * where).flatten(1).sum(1) / where.flatten(1).sum(1)

    each = torch.stack([error(sample) for sample in found.samples])  # (K, N)
    least, one = error(found.regression), each.mean(0)
    ratio = float(one.mean() / least.mean())
    # the delta method: a ratio of means over the same digits
    spread = (one - ratio * least).std() / least.mean() / len(least) ** 0.5
    pictures = {
        "input": found.seen,
        "regression": found.regression,
        "sample": found.samples[0],
        "truth": found.truth,
    }
    return Measured(
        float(least.mean()), float(one.mean()), float(error(found.samples.mean(0)).mean()), ratio, float(spread),
        {name: decibels(error(x).mean()) for name, x in pictures.items() if name != "truth"},
        {name: read(classifier, x, found.labels) for name, x in pictures.items()},
        len(found.truth), len(found.samples),
    )  # fmt: skip


def inked(x: Tensor) -> Tensor:
    """The ink on each pixel of coloured digits, from their luminance: (B, 3, H, W) -> (B, 1, H, W), 0 to 1."""
    luminance = gray(x.clamp(-1, 1))[:, :1]
    paper, ink = 1.0, 2 * GRAY - 1
    return ((paper - luminance) / (paper - ink)).clamp(0, 1)


def read(classifier: Classifier, x: Tensor, labels: Tensor) -> tuple[float, float, float]:
    """The share of pictures whose class is read right from their luminance, ink light on dark as the classifier "
    "knows it."""
    classes = features(classifier, (inked(x) * 255).round().to(torch.uint8)).classes
    share = float((classes == labels).double().mean())
    low, high = wilson(share, len(labels))
    return share, float(low), float(high)


def verdicts(m: Measured) -> list[str]:
    """Regression against samples, and the factor of two, each with its numbers."""
    low, high = m.ratio - Z * m.ratio_se, m.ratio + Z * m.ratio_se
    word = (
        "holds at this N"
        if low <= 2 <= high
        else "does not hold: too little spread"
        if high < 2
        else "does not hold: too much error"
    )
    mean = m.mean / m.regression
    if mean < 1:
        word += ", and the mean of the samples is nearer than the first step, which is not the best regression yet"
    a, b, c, d = (m.accuracy[name] for name in ("input", "regression", "sample", "truth"))
    return [
        f"**The factor of two.** A sample's squared error is **{m.ratio:.2f}** ({low:.2f} to {high:.2f}) times the "
        f"regression's; a calibrated posterior sample has exactly 2: {word}. The mean of {m.K} samples has {mean:.2f} "
        f"(calibrated: {1 + 1 / m.K:.2f}). N = {m.N}.",
        f"**PSNR** in the part that is made: input {m.psnr['input']:.1f} dB, regression {m.psnr['regression']:.1f}, "
        f"one sample {m.psnr['sample']:.1f}: regression wins it by {m.psnr['regression'] - m.psnr['sample']:.1f} dB, "
        "of which "
        "3.0 are the "
        "factor of two.",
        f"**Read by a classifier** that had no part in it: input {a[0]:.1%} ({a[1]:.1%} to {a[2]:.1%}), regression "
        f"{b[0]:.1%} "
        f"({b[1]:.1%} to {b[2]:.1%}), sample {c[0]:.1%} ({c[1]:.1%} to {c[2]:.1%}), truth {d[0]:.1%}.",
    ]


def sheet_of(found: Restored, columns: int = 10) -> np.ndarray:
    """Rows: truth, input, regression, then the samples; the first digits."""
    from images.training.tasks import sheet

    rows = [found.truth, found.seen.clamp(-1, 1), found.regression, *found.samples]
    return sheet(torch.cat([row[:columns] for row in rows]), columns=columns)


def said(found: Measured) -> tuple[str, str]:
    """The factor of two, on the digits that are shown."""
    half = Z * found.ratio_se
    ratio = Difference(found.ratio, found.ratio - half, found.ratio + half)
    return (
        f"Claim: a sample's squared error is twice the regression's, as a posterior sample's is. On these {found.N} "
        f"digits it is {interval(ratio, '.2f')} times."
    ), equals(2, ratio, f"N = {found.N}")
