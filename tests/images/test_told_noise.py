"""Told two noises on digits: the shipped network draws better told the truth, exact digits hardly care."""

import json

import pytest
import torch

from images.__main__ import main
from images.data.mnist import ENV
from images.families.experiment import (
    EXACT,
    NETWORK,
    ToldConfig,
    difference,
    mismatch,
    remembering,
    told_digits,
)
from images.metrics.estimates import FCD, Estimate
from images.metrics.evaluate import Yardstick
from images.models import load_model
from playground.levels import Level, gaussian, seeded


def test_the_exact_denoiser_is_the_posterior_mean():
    """By hand: two points at -1 and 1, E[x0 | xt] = tanh(alpha * xt / sigma**2)."""
    xt = torch.linspace(-2, 2, 9)[:, None]
    for level in (Level.of(sigma=0.7), Level.of(0.8, 0.6)):
        expected = torch.tanh(level.alpha * xt / level.sigma**2)
        assert torch.allclose(remembering(torch.tensor([[-1.0], [1.0]]))(xt, level), expected, atol=1e-5)


def test_what_is_known_before_the_walk():
    known = mismatch(157.0, 100)
    assert known.settled == pytest.approx(1.22, abs=0.01) and known.off == pytest.approx((4.9, 27.2), abs=0.1)
    assert mismatch(157.0, 1000).off[1] < known.off[1] / 2  # more levels, less between two of them


def test_the_difference_of_independent_estimates():
    """Standard errors 3 and 4 make 5."""
    found = difference(
        Estimate(10.0, 10 - 3 * 1.96, 10 + 3 * 1.96), Estimate(4.0, 4 - 4 * 1.96, 4 + 4 * 1.96)
    )
    assert (found.value, found.low, found.high) == pytest.approx((6.0, 6 - 5 * 1.96, 6 + 5 * 1.96))


@pytest.mark.slow
def test_the_shipped_network_draws_better_when_it_is_told_the_noise_that_is_there():
    found = told_digits(load_model(), ToldConfig(samples=100), Yardstick.load())
    assert found.difference(NETWORK).low > 0
    assert found.difference(EXACT).value < found.difference(NETWORK).value
    assert found.distances[NETWORK, "annealed Langevin"].value < 2.5 * found.floor.value


def test_the_command_writes_a_picture_and_numbers(tmp_path, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    options = ["--samples", "10", "--steps", "10", "--remembered", "50", "--out", str(tmp_path)]
    assert main(["annealing", *options]) == 0
    numbers = json.loads((tmp_path / "annealing.json").read_text())
    assert len(numbers["runs"]) == 4 and all(FCD in run for run in numbers["runs"])
    assert (tmp_path / "annealing.png").read_bytes()[:4] == b"\x89PNG"
    assert main(["annealing", "--samples", "1", "--out", str(tmp_path)]) == 2


def test_both_chains_start_alike():
    """At the first level both are told sigma_1, so their first steps differ in nothing."""
    from images.generate.experiment import SampleConfig
    from images.sampling import LANGEVIN, plan

    x, model = 30 * torch.randn(3, 1, 28, 28, generator=seeded(0)), load_model()
    firsts = []
    for sampler in LANGEVIN:
        step, grid = plan(model, SampleConfig(3, sampler, 100))
        firsts.append(step(model.denoise, x, grid[0], grid[1], gaussian(seeded(1)))[0])
    assert torch.allclose(*firsts, atol=1e-3)  # float32 at 30
