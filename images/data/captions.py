"""Captions of digits, made from what is measured on them: "a thick wide seven leaning left".

    caption = ("a" | "an") [thickness] [width] (digit word | "digit") ["leaning left" | "upright" | "leaning right"]

A caption says some of four attributes, in codes: digit 0..9, and 0, 1 or 2 for the others; -1 is what it does not
say.  The words for thickness and slant compare with all digits, those for width with digits of the same class, or
"narrow" would mean "one".  A caption is true of an image when every attribute that it says is the image's own.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from images.data.attributes import attributes
from playground.errors import UserError, require

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
THICKNESSES, WIDTHS = ("thin", "medium", "thick"), ("narrow", "average", "wide")
SLANTS = ("leaning left", "upright", "leaning right")
ATTRIBUTES = ("digit", "thickness", "width", "slant")  # in the order of the codes
VALUES = (DIGITS, THICKNESSES, WIDTHS, SLANTS)
UNSAID = -1

# Where the words change.  Thickness and width: near the terciles of MNIST's training digits, rounded.  Slant: not its
# terciles, because MNIST leans right by six degrees, and "upright" should look upright.
THICKNESS_EDGES = (2.2, 2.7)  # pixels
SLANT_EDGES = (-5.0, 15.0)  # degrees, positive leans right
WIDTH_EDGES = (  # pixels, of each class
    (14.5, 17.0), (3.7, 4.6), (14.7, 17.3), (12.2, 14.4), (12.6, 15.1),
    (12.8, 14.8), (11.6, 14.2), (12.5, 15.0), (11.0, 13.1), (11.0, 13.0),
)  # fmt: skip

# The words, each with its number; 0 stands in the place of a word that is not there.
WORDS = ("", "digit", *DIGITS, *THICKNESSES, *WIDTHS, "leaning", "upright", "left", "right")
LENGTH = 5  # thickness, width, digit, leaning or upright, left or right
KNOWN = ("a", "an", *WORDS[1:])
_NUMERALS = {str(number): word for number, word in enumerate(DIGITS)}
EXAMPLES = (
    "a thick seven leaning left",
    "a thin two",
    "a medium wide zero upright",
    "a narrow eight leaning right",
    "a thick digit",
    "a four",
)


@dataclass(frozen=True)
class Caption:
    """Codes as in the top of this file, -1 where nothing is said."""

    digit: int = UNSAID
    thickness: int = UNSAID
    width: int = UNSAID
    slant: int = UNSAID

    def __post_init__(self) -> None:
        for name, values in zip(ATTRIBUTES, VALUES, strict=True):
            code = getattr(self, name)
            require(
                UNSAID <= code < len(values),
                f"The {name} has the code {code}; it must lie from 0 to {len(values) - 1}, or be -1 for unsaid.",
            )

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in ATTRIBUTES)

    @property
    def text(self) -> str:
        digit, thickness, width, slant = (
            values[code] if code != UNSAID else "" for values, code in zip(VALUES, self.codes, strict=True)
        )
        words = " ".join(word for word in (thickness, width, digit or "digit", slant) if word)
        vowel = words[0] in "aeiou" and not words.startswith("one")  # a one, an eight
        return f"{'an' if vowel else 'a'} {words}"


def parse(text: str) -> Caption:
    """What a caption says.  Raises UserError, and says which words are known, for any other sentence.

    Upper case and a full stop are forgiven; numerals stand for digit words; "a" may be left out.
    """
    words = [_NUMERALS.get(word, word) for word in text.lower().replace(".", " ").split()]
    unknown = [word for word in words if word not in KNOWN]
    require(
        not unknown,
        f"Captions do not know {', '.join(repr(word) for word in unknown)}. They know: {', '.join(KNOWN)}.",
    )
    rest = words[1:] if words[:1] in (["a"], ["an"]) else words
    codes = {}
    for name, values in zip(ATTRIBUTES[1:3], VALUES[1:3], strict=True):  # thickness, then width
        if rest and rest[0] in values:
            codes[name] = values.index(rest.pop(0))
    noun = rest.pop(0) if rest else ""
    slant = " ".join(rest)
    if noun not in ("digit", *DIGITS) or slant not in ("", *SLANTS):
        raise UserError(
            f"{text.strip()!r} is no caption. A caption reads: a [thin|medium|thick] [narrow|average|wide] "
            "(zero to nine, or digit) [leaning left|upright|leaning right], such as 'a thick seven leaning left'."
        )
    codes |= {"digit": DIGITS.index(noun)} if noun in DIGITS else {}
    return Caption(**codes, **({"slant": SLANTS.index(slant)} if slant else {}))


# --- many at once ---------------------------------------------------------------------------------------------


def codes_of(images: Tensor, labels: Tensor) -> Tensor:
    """What a full caption of each image says, (N, 4): images (N, 1, 28, 28) uint8 or 0 to 1, labels (N,) int64.

    An empty image has no thickness, width or slant: these are -1.
    """
    measured = attributes(images)
    width_edges = torch.tensor(WIDTH_EDGES).to(labels.device)[labels]  # (N, 2)
    columns = [
        (measured.thickness, torch.tensor(THICKNESS_EDGES)),
        (measured.width, width_edges),
        (measured.slant, torch.tensor(SLANT_EDGES)),
    ]
    coded = [
        torch.where(value.isnan(), UNSAID, (value[:, None] > edges.to(value)).sum(1))
        for value, edges in columns
    ]
    return torch.stack([labels, *coded], 1)


def with_words_left_out(codes: Tensor, rng: Generator, digit: float = 0.1, others: float = 0.3) -> Tensor:
    """Codes (B, 4) of shorter captions: each attribute is left unsaid at random, the digit less often."""
    shares = torch.tensor([digit, others, others, others], device=codes.device)
    dropped = torch.rand(codes.shape, generator=rng, device=codes.device) < shares
    return torch.where(dropped, UNSAID, codes)


def tokens_of(codes: Tensor) -> Tensor:
    """The numbers of the words, (B, 4) -> (B, LENGTH): each place has its own kind of word, 0 where there is none."""
    digit, thickness, width, slant = (_numbers(values).to(codes.device) for values in _WORDS_OF)
    first, second = slant[codes[:, 3]].unbind(1)
    columns = [thickness[codes[:, 1], 0], width[codes[:, 2], 0], digit[codes[:, 0], 0], first, second]
    return torch.stack(columns, 1)


# The words of each attribute's values; the last entry, which -1 picks, is that of what is not said.
_WORDS_OF = (
    (*DIGITS, "digit"),
    (*THICKNESSES, ""),
    (*WIDTHS, ""),
    (*SLANTS, ""),
)


def _numbers(values: tuple[str, ...]) -> Tensor:
    """(values, 2): the numbers of up to two words each."""
    return torch.tensor([[WORDS.index(word) for word in [*value.split(), "", ""][:2]] for value in values])


def true_of(captions: Tensor, images: Tensor) -> Tensor:
    """Whether caption j is true of image i, (images, captions) bool, from codes (B, 4) and full codes (N, 4)."""
    said = captions[None] != UNSAID
    return (~said | (captions[None] == images[:, None])).all(2)
