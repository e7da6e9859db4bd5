"""Inpainting in the plane: exact conditionals by quadrature, and four methods against them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened
from scipy.integrate import simpson

from playground.errors import UserError
from playground.levels import Level, seeded
from playground.statistics import wilson
from toy2d.__main__ import main
from toy2d.conditional import component, given, share_below, variance_above
from toy2d.inpainting.experiment import (
    InpaintConfig,
    conditioned,
    inpainting,
    spread_above,
)
from toy2d.inpainting.figures import narrowing_verdict
from toy2d.inpainting.sweeps import narrowing, over_observations, over_resamplings
from toy2d.mixture import Mixture, anisotropic_pair, ring
from toy2d.presets import PRESETS, MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/inpainting/page.py"
FEW = {"steps": 20, "particles": 1_000, "frames": 5, "resamplings": 5}


def joint(mixture: Mixture, known: int, value: float, y: np.ndarray) -> np.ndarray:
    """p(x[known] = value, x[other] = y), (N,)."""
    columns = [torch.full((len(y),), value, dtype=torch.float64), torch.from_numpy(y)]
    return mixture.log_prob(torch.stack(columns if known == 0 else columns[::-1], 1)).exp().numpy()


# --- exact conditionals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("known, value", [(0, 1.0), (0, -4.2), (1, 0.5)])
@pytest.mark.parametrize("preset", list(PRESETS))
def test_the_conditional_is_the_joint_divided_by_its_integral(preset, known, value):
    mixture = MixtureSpec(preset, 0.6).build(torch.float64)
    line, y = given(mixture, known, value), np.linspace(-15, 15, 6_001)
    density = joint(mixture, known, value, y)
    exact = density / simpson(density, x=y)  # steps of 0.005 under modes at least 0.3 wide
    assert np.allclose(
        line.log_prob(torch.from_numpy(y)[:, None]).exp().numpy(), exact, rtol=1e-6, atol=1e-12
    )
    below = y < 0.7 + 1e-9
    above = ~below
    mass = simpson(exact[above], x=y[above])
    if mass > 1e-9:  # below that the quadrature has no digits left
        mean = simpson(exact[above] * y[above], x=y[above]) / mass
        spread = simpson(exact[above] * (y[above] - mean) ** 2, x=y[above]) / mass
        # the first point above lies 0.005 beyond the split: that much of the mass is missed
        assert variance_above(line, 0.7) == pytest.approx(spread, rel=0.01)
    assert share_below(line, 0.7) == pytest.approx(simpson(exact[below], x=y[below]), abs=1e-7)


def test_an_observation_far_from_all_modes_gives_numbers():
    line = given(anisotropic_pair(0.5), 0, 5_000.0)
    assert line.log_weights.isfinite().all() and line.means.isfinite().all()


def test_conditioning_in_three_dimensions_agrees_with_the_precision_matrix():
    """For one Gaussian the conditional covariance is the inverse of a block of the inverse (Bishop, eq. 2.73)."""
    S = torch.tensor([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.5]], dtype=torch.float64)
    line = given(Mixture.of([[1.0, 2, 3]], covariances=[S.tolist()], dtype=torch.float64), 1, 0.4)
    keep = torch.tensor([0, 2])
    block = torch.linalg.inv(S)[keep][:, keep]
    assert torch.allclose(line.covariances[0], torch.linalg.inv(block), atol=1e-12)


def test_a_coordinate_or_a_class_that_does_not_exist_is_named():
    with pytest.raises(UserError, match="coordinate is number 2 of 2"):
        given(ring(), 2, 0.0)
    with pytest.raises(UserError, match="classes 0 to 7"):
        component(ring(), 8)


# --- the methods ------------------------------------------------------------------------------------------


def test_the_default_case_shows_who_is_wrong_and_by_how_much():
    """The issue's case: truth near 0.11, replacement and projection far above, RePaint between, nearer with r."""
    result = inpainting(InpaintConfig(particles=1_000, frames=5))
    low = {run.name: run.low for run in result.runs}
    se = np.sqrt(0.11 * 0.89 / 1_000)  # 0.01, of each share
    assert result.low == pytest.approx(0.11, abs=0.01)
    assert min(low["replacement"], low["projection"]) > result.low + 10 * se
    assert result.low + 2 * se < low["repaint"] < low["replacement"] - 5 * se
    # Fifty steps of the exact conditional's denoiser: its own error is the steps' alone.
    assert abs(low["exact"] - result.low) < 4 * se


def test_replacement_is_right_where_the_known_part_says_nothing():
    """With both modes above one another, x is independent of y, and every method but DPS must find the weight."""
    config = InpaintConfig(lean=0.0, value=0.7, pi=0.7, **FEW)
    result = inpainting(config)
    for run in result.runs:
        # Four standard errors of 1,000 particles are 0.06; twenty steps add a little.
        assert abs(run.low - result.low) < 0.08, run.name


def test_the_known_coordinate_is_met_and_dps_only_follows_it():
    for run in inpainting(InpaintConfig(**FEW)).runs:
        assert run.off < 1e-4 if run.name != "dps" else 0.01 < run.off < 1.0


def test_calls_count_the_denoiser():
    """RePaint: r times a level, once for the last step, and not where it climbs; DPS: once more for its gradient."""
    calls = {run.name: run.calls for run in inpainting(InpaintConfig(**FEW)).runs}
    assert calls == {"replacement": 20, "projection": 20, "repaint": 19 * 5 + 1, "dps": 40, "exact": 20}


def test_one_resampling_is_replacement():
    runs = {run.name: run for run in inpainting(InpaintConfig(**FEW | {"resamplings": 1})).runs}
    assert np.array_equal(runs["repaint"].filled, runs["replacement"].filled)


def test_either_coordinate_can_be_the_known_one():
    """A mixture mirrored on the diagonal, seen through y, is the first one seen through x."""
    a = inpainting(InpaintConfig(mixture="two_modes", known=0, value=-3.0, **FEW))
    b = inpainting(InpaintConfig(mixture="two_modes", known=1, value=-3.0, **FEW))
    assert a.low == pytest.approx(b.low, abs=1e-6)
    for one, other in zip(a.runs, b.runs, strict=True):
        assert abs(one.low - other.low) < 0.06, (
            one.name
        )  # four standard errors of a difference, at a share near 1


def test_the_exact_denoiser_is_the_lines_own():
    config = InpaintConfig()
    x = torch.randn((5, 2), generator=seeded(0))
    level = Level.of(0.6, 0.8)
    x0_hat = conditioned(config, config.build())(x, level)
    assert torch.allclose(x0_hat[:, 0], torch.full((5,), config.value))
    line = given(config.build(), 0, config.value)
    assert torch.allclose(x0_hat[:, 1:], line.denoise(x[:, 1:], level))


# --- many observations ------------------------------------------------------------------------------------


def test_each_particle_may_have_its_own_observation():
    config = InpaintConfig(**FEW)
    shares = over_observations(config, reach=2.0, count=3, particles=400)
    assert shares.truth[1] == pytest.approx(share_below(given(config.build(), 0, 0.0), 0.0), abs=1e-6)
    # RePaint knows on which side the observation lies, far from the border: the truth is 0.99 and 0.01
    assert shares.low["repaint"][0] > 0.9 and shares.low["repaint"][2] < 0.1
    assert set(shares.low) == {"replacement", "projection", "repaint", "dps"}


def test_resampling_more_comes_nearer_to_the_truth():
    shares = over_resamplings(InpaintConfig(particles=1_000, steps=50), turns=(1, 10))
    first, last = shares.low["repaint"]
    assert first - last > 2 * np.sqrt(2 * 0.3 * 0.7 / 1_000)  # two standard errors of the difference
    low, high = wilson(np.array(last), 1_000)
    assert low < last < high and shares.truth[0] < first


def test_resampling_narrows_the_mode_with_the_smaller_variance_alone():
    """r = 40, 4,000 particles: standard errors about 0.02.  Climbing from clean data, too, made beta's 0.8."""
    config = InpaintConfig(particles=4_000)
    narrow = narrowing(config, (1, 40))
    assert narrow.exact == pytest.approx(0.9585, abs=0.001)  # checked by quadrature above
    (first, last), (_, beta) = narrow.above["beta_tilde"], narrow.above["beta"]
    assert last < first - 4 * np.hypot(*narrow.errors["beta_tilde"])
    assert last < narrow.exact - 4 * narrow.errors["beta_tilde"][1]
    assert abs(beta - narrow.exact) < 4 * narrow.errors["beta"][1]
    assert "too narrow" in narrowing_verdict(config, narrow) and "exact 0.96" in narrowing_verdict(
        config, narrow
    )


def test_a_spread_of_nothing_is_no_number():
    assert np.isnan(spread_above(torch.tensor([-1.0, -2.0, 3.0]))).all()


# --- bad input, page, command -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"mixture": "x"}, "mixture is 'x'"),
        ({"known": 2}, "known coordinate is 2"),
        ({"value": float("nan")}, "observation is nan"),
        ({"pi": 1.0}, "pi is 1"),
        ({"resamplings": 0}, "resamplings is 0"),
        ({"variance": "gamma"}, "variance is 'gamma'"),
    ],
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        InpaintConfig(**wrong)


def test_the_page_opens_and_follows_the_observation():
    app = opened(PAGE, r="2", particles="300")
    before = [metric.value for metric in app.metric]
    fine(app.slider(key="value").set_value(-1.0).run())
    after = [metric.value for metric in app.metric]
    assert float(after[0]) > 0.9 > float(before[0])  # at x = -1 the lower mode is the likely one


def test_the_command_writes_numbers_picture_and_animation(tmp_path, capsys):
    few = ["--particles", "200", "--steps", "5", "--resamplings", "2"]
    assert main(["inpainting", *few, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "inpainting.json").read_text())
    assert numbers["truth"] == pytest.approx(0.11, abs=0.01) and 0 <= numbers["repaint"]["low"] <= 1
    assert (tmp_path / "inpainting.png").stat().st_size > 1_000
    assert (tmp_path / "inpainting.gif").read_bytes()[:3] == b"GIF"
    assert main(["inpainting", "--value", "99", "--out", str(tmp_path)]) == 2
    assert "observation is 99" in capsys.readouterr().err
