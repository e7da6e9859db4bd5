"""Captions: the grammar's round trip, what is refused, and codes against the attributes that they were made from."""

import itertools

import pytest
import torch

from images.data.captions import (
    DIGITS,
    EXAMPLES,
    LENGTH,
    SLANTS,
    THICKNESSES,
    VALUES,
    WIDTHS,
    WORDS,
    Caption,
    codes_of,
    parse,
    tokens_of,
    true_of,
    with_words_left_out,
)
from images.data.mnist import load
from playground.errors import UserError
from playground.levels import seeded

ALL = [Caption(*codes) for codes in itertools.product(*(range(-1, len(values)) for values in VALUES))]


def test_every_caption_is_read_back_as_it_was_written():
    assert len(ALL) == 11 * 4 * 4 * 4 and len({caption.text for caption in ALL}) == len(ALL)
    assert all(parse(caption.text) == caption for caption in ALL)
    assert all(parse(text).text == text for text in EXAMPLES)


def test_upper_case_a_full_stop_and_numerals_are_forgiven():
    assert parse("A thick 7 leaning left.") == parse("a thick seven leaning left") == Caption(7, 2, -1, 0)
    assert Caption(8, -1, -1, -1).text == "an eight"


@pytest.mark.parametrize(
    ("text", "said"),
    [("a purple seven", "'purple'"), ("", "is no caption"), ("a seven thick", "is no caption"),
     ("a thin thick seven", "is no caption"), ("a seven leaning", "is no caption"),
     ("12", "'12'"), ("a", "is no caption")],
)  # fmt: skip
def test_any_other_sentence_is_refused_with_what_is_known(text, said):
    with pytest.raises(UserError, match=said) as refused:
        parse(text)
    assert "leaning" in str(refused.value) and "thick" in str(refused.value)


def test_the_words_numbers_say_what_the_caption_says():
    codes = torch.tensor([caption.codes for caption in ALL])
    tokens = tokens_of(codes)
    assert tokens.shape == (len(ALL), LENGTH) and len({tuple(row) for row in tokens.tolist()}) == len(ALL)
    for caption, row in zip(ALL, tokens.tolist(), strict=True):
        words = " ".join(WORDS[number] for number in row if number)
        assert words == caption.text.split(" ", 1)[1]


def test_strokes_of_known_thickness_and_slant_get_their_words():
    images = torch.zeros(4, 1, 28, 28)
    images[0, 0, 4:24, 13:14] = 1  # one pixel thick: thin, upright
    images[1, 0, 4:24, 11:17] = 1  # six: thick
    rows = torch.arange(4, 24)
    images[2, 0, rows, 4 + (24 - rows) * 20 // 20 - 1] = 1  # up and to the right
    codes = codes_of(images, torch.tensor([1, 1, 1, 1]))
    assert THICKNESSES[codes[0, 1]] == "thin" and THICKNESSES[codes[1, 1]] == "thick"
    assert SLANTS[codes[0, 3]] == "upright" and SLANTS[codes[2, 3]] == "leaning right"
    assert WIDTHS[codes[0, 2]] == "narrow" and WIDTHS[codes[1, 2]] == "wide"
    assert codes[3].tolist() == [1, -1, -1, -1]  # an empty image has no attributes but its label


def test_every_word_is_used_for_a_fair_share_of_real_digits():
    """The edges are near the terciles: each third has between a fifth and a half, of any source of digits."""
    digits = load("train", download=False)
    codes = codes_of(digits.images[:4000], digits.labels[:4000])
    for column in codes[:, 1:].T:
        shares = torch.bincount(column, minlength=3) / len(column)
        assert shares.min() > 0.18 and shares.max() < 0.55
    assert torch.equal(codes[:, 0], digits.labels[:4000]) and len(DIGITS) == 10


def test_a_caption_is_true_of_what_has_all_that_it_says():
    full = torch.tensor([[7, 2, 1, 0], [7, 1, 1, 0], [3, 2, 1, 0]])
    said = torch.tensor(
        [parse(text).codes for text in ("a seven", "a thick digit", "a thick seven", "a digit")]
    )
    wanted = [[True, True, True, True], [True, False, False, True], [False, True, False, True]]
    assert true_of(said, full).tolist() == wanted


def test_words_are_left_out_at_their_rates_and_what_stays_is_true():
    full = torch.tensor([[7, 2, 1, 0]]).expand(20_000, 4)
    short = with_words_left_out(full, seeded(0))
    shares = (short == -1).float().mean(0)
    # four standard deviations of a share of 20,000 are at most 0.013
    assert (shares - torch.tensor([0.1, 0.3, 0.3, 0.3])).abs().max() < 0.013
    assert true_of(short, full[:1]).all()


def test_articles_go_by_sound_and_every_text_is_read_back():
    texts = [Caption(digit).text for digit in (0, 1, 8)] + [Caption(1, width=1).text]
    assert texts == ["a zero", "a one", "an eight", "an average one"]
    assert [parse(text).text for text in texts] == texts
