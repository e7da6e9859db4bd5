"""Annealed Langevin, dissected: step sizes by hand, known shares, known variances, divergence as a value."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from page_opened import fine, opened

from playground.errors import UserError
from toy2d.__main__ import main
from toy2d.annealing.experiment import AnnealingConfig, MapConfig, annealing, annealing_map, step_sizes
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/annealing/page.py"
GRID = MixtureSpec("grid")  # modes of standard deviation 0.3


# --- the rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule, formula",
    [
        ("algorithm1", lambda sigma: 0.02 * sigma**2 / 0.5**2),
        ("prose", lambda sigma: sigma / 0.5),
        ("prose_eps", lambda sigma: 0.02 * sigma / 0.5),
        ("data", lambda sigma: 0.02 * (sigma**2 + 1)),
    ],
)
def test_steps_are_the_formula_s_where_sigma_is_added(rule, formula):
    sigmas, a, ratio = step_sizes(
        AnnealingConfig(levels="added", rule=rule, L=3, eps=0.02, sigma_1=8, sigma_L=0.5)
    )
    assert sigmas == pytest.approx([8, 2, 0.5], rel=1e-5)
    assert a == pytest.approx(formula(np.array([8, 2, 0.5])), rel=1e-5)
    assert ratio == pytest.approx(a / (sigmas**2 + 1), rel=1e-5)


def test_steps_are_the_formula_s_where_sigma_is_the_modes_own():
    """Then sigma_L is the modes' standard deviation, 0.3, and every step of Algorithm 1 the same share."""
    sigmas, a, ratio = step_sizes(AnnealingConfig(GRID, L=4, eps=0.1, sigma_1=20))
    assert sigmas[[0, -1]] == pytest.approx([20, 0.3], rel=1e-4)
    assert a == pytest.approx(0.1 * sigmas**2 / 0.3**2, rel=1e-4)
    assert ratio == pytest.approx(0.1 / 0.3**2, rel=1e-4)
    _, slip, _ = step_sizes(AnnealingConfig(GRID, rule="prose", L=4, sigma_1=20))
    assert slip == pytest.approx(sigmas / 0.3, rel=1e-4)


# --- one chain --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, share",
    [({}, 0.783), ({"levels": "added", "rule": "data"}, 0.771)],
)
def test_the_paper_s_setting_recovers_the_known_share(options, share):
    """Independent runs of 100,000 particles ended at these shares; 3,000 here, four standard errors."""
    result = annealing(AnnealingConfig(particles=3_000, frames=2, **options))
    assert (result.modes[-1] == 0).mean() == pytest.approx(share, abs=4 * math.sqrt(0.8 * 0.2 / 3_000))
    assert result.steps.tolist() == [0, 1_000]


def test_the_slip_s_last_step_leaves_the_variance_that_euler_s_scheme_has():
    """At the last level a = sigma_L / sigma_L = 1 is the mode's variance: 1 / (1 - 1 / 4) = 4/3 instead of 1.

    L = 1 with sigma_1 = 1 is that level alone.  3,000 particles in two dimensions know it to 1.8 %: four of it.
    """
    result = annealing(AnnealingConfig(rule="prose", L=1, T=60, sigma_1=1, particles=3_000, frames=2))
    x, modes = result.xs[-1], result.modes[-1]
    own = np.concatenate([x[modes == k] - x[modes == k].mean(0) for k in (0, 1)])
    assert own.var() == pytest.approx(4 / 3, rel=4 * 0.018)


def test_more_levels_bring_the_samples_nearer():
    few, many = (annealing(AnnealingConfig(L=L, T=20, particles=500, frames=2)) for L in (3, 30))
    assert many.distances.sliced < few.distances.sliced / 2
    assert many.distances.weights < few.distances.weights


def test_the_slip_diverges_on_narrow_modes_and_says_so():
    with pytest.raises(UserError, match="diverged"):
        annealing(AnnealingConfig(GRID, rule="prose", T=40, particles=10))


# --- the map ----------------------------------------------------------------------------------------------


def test_a_diverged_cell_is_a_value_and_the_others_are_as_they_were():
    base = AnnealingConfig(particles=200, T=10, L=5)
    calls = []
    alone = annealing_map(MapConfig(base, "T", "eps", (10,), (0.3,)))
    result = annealing_map(MapConfig(base, "T", "eps", (10, 40), (0.3, 9.0)), lambda *c: calls.append(c))
    assert np.isinf(result.weights[1]).all() and np.isinf(result.sliced[1]).all()
    assert np.isfinite(result.weights[0]).all()
    assert result.weights[0, 0] == alone.weights[0, 0] and result.sliced[0, 0] == alone.sliced[0, 0]
    assert {total for _, total, *_ in calls} == {5 * (10 + 40) * 2}


@pytest.mark.parametrize("preset", ["two_modes", "anisotropic_pair"])
@pytest.mark.parametrize("rule", ["algorithm1", "data"])
def test_cells_walked_side_by_side_are_each_chain_alone(preset, rule):
    """Levels and step sizes differ within the batch; noise, start and truth do not.  Float32 adds up in another order,
    1e-7 a step of 50, and a particle between two modes may double that a few times: 1e-3 of a distance is far above.
    """
    base = AnnealingConfig(MixtureSpec(preset), "own", rule, L=5, T=10, particles=200)
    config = MapConfig(base, "eps", "sigma_1", (0.03, 0.3), (5.0, 20.0))
    found = annealing_map(config)
    for cell, weights, sliced in zip(config.cells(), found.weights.flat, found.sliced.flat, strict=True):
        alone = annealing(cell).distances
        assert (weights, sliced) == pytest.approx((alone.weights, alone.sliced), abs=1e-3)


def test_cells_run_along_x_first_and_count_in_whole_numbers():
    cells = MapConfig(AnnealingConfig(), "L", "sigma_1", (2.0, 3.0), (5.0, 7.0)).cells()
    assert [(cell.L, cell.sigma_1) for cell in cells] == [(2, 5.0), (3, 5.0), (2, 7.0), (3, 7.0)]
    with pytest.raises(UserError, match="whole"):
        MapConfig(AnnealingConfig(), "L", "eps", (2.5,), (0.1,))


def test_the_floors_are_those_of_exact_samples():
    """E|share - 0.8| of n points is sqrt(2 pq / (pi n)); the mean of 8 draws is within a factor of two."""
    result = annealing_map(MapConfig(AnnealingConfig(particles=400, T=1), xs=(1,), ys=(0.1,)))
    assert 0.5 < result.weights_floor / math.sqrt(2 * 0.16 / (math.pi * 400)) < 2
    assert result.weights[0, 0] > 5 * result.weights_floor  # one step from a uniform start


@pytest.mark.parametrize(
    "change, match",
    [({"rule": "cube"}, "rule is 'cube'"), ({"eps": 0.0}, "eps is 0"), ({"L": 0}, "levels L is 0")],
)
def test_settings_out_of_range_are_refused(change, match):
    with pytest.raises(UserError, match=match):
        replace(AnnealingConfig(), **change)


def test_sigmas_that_rise_are_refused_before_any_work():
    with pytest.raises(UserError, match="must fall"):
        annealing_map(MapConfig(AnnealingConfig(T=1, L=2), "L", "sigma_1", (2,), (20.0, 0.5)))


# --- page and command -------------------------------------------------------------------------------------


def test_the_page_opens_shows_the_slip_and_survives_divergence():
    app = opened(PAGE, T="10")
    assert len(app.metric) == 4
    app.selectbox(key="rule").set_value("prose").run()
    assert not app.exception and not app.error and not app.warning
    # The slip's last step is a = 1 on modes of variance 1, whose chain x + (a/2) score + sqrt(a) z settles at variance
    # a / (1 - (1 - a/2)²) = 4/3 in each dimension; so log p has the mean ln w - ln 2 pi - 4/3 in a mode of weight w.
    # It has a standard deviation of 4/3, over 2,000 particles 0.03.
    slip = {metric.label: float(metric.value) for metric in app.metric}
    share = 0.8 - slip["Share in a wrong mode"]  # of the first mode, which too few particles have found
    weights = share * math.log(0.8) + (1 - share) * math.log(0.2)
    assert slip["Log-likelihood"] == pytest.approx(weights - math.log(2 * math.pi) - 4 / 3, abs=0.12)
    app.selectbox(key="mixture").set_value("grid").run()
    fine(app.number_input(key="T").set_value(50).run())
    assert "diverged" in app.warning[0].value and len(app.metric) == 0


def test_the_command_writes_figure_numbers_and_gif(tmp_path, capsys):
    options = ["--T", "5", "--L", "3", "--particles", "50", "--xs", "2", "3", "--ys", "0.1", "30"]
    assert main(["annealing", *options, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "annealing.json").read_text())
    assert numbers["weights"][1] == [None, None] and numbers["weights"][0][0] > 0
    assert all((tmp_path / f"annealing.{suffix}").stat().st_size > 1_000 for suffix in ("png", "gif"))
    assert "exact samples" in capsys.readouterr().out


def test_no_levels_are_refused_in_one_line(tmp_path, capsys):
    assert main(["annealing", "--L", "0", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
