"""Mixing times: the grid against eigenvalues, formulas against limits, walks against the grid."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened

from playground.errors import UserError
from playground.levels import CLEAN, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.__main__ import main
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing_time.experiment import CrossingConfig, SweepConfig, crossing, measured, sweep, times
from toy2d.mixing_time.recovery import RecoveryConfig, plain_share, recovery
from toy2d.mixing_time.relaxation import (
    along,
    curvature,
    eyring_kramers,
    grid_chain,
    kramers,
    relaxation_steps,
    stationary,
)
from toy2d.mixture import Mixture, two_modes
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/mixing_time/page.py"


# --- the grid ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pi, distance", [(0.5, 0.5), (0.8, 1.0), (0.8, 2.0), (0.3, 2.5)])
def test_the_gap_is_that_of_the_second_eigenvalue(pi, distance):
    chain = grid_chain(along(pi, distance), 0.1)
    second = np.sort(np.abs(np.linalg.eigvals(chain.P)))[-2]
    assert relaxation_steps(chain, 0.1) == pytest.approx(-1 / math.log(second), rel=1e-6)


def test_the_line_has_the_planes_score_and_across_it_every_step_is_the_same():
    """Why one dimension is enough: along the diagonal the 2-D score is the line's, across it that of N(0, 1)."""
    plane, line = two_modes(0.8, 2.0).to(torch.float64), along(0.8, 2.0)
    uv = 4 * torch.randn((500, 2), generator=seeded(0), dtype=torch.float64)
    turn = torch.tensor([[1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64) / math.sqrt(2)  # rows: along, across
    along_and_across = plane.score(uv @ turn) @ turn.T
    assert torch.allclose(
        along_and_across[:, :1], line.score(uv[:, :1]), atol=1e-6
    )  # the means are float32's
    assert torch.allclose(along_and_across[:, 1], -uv[:, 1], atol=1e-6)


def test_the_plane_s_second_eigenvalue_is_the_line_s():
    """The transition matrix of the 2-D chain on a grid, too coarse for more than four digits."""
    a, distance = 0.5, 0.6
    axis = torch.linspace(-5, 5, 27, dtype=torch.float64)
    x = torch.cartesian_prod(axis, axis)
    to = x + a / 2 * two_modes(0.5, distance).to(torch.float64).score(x)
    P = torch.exp(-torch.cdist(to, x).square() / (2 * a)).numpy()
    second = np.sort(np.abs(np.linalg.eigvals(P / P.sum(1, keepdims=True))))[-2]
    expected = relaxation_steps(grid_chain(along(0.5, distance), a), a)
    assert -1 / math.log(second) == pytest.approx(expected, rel=1e-3)


def test_the_stationary_distribution_is_kept_by_a_step_and_close_to_the_density():
    line = along(0.8, 2.0)
    chain = grid_chain(line, 0.01)
    pi = stationary(chain.P)
    assert np.abs(pi @ chain.P - pi).max() < 1e-15
    density = line.log_prob(torch.tensor(chain.u)[:, None]).exp().numpy()
    # Euler's scheme widens a mode's variance to 1 / (1 - a / 4) and blurs the border: both of order a.
    assert np.abs(pi - density / density.sum()).sum() < 0.02


def test_one_gaussian_relaxes_as_its_closed_form_says():
    """Two modes of one place: x <- (1 - a / 2) x + sqrt(a) z, whose second eigenvalue is 1 - a / 2."""
    line = Mixture.of([[1e-9], [-1e-9]], [0.5, 0.5], dtype=torch.float64)
    assert relaxation_steps(grid_chain(line, 0.1), 0.1) == pytest.approx(-1 / math.log(0.95), rel=1e-9)


# --- the formulas -----------------------------------------------------------------------------------------


def test_curvature_is_the_second_derivative_of_minus_log_p():
    line = along(0.7, 1.2)
    u = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(-line.log_prob(u.reshape(1, 1)).sum(), u, create_graph=True)
    (second,) = torch.autograd.grad(first, u)
    assert curvature(line, 0.3) == pytest.approx(float(second), abs=1e-9)


@pytest.mark.parametrize("pi", [0.5, 0.8])
def test_the_chain_s_time_goes_to_kramers_time(pi):
    """As a falls; at distance 4 the barrier is so high that 3 % are left, most of it the step's."""
    line = along(pi, 4.0)
    errors = [
        abs(relaxation_steps(grid_chain(line, a), a) * a / kramers(line) - 1) for a in (0.04, 0.02, 0.01)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.03


def test_kramers_closed_form_between_far_modes():
    """1 / p is sqrt(2 pi) exp(m^2 / 2) exp(u^2 / 2) / cosh(m u), and for large m its integral that times pi / m."""
    m = math.sqrt(2) * 5
    expected = 0.5 * math.sqrt(2 * math.pi) * math.pi / m * math.exp(m**2 / 2)
    # exp(u^2 / 2) where sech(m u) lives: the next term is E[u^2] / 2 = pi^2 / (8 m^2) = 2.5 %
    assert kramers(along(0.5, 5.0)) == pytest.approx(expected * (1 + math.pi**2 / (8 * m**2)), rel=2e-3)


def test_eyring_kramers_closed_form_and_the_factor_that_it_keeps():
    m = math.sqrt(2) * 5
    rate = math.sqrt(m**2 - 1) / (4 * math.pi) * 2 * math.exp(-(m**2) / 2)
    assert eyring_kramers(along(0.5, 5.0)) == pytest.approx(1 / (2 * rate), rel=1e-6)
    ratio = kramers(along(0.5, 6.0)) / eyring_kramers(along(0.5, 6.0))
    correction = (1 + math.pi**2 / (8 * 72)) * math.sqrt(
        1 - 1 / 72
    )  # m^2 = 72; the next terms are of order 1 / m^4
    assert ratio == pytest.approx(math.sqrt(math.pi / 2) * correction, rel=2e-3)
    assert math.isnan(eyring_kramers(along(0.8, 0.6)))  # one mode: no saddle


# --- walks ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def walked():
    return crossing(CrossingConfig(pi=0.7, distance=1.5, particles=1_000, longest=1_000, frames=20))


def test_measured_and_spectral_times_agree(walked):
    """Within three standard errors, which are below 10 %: a wrong factor of two would be ten of them."""
    assert walked.measured.error < 0.1 * walked.times.gap
    assert abs(walked.measured.steps - walked.times.gap) < 3 * walked.measured.error


def test_shares_follow_the_grid_from_the_first_frame_to_the_last(walked):
    """2 x 20 shares of 1,000 particles: four standard errors of at most 0.016."""
    assert np.abs(walked.shares - walked.expected).max() < 0.064
    assert walked.shares[0, 0] > 0.97 and walked.shares[0, 1] < 0.03
    assert len(walked.xs) == len(walked.steps) == len(walked.shares)


def test_the_standard_error_is_the_spread_between_seeds():
    configs = [CrossingConfig(0.5, 1.25, particles=200, longest=500, frames=5, seed=s) for s in range(16)]
    found = [crossing(config).measured for config in configs]
    spread = np.std([m.steps for m in found], ddof=1)  # of 16: known to 18 %
    assert 0.6 < spread / np.mean([m.error for m in found]) < 1.6


def test_on_the_line_alone_the_time_is_the_gaps_too():
    """The mean of 16 seeds within four of its standard errors, and those below a twentieth of it."""
    configs = [CrossingConfig(0.7, 1.5, particles=1_000, frames=5, seed=s) for s in range(16)]
    found, gap = [measured(config) for config in configs], times(0.7, 1.5, configs[0].step_size)[0].gap
    error = np.sqrt(np.sum([m.error**2 for m in found])) / 16
    assert error < 0.05 * gap and abs(np.mean([m.steps for m in found]) - gap) < 4 * error


def test_where_nothing_crosses_nothing_is_measured():
    result = crossing(CrossingConfig(distance=4.0, particles=20, longest=50, frames=5))
    assert math.isnan(result.measured.steps) and result.measured.changed < 10
    assert result.times.gap > 1e6


def test_a_sweep_measures_where_crossings_are_expected():
    config = SweepConfig(distances=(1.0, 3.0, 5.0), measured_at=(1.25, 4.0), particles=200, longest=300)
    calls = []
    result = sweep(config, lambda done, total, stage="": calls.append((done, total)))
    assert result.distances.tolist() == [1.0, 1.25, 3.0, 4.0, 5.0]
    assert [distance for distance, _ in result.measured] == [1.25]
    gaps = [each.gap for each in result.times]
    assert gaps == sorted(gaps) and calls[-1][0] == calls[-1][1]


# --- recovered weights ------------------------------------------------------------------------------------


def test_plain_s_share_is_what_the_start_decides():
    """Against a walk of 4,000 particles, four standard errors; nothing else in the test knows the grid."""
    mixture, rng = two_modes(0.8), seeded(1)
    start = 16 * torch.rand((4_000, 2), generator=rng) - 8
    x = final(walk(langevin(0.1), mixture, start, [CLEAN] * 151, rng))
    share = float((x.sum(1) > 0).double().mean())
    assert share == pytest.approx(plain_share(0.8, "square", 0.1, 150), abs=4 * math.sqrt(0.25 / 4_000))
    # An independent run of 100,000 particles ended at 0.511, its standard error 0.0016.
    assert plain_share(0.8, "square", 0.1, 1_000) == pytest.approx(0.511, abs=3 * 0.0016)
    assert plain_share(0.8, "data", 0.1, 100) == pytest.approx(0.8, abs=1e-6)
    assert plain_share(0.8, "mode", 0.1, 100) < 1e-6


def test_plain_is_flat_and_annealed_near_the_diagonal():
    """Forty steps a level: annealed within 0.08 (0.04 of it too few steps, the rest noise)."""
    result = recovery(RecoveryConfig((0.2, 0.8), repeats=4, T=40, particles=500))
    assert result.plain.shape == result.annealed.shape == (2, 4)
    assert np.abs(result.plain.mean(1) - result.expected).max() < 4 * math.sqrt(0.25 / 2_000)
    assert np.abs(result.annealed.mean(1) - result.pis).max() < 0.08


def test_along_the_line_annealed_chains_recover_what_they_recover_in_the_plane():
    """Both shares are of 4,000 particles and independent: four standard errors of their difference."""
    line = recovery(RecoveryConfig((0.3, 0.8), repeats=4, T=20, particles=1_000, seed=1)).annealed.mean(1)
    for i, pi in enumerate((0.3, 0.8)):
        plane = mixing(
            MixingConfig(MixtureSpec(pi=pi), T=20, step_size=0.1, particles=4_000, plain=1, frames=2)
        )
        error = math.sqrt(2 * pi * (1 - pi) / 4_000)
        assert line[i] == pytest.approx(plane.annealed.shares[-1][0], abs=4 * error)


@pytest.mark.parametrize(
    "options, match",
    [({"pi": 1.0}, "pi is 1"), ({"distance": 9.0}, "distance is 9"), ({"step_size": 3.0}, "step size is 3")],
)
def test_settings_out_of_range_are_refused(options, match):
    with pytest.raises(UserError, match=match):
        CrossingConfig(**options)


# --- page and command -------------------------------------------------------------------------------------


def test_the_page_opens_answers_a_slider_and_shows_both_views():
    app = opened(PAGE, particles="100")
    before = [metric.value for metric in app.metric]
    assert any("years" in text.value for text in app.markdown)
    fine(app.slider(key="d").set_value(1.0).run())
    assert all(new != old for new, old in zip([m.value for m in app.metric], before, strict=True))
    fine(app.segmented_control(key="view").set_value("weights").run())
    assert any(caption.value.startswith("Shown: 5 weights") for caption in app.caption)


def test_the_commands_write_their_files(tmp_path, capsys):
    options = ["--distance", "1", "--particles", "50", "--longest", "100", "--measured-at", "1"]
    assert main(["crossing", *options, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "crossing.json").read_text())
    assert numbers["times"]["gap"] > 10 and len(numbers["sweep"]["times"]) > 10
    assert "gap:" in capsys.readouterr().out
    assert (
        main(["recovery", "--T", "2", "--particles", "20", "--pis", "0.2", "0.8", "--out", str(tmp_path)])
        == 0
    )
    names = ("crossing.png", "crossing.gif", "recovery.json", "recovery.png")
    assert all((tmp_path / name).stat().st_size > 400 for name in names)


def test_a_distance_out_of_range_is_refused_in_one_line(tmp_path, capsys):
    assert main(["crossing", "--distance", "-1", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
