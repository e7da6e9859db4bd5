"""How the claims on latents and codes are measured: shipped models, few digits, the functions of the pages."""

import torch

from images.autoencoders.experiment import (
    CRITIC,
    SHIPPED,
    SQUARED,
    psnr_gain,
    rebuilt,
    settled,
    squared_errors,
)
from images.autoencoders.experiment import MeasureConfig as CompareConfig
from images.autoencoders.losses import compare, negated
from images.change.measure import MeasureConfig as ChangeConfig
from images.change.measure import measure as measure_change
from images.data.mnist import load, to_model
from images.diffusion_autoencoder.experiment import codes, own_noise
from images.diffusion_autoencoder.measure import PLACES, mean_square, probes
from images.diffusion_autoencoder.task import SHIPPED as DIFFUSION_AUTOENCODER
from images.latent.autoencoder_task import LATENT
from images.latent.table import TableConfig, above, table
from images.metrics.classifier import load_classifier
from images.metrics.pca import principal
from images.models import load_model
from playground.claims import Outcome
from playground.levels import seeded
from playground.progress import Report
from playground.statistics import FAILS, HOLDS, OPEN, Difference, equals, interval, interval_of_mean, verdict

TABLE = TableConfig(digits=250, steps=20, speed=0)
DIGITS, CLIMBED, STEPS = 500, 100, 20
COMPARED = CompareConfig(digits=250)  # the packaged test digits are 500, and the other half is the reference
CHANGE = ChangeConfig(digits=30, steps=10)


def autoencoder_keeps_more_than_pca(report: Report) -> Outcome:
    """f = 4, 192 numbers; the same test digits through both."""
    training, x = load("train"), to_model(load("test").images[:DIGITS])
    net = settled(SHIPPED["f = 4"], training)
    numbers = int(torch.tensor(net.config.shape).prod())
    report(1, 2)
    flat = principal(to_model(training.images).flatten(1), numbers).rebuilt(x.flatten(1)).view_as(x)
    gain = psnr_gain(squared_errors(rebuilt(net, x), x), squared_errors(flat, x), seeded(0))
    return Outcome(
        f"{numbers} numbers of a latent bring a digit back {interval(gain, '.2f')} dB better than as many of PCA. "
        f"N = {DIGITS} test digits, one training.",
        verdict(gain),
    )


def critic_trades_error_for_sharpness(report: Report) -> Outcome:
    """With a perceptual loss and a critic against squared error alone, f = 4: PSNR, and the share of gray pixels."""
    pair = tuple(settled(SHIPPED[name], load("train")) for name in (CRITIC, SQUARED))
    found = compare([(pair[0], pair[1])], load_classifier(), load("test"), COMPARED, report)[0]
    verdicts = {verdict(negated(d)) for d in (found.psnr, found.gray)}  # both are claimed to fall
    return Outcome(
        f"With a critic PSNR changes by {interval(found.psnr, '+.2f')} dB and the share of gray pixels by "
        f"{interval(found.gray, '+.4f')}; both are to fall. N = {COMPARED.digits} digits, one training each.",
        next(v for v in (FAILS, OPEN, HOLDS) if v in verdicts),
    )


def diffusion_brings_nothing_back(report: Report) -> Outcome:
    """The generated Frechet distance against that of reconstructions."""
    models = {"f = 4": load_model(LATENT)}
    row = table(models, load_classifier(), load("train"), load("test"), TABLE, report).rows["f = 4"]
    more = above(row.generated, row.rebuilt)
    return Outcome(
        f"FCD of new digits {interval(row.generated, '.2f')}, of test digits that went through the autoencoder "
        f"{interval(row.rebuilt, '.2f')}: {interval(more, '.2f')} more. N = {TABLE.digits}, {TABLE.steps} steps.",
        verdict(more),
    )


def z_is_read_linearly(report: Report) -> Outcome:
    """Class accuracy of a ridge regression off z, and off PCA of the same size, on the same test digits."""
    model, training, test = load_model(DIFFUSION_AUTOENCODER), load("train"), load("test")
    size = codes(model, to_model(test.images[:1])).shape[1]
    report(1, 3)
    basis = principal(to_model(training.images).flatten(1), size)
    right = probes(model, basis, training, test)
    lead = interval_of_mean(right["z"].double() - right["PCA"].double())
    z, pca = (float(right[view].double().mean()) for view in ("z", "PCA"))
    return Outcome(
        f"{z:.1%} right off {size} numbers of z, {pca:.1%} off as many of PCA: {interval(lead)} more. "
        f"N = {len(test):,} test digits.",
        verdict(lead),
    )


def own_noise_is_not_noise(report: Report) -> Outcome:
    """The mean square of x_T of real digits on paper three pixels away from all ink."""
    model, x0 = load_model(DIFFUSION_AUTOENCODER), to_model(load("test").images[:CLIMBED])
    x_T = own_noise(model, x0, STEPS, codes(model, x0), report)
    ink, paper = (mean_square(x_T, PLACES[where](x0)) for where in ("ink", "paper"))
    return Outcome(
        f"Mean square {interval(paper, '.2f')} on paper and {interval(ink, '.2f')} where there is ink; noise has 1. "
        f"N = {CLIMBED} digits, {STEPS} steps up.",
        FAILS if equals(1, paper) == HOLDS else HOLDS,
    )


def attributes_have_directions(report: Report) -> Outcome:
    """A move of one along slant, x_T kept: by how much the drawn digit leans more, and what else it does."""
    model = load_model(DIFFUSION_AUTOENCODER)
    found = measure_change(model, load_classifier(), load("train"), load("test"), CHANGE, report)
    slope, margin = found.slopes["z", "slant", "slant"], found.margins["z", "slant", "thickness"]
    return Outcome(
        f"A step along slant leans the digit by {interval(slope, '.1f')} degrees, and by {interval(margin, '.2f')} "
        f"standard deviations more than it thickens it. N = {CHANGE.digits} digits, {CHANGE.steps} steps.",
        verdict(Difference(slope.value, slope.low, slope.high)),
    )
