"""The grid walked up, from data to noise: against the flow of a Gaussian, which has a closed form."""

import pytest
import torch

from playground.errors import UserError
from playground.levels import CLEAN, ascending, linear_beta, seeded
from playground.steps import ddim, heun
from playground.walk import final, walk
from toy2d.mixture import two_modes

SCHEDULE = linear_beta()


def test_it_climbs_from_the_first_level_to_the_grids_noise():
    grid = SCHEDULE.grid(20)
    up = ascending(grid, SCHEDULE.level(1))
    assert len(up) == len(grid) and up[-1] is grid[0]
    ratios = [float(level.ratio) for level in up]
    assert ratios == sorted(ratios) and ratios[0] == float(SCHEDULE.level(1).ratio) > 0


def test_a_grid_that_has_level_1_visits_it_once():
    up = ascending(SCHEDULE.grid(), SCHEDULE.level(1))
    assert len(up) == SCHEDULE.T and len({float(level.sigma) for level in up}) == SCHEDULE.T


def test_clean_data_cannot_be_the_first_level():
    with pytest.raises(UserError, match=r"sigma = 0.*level 1"):
        ascending(SCHEDULE.grid(5), CLEAN)


def climbed(step, denoise, x, steps):
    return final(walk(step, denoise, x, ascending(SCHEDULE.grid(steps), SCHEDULE.level(1)), seeded(0)))


@pytest.mark.parametrize("step, order", [(ddim(0.0), 1), (heun(), 2)], ids=["DDIM", "Heun"])
def test_x_T_converges_to_the_flows_with_the_order_of_the_step(gaussian, step, order):
    """For data N(0, s**2) the flow keeps x / sqrt(alpha**2 s**2 + sigma**2), so x_T is known exactly."""
    s, denoise, first, last = 0.5, gaussian(0.5), SCHEDULE.level(1), SCHEDULE.level(SCHEDULE.T)
    scale = [float(((level.alpha * s) ** 2 + level.sigma**2).sqrt()) for level in (first, last)]
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    exact = x * scale[1] / scale[0]
    errors = [float((climbed(step, denoise, x, n) - exact).norm()) for n in (250, 500)]
    # halving the step divides the error by 2**order; at 250 steps the next order still adds a fifth
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.2)


def test_up_and_down_again_is_nearly_the_same_point(mixture):
    """With the exact denoiser of two modes; Heun's error falls by 2**2 a halving, DDIM's by 2."""
    x, grid = mixture.sample(64, seeded(0)).double(), SCHEDULE.grid(200)
    back = final(walk(heun(), mixture, climbed(heun(), mixture, x, 200), grid, seeded(0)))
    rough = final(walk(ddim(0.0), mixture, climbed(ddim(0.0), mixture, x, 200), grid, seeded(0)))
    assert (back - x).square().mean() < 1e-4 < (rough - x).square().mean() < 0.05


@pytest.mark.parametrize("std", [1.0, 0.3])
def test_told_the_mode_few_steps_lose_less_than_many_told_nothing(std):
    """Why a diffusion autoencoder inverts in few steps: told its mode, a point's flow is a Gaussian's, smooth to walk.

    Both denoisers are exact; two modes, 2,000 points.  DDIM's 20 steps, told, against 200, told nothing.
    """
    mixture = two_modes(0.8, std=std).to(torch.float64)
    x, modes = mixture.sample_with_modes(2000, seeded(0))
    x, mu = x.double(), mixture.means[modes]

    def told(xt, level):
        scale = level.alpha * std**2 / (level.alpha**2 * std**2 + level.sigma**2)
        return mu + scale * (xt - level.alpha * mu)

    def lost(denoise, steps):
        up = climbed(ddim(0.0), denoise, x, steps)
        back = final(walk(ddim(0.0), denoise, up, SCHEDULE.grid(steps), seeded(0)))
        return float((back - x).square().mean())

    assert lost(told, 20) < lost(mixture, 200) / 2
