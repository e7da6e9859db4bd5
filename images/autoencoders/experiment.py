"""Digits to latents and back, beside PCA of the same size, and noise decoded: the first stage of latent diffusion.

Rombach et al. (2022), Section 3.1; lecture, "Latent diffusion models".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import Digits, to_model, to_uint8
from images.films import content
from images.latent.autoencoder_task import LATENT, load_autoencoder
from images.latent.experiment import pictures
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, Reference, bootstrap, decibels, frechet_estimate, mean_of
from images.metrics.pca import Basis, principal
from images.networks.autoencoder import Autoencoder
from playground.errors import SEEDS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import Difference, difference, interval, mean_difference, verdict

SHIPPED: dict[str, Path] = {
    "f = 2": LATENT.with_name("autoencoder-f2.safetensors"),
    "f = 4": LATENT,
    "f = 8": LATENT.with_name("autoencoder-f8.safetensors"),
    "f = 4, with a critic": LATENT.with_name("autoencoder-f4-adversarial.safetensors"),
}
SQUARED, CRITIC = "f = 4", "f = 4, with a critic"  # the same network, by two losses
SETTLED = 5000  # training digits that centre and scale the latents
GRAY = (0.1, 0.9)  # of full ink: a sharp edge has few pixels in between, a blurred one many
BATCH, SHOWN = 250, 10


@torch.no_grad()
def settled(path: str | Path, training: Digits) -> Autoencoder:
    """The autoencoder of a file, its latents centred and scaled over the first training digits."""
    net = load_autoencoder(path)
    net.settle(to_model(training.images[:SETTLED]))
    return net


@torch.no_grad()
def rebuilt(net: Autoencoder, x: Tensor) -> Tensor:
    """(N, 1, 28, 28) in [-1, 1] -> the same, through the latents and not clamped."""
    return torch.cat([net.decode(net.encode(some)) for some in x.split(BATCH)])


@torch.no_grad()
def from_noise(net: Autoencoder, n: int, seed: int) -> Tensor:
    """What n normal draws decode to: no diffusion has made latents of them."""
    noise = torch.randn((n, *net.config.shape), generator=seeded(seed))
    return torch.cat([net.decode(some) for some in noise.split(BATCH)])


def straight(training: Digits, size: int) -> Basis:
    """The principal components of the training digits."""
    return principal(to_model(training.images).flatten(1), size)


# --- ten digits ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShowConfig(Knobs):
    """Ten test digits from number `first`; seed: of the noise that is decoded."""

    which: str = choice("f = 4", SHIPPED, "The autoencoder")
    first: int = knob(0, 0, 60_000, "The first digit")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Shown:
    """uint8: images, rebuilt, pca, noise (10, 28, 28); latents (10, h, C * w), their channels side by side."""

    images: np.ndarray
    latents: np.ndarray
    rebuilt: np.ndarray
    pca: np.ndarray
    noise: np.ndarray
    numbers: int


def for_file(test: Digits, config: ShowConfig) -> tuple:
    """What a shipped result was made for: the autoencoder's file, the settings, and the very digits."""
    return content(SHIPPED[config.which]), config, test.images[config.first : config.first + SHOWN]


@torch.no_grad()
def show(
    net: Autoencoder, training: Digits, test: Digits, config: ShowConfig, basis: Basis | None = None
) -> Shown:
    """basis: principal components of the training digits, of any size that is large enough; None: computed."""
    images = test.images[config.first : config.first + SHOWN]
    require(
        len(images) == SHOWN,
        f"The first digit is number {config.first}; there must be ten among {len(test):,}: choose a smaller one.",
    )
    x = to_model(images)
    numbers = int(np.prod(net.config.shape))
    basis = straight(training, numbers) if basis is None else basis.of(numbers)
    flat = basis.rebuilt(x.flatten(1)).view_as(x)
    parts = (rebuilt(net, x), flat, from_noise(net, SHOWN, config.seed))
    back, pca, noise = (to_uint8(part)[:, 0].numpy() for part in parts)
    return Shown(images[:, 0].numpy(), pictures(net.encode(x)).numpy(), back, pca, noise, numbers)


# --- measured -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MeasureConfig(Knobs):
    """digits: test digits rebuilt, and noises decoded; the other test digits are the reference."""

    digits: int = knob(500, 10, 5_000, "The number of digits")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Row:
    """psnr, pca: in dB, peak to peak, of the autoencoder and of PCA with as many numbers; gain: their difference.

    rebuilt, noise: Frechet distances of reconstructions and of decoded noise.  gray: share of pixels between paper and
    ink, which blur makes more.
    """

    numbers: int
    psnr: Estimate
    pca: Estimate
    gain: Difference
    rebuilt: Estimate
    noise: Estimate
    gray: Estimate


@dataclass(frozen=True, eq=False)
class Measured:
    """floor: the distance of as many training digits; gray: their share of gray pixels.

    untouched: the distance of the very digits that were rebuilt, as they are: other people wrote the first test digits.
    """

    config: MeasureConfig
    rows: dict[str, Row]
    floor: Estimate
    gray: Estimate
    untouched: Estimate


def measure(
    nets: Mapping[str, Autoencoder],
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: MeasureConfig,
    report: Report = silent,
) -> Measured:
    """One training of each, so that what differs between two may be the training's luck."""
    n, rng = config.digits, seeded(config.seed)
    require_enough(n, test)
    x, reference = to_model(test.images[:n]), Reference(features(classifier, test.images[n:])).deep
    numbers = {name: int(np.prod(net.config.shape)) for name, net in nets.items()}
    basis, rows = straight(training, max(numbers.values())), {}

    def distance(images: Tensor) -> Estimate:
        return frechet_estimate(features(classifier, images).deep, reference, rng)

    for turn, (name, net) in enumerate(nets.items()):
        report(turn, len(nets))
        back = rebuilt(net, x)
        flat = basis.of(numbers[name]).rebuilt(x.flatten(1)).view_as(x)
        rows[name] = Row(
            numbers[name],
            psnr(back, x, rng),
            psnr(flat, x, rng),
            psnr_gain(squared_errors(back, x), squared_errors(flat, x), rng),
            distance(to_uint8(back)),
            distance(to_uint8(from_noise(net, n, config.seed))),
            _gray(to_uint8(back), rng),
        )
    real = training.images[torch.randperm(len(training), generator=seeded(config.seed))[:n]]
    report(len(nets), len(nets))
    return Measured(config, rows, distance(real), _gray(real, rng), distance(test.images[:n]))


def psnr(y: Tensor, x: Tensor, rng: torch.Generator) -> Estimate:
    """Peak signal-to-noise ratio in dB of y, brought back to [-1, 1], for x (N, *D): from the mean over all images."""
    errors = squared_errors(y, x)
    return bootstrap(lambda w: decibels(w @ errors / len(errors)), len(errors), rng)


def squared_errors(y: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of each image, (N,) float64, y brought back to [-1, 1]."""
    return (y.clamp(-1, 1) - x).square().flatten(1).mean(1).double()


def psnr_gain(errors: Tensor, others: Tensor, rng: torch.Generator) -> Difference:
    """How many dB the first errors, (N,), are better than the others of the same images: resampled together."""
    found = bootstrap(lambda w: float(10 * ((w @ others) / (w @ errors)).log10()), len(errors), rng)
    return Difference(found.value, found.low, found.high)


def require_enough(n: int, test: Digits) -> None:
    """Raises UserError where not as many test digits as are rebuilt are left for a reference."""
    require(
        2 * n <= len(test),
        f"{n:,} digits are rebuilt and the other test digits are the reference, but there are {len(test):,}: ask for "
        "fewer.",
    )


def grays(images: Tensor) -> Tensor:
    """uint8 (N, 1, H, W) -> the share of pixels between paper and ink of each, (N,) float64."""
    ink = images.flatten(1).float() / 255
    return ((ink > GRAY[0]) & (ink < GRAY[1])).double().mean(1)


def _gray(images: Tensor, rng: torch.Generator) -> Estimate:
    return bootstrap(mean_of(grays(images)), len(images), rng)


def claims(found: Measured) -> list[str]:
    """A sentence for each, with its numbers and a verdict."""
    said, N = [], f"N = {found.config.digits:,}, one training each"
    for name, row in found.rows.items():
        farther = difference(row.noise.value, row.noise.se, row.rebuilt.value, row.rebuilt.se)
        said.append(
            f"{name}: {row.numbers} numbers keep more than as many of PCA: {interval(row.psnr, '.1f')} dB against "
            f"{interval(row.pca, '.1f')} dB, {interval(row.gain, '+.1f')} more, {N}; **{verdict(row.gain, N)}**."
        )
        said.append(
            f"{name}: what noise decodes to is farther from digits than reconstructions are: FCD "
            f"{interval(row.noise, '.2f')} against {interval(row.rebuilt, '.2f')}, floor {found.floor.value:.2f}, {N}; "
            f"**{verdict(farther, N)}**."
        )
        lost = difference(row.rebuilt.value, row.rebuilt.se, found.untouched.value, found.untouched.se)
        said.append(
            f"{name}: reconstructions are farther from digits than the same digits untouched, FCD "
            f"{interval(row.rebuilt, '.2f')} against {interval(found.untouched, '.2f')}, {N}; **{verdict(lost, N)}**."
        )
    return said


def said(found: Shown) -> tuple[str, str]:
    """Whether these digits come back nearer than by PCA with as many numbers: pairs of one digit each."""
    one, other = (
        np.square((made.astype(float) - found.images) / 127.5).mean((1, 2))
        for made in (found.rebuilt, found.pca)
    )
    less = mean_difference(other, one)
    return (
        f"{found.numbers} numbers bring these {len(one)} digits back with a mean squared error of {one.mean():.4f} a "
        f"pixel in [-1, 1], PCA with as many {other.mean():.4f}: {interval(less, '.4f')} less."
    ), verdict(less, f"N = {len(one)}")
