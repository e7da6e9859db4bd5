"""How the claims on digits are measured: shipped models, few digits, the functions of the pages themselves."""

from dataclasses import replace
from functools import lru_cache

from images.dalle2.between_measure import ARC, PIXELS, BetweenConfig, measure_between
from images.dalle2.claims import AUTOREGRESSIVE, Claims, ClaimsConfig, claims, fresh
from images.dalle2.clip_experiment import zero_shot
from images.dalle2.clip_task import load_clip
from images.dalle2.experiment import load_stack
from images.dalle2.upsampler_table import DRAWN, TRUE, UpsamplerConfig
from images.dalle2.upsampler_table import table as upsampler_table
from images.data.mnist import load
from images.diffusion_autoencoder.measure import MeasureConfig
from images.diffusion_autoencoder.measure import measure as measure_autoencoder
from images.guidance.experiment import GuidanceConfig, classifier_free, sweep
from images.metrics.classifier import load_classifier
from images.metrics.estimates import FCD
from images.metrics.evaluate import EvaluateConfig, Yardstick, generate
from images.models import SHIPPED, load_model
from images.palette.experiment import PaletteConfig, restore
from images.palette.experiment import measure as measure_palette
from playground.claims import Outcome, as_good
from playground.progress import Report
from playground.statistics import (
    Difference,
    Z,
    difference,
    difference_of_shares,
    equals,
    interval,
    verdict,
    wilson,
)

EVALUATE = EvaluateConfig(samples=300, steps=10, bound_digits=0)
GUIDANCE = GuidanceConfig(samples=200, steps=10, strengths=(0.0, 2.0))
PALETTE = PaletteConfig(digits=50, samples=2, steps=10)
AUTOENCODER = MeasureConfig(digits=60, steps=(10,), pairs=2)
CAPTIONS = ClaimsConfig(count=100, steps=10)
UPSAMPLED = UpsamplerConfig(digits=100, steps=10)
BETWEEN = BetweenConfig(pairs=40, steps=10)
SHOTS = 1_000  # test digits that CLIP tells apart


@lru_cache(1)
def yardstick() -> Yardstick:
    """Read once for all claims."""
    return Yardstick.load()


def digits_as_good_as_real(report: Report) -> Outcome:
    """FCD of generated digits, and of as many real ones, to the same test digits."""
    measure, N = yardstick(), EVALUATE.samples
    images = generate(load_model(), EVALUATE, lambda stage, done, total: report(done, total))
    found, floor = measure.measure(images)[1][FCD], measure.floors(N)[FCD]
    worse = difference(found.value, found.se, floor.value, floor.se)
    return Outcome(
        f"FCD {interval(found, '.2f')}; as many real digits have {floor.value:.2f}: "
        f"{interval(worse, '.2f')} more. N = {N}, DDIM, {EVALUATE.steps} steps.",
        as_good(worse, f"N = {N}"),
    )


def guidance_raises_agreement(report: Report) -> Outcome:
    model = load_model(SHIPPED.with_name("labelled.safetensors"))
    plain, guided = sweep(model, classifier_free(model), yardstick(), GUIDANCE, report=report).rows
    N = GUIDANCE.samples
    rise = difference_of_shares(guided.agreement, N, plain.agreement, N)
    return Outcome(
        f"Read as asked: {plain.agreement:.1%} with w = 0, {guided.agreement:.1%} with w = {guided.strength:g}; "
        f"{interval(rise)} more. N = {N} each, {GUIDANCE.steps} steps.",
        verdict(rise),
    )


def palette_costs_twice(report: Report) -> Outcome:
    restored = restore(load_model(SHIPPED.with_name("palette.safetensors")), load("test"), PALETTE, report)
    found = measure_palette(restored, yardstick().classifier)
    half = Z * found.ratio_se
    ratio = Difference(found.ratio, found.ratio - half, found.ratio + half)
    return Outcome(
        f"{interval(ratio, '.2f')} times the squared error of the first step, and 2 is exact. N = {found.N} digits, "
        f"{PALETTE.task}, {found.K} samples each, {PALETTE.steps} steps.",
        equals(2, ratio),
    )


def z_decides_the_class(report: Report) -> Outcome:
    """z of one digit with x_T of another: whose class is drawn?"""
    training, test = load("train"), load("test")
    model, plain = load_model(SHIPPED.with_name("diffusion-autoencoder.safetensors")), load_model()
    found = measure_autoencoder(model, plain, load_classifier(), training, test, AUTOENCODER, report)
    follows = found.follows
    labels = test.labels[: AUTOENCODER.digits]
    n, lead = int((labels != labels.roll(-1)).sum()), found.leads["swapped"]
    return Outcome(
        f"{follows['z'].value:.1%} have the class of z's digit, {follows['x_T'].value:.1%} that of x_T's: "
        f"{interval(lead)} more. N = {n} pairs of two classes, {AUTOENCODER.steps[0]} steps.",
        verdict(lead),
    )


@lru_cache(1)
def _drawn_by_all_ways() -> dict[str, Claims]:
    """Room for what two claims measure at once."""
    return {}


def _ways(report: Report) -> Claims:
    kept = _drawn_by_all_ways()
    if not kept:
        test = load("test")
        config = replace(CAPTIONS, first=fresh(test, CAPTIONS.count))
        kept["ways"] = claims(load_stack(), test, load_classifier(), config, report)
    return kept["ways"]


def diffusion_prior_beats_autoregressive(report: Report) -> Outcome:
    found = _ways(report)
    one, other = found.shares["prior"]["all"], found.shares[AUTOREGRESSIVE]["all"]
    gain = found.apart("prior", AUTOREGRESSIVE)
    return Outcome(
        f"All that the caption says: {one.value:.1%} with the diffusion prior, {other.value:.1%} with the "
        f"autoregressive one; {interval(gain)} more. N = {one.n} captions, {CAPTIONS.steps} steps, one training each.",
        verdict(gain),
    )


def prior_beats_text_embedding(report: Report) -> Outcome:
    found = _ways(report)
    prior, text = found.shares["prior"]["all"], found.shares["text embedding"]["all"]
    gain = found.apart("prior", "text embedding")
    return Outcome(
        f"All that the caption says: {prior.value:.1%} with the prior, {text.value:.1%} with the text embedding in its "
        f"place; {interval(gain)} more. N = {prior.n} captions, {CAPTIONS.steps} steps.",
        verdict(gain),
    )


def clip_tells_classes(report: Report) -> Outcome:
    """The class by the nearest of ten captions, against chance: one in ten."""
    found = zero_shot(load_clip(), load("test").part(0, SHOTS)).shares["digit"]
    low, high = (float(end) for end in wilson(found.value, found.n))
    above = Difference(found.value - 0.1, low - 0.1, high - 0.1)
    return Outcome(
        f"{found.value:.1%} ({low:.1%} to {high:.1%}) are nearest to their own class's caption; chance has 10 %. "
        f"N = {found.n:,} test digits.",
        verdict(above),
    )


def true_small_digits_serve_better(report: Report) -> Outcome:
    """The upsampler told the true digit at 14 x 14, and told the decoder's, for the same captions."""
    found = upsampler_table(load_stack(), load("test"), load_classifier(), UPSAMPLED, report)
    gain, (one, other) = found.oftener(TRUE, DRAWN), (found.rows[way].shares["all"] for way in (TRUE, DRAWN))
    return Outcome(
        f"All that the caption says: {one.value:.1%} told the true small digit, {other.value:.1%} told the decoder's; "
        f"{interval(gain, '.1%')} more. N = {found.N} digits, {UPSAMPLED.steps} steps, one training.",
        verdict(gain),
    )


def arc_is_more_even_than_pixels(report: Report) -> Outcome:
    """Longest over mean step in the metrics' classifier's features, along CLIP's arc and by blending pixels."""
    found = measure_between(load_stack(), load("test"), load_classifier(), BETWEEN, report)
    gain, (arc, pixels) = found.more("uneven", PIXELS, ARC), found.ways.values()
    return Outcome(
        f"Longest over mean of ten steps, 1 is even: {arc.uneven.mean():.2f} along the arc, "
        f"{pixels.uneven.mean():.2f} by pixels; {interval(gain, '.2f')} less. "
        f"N = {BETWEEN.pairs} pairs, {BETWEEN.steps} steps.",
        verdict(gain),
    )
