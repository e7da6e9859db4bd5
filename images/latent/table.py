"""Pixels against latents of f = 2, 4 and 8: what training and sampling cost, and how far the digits are.

Lecture, "Latent diffusion models"; Rombach et al. (2022), Section 4.1.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.utils.flop_counter import FlopCounterMode

from images.data.mnist import Digits, to_model, to_uint8
from images.latent.autoencoder_task import KIND as AUTOENCODER
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, Reference, frechet_estimate
from images.models import Model
from playground.errors import SEEDS, require, require_known
from playground.knobs import Knobs, knob
from playground.levels import linear_beta, seeded
from playground.objectives import Batch, ddpm_min_snr, per_dimension
from playground.progress import Report, part_of, silent
from playground.statistics import Difference, difference, interval, interval_of_mean, mean_difference, verdict
from playground.steps import ddim
from playground.training import Progress, Recipe, Trainee, train
from playground.walk import checked, final, starting_noise, walk, watched

BATCH = 125
KINDS = ("digits", "latent")
TRAINED = 32  # the batch of all presets that are compared here


@dataclass(frozen=True)
class TableConfig(Knobs):
    """digits: drawn by each model in `steps` steps of DDIM.  speed: seconds that each trains to be timed, 0: none."""

    digits: int = knob(500, 2 * BATCH, 5_000, "The number of digits")
    steps: int = knob(50, 2, 1000, "The number of steps")
    speed: float = knob(3.0, 0, 600, "The seconds of training")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Row:
    """latent: or pixels.  numbers: of one x.  parameters, million_macs: of the denoiser, for one call on one x.

    images_per_second: in training, batch 32, 0 where it was not timed.  seconds: to draw a hundred digits, decoding
    included, the mean over batches.  generated, rebuilt: Frechet distances, the latter of test digits that went through
    the autoencoder, for pixels of training digits.
    """

    latent: bool
    numbers: int
    parameters: int
    million_macs: float
    images_per_second: float
    seconds: Difference
    generated: Estimate
    rebuilt: Estimate


@dataclass(frozen=True, eq=False)
class Table:
    config: TableConfig
    rows: dict[str, Row]
    device: str


def table(
    models: Mapping[str, Model],
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: TableConfig,
    report: Report = silent,
) -> Table:
    """One training of each, so what differs between two rows may be the training's luck.

    The first test digits are rebuilt, and the others are the reference.  Raises UserError for models of other kinds.
    """
    n = config.digits
    require(
        2 * n <= len(test) and n <= len(training),
        f"{n:,} digits are rebuilt and the other test digits are the reference, but there are {len(test):,}: ask for "
        "fewer.",
    )
    for name, model in models.items():
        require_known(f"The kind of model in {name}", model.config.kind, KINDS)
    reference, rng = Reference(features(classifier, test.images[n:])).deep, seeded(config.seed)
    speeds = training_speeds(models, config.speed)
    floor = training.images[torch.randperm(len(training), generator=seeded(config.seed))[:n]]
    rows = {}
    for turn, (name, model) in enumerate(models.items()):
        told = part_of(report, turn * n * config.steps, len(models) * n * config.steps)
        images, seconds = drawn(model, config, told)
        back = rebuilt(model, test.images[:n]) if model.config.kind == "latent" else floor
        distances = [frechet_estimate(features(classifier, x).deep, reference, rng) for x in (images, back)]
        rows[name] = Row(
            model.config.kind == "latent",
            int(torch.tensor(model.shape).prod()),
            sum(p.numel() for p in model.denoise.net.parameters()),
            million_macs(model),
            speeds.get(name, 0.0),
            interval_of_mean(seconds),
            *distances,
        )
    return Table(config, rows, next(iter(models.values())).device.type)


# --- what it costs ------------------------------------------------------------------------------------------


def million_macs(model: Model) -> float:
    """Multiply-adds of one call on one x, in millions, counted while it runs."""
    x = torch.zeros((1, *model.shape), device=model.device)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.denoise(x, model.schedule.level(1).to(x))
    return counter.get_total_flops() / 2e6


def training_speeds(models: Mapping[str, Model], seconds: float) -> dict[str, float]:
    """Images per second of each, in turns of a second, on random x: speed does not depend on what they are."""
    if seconds == 0:
        return {}
    runs = {name: _run(model) for name, model in models.items()}
    spent, done = dict.fromkeys(runs, 0.0), dict.fromkeys(runs, 0)
    for steps in runs.values():
        next(steps)  # the first step has to build much
    while min(spent.values()) < seconds:
        for name, steps in runs.items():
            begun = time.perf_counter()
            while time.perf_counter() - begun < 1:
                float(next(steps).loss)  # waits for a GPU
                done[name] += TRAINED
            spent[name] += time.perf_counter() - begun
    return {name: done[name] / spent[name] for name in runs}


def _run(model: Model) -> Iterator[Progress]:
    """A training without end of a fresh network like the model's."""
    net = type(model.denoise)(model.config.net.build(), model.config.predicts).to(model.device)
    x = torch.randn((TRAINED, *model.shape), generator=seeded(0, model.device), device=model.device)

    def batches(step: int, rng: Generator) -> Batch:
        return Batch(x)

    recipe = Recipe(10**6, optimizer="muon")
    autocast = torch.bfloat16 if model.device.type == "cuda" else None
    return train(Trainee(net, recipe), batches, per_dimension(ddpm_min_snr(linear_beta())), autocast=autocast)


def drawn(model: Model, config: TableConfig, report: Report = silent) -> tuple[Tensor, list[float]]:
    """Digits (N, 1, 28, 28) uint8, and the seconds for a hundred of them, batch by batch."""
    grid, rng = model.schedule.grid(min(config.steps, model.schedule.T)), seeded(config.seed, model.device)
    found, seconds = [], []
    for start in range(0, config.digits, BATCH):
        count, begun = min(BATCH, config.digits - start), time.perf_counter()
        x = starting_noise((count, *model.shape), grid[0], rng)
        states = checked(walk(ddim(0.0), model.within(model.denoise), x, grid, rng))
        told = part_of(report, start * config.steps, config.digits * config.steps)
        found.append(pixels(model, final(watched(states, told, config.steps))))
        seconds.append((time.perf_counter() - begun) * 100 / count)
    return torch.cat(found), seconds


@torch.no_grad()
def pixels(model: Model, x: Tensor) -> Tensor:
    """(B, *shape) -> (B, 1, 28, 28) uint8 on the CPU: a latent is decoded."""
    return to_uint8(model.part(AUTOENCODER).decode(x) if model.config.kind == "latent" else x).cpu()


@torch.no_grad()
def rebuilt(model: Model, images: Tensor) -> Tensor:
    """uint8 (N, 1, 28, 28) -> the same through a latent model's autoencoder."""
    net = model.part(AUTOENCODER)
    parts = (to_model(some).to(model.device) for some in images.split(BATCH))
    return torch.cat([to_uint8(net.decode(net.encode(some))).cpu() for some in parts])


# --- words --------------------------------------------------------------------------------------------------


def above(larger: Estimate, smaller: Estimate) -> Difference:
    """The difference of two Frechet distances."""
    return difference(larger.value, larger.se, smaller.value, smaller.se)


def claims(found: Table) -> list[str]:
    """A sentence for each: the floor of each row, and each row against the first."""
    N = f"N = {found.config.digits:,}, one training each"
    said = []
    for name, row in found.rows.items():
        d = above(row.generated, row.rebuilt)
        said.append(
            f"{name}: generated digits are farther from real ones than {'reconstructions' if row.latent else 'others'} "
            f"are, by {interval(d, '.2f')} of FCD, {N}; **{verdict(d, N)}**."
        )
    first, *others = found.rows.items()
    for name, row in others:
        d = above(row.generated, first[1].generated)
        cheaper = difference(
            first[1].seconds.value, _se(first[1].seconds), row.seconds.value, _se(row.seconds)
        )
        said.append(
            f"{name} is {interval(d, '+.2f')} of FCD above {first[0]}, {N}: that it is farther, **{verdict(d, N)}**; a "
            f"hundred digits take {row.seconds.value:.2f} s against {first[1].seconds.value:.2f} s: that it is faster, "
            f"**{verdict(cheaper, N)}**."
        )
    return said


def over_trainings(found: Table, new: Sequence[str], base: Sequence[str]) -> Difference:
    """The Frechet distances of the rows `new` less those of `base`, pair by pair of one seed each: Student's interval.

    What it says is then not one training's luck.  Raises UserError for one pair, which has no spread.
    """
    distances = (np.array([found.rows[name].generated.value for name in names]) for names in (new, base))
    return mean_difference(*distances)


def trainings_claim(found: Table, new: Sequence[str], base: Sequence[str]) -> str:
    """The same as a sentence, with the spread between the seeds beside it."""
    d, N = over_trainings(found, new, base), f"{len(new)} pairs of trainings"
    sides = []
    for names in (new, base):
        values = np.array([found.rows[name].generated.value for name in names])
        sides.append(
            f"mean {values.mean():.2f}, standard deviation between trainings {values.std(ddof=1):.2f}"
        )
    return (
        f"--models ({sides[0]}) are {interval(d, '+.2f')} of FCD above --against ({sides[1]}), {N} of "
        f"N = {found.config.digits:,} digits: that they are farther, **{verdict(d, N)}**."
    )


def _se(found: Difference) -> float:
    return (found.high - found.value) / 1.96
