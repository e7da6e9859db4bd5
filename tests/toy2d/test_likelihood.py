"""Log density by the flow: against the mixture, its order of convergence, and whose error is whose."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened

from playground.errors import UserError
from playground.levels import Level, seeded
from playground.likelihood import log_likelihood
from toy2d.__main__ import main
from toy2d.likelihood.experiment import LikelihoodConfig, flow_of, likelihood, normal
from toy2d.likelihood.figures import flow_clouds
from toy2d.net import LearnConfig, learn
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/likelihood/page.py"


@pytest.fixture(scope="module")
def result():
    return likelihood(LikelihoodConfig(resolution=21, samples=200))


def test_heuns_rule_is_of_second_order(result):
    """Twice the steps, a quarter of the error; the third order's share is left: an eighth at 40 steps."""
    ratio = result.by_steps[-2] / result.by_steps[-1]
    assert result.numbers[-1] == 2 * result.numbers[-2] and ratio == pytest.approx(4, rel=0.15)


def test_many_steps_reach_the_mixtures_own_density():
    """With the exact density at the end only the steps are left; Richardson's step from 80 to 160 is a bound."""
    config, mixture = LikelihoodConfig(), MixtureSpec("ring").build(torch.float64)
    x = mixture.sample(50, seeded(3))
    found = []
    for steps in (80, 160):
        grid = config.grid(steps)
        gained, end = flow_of(mixture)(x, grid)
        found.append(gained + mixture.log_prob(end, grid[-1]))
    exact = mixture.log_prob(x, config.grid()[0])
    assert torch.allclose((4 * found[1] - found[0]) / 3, exact, atol=2e-3)
    assert (found[1] - exact).abs().max() < (found[1] - found[0]).abs().max()


def test_the_flow_is_the_engines_with_its_default_prior():
    config, mixture = LikelihoodConfig(steps=5), MixtureSpec().build(torch.float64)
    x = mixture.sample(20, seeded(0))
    gained, end = flow_of(mixture)(x, config.grid())
    assert torch.allclose(gained + normal(end), log_likelihood(mixture, x, config.grid())[0], atol=1e-12)


def test_the_way_shown_is_the_way_integrated(result):
    """walk(heun()) climbs the grid to where log_likelihood carries x; the frames are float32 of numbers up to ten."""
    config = LikelihoodConfig(resolution=21, samples=200)
    mixture = config.mixture.build(torch.float64)
    _, end = flow_of(mixture)(torch.tensor(result.xs[0], dtype=torch.float64), config.grid())
    assert np.allclose(result.xs[-1], end, atol=1e-4)
    assert len(flow_clouds(config, result)[0].captions) == config.steps + 1


def test_the_parts_add_up(result):
    """|total| <= |steps| + |prior| + |network|, for each sample and so for the mean; nothing was learned here."""
    e = result.errors
    assert e.total <= e.steps + e.prior + e.network + 1e-12 and e.network == 0
    assert min(e.steps, e.prior, e.smoothing) > 0


def test_the_priors_error_is_what_the_last_level_costs():
    """Ending at ten times the noise leaves a tenth of the data in x_T: the log ratio to N(0, I) is linear in alpha."""
    high, low = (
        likelihood(LikelihoodConfig(sigma_max=s, resolution=2, samples=300)).errors for s in (100.0, 1000.0)
    )
    assert high.prior / low.prior == pytest.approx(10, rel=0.2)


def test_grid_and_levels():
    grid = LikelihoodConfig(steps=8).grid()
    assert len(grid) == 9 and all(torch.isclose(level.scale, torch.ones(()).double()) for level in grid)
    ratios = [float(level.sigma / level.alpha) for level in grid]
    assert ratios == sorted(ratios) and ratios[0] == pytest.approx(0.05) and ratios[-1] == pytest.approx(100)
    assert isinstance(grid[0], Level)


def test_a_learned_flow_has_mass_one_and_an_error_of_its_own():
    """A flow moves mass and makes none, whatever the network says, here one that has hardly been trained.

    Summed over [-20, 20]^2 in cells 0.5 wide; 0.03 allows for these, for 80 steps and for what lies outside.
    """
    network = learn(LearnConfig(objective="ddpm", steps=60, width=32))
    axis = torch.linspace(-20, 20, 81)
    points, grid = torch.cartesian_prod(axis, axis), LikelihoodConfig().grid(80)
    gained, end = flow_of(network.denoise, torch.float32)(points, grid)
    assert float((gained + normal(end)).exp().sum()) * 0.25 == pytest.approx(1, abs=0.03)
    calls = []
    config = LikelihoodConfig(steps=20, resolution=5, samples=50)
    result = likelihood(config, network, lambda done, total, stage="": calls.append((done, total)))
    assert result.errors.network > result.errors.steps
    assert calls[-1][0] == calls[-1][1]  # the bar ends full


def test_bad_settings_are_refused():
    with pytest.raises(UserError, match=r"sigma_min, is 0; it must lie from 0\.0001"):
        LikelihoodConfig(sigma_min=0.0)
    with pytest.raises(UserError, match="ODE steps"):
        LikelihoodConfig(steps=1)


def test_the_page_opens_and_follows_the_steps():
    app = opened(PAGE)
    before = app.metric[0].value
    fine(app.select_slider(key="steps").set_value(10).run())
    assert float(app.metric[0].value) > float(before)


def test_the_command_writes_figure_numbers_and_gif(tmp_path, capsys):
    few = ["--steps", "4", "--samples", "10", "--resolution", "5", "--out", str(tmp_path)]
    assert main(["likelihood", *few]) == 0
    assert json.loads((tmp_path / "likelihood.json").read_text())["errors_nats"]["network"] == 0
    assert (tmp_path / "likelihood.gif").read_bytes()[:3] == b"GIF" and (tmp_path / "likelihood.png").exists()
    capsys.readouterr()
    assert main(["likelihood", "--sigma-min", "0", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
