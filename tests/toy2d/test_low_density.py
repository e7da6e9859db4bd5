"""Problem 1: both networks see the same data, errors are measured against the exact score, the hole closes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened

from playground.denoisers import score_of
from playground.errors import UserError
from playground.levels import Level, geometric_sigmas
from playground.statistics import HOLDS, verdict
from toy2d.__main__ import main
from toy2d.low_density import experiment as module
from toy2d.low_density.experiment import (
    CLAIMS,
    REPEATS,
    LowDensityConfig,
    learn_pair,
    low_density,
    repeats,
    said,
    sweep,
)
from toy2d.low_density.figures import _mass_above

PAGE = Path(__file__).parents[2] / "toy2d/low_density/page.py"
CONFIG = LowDensityConfig(steps=150, width=48, resolution=31, sigmas=7)


@pytest.fixture(scope="module")
def networks():
    return learn_pair(CONFIG)


@pytest.fixture(scope="module")
def result(networks):
    return low_density(CONFIG, networks)


def test_the_networks_differ_in_their_levels_only():
    one, many = CONFIG.learning("one"), CONFIG.learning("many")
    assert (one.objective, many.objective) == ("dsm", "ncsn")
    assert one.sigma == many.sigma_L == CONFIG.sigma
    same = ("mixture", "points", "steps", "width", "seed", "batch", "lr")
    assert all(getattr(one, name) == getattr(many, name) for name in same)


def test_the_error_is_that_of_the_score_against_autograd(networks, result):
    """The relative error at one point of the grid, recomputed: autograd of log q, the mean square from samples.

    The mean square over the square's cells against 20,000 samples: 3 % allows for both.
    """
    mixture = CONFIG.mixture.build(torch.float64)
    level = Level.of(sigma=CONFIG.sigma, like=mixture.means)
    axis, (i, j) = result.one.axis, (20, 22)
    x = torch.tensor([[axis[j], axis[i]]], requires_grad=True)
    exact = torch.autograd.grad(mixture.log_prob(x, level).sum(), x)[0]
    s_hat = score_of(networks["one"].denoise)(x.detach().float(), Level.of(sigma=CONFIG.sigma)).double()
    data = mixture.sample_noised(20_000, level, torch.Generator().manual_seed(0))
    typical = mixture.score(data, level).square().sum(1).mean().sqrt()
    expected = float((s_hat - exact).norm() / max(exact.norm(), typical))
    assert result.one.error.relative[i, j] == pytest.approx(expected, rel=0.03)


def test_one_level_is_poor_where_data_are_few(result):
    """In the sparsest bins the error is more than five times that in the densest: the lecture's Problem 1."""
    errors = result.one.error.median_errors
    assert np.median(errors[:5]) > 5 * errors[-1]
    assert result.one.error.area < 0.35  # the modes' surroundings; 99 % of the data lie in 11 % of the square


def test_many_levels_close_the_hole_where_noise_is_high(result):
    assert result.high_sigma > CONFIG.sigma and result.high.error.area > 1.5 * result.one.error.area
    assert result.sigmas[0] == pytest.approx(CONFIG.sigma) and result.sigmas[-1] == pytest.approx(
        CONFIG.sigma_1
    )
    assert result.area[0] == result.many.error.area and result.area.max() == result.high.error.area
    assert ((result.area >= 0) & (result.area <= 1)).all()


def test_the_dotted_line_encloses_the_data(result):
    """The share of the data above a density: in each mode of weight w and variance v = 1 + sigma^2 it is the peak's
    height less the level's, in units of 1 / (2 pi v), for the radius is chi^2 of 2.  0.08 allows for cells 0.6 wide.
    """
    share = _mass_above(result.one)
    v = 1 + CONFIG.sigma**2
    x, y = np.meshgrid(result.one.axis, result.one.axis)
    for r in (0.8, 1.6):
        i = np.argmin(np.abs(np.hypot(x - 5, y - 5) - r) + 100 * (x < 0))
        r = np.hypot(x.flat[i] - 5, y.flat[i] - 5)
        height = 0.8 * np.exp(-(r**2) / (2 * v))
        expected = 0.8 - height + max(0.0, 0.2 - height)
        assert share.flat[i] == pytest.approx(expected, abs=0.08)


def test_the_sweep_trains_both_for_each_number_of_points(monkeypatch):
    monkeypatch.setattr(module, "COUNTS", (50, 500))
    calls = []
    config = LowDensityConfig(steps=5, width=8, resolution=11)
    result = sweep(config, lambda done, total, stage="": calls.append((done, total)))
    assert list(result.points) == [50, 500] and calls[-1] == (20, 20) and calls == sorted(calls)
    assert {name: area.shape for name, area in result.area.items()} == {"one": (2,), "many": (2,)}


def test_the_pages_own_settings_decide_the_claims():
    """The networks of the page, which are told pi.  Trained for one pi, at 300 steps (the former default) neither was
    better at sigma in all of six seeds; at 600 all agree.
    """
    config = LowDensityConfig(sigmas=5, resolution=31, told_pi=True)
    result = repeats(config)
    found = result.differences()
    assert set(found) == set(CLAIMS) and verdict(found["area"]) == verdict(found["high"]) == HOLDS
    assert (result.area["many"] > result.area["one"]).all()
    sentence, outcome = said(config, low_density(config, learn_pair(config)), result)
    assert f"Over {REPEATS} pairs of networks" in sentence and outcome == HOLDS


def test_repeats_are_the_single_runs_of_their_seeds(monkeypatch):
    monkeypatch.setattr(module, "REPEATS", 2)
    config, calls = LowDensityConfig(steps=20, width=8, resolution=11, sigmas=3), []
    result = repeats(config, lambda done, total, stage="": calls.append((done, total)))
    second = replace(config, seed=1)
    alone = low_density(second, learn_pair(second))
    assert result.area["many"][1] == alone.many.error.area and result.mass["one"][1] == alone.one.error.mass
    assert result.high[1] == alone.high.error.area and calls[-1] == (80, 80)


def test_bad_settings_are_refused():
    with pytest.raises(UserError, match="sigma is 0"):
        LowDensityConfig(sigma=0.0)
    with pytest.raises(UserError, match="below the highest level"):
        LowDensityConfig(sigma=30.0)


def test_the_page_opens_and_follows_the_noise():
    app = opened(PAGE, steps="100", width="32")
    fine(app.select_slider(key="sigma").set_value(1.0).run())
    # The lecture's Problem 1: where the score is good, the data are; so the data's share is above the area's.
    shown = {m.label: float(m.value.rstrip("%")) for m in app.metric}
    assert 0 <= shown["One level: good area"] < shown["One level: data in it"] <= 100
    sigmas = {f"Many levels, σ = {sigma:.2g}: good area" for sigma in geometric_sigmas(20.0, 1.0, 13)}
    assert len(sigmas & set(shown)) == 1  # the high level is one of those from 20 down to the new sigma


def test_the_commands_write_figures_and_numbers(tmp_path, capsys, monkeypatch):
    few = ["--train-steps", "5", "--width", "8", "--out", str(tmp_path)]
    assert main(["low-density", *few]) == 0
    assert len(json.loads((tmp_path / "low-density.json").read_text())["maps"]) == 3
    assert (tmp_path / "low-density.png").exists()
    monkeypatch.setattr(module, "COUNTS", (50, 100))
    assert main(["low-density-data", *few]) == 0
    assert (tmp_path / "low-density-data.png").exists()
    capsys.readouterr()
    assert main(["low-density", "--sigma", "0", *few]) == 2
    assert capsys.readouterr().err.count("\n") == 1
