"""Palette compared: a regression network, the generalist and specialists on the same digits, all of one length.

Where a hole is filled, the methods that know nothing of holes take part.  Shapes are read off the ink (luminance) by
the metrics' classifier, errors are those of the ink for holes and of the colours for colourisation.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from images.data.corruptions import SHARE, hues, ink
from images.data.corruptions import TASKS as CORRUPTIONS
from images.data.mnist import Digits, to_uint8
from images.inpainting.experiment import METHODS
from images.inpainting.zeta import TRAINING, Zeta, error, least
from images.metrics.classifier import features
from images.metrics.estimates import FCD, Estimate, decibels, frechet_estimate, share_of
from images.metrics.evaluate import Yardstick
from images.metrics.frechet import fitted, frechet_distance
from images.models import Model
from images.palette.experiment import PaletteConfig, Restored, inked, restore
from playground.errors import SEEDS
from playground.knobs import Knobs, choice, knob
from playground.levels import seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import (
    Difference,
    difference,
    difference_of_shares,
    equals,
    interval,
    interval_of_mean,
    ratio_of_means,
    told_share,
    verdict,
)
from playground.tables import markdown_table
from playground.walk import checked, final, starting_noise, walk, watched

SHIPPED = Path(__file__).parents[1] / "shipped"
TASKS = tuple(CORRUPTIONS)
HOLES = ("inpainting", "uncropping")
# 30,000 images each, seed 0, so that what differs is what they were asked
FILES = {
    name: SHIPPED / f"palette-{name}.safetensors" for name in ("regression", "generalist", *TASKS, "eps")
}
BEFORE = ("RePaint", "re-noise", "DPS")  # methods of a model that knows nothing of holes


@dataclass(frozen=True)
class TableConfig(Knobs):
    """digits: held-out ones; samples: K of each by the generalist; steps of DDIM, with eta = 1.

    zeta: of DPS; None: chosen on training digits.
    """

    task: str = choice("colourisation", TASKS, "The task")
    digits: int = knob(200, 10, 2_000, "The number of digits")
    samples: int = knob(4, 2, 64, "The number of samples of each")
    steps: int = knob(20, 2, 1_000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")
    eta: float = 1.0
    resamplings: int = 3
    zeta: float | None = None

    def restoring(self, samples: int) -> PaletteConfig:
        return PaletteConfig(self.task, self.digits, samples, self.steps, self.eta, seed=self.seed)


@dataclass(frozen=True, eq=False)
class Row:
    """error: (N,), mean squared, in the part that is made; read: how many are read right; fcd: of the ink."""

    name: str
    error: Tensor
    read: Estimate
    fcd: Estimate
    seconds: float

    @property
    def psnr(self) -> float:
        return decibels(self.error.mean())


@dataclass(frozen=True, eq=False)
class Table:
    """tints: mean distance of the ink's colour from the nearest of the class's two, by v and by eps; first_hue: how
    many samples have the first of both; None where the task is not colourisation.  zeta: DPS's step, for a hole.
    seen: of each network, how many images it was trained on.
    """

    config: TableConfig
    rows: dict[str, Row]
    floor: float
    tints: dict[str, Tensor]
    first_hue: int | None
    zeta: Zeta | None = None
    seen: Mapping[str, int] = field(default_factory=dict)


def needed(task: str) -> tuple[str, ...]:
    """The names of FILES that a task's table compares."""
    return ("regression", "generalist", task, *(["eps"] if task == "colourisation" else []))


def available() -> tuple[str, ...]:
    """The tasks whose networks are all shipped."""
    return tuple(task for task in TASKS if all(FILES[name].is_file() for name in needed(task)))


def table(
    models: dict[str, Model], plain: Model, yardstick: Yardstick, digits: Digits, config: TableConfig,
    report: Report = silent,
) -> Table:  # fmt: skip
    """models: those that `needed` names, loaded; plain: one that knows nothing of holes."""
    names = needed(config.task)
    restored, seconds = {}, {}
    for turn, name in enumerate(names):
        start, samples = time.perf_counter(), config.samples if name == "generalist" else 1
        part = turn_of(report, turn, len(names) + len(BEFORE))
        restored[name] = restore(models[name], digits, config.restoring(samples), part)
        seconds[name] = (time.perf_counter() - start) / samples
    one = restored["generalist"]
    pictures = {
        "the damaged digit": (one.seen, 0.0),
        "regression network": (restored["regression"].regression, seconds["regression"] / config.steps),
        "generalist, first step": (one.regression, seconds["generalist"] / config.steps),
        "generalist, a sample": (one.samples[0], seconds["generalist"]),
        f"generalist, mean of {config.samples}": (
            one.samples.mean(0),
            config.samples * seconds["generalist"],
        ),
        "specialist, a sample": (restored[config.task].samples[0], seconds[config.task]),
    }
    rows = {name: _row(name, x, one, yardstick, config, spent) for name, (x, spent) in pictures.items()}
    zeta = None
    if config.task in HOLES:
        if config.zeta is None:
            zeta = chosen_zeta(models["generalist"], plain, yardstick.training, config)
            config = replace(config, zeta=zeta.value)
        for turn, name in enumerate(BEFORE):
            part = turn_of(report, len(names) + turn, len(names) + len(BEFORE))
            rows[name] = _before(name, plain, one, yardstick, config, part)
    tints: dict[str, Tensor] = {
        name: tint(restored[name].samples[0], one.labels)[0]
        for name in ("colourisation", "eps")
        if name in restored
    }
    first = None if not tints else int(tint(one.samples[0], one.labels)[1].sum())
    seen = {name: int(model.about.get("images_seen", 0)) for name, model in models.items()}
    return Table(config, rows, _floor(yardstick, config), tints, first, zeta, seen)


def chosen_zeta(palette: Model, plain: Model, training: Digits, config: TableConfig) -> Zeta:
    """DPS's step by the squared error in the hole of training digits that are damaged in the same way."""
    count = min(TRAINING, config.digits)
    holes = restore(palette, training, PaletteConfig(config.task, count, 1, 1, seed=config.seed))
    truth, hole = (x.to(plain.device) for x in (2 * inked(holes.truth) - 1, holes.hole))

    def error_of(zeta: float) -> float:
        return error(
            plain, METHODS["DPS"](plain, truth, ~hole, replace(config, zeta=zeta)), truth, hole, config.seed
        )

    return least(error_of)


def _floor(yardstick: Yardstick, config: TableConfig) -> float:
    """The distance of as many training digits from the same reference."""
    drawn = torch.randperm(len(yardstick.training), generator=seeded(config.seed))[: config.digits]
    seen = features(yardstick.classifier, yardstick.training.images[drawn])
    return frechet_distance(fitted(seen.deep), yardstick.reference.deep)


def _row(
    name: str, x: Tensor, found: Restored, yardstick: Yardstick, config: TableConfig, seconds: float
) -> Row:
    shape = 2 * inked(x) - 1
    made, truth = (shape, 2 * inked(found.truth) - 1) if config.task in HOLES else (x, found.truth)
    return _judged(name, made, truth, shape, found, yardstick, seconds)


def _judged(
    name: str,
    made: Tensor,
    truth: Tensor,
    shape: Tensor,
    found: Restored,
    yardstick: Yardstick,
    seconds: float,
) -> Row:
    where = found.hole.expand_as(truth).double()
    error = ((made - truth).double().square() * where).flatten(1).sum(1) / where.flatten(1).sum(1)
    seen = features(yardstick.classifier, to_uint8(shape))
    fcd = frechet_estimate(seen.deep, yardstick.reference.deep, seeded(0), yardstick.resamples)
    return Row(name, error, share_of(seen.classes == found.labels), fcd, seconds)


def _before(
    name: str, plain: Model, found: Restored, yardstick: Yardstick, config: TableConfig, report: Report
) -> Row:
    """A method of a model that was trained without holes, on the ink of the same digits and holes."""
    truth, start = 2 * inked(found.truth) - 1, time.perf_counter()
    step, denoise, grid = METHODS[name](plain, truth.to(plain.device), ~found.hole.to(plain.device), config)
    rng = seeded(config.seed, plain.device)
    states = checked(walk(step, denoise, starting_noise(tuple(truth.shape), grid[0], rng), grid, rng))
    x = final(watched(states, report, len(grid) - 1)).cpu()
    return _judged(name, x, truth, x, found, yardstick, time.perf_counter() - start)


def tint(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """How far the ink's colour is from the nearer of the class's two, (N,), and whether that is the first, (N,).

    The colour of the ink is that of the pixels with the most of it, paper taken out; distances in [0, 1]^3.
    """
    amount = inked(x)
    weight = amount * (amount > 0.5)
    colour = (1 - (1 - (x.clamp(-1, 1) + 1) / 2) / amount.clamp(min=0.5)).mul(weight).sum(
        (2, 3)
    ) / weight.sum((2, 3)).clamp(min=1e-6)
    both = torch.stack([(colour - ink(hue)).norm(dim=1) for hue in hues(labels)])
    return both.amin(0).double(), both.argmin(0) == 0


def _lengths(seen: Mapping[str, int]) -> str:
    """In words, those of one length together."""
    by_length: dict[int, list[str]] = {}
    for name, images in seen.items():
        by_length.setdefault(images, []).append(name)
    return "; ".join(f"{', '.join(names)}: {images:,} images" for images, names in by_length.items())


def claims(found: Table) -> list[str]:
    """What the paper and the theorem say, each with its numbers."""
    rows, config, K = found.rows, found.config, found.config.samples
    N = f"N = {config.digits:,} digits, one training of each network ({_lengths(found.seen)}), seed {config.seed}"
    least, first = rows["regression network"], rows["generalist, first step"]
    one, mean = rows["generalist, a sample"], rows[f"generalist, mean of {K}"]
    ratio, means = (ratio_of_means(row.error.numpy(), least.error.numpy()) for row in (one, mean))
    nearer = ratio_of_means(first.error.numpy(), least.error.numpy())
    further = difference(least.fcd.value, least.fcd.se, one.fcd.value, one.fcd.se)
    gap = _shares(rows["specialist, a sample"], one, config.digits)
    said = [
        f"**Regression wins the PSNR:** {least.psnr:.1f} dB against {one.psnr:.1f} of a sample, whose error is "
        f"{interval(ratio, '.2f')} times as large: "
        f"{verdict(Difference(ratio.value - 1, ratio.low - 1, ratio.high - 1))}. {N}.",
        f"**It loses the Fréchet distance:** {FCD} {least.fcd.value:.2f} against {one.fcd.value:.2f}, a difference of "
        f"{interval(further, '.2f')}: {verdict(further, f'N = {config.digits:,}')}; floor {found.floor:.2f}.",
        f"**A sample has twice the least error:** {interval(ratio, '.2f')}: {equals(2, ratio)}. **The mean of {K} has "
        f"{1 + 1 / K:.2f} times:** {interval(means, '.2f')}: {equals(1 + 1 / K, means)}.",
        f"**The first step from noise is the regression:** its error is {interval(nearer, '.2f')} times that of a "
        f"network trained for nothing else: {equals(1, nearer)}.",
        f"**The specialist is read right more often than the generalist:** {interval(gap, '+.1%')}: "
        f"{verdict(gap, f'N = {config.digits:,}')}.",
    ]
    if found.first_hue is not None:
        return said + _of_colours(found)
    return said + (_of_holes(found) if config.task in HOLES else [])


def _of_colours(found: Table) -> list[str]:
    by_v, by_eps = found.tints["colourisation"], found.tints["eps"]
    apart = by_eps - by_v
    gap = interval_of_mean(apart)
    first, n = found.first_hue or 0, len(by_v)
    return [
        f"**A network that predicts ε misses the colour by more than one that predicts v:** "
        f"{float(by_eps.mean()):.3f} against {float(by_v.mean()):.3f} from the nearer of the class's two, a "
        f"difference of {interval(gap, '.2f')}: {verdict(gap)}.",
        f"**The colours have their law:** {told_share(first / n, n)} of the generalist's samples have the first hue; "
        f"the law has {SHARE:.0%}.",
    ]


def _of_holes(found: Table) -> list[str]:
    one, n = found.rows["generalist, a sample"], found.config.digits
    gaps = {name: _shares(one, found.rows[name], n) for name in BEFORE}
    said = [
        f"**Palette is read right more often than {name}:** {interval(gap, '+.1%')}: {verdict(gap, f'N = {n:,}')}; "
        f"{one.seconds:.1f} s against {found.rows[name].seconds:.1f} s."
        for name, gap in gaps.items()
    ]
    count = min(TRAINING, n)
    return said if found.zeta is None else [*said, f"**DPS:** {found.zeta}, N = {count} of these."]


def _shares(one: Row, other: Row, n: int) -> Difference:
    return difference_of_shares(one.read.value, n, other.read.value, n)


def markdown(found: Table) -> str:
    """A row for each way."""
    return markdown_table([
        {
            "": row.name, "PSNR, dB": f"{row.psnr:.1f}", FCD: interval(row.fcd, ".2f"),
            "read right": interval(row.read, ".1%"), "seconds": f"{row.seconds:.1f}",
        }
        for row in found.rows.values()
    ])  # fmt: skip
