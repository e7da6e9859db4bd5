"""The upsampler told true and drawn small digits: what is shared by the ways, the differences, and what is refused."""

import json

import pytest
import torch

from images.__main__ import main
from images.dalle2.experiment import load_stack
from images.dalle2.upsampler_table import (
    BICUBIC,
    DRAWN,
    NEAREST,
    REAL,
    TOLD_TRUE,
    TRUE,
    UpsamplerConfig,
    bicubic,
    claims,
    table,
    ways,
)
from images.dalle2.upsampler_task import NOISE, blurred, enlarged, roughened, small
from images.data.mnist import load, to_model
from images.metrics.classifier import load_classifier
from images.metrics.frechet import fitted, frechet_distance
from playground.errors import UserError
from playground.levels import seeded

CONFIG = UpsamplerConfig(digits=40, steps=4)


@pytest.fixture(scope="module")
def test_digits():
    return load("test", download=False).part(0, 200)


@pytest.fixture(scope="module")
def found(test_digits):
    return table(load_stack(), test_digits, load_classifier(), CONFIG)


def test_what_is_roughened_is_blurred_and_has_the_trainings_noise():
    """The noise's standard deviation, over 78,400 pixels, is within 1 %: its own error is 0.25 %."""
    x = torch.rand(400, 1, 14, 14, generator=seeded(0))
    rest = roughened(x, seeded(1)) - blurred(x)
    assert float(rest.std()) == pytest.approx(NOISE, rel=0.01)
    assert abs(float(rest.mean())) < 5 * NOISE / 78_400**0.5


def test_bicubic_keeps_what_is_flat_and_is_odd_around_the_middle():
    x = torch.rand(2, 1, 14, 14, generator=seeded(0))
    torch.testing.assert_close(bicubic(torch.full_like(x, 0.3)), torch.full((2, 1, 28, 28), 0.3))
    torch.testing.assert_close(bicubic(x.flip(-1)), bicubic(x).flip(-1))


def test_ways_start_from_the_same_digits_and_noise_and_true_digits_are_told_the_upsampler(test_digits):
    stack, few = load_stack(), test_digits.images[:6]
    one, two = (ways(stack, few, UpsamplerConfig(digits=20, steps=4, seed=s)) for s in (0, 0))
    assert all(torch.equal(one[way], two[way]) for way in one)
    assert torch.equal(one[REAL], few)
    x = to_model(few)
    torch.testing.assert_close(small(to_model(one[NEAREST])), small(x), atol=0.01, rtol=0)  # gray values
    near = (small(to_model(one[TRUE])) - small(x)).square().mean()
    far = (small(to_model(one[TRUE].roll(1, 0))) - small(x)).square().mean()
    assert near < far / 10  # what it made of a digit is that digit at 14 x 14


def test_the_rows_are_judged_digit_by_digit_and_the_floor_is_the_digits_themselves(found, test_digits):
    real = found.rows[REAL]
    assert real.right.all() and not real.errors.any()
    x = to_model(test_digits.images[: CONFIG.digits])
    wanted = (enlarged(small(x)) - x).square().flatten(1).mean(1).double()
    torch.testing.assert_close(found.rows[NEAREST].errors, wanted, atol=1e-3, rtol=1e-2)
    for row in found.rows.values():
        assert len(row.right) == len(row.errors) == len(row.deep) == CONFIG.digits
        assert row.shares["all"].hits == int(row.right.sum())


def test_differences_are_those_of_the_rows_and_paired(found):
    """A way less itself is nothing, exactly; two ways, with the sign turned, are the same difference."""
    for apart in (found.farther, found.oftener, found.nearer):
        same = apart(DRAWN, DRAWN)
        assert same.value == same.low == same.high == 0
        there, back = apart(DRAWN, TRUE), apart(TRUE, DRAWN)
        assert (there.value, there.low) == pytest.approx((-back.value, -back.high))
    rows = found.rows
    distances = [frechet_distance(fitted(rows[way].deep), found.reference) for way in (DRAWN, TRUE)]
    assert found.farther(DRAWN, TRUE).value == pytest.approx(distances[0] - distances[1])
    mean = rows[TRUE].right.double().mean() - rows[DRAWN].right.double().mean()
    assert found.oftener(TRUE, DRAWN).value == pytest.approx(float(mean))
    assert found.nearer(TRUE, BICUBIC).value == pytest.approx(rows[TRUE].psnr - rows[BICUBIC].psnr)


def test_every_claim_has_its_number_n_and_a_verdict(found):
    said = claims(found)
    assert len(said) == len(set(said)) == 8
    for sentence in said:
        assert "N = 40" in sentence and " to " in sentence and sentence.count("**") == 2


def test_too_many_digits_are_refused(test_digits):
    for config in (UpsamplerConfig(digits=101), UpsamplerConfig(digits=60, first=150)):
        with pytest.raises(UserError, match="ask for fewer"):
            table(load_stack(), test_digits, load_classifier(), config)


def test_the_command_writes_picture_and_numbers(tmp_path, capsys):
    assert main(["table-upsampler", "--digits", "20", "--steps", "2", "--out", str(tmp_path)]) == 0
    about = json.loads((tmp_path / "upsampler.json").read_text())
    assert set(TOLD_TRUE) < set(about["rows"]) and about["rows"][REAL]["psnr"] is None
    assert (tmp_path / "upsampler.png").is_file()
    printed = capsys.readouterr().out
    assert all(sentence in printed for sentence in about["claims"])
