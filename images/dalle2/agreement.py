"""Whether a digit is what its caption says, measured on its pixels: by the metrics' classifier and by attributes.

Never by CLIP: a system is not judged by a part of itself.  Width is compared within the class that is asked for, or
where none is, within the class that is seen.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from images.data.captions import ATTRIBUTES, UNSAID, codes_of
from images.metrics.classifier import Classifier, features
from playground.errors import require
from playground.statistics import difference_of_shares, interval, verdict, wilson

DUST = 40  # of 255
CHANCE = dict(zip(ATTRIBUTES, (1 / 10, 1 / 3, 1 / 3, 1 / 3), strict=True))


@dataclass(frozen=True)
class Share:
    """hits of n, and Wilson's 95 % interval of the share, low to high."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson (1927): right at shares near 0 and 1, too."""
        low, high = wilson(self.value, self.n, z=1.959964)
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} ({low:.1%} to {high:.1%}, N = {self.n})"


def measured(classifier: Classifier, images: Tensor, asked: Tensor) -> Tensor:
    """The codes of what is seen, (N, 4): images (N, 1, 28, 28) uint8, asked (N, 4) codes of captions."""
    seen = features(classifier, images).classes
    of_class = torch.where(asked[:, 0] == UNSAID, seen, asked[:, 0])
    codes = codes_of(without_dust(images), of_class)
    return torch.cat([seen[:, None], codes[:, 1:]], 1)


def without_dust(images: Tensor) -> Tensor:
    """Paper where the mean of 3 x 3 pixels is below DUST, (N, 1, H, W) uint8, drawn and real digits alike.

    Two hundredths of the ink may lie outside a digit's width; faint specks far from the stroke, which a network of
    minutes leaves, are as much, and would make every digit wide.
    """
    return torch.where(
        F.avg_pool2d(images.float(), 3, stride=1, padding=1) < DUST, torch.zeros_like(images), images
    )


def agreement(seen: Tensor, asked: Tensor) -> dict[str, Share]:
    """Of each attribute that is asked for, and of "all": the share of digits that have it.  (N, 4) codes each."""
    require(
        seen.shape == asked.shape,
        f"{len(seen)} digits were seen for {len(asked)} captions: give one for each.",
    )
    said, right = asked != UNSAID, (asked == UNSAID) | (seen == asked)
    shares = {
        name: Share(int((right & said)[:, k].sum()), int(said[:, k].sum()))
        for k, name in enumerate(ATTRIBUTES)
        if said[:, k].any()
    }
    return shares | {"all": Share(int(right.all(1).sum()), len(asked))}


def said_of_drawn(drawn: dict[str, Share], real: Share) -> tuple[str, str]:
    """Whether digits drawn for a caption fit it more often than real ones, which nobody asked for -> sentence, verdict.

    drawn: as `agreement` gives it.  real: of digits that were not asked for anything, those that the caption fits.
    """
    whole = drawn["all"]
    parts = ", ".join(f"{name} {share.hits} of {share.n}" for name, share in drawn.items() if name != "all")
    more = difference_of_shares(whole.value, whole.n, real.value, real.n)
    return (
        f"All that was asked is there in {whole.hits} of {whole.n} digits ({parts or 'nothing was asked'}), as read "
        f"from their pixels, never by CLIP. Of real digits, which nobody asked for, {real.hits} are so (N = {real.n}): "
        f"the shares differ by {interval(more, '.0%')}.",
        verdict(more, f"N = {whole.n}"),
    )
