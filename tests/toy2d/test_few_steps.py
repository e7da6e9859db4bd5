"""Fewer steps: the table against Gaussians' closed forms, order on the line, round trips, orders of convergence."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened
from scipy import stats
from streamlit.testing.v1 import AppTest

from playground.errors import UserError
from playground.levels import SCHEDULES, Level, seeded
from playground.steps import ancestral, ddim
from playground.walk import final, starting_noise, walk
from toy2d.__main__ import main
from toy2d.few_steps.experiment import ROWS, FewStepsConfig, counted, few_steps, last_noises
from toy2d.few_steps.flow import SOLVERS, FlowConfig, exact_flow, levels_at, orders, paths, round_trip, swaps
from toy2d.few_steps.quantiles import flowed, has_line
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/few_steps/page.py"
RING = MixtureSpec("ring")
FLOW = FlowConfig(RING, steps=(10, 40, 80, 160), points=50)


@pytest.fixture(scope="module")
def table():
    return few_steps(FewStepsConfig(RING, steps=(5, 50), particles=300, repeats=3))


@pytest.fixture(scope="module")
def trip():
    return round_trip(FLOW)


@pytest.fixture(scope="module")
def converged():
    return orders(FLOW)


# --- the table --------------------------------------------------------------------------------------------


def test_a_step_costs_one_call_and_heuns_two_but_for_the_last(table):
    calls = dict(zip(ROWS, table.calls.tolist(), strict=True))
    assert calls.pop("Heun") == [9, 99]
    assert all(each == [5, 50] for each in calls.values())


def test_more_steps_come_near_the_floor(table):
    """At 50 steps every row lies within what clouds of 300 scatter: about a third of the floor, twice that and the
    bias that DDIM still has; at 5 steps with eta = 0 the ring is seen to be off.
    """
    sliced = table.values("sliced")
    assert (sliced[:, 1] < 1.9 * table.floor.sliced).all()
    assert sliced[0, 0] > sliced[0, 1]
    assert (table.values("energy")[:, 1] < 1.9 * table.floor.energy).all()


def test_the_lectures_sigma_hat_row_is_its_times():
    """At 10 of the authors' steps the last but one adds 0.32 where the level t = 1 has 0.01."""
    ((added, has),) = last_noises(FewStepsConfig(steps=(10,)))["authors"]
    alpha_bar = SCHEDULES["linear"]().alpha ** 2
    assert has == pytest.approx(float((1 - alpha_bar[1]).sqrt()), abs=1e-6) == pytest.approx(0.01, abs=1e-4)
    assert added == pytest.approx(float((1 - alpha_bar[101] / alpha_bar[1]).sqrt()), abs=1e-5)
    assert added == pytest.approx(0.32, abs=0.005)


def test_with_the_authors_times_sigma_hat_leaves_its_noise_in_the_samples():
    """Data of deviation 0.1: a step down leaves between none of it and all of it, the added noise comes on top, and the
    denoiser of noise 0.01 takes a hundredth away.  Even times end in a level that knows of its noise.  20,000
    points: a deviation is known to 0.5 %; 2 % is four of that.
    """
    data, schedule = Mixture.of([[2.0, -1.0]], std=0.1), SCHEDULES["linear"]()
    end = {}
    for spacing in ("even", "authors"):
        grid = schedule.grid(10, spacing)
        start = starting_noise((20_000, 2), grid[0], seeded(0))
        end[spacing] = float(final(walk(ancestral("beta"), data, start, grid, seeded(1)))[:, 0].std())
    ((added, _),) = last_noises(FewStepsConfig(steps=(10,)))["authors"]
    assert 0.99 * added * 0.98 < end["authors"] < math.hypot(added, 0.1) * 1.02
    assert end["even"] < 0.1 * 1.02


def test_the_spacing_reaches_the_table():
    """Other times, other samples from the same noise; with all 1,000 steps both spacings are the same times."""

    def row(steps: int, spacing: str) -> np.ndarray:
        return few_steps(FewStepsConfig(RING, "linear", (steps,), 20, 2, 0, spacing)).values("sliced")[:, 0]

    assert (row(5, "even") != row(5, "authors")).all()
    assert (row(1000, "even") == row(1000, "authors")).all()
    with pytest.raises(UserError, match="spacing of the times is 'odd'"):
        FewStepsConfig(spacing="odd")


def test_noise_costs_at_few_steps_as_in_table_1():
    """The lecture's pattern, on two modes: at 5 steps eta = 1 is worse than eta = 0, and by far more than the
    standard errors.
    """
    result = few_steps(FewStepsConfig(steps=(5,), particles=500, repeats=4))
    rows = list(ROWS)
    ddim_row, ddpm_row = rows.index("η = 0 (DDIM)"), rows.index("η = 1 (DDPM)")
    values, errors = result.values("energy")[:, 0], result.standard_errors("energy")[:, 0]
    assert values[ddpm_row] - values[ddim_row] > 2 * math.hypot(errors[ddim_row], errors[ddpm_row])


def test_one_step_of_ddim_lands_on_the_mean_of_the_data():
    """At pure noise E[x0 | z] = E[x0] + alpha_T Cov z to first order, and alpha_T = 0.0063: S = 1 gives nearly a point.

    The mean square of ||Cov z|| is the squared Frobenius norm of Cov; 2,000 samples know its root to about 3 %.
    """
    mixture, schedule = MixtureSpec("anisotropic_pair").build(torch.float64), SCHEDULES["linear"]()
    z = torch.randn((2_000, 2), generator=seeded(0), dtype=torch.float64)
    x = final(walk(ddim(), mixture, z, schedule.grid(1), seeded(0)))
    w, d = mixture.log_weights.exp(), mixture.means - mixture.mean()
    cov = torch.einsum("k,kij->ij", w, mixture.covariances + d[:, :, None] * d[:, None, :])
    spread = float((x - mixture.mean()).square().sum(1).mean().sqrt())
    assert spread == pytest.approx(float(schedule.alpha[-1] * cov.norm()), rel=0.12)


def test_a_table_without_columns_is_refused():
    with pytest.raises(UserError, match="no column"):
        FewStepsConfig(steps=())


# --- paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
@pytest.mark.parametrize("pi", [0.5, 0.9])
def test_deterministic_paths_keep_their_order_however_long_the_step(steps, pi):
    assert paths(pi, 0.0, steps).swaps == 0


def test_noise_makes_paths_cross():
    assert paths(0.8, 1.0).swaps > paths(0.8, 0.2).swaps > 0


def test_swaps_are_the_discordant_pairs_of_kendall():
    x = torch.randn((2, 30), generator=seeded(0))
    tau = stats.kendalltau(x[0], x[1]).statistic
    assert swaps(x) == round((1 - tau) / 2 * 30 * 29 / 2)


def test_paths_end_in_the_modes_by_their_weights():
    """Evenly spread noise is carried in order, so the share that ends above is pi, to one path of 200."""
    ends = paths(0.7, 0.0, steps=200, particles=200).x[-1]
    assert (ends > 0).mean() == pytest.approx(0.7, abs=0.01)


# --- there and back, and orders ---------------------------------------------------------------------------


def test_round_trips_close_as_steps_grow(trip):
    assert (np.diff(trip.errors, axis=1) < 0).all()
    assert trip.errors[1, -1] < 0.01 * trip.errors[0, -1]  # Heun, of second order, far below DDIM


def test_the_animation_begins_with_the_data_and_ends_near_them(trip):
    assert torch.equal(trip.encode.xs[-1], trip.decode.xs[0])
    data, back = trip.encode.xs[0], trip.decode.xs[-1]
    assert float((back - data).square().sum(1).mean().sqrt()) < trip.errors[0, 0]  # 20 steps against 10


def test_the_code_of_the_data_is_standard_normal():
    """500 exact samples carried up the flow; the variance of 500 normals scatters by 6 %, their mean by 0.045."""
    mixture, schedule = RING.build(torch.float64), SCHEDULES["linear"]()
    x0 = mixture.sample(500, seeded(0))
    latent = final(walk(ddim(), mixture, x0, levels_at(schedule, list(range(1, 1001, 3))), seeded(0)))
    assert latent.mean(0).abs().max() < 0.2
    assert latent.var(0).numpy() == pytest.approx([1, 1], rel=0.3)


def test_the_orders_are_one_two_and_two(converged):
    """Slopes between 40 and 160 steps; what is left of the next order there is a few hundredths."""
    assert converged.orders == pytest.approx([1, 2, 2], abs=0.1)
    assert (converged.calls[:, 0] == [10, 20, 10]).all()


def test_scipys_flow_of_one_gaussian_is_the_closed_form():
    """For N(0, s^2 I), u = x / alpha is stretched by sqrt((s^2 + low^2) / (s^2 + high^2))."""
    s, high, low = 2.0, 30.0, 0.3
    x = torch.randn((5, 2), generator=seeded(0), dtype=torch.float64)
    found = exact_flow(Mixture.of([[0.0, 0.0]], std=s, dtype=torch.float64), x, high, low)
    shrink = math.sqrt((s**2 + low**2) / (s**2 + high**2))
    u, alpha = x * math.sqrt(1 + high**2), 1 / math.sqrt(1 + low**2)
    assert torch.allclose(found, alpha * shrink * u, rtol=1e-8)


@pytest.mark.parametrize("pi", [0.1, 0.8])
def test_quantiles_end_where_scipys_flow_ends(pi):
    """Two ways with nothing in common, for modes off the origin; scipy is asked for ten digits."""
    modes = Mixture.of([[3.0, -1.0], [-2.0, 4.0]], [pi, 1 - pi], std=0.7, dtype=torch.float64)
    high, low = 30.0, 0.3
    levels = [
        Level.of(alpha=1 / math.sqrt(1 + s**2), sigma=s / math.sqrt(1 + s**2), like=modes.means)
        for s in (high, low)
    ]
    x = 4 * torch.rand((100, 2), generator=seeded(0), dtype=torch.float64) - 2
    apart = (flowed(modes, x, *levels) - exact_flow(modes, x, high, low)).norm(dim=1)
    assert apart.max() < 1e-6 and apart.median() < 1e-8


@pytest.mark.parametrize(("there", "expected"), [(0.0, 10.0), (1.0, 10.0 * math.sqrt(2))])
def test_far_out_quantiles_keep_their_digits(there, expected):
    """Ten standard deviations outside a mode F is 1 to rounding; beside a mode with all but 1e-9 of the weight, in its
    tail, the flow is one Gaussian's, and the point keeps its ten standard deviations."""
    modes = Mixture.of([[0.0, 0.0], [-9.0, 0.0]], [1 - 1e-9, 1e-9], dtype=torch.float64)
    clean, noisy = (Level.of(sigma=s, like=modes.means) for s in (0.0, there))
    x = torch.tensor([[10.0, 1.0]], dtype=torch.float64)
    assert flowed(modes, x, clean, noisy)[0, 0] == pytest.approx(expected, rel=1e-8)


def test_only_two_round_modes_have_a_line():
    of = Mixture.of
    assert has_line(of([[1.0, 0.0], [0.0, 2.0]], std=0.5))
    stretched = [[[1.0, 0.0], [0.0, 2.0]]] * 2
    assert not has_line(of([[1.0, 0.0], [0.0, 2.0]], covariances=stretched))
    assert not has_line(of([[1.0, 0.0], [1.0, 0.0]]))
    assert not has_line(of([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]))


def test_a_counted_denoiser_answers_as_before(mixture):
    x, level = torch.zeros((3, 2), dtype=torch.float64), SCHEDULES["linear"]().level(500)
    denoise = counted(mixture)
    assert torch.equal(denoise(x, level), mixture(x, level)) and denoise.calls == 1


# --- page and command -------------------------------------------------------------------------------------


def test_the_page_opens_and_more_noise_means_more_crossings():
    app = opened(PAGE, S=["5"], particles="50")
    before = changed_places(app)
    assert before[0] == "0"  # eta = 0 swaps no pair
    fine(app.slider(key="eta").set_value(1.0).run())
    after = changed_places(app)
    assert after[0] == "0" and int(after[1].replace(",", "")) > int(before[1].replace(",", ""))


def changed_places(app: AppTest) -> list[str]:
    """Of the two etas: how many pairs of paths changed places."""
    return [metric.value for metric in app.metric if "changed places" in metric.label]


def test_the_command_writes_its_three_files(tmp_path, capsys):
    assert (
        main(["steps", "--mixture", "ring", "--steps", "2", "5", "--particles", "50", "--out", str(tmp_path)])
        == 0
    )
    numbers = json.loads((tmp_path / "steps.json").read_text())
    assert np.array(numbers["sliced"]).shape == (len(ROWS), 2) and len(numbers["orders"]) == len(SOLVERS)
    assert all((tmp_path / f"steps.{suffix}").stat().st_size > 1000 for suffix in ("png", "gif"))
    assert "floor" in capsys.readouterr().out


def test_the_command_refuses_too_many_steps_in_one_line(tmp_path, capsys):
    assert main(["steps", "--steps", "2000", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
