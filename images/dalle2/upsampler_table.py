"""The upsampler told true small digits and told the decoder's: what of the whole does it lose, and what the decoder?

Lecture, "DALL-E 2"; Ramesh et al. (2022), Section 2.2.  The same test digits, captions, true embeddings and noise in
every way, so all that is compared is compared digit by digit.  A small digit is the mean of each 2 x 2 pixels; it may
be roughened, blurred and noised, as half of them are in training.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from images.autoencoders.experiment import psnr_gain, require_enough, squared_errors
from images.dalle2.agreement import Share, agreement, measured
from images.dalle2.clip_task import embedded
from images.dalle2.experiment import DrawConfig, Stack, decoded, upsampled
from images.dalle2.upsampler_task import enlarged, roughened, small
from images.data.captions import UNSAID, codes_of
from images.data.mnist import Digits, to_model, to_uint8
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, bootstrap, decibels, frechet_estimate
from images.metrics.frechet import Gaussian, fitted, frechet_distance
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import Difference, interval, interval_of_mean, verdict

REAL = "the real digits (floor)"
TRUE, ROUGH_TRUE = "upsampler, true small digit", "upsampler, true one roughened"
DRAWN, ROUGH_DRAWN = "upsampler, decoder's small digit", "upsampler, decoder's roughened"
NEAREST, BICUBIC = "true small digit, each pixel four times", "true small digit, bicubic"
DRAWN_BICUBIC = "decoder's small digit, bicubic"
TOLD_TRUE = (TRUE, ROUGH_TRUE, NEAREST, BICUBIC)  # ways that have a digit to be nearer to
SHOWN = 12  # digits in the picture


@dataclass(frozen=True)
class UpsamplerConfig(Knobs):
    """digits: test digits from number `first` on; the other test digits are the reference.  steps: of each stage."""

    digits: int = knob(200, 20, 5_000, "The number of digits")
    steps: int = knob(20, 1, 1_000, "The number of steps")
    first: int = knob(0, 0, 9_980, "The first digit")
    seed: int = knob(0, *SEEDS, "The seed")

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=1, w=0.0, steps=self.steps, frames=2)


@dataclass(frozen=True, eq=False)
class Row:
    """images: (N, 1, 28, 28) uint8.  deep: their features; right: (N,) bool, whether each is all that was asked.

    errors: (N,), mean squared from the true digit, in [-1, 1].
    """

    images: Tensor
    deep: Tensor
    right: Tensor
    shares: dict[str, Share]
    fcd: Estimate
    errors: Tensor

    @property
    def psnr(self) -> float:
        """In dB, peak to peak, from the mean error of all digits; infinite where there is none."""
        return decibels(self.errors.mean())


@dataclass(frozen=True, eq=False)
class Table:
    """The rows by way; reference: what real digits other than these look like to the metrics' classifier."""

    config: UpsamplerConfig
    rows: dict[str, Row]
    reference: Gaussian

    @property
    def N(self) -> int:
        return self.config.digits

    def farther(self, one: str, other: str) -> Difference:
        """The Frechet distance of one way less another's; digits are resampled together, so what they share cancels.

        Near the floor the bootstrap's spread is too large, so the interval is wide rather than narrow there.
        """
        a, b = self.rows[one].deep, self.rows[other].deep

        def apart(weights: Tensor) -> float:
            near, far = (frechet_distance(fitted(deep, weights), self.reference) for deep in (b, a))
            return far - near

        found = bootstrap(apart, self.N, seeded(self.config.seed))
        return Difference(found.value, found.low, found.high)

    def oftener(self, one: str, other: str) -> Difference:
        """How much more often one way is all that was asked, over the same captions."""
        return interval_of_mean(self.rows[one].right.double() - self.rows[other].right.double())

    def nearer(self, one: str, other: str) -> Difference:
        """How many dB one way is nearer to the true digits than another."""
        return psnr_gain(self.rows[one].errors, self.rows[other].errors, seeded(self.config.seed))


def bicubic(x: Tensor) -> Tensor:
    """(B, C, 14, 14) -> (B, C, 28, 28), Keys's (1981) cubic between the centres of pixels; it may leave the range."""
    return F.interpolate(x, scale_factor=2.0, mode="bicubic", align_corners=False)


def table(
    stack: Stack, digits: Digits, classifier: Classifier, config: UpsamplerConfig, report: Report = silent
) -> Table:
    """Raises UserError where too few digits are left for a reference."""
    n, first = config.digits, config.first
    require_enough(n, digits)
    require(
        first + n <= len(digits),
        f"There are {len(digits):,} digits, fewer than {n:,} from number {first:,} on: ask for fewer, or begin "
        "earlier.",
    )
    few = digits.part(first, n)
    rest = torch.cat([digits.images[:first], digits.images[first + n :]])
    reference = fitted(features(classifier, rest).deep)
    asked, truth = codes_of(few.images, few.labels), to_model(few.images)
    made = ways(stack, few.images, config, report)
    rows = {}
    for way, images in made.items():
        seen, rng = measured(classifier, images, asked), seeded(config.seed)
        deep = features(classifier, images).deep
        rows[way] = Row(
            images,
            deep,
            ((asked == UNSAID) | (seen == asked)).all(1),
            agreement(seen, asked),
            frechet_estimate(deep, reference, rng),
            squared_errors(to_model(images), truth),
        )
    return Table(config, rows, reference)


def ways(stack: Stack, images: Tensor, config: UpsamplerConfig, report: Report = silent) -> dict[str, Tensor]:
    """Way -> digits (N, 1, 28, 28) uint8, from the same embeddings and the same noise."""
    device, n = stack.decoder.device, len(images)
    true = small(to_model(images.to(device)))
    told = {"vector": embedded(stack.clip, images)}
    rng = seeded(config.seed + 1, device)
    _, drawn = decoded(stack, told, config.drawing, rng, turn_of(report, 0, 5), count=n)
    smalls = {
        TRUE: true,
        DRAWN: drawn,
        ROUGH_TRUE: roughened(true, seeded(config.seed + 2, device)),
        ROUGH_DRAWN: roughened(drawn, seeded(config.seed + 2, device)),
    }
    found = {REAL: images}
    for turn, (way, told_small) in enumerate(smalls.items(), 1):
        rng = seeded(config.seed + 3, device)
        _, large = upsampled(stack, told_small, config.drawing, rng, turn_of(report, turn, 5))
        found[way] = to_uint8(large).cpu()
    plain = {NEAREST: enlarged(true), BICUBIC: bicubic(true), DRAWN_BICUBIC: bicubic(drawn)}
    return found | {way: to_uint8(x).cpu() for way, x in plain.items()}


# --- words --------------------------------------------------------------------------------------------------


def claims(found: Table) -> list[str]:
    """A sentence for each, with its numbers and a verdict."""
    N = f"N = {found.N:,}"
    farther = (
        ("The upsampler told the decoder's small digits ends farther from real ones than told true ones", DRAWN, TRUE),
        ("Told the true small digits it ends farther from real ones than these digits themselves", TRUE, REAL),
        ("Bicubic enlargements of the decoder's small digits are farther than the upsampler's", DRAWN_BICUBIC, DRAWN),
        ("Roughened before the upsampler sees them, the decoder's small digits end nearer", DRAWN, ROUGH_DRAWN),
    )  # fmt: skip
    oftener = (
        ("Told true small digits, the upsampler's have all that was asked more often than told the decoder's",
         TRUE, DRAWN),
        ("The true digits have it more often than what the upsampler makes of them at 14 x 14", REAL, TRUE),
        ("Roughened, the decoder's small digits end in all that was asked more often", ROUGH_DRAWN, DRAWN),
    )  # fmt: skip
    said = [_said(words, found.farther(*pair), "+.2f", " of FCD", N) for words, *pair in farther]
    said += [_said(words, found.oftener(*pair), "+.1%", "", N) for words, *pair in oftener]
    gain = found.nearer(TRUE, BICUBIC)
    words = "A sample of the upsampler is nearer to the true digit than bicubic enlargement"
    return [*said, _said(words, gain, "+.2f", " dB", N)]


def _said(words: str, d: Difference, form: str, unit: str, N: str) -> str:
    return f"{words}: by {interval(d, form)}{unit}, {N}, one training; **{verdict(d, N)}**."


def share_text(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.1%} ({low:.1%} to {high:.1%})"


def cells(found: Table) -> list[dict[str, str]]:
    """A row for each way, for people: PSNR where there is a digit to be near to."""
    return [
        {
            "way": way,
            "FCD": interval(row.fcd, ".2f"),
            "all that was asked": share_text(row.shares["all"]),
            "class": share_text(row.shares["digit"]),
            "PSNR": f"{row.psnr:.1f} dB" if way in TOLD_TRUE else "",
        }
        for way, row in found.rows.items()
    ]
