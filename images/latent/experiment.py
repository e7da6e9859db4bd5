"""Diffusion in latents: the walk is the walk, and decoding listens to it.

Rombach et al. (2022); lecture, "Latent diffusion models".
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import Digits, to_model, to_uint8
from images.generate.experiment import MOST_W, told_label
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import (
    Estimate,
    Reference,
    bootstrap,
    decibels,
    frechet_estimate,
    mean_of,
    share_of,
)
from images.metrics.pca import principal
from images.models import Model
from images.sampling import MOST, MOST_STEPS, Film, filmed
from playground.errors import SEEDS, require, seed_beside
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent, turn_of
from playground.statistics import difference, difference_of_shares, interval, verdict
from playground.steps import ddim
from playground.walk import State, checked, final, starting_noise, walk, watched

SHOWN = 2.5  # standard deviations of a latent from black to white
BATCH = 250


@dataclass(frozen=True)
class LatentConfig(Knobs):
    """count digits in `steps` steps of DDIM; label and w: as in `images.generate.experiment.SampleConfig`."""

    count: int = knob(16, 1, MOST, "The number of images")
    steps: int = knob(50, 1, MOST_STEPS, "The number of steps", among=(5, 10, 20, 50, 100, 200))
    eta: float = knob(0.0, 0, 1, "eta")
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 40
    label: int | None = knob(None, 0, 9, "The label", whole=True)
    w: float = knob(0.0, 0, MOST_W, "The guidance w", page=(0, 8))

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.w == 0 or self.label is not None,
            f"The guidance w is {self.w:g}, but no label was given: guidance needs one, choose it or leave w at 0.",
        )


@dataclass(frozen=True, eq=False)
class LatentFilm:
    """film: the decoded walk, frames of (B, 28, 28); latents: (F, B, h, C * w) uint8, their channels side by side."""

    film: Film
    latents: np.ndarray


def sample(model: Model, config: LatentConfig, report: Report = silent) -> LatentFilm:
    """New digits; every state of the walk in latents is passed on decoded.  UserError for a model of pixels."""
    keep: list[Tensor] = []
    grid = model.schedule.grid(config.steps)
    film = filmed(decoded(model, watched(states(model, config), report, config.steps), keep), grid, config)
    kept = np.linspace(0, config.steps, min(config.frames, config.steps + 1)).round().astype(int)
    return LatentFilm(film, np.stack([keep[i].numpy() for i in kept]))


def states(model: Model, config: LatentConfig, labels: Tensor | None = None) -> Iterator[State]:
    """The walk in latents, which nothing clips: they have no range.  labels: (count,), in place of the config's one."""
    model.part("autoencoder")
    grid, rng = model.schedule.grid(config.steps), seeded(config.seed, model.device)
    start = starting_noise((config.count, *model.shape), grid[0], rng)
    denoise = told_label(model, config.label if labels is None else labels.to(model.device), config.w)
    return checked(walk(ddim(config.eta), denoise, start, grid, rng))


@torch.no_grad()
def decoded(model: Model, walked: Iterator[State], keep: list[Tensor] | None = None) -> Iterator[State]:
    """Passes each state on as pixels; `keep` collects the latents as gray pictures."""
    decode = model.part("autoencoder").decode
    for state in walked:
        if keep is not None:
            keep.append(pictures(state.x))
        x0_hat = None if state.x0_hat is None else decode(state.x0_hat)
        yield replace(state, x=decode(state.x), x0_hat=x0_hat)


def pictures(latents: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h, C * w) uint8, channels side by side, zero in the middle of the grays."""
    beside = latents.permute(0, 2, 1, 3).flatten(2)
    return to_uint8(beside / SHOWN).cpu()


# --- measured -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MeasureConfig(Knobs):
    """digits: generated, decoded from noise, and reconstructed, as many of each."""

    digits: int = knob(500, 10, 10_000, "The number of digits")
    steps: int = knob(50, 2, 1000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")


GENERATED, REBUILT = "latent diffusion", "reconstructed test digits"
TOLD = {0.0: "told labels", 1.0: "told labels, w = 1"}  # w -> what is said of it; where a model knows labels
FROM_NOISE, REAL = "decode(randn), no diffusion", "training digits (the floor)"


@dataclass(frozen=True, eq=False)
class Measured:
    """distances: what -> Frechet distance to the test digits that were not rebuilt; error, pca: mean squared error.

    psnr: in dB, peak to peak; numbers: in a latent; seconds: of sampling all digits.  agreement: of TOLD, the share of
    digits that the metrics' classifier reads as asked; labels are drawn with the digits' own shares.
    """

    config: MeasureConfig
    distances: dict[str, Estimate]
    error: Estimate
    pca: Estimate
    psnr: float
    numbers: int
    seconds: float
    agreement: dict[str, Estimate]


def measure(
    model: Model,
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: MeasureConfig,
    report: Report = silent,
) -> Measured:
    """The generated distance beside that of reconstructions: what the autoencoder loses, no diffusion brings back."""
    n = config.digits
    require(
        2 * n <= len(test) and n <= len(training),
        f"{n:,} digits are reconstructed and the other test digits are the reference, but there are {len(test):,}: ask "
        "for fewer.",
    )
    x0 = to_model(test.images[:n]).to(model.device)
    rebuilt, from_noise = _decoded(model, x0, config.seed)
    told = TOLD if "label" in model.told else {}
    begun = time.perf_counter()
    images = {GENERATED: _generated(model, config, turn_of(report, 0, 1 + len(told)))}
    seconds = time.perf_counter() - begun
    drawn = torch.randperm(len(training), generator=seeded(config.seed))[:n]
    labels = training.labels[drawn]
    for turn, (w, name) in enumerate(told.items()):
        images[name] = _generated(model, config, turn_of(report, 1 + turn, 1 + len(told)), labels, w)
    images |= {
        REBUILT: to_uint8(rebuilt).cpu(),
        FROM_NOISE: to_uint8(from_noise).cpu(),
        REAL: training.images[drawn],
    }
    reference = Reference(features(classifier, test.images[n:]))
    rng = seeded(config.seed)
    read = {name: features(classifier, some) for name, some in images.items()}
    distances = {name: frechet_estimate(found.deep, reference.deep, rng) for name, found in read.items()}
    errors = (rebuilt.clamp(-1, 1) - x0).square().flatten(1).mean(1).cpu()
    numbers = math.prod(model.shape)
    pca = _pca_errors(training, x0.cpu(), numbers)
    return Measured(
        config,
        distances,
        _mean(errors, rng),
        _mean(pca, rng),
        decibels(errors.mean()),
        numbers,
        seconds,
        {name: share_of(read[name].classes == labels) for name in told.values()},
    )


@torch.no_grad()
def _decoded(model: Model, x0: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Digits x0 (N, 1, 28, 28) coded and decoded, and as many decoded from N(0, 1) in the place of a code."""
    autoencoder = model.part("autoencoder")
    noise = torch.randn((len(x0), *model.shape), generator=seeded(seed, model.device), device=model.device)
    return (
        torch.cat([autoencoder.decode(autoencoder.encode(some)) for some in x0.split(BATCH)]),
        torch.cat([autoencoder.decode(some) for some in noise.split(BATCH)]),
    )


def _mean(values: Tensor, rng: torch.Generator) -> Estimate:
    return bootstrap(mean_of(values), len(values), rng)


def _generated(
    model: Model, config: MeasureConfig, report: Report, labels: Tensor | None = None, w: float = 0.0
) -> Tensor:
    """(N, 1, 28, 28) uint8, in batches; only the last latents are decoded.  labels: (N,), what to draw."""
    found = []
    for start in range(0, config.digits, BATCH):
        count = min(BATCH, config.digits - start)
        part = LatentConfig(count, config.steps, seed=seed_beside(config.seed, start))
        told = part_of(report, start * config.steps // BATCH, -(-config.digits // BATCH) * config.steps)
        asked = None if labels is None else labels[start : start + count]
        if asked is not None:
            part = replace(part, label=0, w=w)  # each has its own in place of the 0
        latents = final(watched(states(model, part, asked), told, config.steps))
        with torch.no_grad():
            found.append(to_uint8(model.part("autoencoder").decode(latents)).cpu())
    return torch.cat(found)


def claims(found: Measured) -> list[str]:
    """A sentence for each, with its numbers and a verdict."""
    made, back, N = found.distances[GENERATED], found.distances[REBUILT], f"N = {found.config.digits:,}"
    more = difference(made.value, made.se, back.value, back.se)
    said = [
        "What the autoencoder loses, no diffusion in its latents brings back, so the generated distance is above the "
        f"reconstruction's: {interval(made, '.2f')} against {interval(back, '.2f')}, {interval(more, '.2f')} more, "
        f"{N}; **{verdict(more, N)}**."
    ]
    if found.agreement:
        plain, guided = (found.agreement[name] for name in TOLD.values())
        rise = difference_of_shares(guided.value, found.config.digits, plain.value, found.config.digits)
        said.append(
            f"Guidance in latents makes more of the digits the class that was asked for: {plain.value:.1%} with w = 0, "
            f"{guided.value:.1%} with w = 1, {interval(rise)} more, {N}; **{verdict(rise, N)}**."
        )
    return said


def _pca_errors(training: Digits, x0: Tensor, numbers: int) -> Tensor:
    """Mean squared error of each digit of PCA with as many numbers as a latent has."""
    flat = x0.flatten(1)
    return (principal(to_model(training.images).flatten(1), numbers).rebuilt(flat) - flat).square().mean(1)
