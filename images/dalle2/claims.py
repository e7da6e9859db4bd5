"""What the prior is for, measured: ways to tell the decoder a caption, judged from the pixels they end in."""

from dataclasses import dataclass, replace

from torch import Tensor

from images.dalle2.agreement import Share, agreement, measured
from images.dalle2.clip_task import embedded
from images.dalle2.experiment import DrawConfig, Stack, decoded, imagined, upsampled
from images.dalle2.prior_task import caption_of
from images.data.captions import UNSAID, codes_of
from images.data.mnist import Digits, to_uint8
from images.metrics.classifier import Classifier
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import Difference, interval, interval_of_mean, verdict

AUTOREGRESSIVE = "autoregressive prior"
REAL = "real digits (floor)"
WAYS = {
    "caption alone": "the caption's words, no embedding",
    "text embedding": "the caption's embedding in the place of the image's",
    "prior": "an image embedding that the diffusion prior drew for the caption",
    AUTOREGRESSIVE: "an image embedding from the autoregressive prior, where there is one",
    "prior and caption": "the same, and the caption's words",
    "true embedding": "the embedding of a real digit that has this caption",
}


@dataclass(frozen=True)
class ClaimsConfig(Knobs):
    """count: test digits whose full captions are drawn, from `first` on; w, steps: as in DrawConfig.

    A table that was looked at while something was chosen is no test of it; further digits are.
    """

    count: int = knob(200, 10, 10_000, "The number of digits")
    w: float = 0.0
    steps: int = 20
    seed: int = knob(0, *SEEDS, "The seed")
    first: int = knob(0, 0, 9_990, "The first digit")

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.drawing  # its rules are checked now, before anything is loaded

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=1, w=self.w, steps=self.steps, frames=2)


# more, less, and what the claim is called
PAIRS = (
    ("prior", "text embedding", "the prior helps"),
    (AUTOREGRESSIVE, "text embedding", "the autoregressive prior helps"),
    ("prior", AUTOREGRESSIVE, "the diffusion prior is better than the autoregressive one"),
    ("prior", "caption alone", "the prior is better than the words alone"),
    ("prior and caption", "prior", "words beside the prior's embedding help"),
    ("true embedding", "prior", "a real digit's embedding is better still"),
)


@dataclass(frozen=True, eq=False)
class Claims:
    """shares: way -> attribute, or "all" -> the share of digits that are what was asked.

    right: way -> (N,) bool, whether each digit has all that was asked.
    """

    config: ClaimsConfig
    shares: dict[str, dict[str, Share]]
    right: dict[str, Tensor]

    def apart(self, more: str, less: str) -> Difference:
        """How much more often one way has all that was asked: the mean of paired differences, the same captions."""
        return interval_of_mean(self.right[more].double() - self.right[less].double())

    @property
    def verdicts(self) -> list[str]:
        """Each claim of PAIRS whose two ways were measured."""
        said = []
        for more, less, claim in PAIRS:
            if {more, less} <= set(self.right):
                gain, N = self.apart(more, less), len(self.right[more])
                said.append(
                    f"That {claim} ({more} against {less}: {interval(gain, '+.1%')}) {verdict(gain, f'N = {N}')}."
                )
        return said

    @property
    def verdict(self) -> str:
        """Whether the prior's digits have all that was asked more often than the text embedding's own."""
        prior, text = self.shares["prior"]["all"], self.shares["text embedding"]["all"]
        return (
            f"All that was asked: {prior} of the digits with the prior, {text} with the text embedding in its place. "
            f"{self.verdicts[0]}"
        )


FRESH = 5_000  # test digits from here on were in no table by which anything was chosen


def fresh(digits: Digits, count: int) -> int:
    """The number of the first of `count` digits that nothing was chosen by, or of the last ones of few."""
    return max(0, min(FRESH, len(digits) - count))


def claims(
    stack: Stack, digits: Digits, classifier: Classifier, config: ClaimsConfig, report: Report = silent
) -> Claims:
    """Each way draws one digit for each of the same captions, from the same noise."""
    require(
        config.first + config.count <= len(digits),
        f"There are {len(digits)} digits, fewer than {config.count} from number {config.first} on: ask for fewer, "
        "or begin earlier.",
    )
    few = digits.part(config.first, config.count)
    images, asked = few.images, codes_of(few.images, few.labels)
    shares, right = {REAL: agreement(measured(classifier, images, asked), asked)}, {}
    ways = [way for way in WAYS if way != AUTOREGRESSIVE or stack.ar_prior is not None]
    for number, way in enumerate(ways):
        report(number, len(ways), way)
        told = told_by(way, stack, images, asked, config)
        rng = seeded(config.seed + 1, stack.decoder.device)
        _, small = decoded(stack, told, config.drawing, rng, count=config.count)
        _, large = upsampled(stack, small, config.drawing, rng)
        seen = measured(classifier, to_uint8(large).cpu(), asked)
        shares[way], right[way] = agreement(seen, asked), ((asked == UNSAID) | (seen == asked)).all(1)
    report(len(ways), len(ways))
    return Claims(config, shares, right)


def told_by(way: str, stack: Stack, images: Tensor, asked: Tensor, config: ClaimsConfig) -> dict[str, Tensor]:
    """What the decoder is told by a way of WAYS, for captions (N, 4) of the images (N, 1, 28, 28)."""
    caption = caption_of(stack.clip, asked.to(stack.decoder.device))
    if way == "caption alone":
        return {"tokens": caption["tokens"]}
    if way == "text embedding":
        return {"vector": caption["vector"]}
    if way == "true embedding":
        return {"vector": embedded(stack.clip, images)}
    rng = seeded(config.seed, stack.decoder.device)
    if way == AUTOREGRESSIVE and stack.ar_prior is not None:
        return {"vector": stack.ar_prior.sample(caption, len(asked), rng)}
    _, z_i = imagined(stack, caption, len(asked), replace(config.drawing, prior_w=0.0), rng)
    return {"vector": z_i} if way == "prior" else {"vector": z_i, "tokens": caption["tokens"]}
