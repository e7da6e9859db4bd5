"""New digits from the diffusion autoencoder: z from its prior, x_T from noise, and what that is worth."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from images.data.mnist import Digits, to_model, to_uint8
from images.diffusion_autoencoder.experiment import LEAST_STEPS, codes, told
from images.diffusion_autoencoder.prior_task import require_made_for
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, Reference, frechet_estimate
from images.models import Model
from images.sampling import MOST, Film, filmed
from playground.errors import SEEDS, require, require_whole
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.statistics import difference, interval, verdict
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk, watched

BATCH = 250


@dataclass(frozen=True)
class DrawConfig(Knobs):
    """count digits; z_steps: of the walk in z, which cost next to nothing; steps: of the walk of the digits."""

    count: int = knob(24, 1, MOST, "The number of images")
    z_steps: int = knob(50, LEAST_STEPS, 1000, "The number of steps in z")
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 40


@dataclass(frozen=True, eq=False)
class Drawn:
    """film: from noise to digits; z: the codes that they were told, (count, size)."""

    film: Film
    z: np.ndarray


def drawn_codes(z_prior: Model, count: int, steps: int, rng: Generator) -> Tensor:
    """count codes from the prior, in the autoencoder's own scale, (count, size)."""
    require_whole("The number of steps in z", steps, LEAST_STEPS, z_prior.schedule.T)
    normaliser, grid = z_prior.part("normaliser"), z_prior.schedule.grid(steps)
    start = starting_noise((count, *z_prior.shape), grid[0], rng)
    found: Tensor = normaliser.decode(final(checked(walk(ddim(0.0), z_prior.denoise, start, grid, rng))))
    return found


def draw(model: Model, z_prior: Model, config: DrawConfig, report: Report = silent) -> Drawn:
    """New digits.  Raises UserError for a prior of another model's z."""
    require_made_for(z_prior, model)
    require_whole("The number of steps", config.steps, LEAST_STEPS, model.schedule.T)
    rng = seeded(config.seed, model.device)
    z = drawn_codes(z_prior, config.count, config.z_steps, rng)
    grid = model.schedule.grid(config.steps)
    x_T = starting_noise((config.count, *model.shape), grid[0], rng)
    states = checked(walk(ddim(0.0), model.within(told(model, z)), x_T, grid, rng))
    return Drawn(filmed(watched(states, report, config.steps), grid, config), z.cpu().numpy())


# --- measured -----------------------------------------------------------------------------------------------

BY_PRIOR, TRUE = "z from its prior", "z of training digits, x_T random"
GAUSSIAN, UNTOLD = "z from a normal distribution", "told nothing"
PLAIN = "the shipped model, which knows no z"
REAL = "training digits (the floor)"


@dataclass(frozen=True)
class QualityConfig(Knobs):
    """digits: drawn each way; z_steps, steps: as in DrawConfig."""

    digits: int = knob(500, 10, 10_000, "The number of digits")
    z_steps: int = 50
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = DrawConfig(1, self.z_steps, self.steps, self.seed)  # the same rules


@dataclass(frozen=True, eq=False)
class Quality:
    """distances: way -> Frechet distance to all test digits."""

    config: QualityConfig
    distances: dict[str, Estimate]


def quality(
    model: Model,
    z_prior: Model,
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: QualityConfig,
    report: Report = silent,
    plain: Model | None = None,
) -> Quality:
    """Every way starts from the same x_T; only z differs.  plain: an unconditional model of digits, to compare."""
    require_made_for(z_prior, model)
    n, rng = config.digits, seeded(config.seed, model.device)
    require(
        n <= len(training),
        f"There are {len(training):,} training digits, and {n:,} were asked for: ask for fewer.",
    )
    chosen = torch.randperm(len(training), generator=seeded(config.seed))
    some, floor = training.images[chosen[:n]], training.images[chosen[-n:]]
    normaliser = z_prior.part("normaliser")
    noise = starting_noise((n, *z_prior.shape), z_prior.schedule.grid(2)[0], rng)
    ways: dict[str, Tensor | None] = {
        BY_PRIOR: drawn_codes(z_prior, n, config.z_steps, rng),
        TRUE: codes(model, to_model(some)),
        GAUSSIAN: normaliser.decode(noise),
        UNTOLD: None,
    }
    reference = Reference(features(classifier, test.images)).deep
    boot, distances = seeded(config.seed), {}
    entered = [(way, model, z) for way, z in ways.items()]
    if plain is not None:
        entered.append((PLAIN, plain, None))
    for turn, (way, of, z) in enumerate(entered):
        images = _made(of, z, config, part_of(report, turn * n, len(entered) * n))
        distances[way] = frechet_estimate(features(classifier, images).deep, reference, boot)
    distances[REAL] = frechet_estimate(features(classifier, floor).deep, reference, boot)
    return Quality(config, distances)


def _made(model: Model, z: Tensor | None, config: QualityConfig, report: Report) -> Tensor:
    """(N, 1, 28, 28) uint8, in batches, from the same x_T for every z."""
    rng, found = seeded(config.seed, model.device), []
    grid = model.schedule.grid(config.steps)
    for start in range(0, config.digits, BATCH):
        count = min(BATCH, config.digits - start)
        x_T = starting_noise((count, *model.shape), grid[0], rng)
        some = None if z is None else z[start : start + count]
        states = walk(ddim(0.0), model.within(told(model, some)), x_T, grid, rng)
        found.append(to_uint8(final(checked(states))).cpu())
        report(start + count, config.digits)
    return torch.cat(found)


def claims(found: Quality) -> list[str]:
    """What the prior is for, a sentence each with a verdict."""
    d, N = found.distances, f"N = {found.config.digits:,}"
    pairs = [
        ("z from its prior gives nearer digits than z from a normal distribution", BY_PRIOR, GAUSSIAN),
        ("z from its prior gives nearer digits than telling nothing", BY_PRIOR, UNTOLD),
        ("the z of real digits gives nearer ones still", TRUE, BY_PRIOR),
    ]
    if PLAIN in d:
        pairs.append(
            ("z from its prior gives nearer digits than the shipped model, which knows no z", BY_PRIOR, PLAIN)
        )
    said = []
    for words, near, far in pairs:
        nearer = difference(d[far].value, d[far].se, d[near].value, d[near].se)
        said.append(
            f"{words}: FCD {interval(d[near], '.2f')} against {interval(d[far], '.2f')}, {interval(nearer, '.2f')} "
            f"nearer; **{verdict(nearer, N)}**."
        )
    return said
