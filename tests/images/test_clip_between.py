"""Between two digits: evenness against closed forms, classes on the way, pairs that are paired, what is refused."""

import json

import pytest
import torch

from images.__main__ import main
from images.dalle2.between_measure import (
    ARC,
    PIXELS,
    POINTS,
    BetweenConfig,
    Measured,
    Way,
    blended,
    claims,
    measure_between,
)
from images.dalle2.experiment import load_stack
from images.data.mnist import load
from images.metrics.classifier import Features, load_classifier
from images.metrics.paths import third_classes, unevenness
from playground.errors import UserError
from playground.statistics import FAILS, HOLDS


@pytest.fixture(scope="module")
def few():
    return load("test", download=False).part(0, 60)


def path(deep: torch.Tensor, classes: list[int]) -> Features:
    probabilities = torch.nn.functional.one_hot(torch.tensor(classes), 10).float()
    return Features(deep, torch.zeros(len(deep), 1), probabilities)


def test_equal_steps_are_even_one_leap_is_as_many_as_there_are_and_scale_does_not_matter():
    line = torch.linspace(0, 1, 6)[:, None] * torch.tensor([[3.0, -4.0]])
    leap = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])[:, None].expand(6, 2)
    classes = [0] * 6
    assert unevenness(path(line, classes)) == pytest.approx(1)
    assert unevenness(path(7 * line, classes)) == pytest.approx(1)
    assert unevenness(path(leap, classes)) == pytest.approx(5)


def test_a_third_class_is_neither_ends():
    seen = third_classes(path(torch.zeros(6, 2), [1, 1, 8, 7, 3, 7]))
    assert seen.tolist() == [False, True, False, True]


def test_pixels_are_blended_evenly_and_begin_and_end_with_the_digits(few):
    one, two = few.images[:2]
    made = blended(one, two, POINTS)
    assert torch.equal(made[0], one) and torch.equal(made[-1], two)
    middle = (one.float() + two.float()) / 2
    assert float((made[POINTS // 2].float() - middle).abs().max()) <= 1  # a gray value


def test_pairs_are_measured_on_both_ways_and_the_seed_draws_them(few):
    config = BetweenConfig(pairs=5, steps=3)
    one, two = (measure_between(load_stack(), few, load_classifier(), config) for _ in range(2))
    for way in (ARC, PIXELS):
        assert torch.equal(one.ways[way].uneven, two.ways[way].uneven)
        found = one.ways[way]
        assert len(found.uneven) == 5 and bool((found.uneven >= 1).all())
        assert bool(((found.third >= 0) & (found.third <= 1)).all())
    assert one.ways[PIXELS].recovered.value > 0.9  # real digits, read by a classifier that is right in 99 %


def way(uneven: float, third: float, sure: float, n: int = 40) -> Way:
    noise = torch.linspace(-0.01, 0.01, n, dtype=torch.float64)
    return Way(uneven + noise, third + 0 * noise, sure + noise, torch.full((n,), 2.0))


def test_verdicts_follow_the_paired_differences():
    good, bad = way(1.5, 0.0, 0.9), way(2.5, 0.3, 0.4)
    config = BetweenConfig(pairs=40)
    for ways, verdict in (({ARC: good, PIXELS: bad}, HOLDS), ({ARC: bad, PIXELS: good}, FAILS)):
        said = claims(Measured(config, ways))
        assert all(f"**{verdict}**" in sentence and "N = 40" in sentence for sentence in said[:3])


def test_too_many_pairs_are_refused_and_the_command_writes_pair_by_pair(few, tmp_path):
    with pytest.raises(UserError, match="ask for fewer"):
        measure_between(load_stack(), few, load_classifier(), BetweenConfig(pairs=31))
    words = ["clip-between", "--count", "3", "--steps", "2", "--measure", "5", "--out", str(tmp_path)]
    assert main(words) == 0
    about = json.loads((tmp_path / "clip-between-measured.json").read_text())
    assert len(about["pair by pair"][ARC]["uneven"]) == 5 and len(about["claims"]) == 4
