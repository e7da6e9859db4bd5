"""What the prior is for, measured: ways to tell the decoder a caption, judged from the pixels they end in."""

from dataclasses import dataclass, replace

from torch import Tensor

from images.dalle2.agreement import Share, agreement, measured
from images.dalle2.clip_task import embedded
from images.dalle2.experiment import DrawConfig, Stack, decoded, imagined, upsampled
from images.dalle2.prior_task import caption_of
from images.data.captions import codes_of
from images.data.mnist import Digits, to_uint8
from images.metrics.classifier import Classifier
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import difference_of_shares, ends, verdict

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
    """count: test digits whose full captions are drawn; w, steps: as in DrawConfig."""

    count: int = knob(200, 10, 10_000, "The number of digits")
    w: float = 0.0
    steps: int = 20
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.drawing  # its rules are checked now, before anything is loaded

    @property
    def drawing(self) -> DrawConfig:
        return DrawConfig(count=1, w=self.w, steps=self.steps, frames=2)


@dataclass(frozen=True)
class Claims:
    """shares: way -> attribute, or "all" -> the share of digits that are what was asked."""

    config: ClaimsConfig
    shares: dict[str, dict[str, Share]]

    @property
    def verdict(self) -> str:
        """Whether the prior's digits have all that was asked more often than the text embedding's own."""
        prior, text = self.shares["prior"]["all"], self.shares["text embedding"]["all"]
        gain = difference_of_shares(prior.value, prior.n, text.value, text.n)
        return (
            f"All that was asked: {prior} of the digits with the prior, {text} with the text embedding in its place. "
            f"That the prior helps ({gain.value:+.1%}, {ends(gain, '+.1%')}) "
            f"{verdict(gain, f'N = {prior.n}')}."
        )


def claims(
    stack: Stack, digits: Digits, classifier: Classifier, config: ClaimsConfig, report: Report = silent
) -> Claims:
    """Each way draws one digit for each of the same captions, from the same noise."""
    require(
        config.count <= len(digits),
        f"There are {len(digits)} digits, fewer than {config.count}: ask for fewer.",
    )
    images, labels = digits.images[: config.count], digits.labels[: config.count]
    asked = codes_of(images, labels)
    shares = {REAL: agreement(measured(classifier, images, asked), asked)}
    ways = [way for way in WAYS if way != AUTOREGRESSIVE or stack.ar_prior is not None]
    for number, way in enumerate(ways):
        report(number, len(ways), way)
        told = told_by(way, stack, images, asked, config)
        rng = seeded(config.seed + 1, stack.decoder.device)
        _, small = decoded(stack, told, config.drawing, rng, count=config.count)
        _, large = upsampled(stack, small, config.drawing, rng)
        shares[way] = agreement(measured(classifier, to_uint8(large).cpu(), asked), asked)
    report(len(ways), len(ways))
    return Claims(config, shares)


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
