"""Scenes of two half-size digits in colour, and captions that bind a colour to each.

    caption = "a" colour digit ("left of" | "right of") "a" colour digit        "a red three left of a green five"

A scene in codes is (colour, digit, colour, digit), from the left.  A caption in codes has the relation in the middle:
0, left of, names the left digit first; 1, right of, the right one.  So four scenes have the same words, and whoever
sees a bag of them cannot know which was meant.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from images.data.captions import DIGITS
from images.data.mnist import to_model
from playground.errors import UserError, require

COLOURS = {
    "red": (1.0, 0.1, 0.1),
    "green": (0.1, 0.8, 0.1),
    "blue": (0.2, 0.3, 1.0),
    "yellow": (1.0, 0.9, 0.1),
}
RELATIONS = ("left of", "right of")
WORDS = (*RELATIONS, *COLOURS, *DIGITS)  # each with its number
LENGTH = 5  # colour, digit, relation, colour, digit
EXAMPLES = ("a red three left of a green five", "a blue zero right of a yellow seven")
_TOP = 7  # half-size digits stand on the middle rows


@dataclass(frozen=True)
class SceneCaption:
    """Codes: colours 0 to 3, digits 0 to 9, relation 0 or 1."""

    colour: int
    digit: int
    relation: int
    other_colour: int
    other_digit: int

    @property
    def codes(self) -> tuple[int, ...]:
        return self.colour, self.digit, self.relation, self.other_colour, self.other_digit

    @property
    def text(self) -> str:
        names = tuple(COLOURS)
        first = f"a {names[self.colour]} {DIGITS[self.digit]}"
        return f"{first} {RELATIONS[self.relation]} a {names[self.other_colour]} {DIGITS[self.other_digit]}"


def parse(text: str) -> SceneCaption:
    """What a caption of a scene says.  Raises UserError, and says what is known, for any other sentence."""
    numerals = {str(number): word for number, word in enumerate(DIGITS)}
    words = [numerals.get(word, word) for word in text.lower().replace(".", " ").split()]
    known = {"a", "an", "of", "left", "right", *COLOURS, *DIGITS}
    unknown = [word for word in words if word not in known]
    require(
        not unknown,
        f"Scenes do not know {', '.join(map(repr, unknown))}. They know the colours {', '.join(COLOURS)}, the digits "
        "zero to nine, left of and right of.",
    )
    said = [word for word in words if word not in ("a", "an", "of")]
    kinds = (COLOURS, DIGITS, ("left", "right"), COLOURS, DIGITS)
    if len(said) != LENGTH or any(word not in kind for word, kind in zip(said, kinds, strict=True)):
        raise UserError(
            f"{text.strip()!r} is no caption of a scene. It reads: a COLOUR DIGIT left of (or right of) a COLOUR "
            f"DIGIT, such as {EXAMPLES[0]!r}."
        )
    return SceneCaption(*(list(kind).index(word) for word, kind in zip(said, kinds, strict=True)))


# --- many at once ---------------------------------------------------------------------------------------------


def scenes(images: Tensor, codes: Tensor) -> Tensor:
    """images (B, 2, 28, 28) uint8, left and right; codes (B, 4) -> (B, 3, 28, 28) in [-1, 1], on black."""
    inks = torch.tensor(list(COLOURS.values()), device=images.device)
    halves = F.avg_pool2d((to_model(images) + 1) / 2, 2)  # (B, 2, 14, 14), how much ink
    light = halves[:, :, None] * inks[codes[:, [0, 2]]][..., None, None]  # (B, 2, 3, 14, 14)
    middle = torch.cat([light[:, 0], light[:, 1]], 3)
    return 2 * F.pad(middle, [0, 0, _TOP, _TOP]) - 1


def drawn(
    images: Tensor, labels: Tensor, count: int, rng: Generator, unlike: bool = False
) -> tuple[Tensor, Tensor]:
    """`count` scenes of random digits in random colours, (B, 3, 28, 28), and their codes (B, 4).

    unlike: the two digits differ, and so do the two colours: there is something to confuse.
    """
    device, K = images.device, len(COLOURS)
    i = torch.randint(len(images), (count, 2), generator=rng, device=device)
    while unlike and (same := labels[i[:, 0]] == labels[i[:, 1]]).any():
        i[same] = torch.randint(len(images), (int(same.sum()), 2), generator=rng, device=device)
    left = torch.randint(K, (count,), generator=rng, device=device)
    further = torch.randint(int(unlike), K, (count,), generator=rng, device=device)
    codes = torch.stack([left, labels[i[:, 0]], (left + further) % K, labels[i[:, 1]]], 1)
    return scenes(images[i, 0], codes), codes


def captions_of(codes: Tensor, rng: Generator) -> Tensor:
    """A true caption of each scene, (B, 4) -> (B, LENGTH): left of or right of, as chance has it."""
    turned = torch.rand(len(codes), generator=rng, device=codes.device) < 0.5
    first, second = codes[:, :2], codes[:, 2:]
    swapped = turned[:, None]
    return torch.cat(
        [torch.where(swapped, second, first), turned.long()[:, None], torch.where(swapped, first, second)], 1
    )


def scene_of(captions: Tensor) -> Tensor:
    """What a caption says is there, from the left: (B, LENGTH) -> (B, 4)."""
    turned = captions[:, 2:3] == 1
    first, second = captions[:, :2], captions[:, 3:]
    return torch.cat([torch.where(turned, second, first), torch.where(turned, first, second)], 1)


def tokens_of(captions: Tensor) -> Tensor:
    """The numbers of the words, (B, LENGTH)."""
    starts = torch.tensor(
        [len(RELATIONS), len(RELATIONS) + len(COLOURS), 0, len(RELATIONS), len(RELATIONS) + len(COLOURS)],
        device=captions.device,
    )
    return captions + starts


def true_of(captions: Tensor, codes: Tensor) -> Tensor:
    """Whether caption j is true of scene i, (scenes, captions) bool."""
    return (scene_of(captions)[None] == codes[:, None]).all(2)
