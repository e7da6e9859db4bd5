"""Guidance of the decoder in two ways: by itself, and by a noise-aware CLIP (GLIDE, Nichol et al. 2021, Section 2.4).

Captions say class and thickness, so width and slant are left open and should keep their variety.  Agreement is
measured from the pixels, by the metrics' classifier and by attributes; CLIP's own score stands beside it, and is what
CLIP's guidance pushes up.  All strengths start from the same embeddings of the prior and the same noise.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from images.dalle2.agreement import Share, agreement, measured, without_dust
from images.dalle2.clip_task import embedded
from images.dalle2.experiment import DrawConfig, Stack, imagined, upsampled, walked_decoder
from images.dalle2.prior_task import caption_of
from images.data.attributes import attributes
from images.data.captions import UNSAID, codes_of
from images.data.mnist import Digits, to_uint8
from images.metrics.classifier import Classifier, features
from images.metrics.neighbours import coverage
from images.networks.noisy_clip import NoisyClip
from playground.denoisers import Denoiser, guided
from playground.errors import SEEDS, require, require_range
from playground.guidance import classifier_guided, gradient_of
from playground.knobs import Knobs, knob
from playground.levels import Level, seeded
from playground.progress import Report, silent
from playground.statistics import Difference, difference_of_shares, interval, mean_difference, verdict

ITSELF, BY_CLIP = "itself", "clip"
STRENGTHS = {ITSELF: (0.0, 1.0, 2.0, 4.0, 8.0), BY_CLIP: (0.0, 0.3, 1.0, 3.0, 10.0)}
SIGNS = {ITSELF: "w", BY_CLIP: "s"}


@dataclass(frozen=True)
class GuidanceConfig(Knobs):
    """count: test digits whose class and thickness are asked for; strengths: w of `itself`, s of CLIP's gradient."""

    count: int = knob(200, 20, 5000, "The number of digits")
    strengths: tuple[float, ...] = STRENGTHS[ITSELF]
    steps: int = knob(20, 1, 1000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.strengths) > 1, "One strength shows no difference: give two or more.")
        for strength in self.strengths:
            require_range("The strength of guidance", strength, 0, 1000)

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=1, w=0.0, steps=self.steps, frames=2)


@dataclass(frozen=True, eq=False)
class Row:
    """shares: as asked, measured; recall: share of real digits with such captions within the drawn ones' manifold.

    width, slant: their standard deviation within captions over that of real digits; scores (N,): CLIP's cosines.
    """

    strength: float
    shares: dict[str, Share]
    recall: Share
    width: float
    slant: float
    scores: np.ndarray
    seconds: float
    images: Tensor


@dataclass(frozen=True, eq=False)
class Guidance:
    by: str
    config: GuidanceConfig
    rows: tuple[Row, ...]

    @property
    def at(self) -> str:
        return f"N = {self.config.count} at each {SIGNS[self.by]}"

    def changes(self, row: Row) -> dict[str, Difference]:
        """CLIP's score, agreement and recall at a strength, less those at the first."""
        first = self.rows[0]
        pairs = (row.shares["all"], first.shares["all"]), (row.recall, first.recall)
        agreed, recalled = (difference_of_shares(a.value, a.n, b.value, b.n) for a, b in pairs)
        score = mean_difference(row.scores, first.scores)
        return {"CLIP's score": score, "agreement": agreed, "recall": recalled}

    @property
    def verdicts(self) -> list[str]:
        """What the strongest guidance does to each, as claims about differences."""
        changes, sign, last = self.changes(self.rows[-1]), SIGNS[self.by], self.rows[-1].strength
        rising = ("CLIP's score", "agreement")
        said = [
            f"Claim: {name} rises from {sign} = {self.rows[0].strength:g} to {last:g}: by "
            f"{interval(changes[name], '+.3f')}: {verdict(changes[name], self.at)}."
            for name in rising
        ]
        d = changes["recall"]
        falls = Difference(-d.value, -d.high, -d.low)
        return [*said, f"Claim: recall falls: by {interval(falls, '+.3f')}: {verdict(falls, self.at)}."]


def clip_guided(
    stack: Stack, noisy: NoisyClip, denoise: Denoiser, z_t: Tensor, s: float, scale: float
) -> Denoiser:
    """The score moved by s times the gradient of CLIP's logit, its scale times the cosine; z_t (B, D)."""

    def log_p(xt: Tensor, level: Level) -> Tensor:
        return scale * torch.cosine_similarity(noisy(xt, level), z_t, dim=1)

    return denoise if s == 0 else classifier_guided(denoise, gradient_of(log_p), s)


def guidance(
    stack: Stack,
    digits: Digits,
    classifier: Classifier,
    by: str,
    config: GuidanceConfig,
    noisy: NoisyClip | None = None,
    report: Report = silent,
) -> Guidance:
    """Digits at every strength, for captions that say the class and the thickness of the first test digits."""
    n = config.count
    require(2 * n <= len(digits), f"There are {len(digits)} digits for 2 x {n}: ask for fewer.")
    asked = codes_of(digits.images[:n], digits.labels[:n])
    asked[:, 2:] = UNSAID
    told = caption_of(stack.clip, asked.to(stack.decoder.device))
    _, z_i = imagined(stack, told, n, config.drawing, seeded(config.seed, stack.decoder.device))
    real = digits.images[n : 2 * n]
    reference = features(classifier, real).deep
    spread = open_spread(digits.images[:n], asked)
    model = stack.decoder
    base, scale = model.denoise.given(vector=z_i, tokens=told["tokens"]), float(stack.clip.log_scale.exp())
    rows = []
    for number, strength in enumerate(config.strengths):
        report(number, len(config.strengths), f"{SIGNS[by]} = {strength:g}")
        start = time.perf_counter()
        if by == ITSELF or noisy is None:
            denoise = guided(base, model.denoise, strength)
        else:
            denoise = clip_guided(stack, noisy, base, told["vector"], strength, scale)
        images = drawn(stack, denoise, config)
        seconds = time.perf_counter() - start
        deep = features(classifier, images).deep
        recalled = coverage(deep, reference).recalled
        width, slant = (a / b for a, b in zip(open_spread(images, asked), spread, strict=True))
        z = embedded(stack.clip, images)
        scores = torch.cosine_similarity(z, told["vector"], dim=1).cpu().numpy()
        shares = agreement(measured(classifier, images, asked), asked)
        recall = Share(int(recalled.sum()), n)
        rows.append(Row(strength, shares, recall, width, slant, scores, seconds, images))
    report(len(config.strengths), len(config.strengths))
    return Guidance(by, config, tuple(rows))


def drawn(stack: Stack, denoise: Denoiser, config: GuidanceConfig) -> Tensor:
    """(N, 1, 28, 28) uint8 by a denoiser of N small digits, and the upsampler."""
    rng = seeded(config.seed + 1, stack.decoder.device)
    _, small = walked_decoder(stack, denoise, config.count, config.drawing, rng)
    _, large = upsampled(stack, small, config.drawing, rng)
    return to_uint8(large).cpu()


def open_spread(images: Tensor, asked: Tensor) -> tuple[float, float]:
    """The standard deviation of width and slant within captions, the root of the mean variance."""
    found = attributes(without_dust(images))
    groups = asked[:, 0] * 3 + asked[:, 1]
    spreads = []
    for values in (found.width.double(), found.slant.double()):
        total, count = 0.0, 0
        for group in groups.unique():
            of = values[(groups == group) & values.isfinite()]
            if len(of) > 1:
                total, count = total + float(of.var()) * len(of), count + len(of)
        spreads.append((total / max(count, 1)) ** 0.5)
    return spreads[0], spreads[1]
