"""Levels, conversions, schedules: against their definitions, and there and back."""

import math
from itertools import pairwise

import pytest
import torch

from playground.denoisers import score_of
from playground.errors import UserError
from playground.levels import (
    CLEAN,
    SCHEDULES,
    Level,
    cosine,
    eps_from_x0,
    geometric_sigmas,
    linear_beta,
    noised,
    per_move,
    randn_like,
    repeated,
    score_from_x0,
    seeded,
    v_from_x0,
    x0_from_eps,
    x0_from_score,
    x0_from_v,
)

F64 = torch.zeros((), dtype=torch.float64)


def vp(alpha_bar: float) -> Level:
    return Level.of(math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar), like=F64)


VP = [vp(alpha_bar) for alpha_bar in (0.9999, 0.5, 1e-4)]
VE = [Level.of(sigma=sigma, like=F64) for sigma in (0.01, 1.0, 50.0)]
PER_SAMPLE = [Level(*torch.tensor([[0.99, 0.6, 0.01], [0.1, 0.8, 1.0]]).double().view(2, 3, 1))]
LEVELS = [*VP, *VE, *PER_SAMPLE, Level.of(2.0, 3.0, like=F64)]

# Float64 rounds to 1e-16; a round trip multiplies that by sigma / alpha <= 100 or alpha / sigma <= 100.
EXACT = {"rtol": 0, "atol": 1e-11}


@pytest.fixture(params=LEVELS, ids=lambda level: f"sigma={level.sigma.flatten()[0]:.3g}")
def level(request):
    return request.param


@pytest.fixture
def x0_eps(rng):
    return torch.randn(2, 3, 2, dtype=torch.float64, generator=rng)


# --- conversions ------------------------------------------------------------------------------------------

CONVERTERS = {
    "eps": (eps_from_x0, x0_from_eps),
    "score": (score_from_x0, x0_from_score),
    "v": (v_from_x0, x0_from_v),
}


@pytest.mark.parametrize("name", CONVERTERS)
def test_each_conversion_is_undone_by_its_inverse(name, level, x0_eps):
    there, back = CONVERTERS[name]
    x0, eps = x0_eps
    xt = noised(x0, eps, level)
    other = there(x0, xt, level)
    torch.testing.assert_close(back(other, xt, level), x0, **EXACT)
    # and the other way round, from any other, not only one that belongs to x0; relative, for a score of 1e4
    torch.testing.assert_close(there(back(eps, xt, level), xt, level), eps, rtol=1e-9, atol=1e-9)


def test_the_conversions_agree_with_the_definitions(level, x0_eps):
    x0, eps = x0_eps
    alpha, sigma = level.alpha, level.sigma
    xt = alpha * x0 + sigma * eps
    torch.testing.assert_close(noised(x0, eps, level), xt, **EXACT)
    torch.testing.assert_close(eps_from_x0(x0, xt, level), eps, **EXACT)
    torch.testing.assert_close(v_from_x0(x0, xt, level), alpha * eps - sigma * x0, **EXACT)
    # grad log q(xt | x0) = -eps / sigma: the target of denoising score matching, sign included
    torch.testing.assert_close(score_from_x0(x0, xt, level), -eps / sigma, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("level", [*VP, *VE], ids=str)
def test_tweedie_is_exact_at_every_level(level, mixture, rng):
    """The score from E[x0 | xt] is the gradient of the log density, not only "assuming small noise"."""
    xt = mixture.sample_noised(50, level, rng).requires_grad_()
    (score,) = torch.autograd.grad(mixture.log_prob(xt, level).sum(), xt)
    xt = xt.detach()
    tweedie = score_from_x0(mixture.denoise(xt, level), xt, level)
    # Tweedie subtracts numbers of size |x| and divides by sigma**2 >= 1e-4: 1e-15 * 10 / 1e-4
    torch.testing.assert_close(tweedie, score, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(score_of(mixture)(xt, level), score, rtol=1e-9, atol=1e-9)


def test_v_is_defined_at_clean_data_and_at_pure_noise():
    xt, v = torch.randn(2, 4, 2, generator=seeded(0))
    assert torch.equal(x0_from_v(v, xt, CLEAN), xt)
    assert torch.equal(x0_from_v(v, xt, Level.of(0.0, 1.0)), -v)


# --- schedules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("T, beta_1, beta_T", [(1000, 1e-4, 0.02), (7, 0.01, 0.3), (1, 0.1, 0.1)])
def test_linear_betas_give_the_cumulative_product(T, beta_1, beta_T):
    schedule = linear_beta(T, beta_1, beta_T)
    alpha_bar = [1.0]
    for t in range(1, T + 1):
        beta = beta_1 + (beta_T - beta_1) * (t - 1) / max(1, T - 1)
        alpha_bar.append(alpha_bar[-1] * (1 - beta))
    expected = torch.tensor(alpha_bar, dtype=torch.float64)
    torch.testing.assert_close(schedule.alpha**2, expected, rtol=1e-12, atol=0)  # 1,000 roundings of 1e-16
    # 1 - alpha_bar cancels near t = 1, where it is beta_1 >= 1e-4: 1e-16 / 1e-4
    torch.testing.assert_close(schedule.sigma**2, 1 - expected, rtol=1e-11, atol=0)


@pytest.mark.parametrize("T", [1, 10, 1000])
def test_the_cosine_schedule_is_equation_17(T):
    def f(t: int) -> float:
        return math.cos((t / T + 0.008) / 1.008 * math.pi / 2) ** 2

    alpha_bar = cosine(T).alpha ** 2
    for t in range(T):
        assert alpha_bar[t].item() == pytest.approx(f(t) / f(0), rel=1e-10)
    # at t = T the cosine is zero, so only the largest beta, 0.999, keeps alpha_bar above it
    assert (alpha_bar[T] / alpha_bar[T - 1]).item() == pytest.approx(0.001, rel=1e-10)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_preserves_variance_and_starts_clean(name):
    schedule = SCHEDULES[name](1000)
    torch.testing.assert_close(schedule.alpha**2 + schedule.sigma**2, torch.ones(1001).double(), **EXACT)
    assert (schedule.alpha[0], schedule.sigma[0]) == (1, 0)
    assert (schedule.sigma.diff() > 0).all() and (schedule.alpha > 0).all()
    assert schedule.level(1000).scale == pytest.approx(1, abs=1e-6)  # float32 there
    assert schedule.level(500).alpha_bar.item() == pytest.approx(schedule.alpha[500].item() ** 2, rel=1e-6)


def test_a_subset_of_the_steps_is_evenly_spread_from_T_to_0():
    """Exhaustively for short chains: the right number, strictly falling, each at most half a step off."""
    for T in range(1, 41):
        schedule = linear_beta(T)
        for steps in range(1, T + 1):
            times = schedule.subset(steps)
            assert (len(times), times[0], times[-1]) == (steps + 1, T, 0)
            assert all(a > b for a, b in pairwise(times))
            assert all(abs(t - T * (1 - i / steps)) <= 0.5 + 1e-9 for i, t in enumerate(times))


@pytest.mark.parametrize("steps", [0, -1, 101, math.nan])
def test_an_impossible_number_of_steps_is_refused(steps):
    for grid_or_subset in (linear_beta(100).subset, linear_beta(100).grid):
        with pytest.raises(UserError, match="number of steps"):
            grid_or_subset(steps)


def test_a_grid_holds_the_levels_of_its_times():
    schedule = linear_beta(100)
    assert len(schedule.grid()) == 101
    for level, t in zip(schedule.grid(7), schedule.subset(7), strict=True):
        assert (level.alpha, level.sigma) == (schedule.level(t).alpha, schedule.level(t).sigma)


@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 28, 28)])
def test_levels_for_each_sample_are_shaped_for_x_and_are_those_of_its_times(shape):
    schedule, t = linear_beta(100), torch.tensor([1, 50, 100])
    level = schedule.at(t, torch.zeros(shape))
    assert level.alpha.shape == level.sigma.shape == (3, *[1] * (len(shape) - 1))
    for i in range(3):
        own = schedule.level(int(t[i])).to(torch.zeros(()))
        assert (level.alpha[i].item(), level.sigma[i].item()) == (own.alpha, own.sigma)
    assert schedule.at(t, torch.zeros(shape, dtype=torch.float64)).alpha.dtype == torch.float64


@pytest.mark.parametrize(
    "refused",
    [
        lambda: linear_beta(0),
        lambda: linear_beta(10, 0.1, 1.5),
        lambda: linear_beta(10, -0.1, 0.5),
        lambda: linear_beta(10, 0.02, 0.01),
        lambda: cosine(0),
        lambda: geometric_sigmas(20, 1, 0),
        lambda: geometric_sigmas(1, 20, 5),
        lambda: geometric_sigmas(1, 0, 5),
        lambda: geometric_sigmas(math.nan, 1, 5),
        lambda: repeated([CLEAN], 0),
    ],
)
def test_impossible_levels_are_refused(refused):
    with pytest.raises(UserError):
        refused()


@pytest.mark.parametrize("sigma_1, sigma_L, L", [(20, 1, 10), (50, 0.01, 232), (1, 1, 3), (2, 1, 2)])
def test_geometric_sigmas_fall_by_one_ratio(sigma_1, sigma_L, L):
    sigmas = geometric_sigmas(sigma_1, sigma_L, L)
    assert len(sigmas) == L
    assert sigmas[0] == sigma_1 and sigmas[-1] == pytest.approx(sigma_L, rel=1e-12)
    ratio = (sigma_L / sigma_1) ** (1 / (L - 1))
    assert all(b / a == pytest.approx(ratio, rel=1e-12) for a, b in pairwise(sigmas))


def test_one_noise_level_is_the_first():
    assert geometric_sigmas(20, 1, 1) == [20]


def test_held_levels_give_each_level_T_steps():
    """A step belongs to the level it leaves, so T steps from each, and one more level to arrive at."""
    a, b = Level.of(sigma=2.0), Level.of(sigma=1.0)
    assert repeated([a, b], 3) == [a, a, a, b, b, b, b]


# --- randomness -------------------------------------------------------------------------------------------


def test_noise_comes_from_the_generator_alone():
    x = torch.zeros(5, 2, dtype=torch.float64)
    before = torch.get_rng_state()
    first, again, other = (randn_like(x, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.dtype == x.dtype and not torch.equal(first.float().double(), first)  # all of its digits
    assert torch.equal(torch.get_rng_state(), before)


# --- which of the schedule's times ---------------------------------------------------------------------------


def test_the_authors_times_are_those_of_their_code():
    """`range(0, T, T // S)` in their count from 0, walked backwards, then clean data."""
    for T, S in ((1000, 10), (1000, 50), (100, 100), (12, 3), (7, 1)):
        theirs = [t + 1 for t in reversed(range(0, T, T // S))]
        assert linear_beta(T).subset(S, "authors") == [*theirs, 0]


@pytest.mark.parametrize("spacing", ["even", "authors"])
@pytest.mark.parametrize("S", [1, 3, 7, 64, 999, 1000])
def test_every_spacing_walks_down_in_as_many_steps_as_asked(spacing, S):
    times = linear_beta().subset(S, spacing)
    assert len(times) == S + 1 and times[-1] == 0 and times[0] <= 1000
    assert all(a > b for a, b in pairwise(times))
    assert len(linear_beta().grid(S, spacing)) == S + 1


def test_an_unknown_spacing_is_named():
    with pytest.raises(UserError, match="spacing of the times is 'odd'; known are even, authors"):
        linear_beta().subset(10, "odd")


def test_the_angle_is_that_of_alpha_and_sigma():
    assert float(Level.of(sigma=0.0).angle) == 0 and float(Level.of(0.0, 1.0).angle) == pytest.approx(
        math.pi / 2
    )
    assert float(Level.of(3.0, 3.0).angle) == pytest.approx(math.pi / 4)


def test_what_a_move_was_worked_out_for_is_kept_for_this_move_only():
    """To and fro costs two calls; equal numbers in other objects are another move, as for a level."""
    a, b, asked = Level.of(1.0, 1.0), Level.of(1.0, 2.0), []
    ratio = per_move(lambda here, there: asked.append((here, there)) or float(here.sigma / there.sigma))
    assert [ratio(a, b), ratio(b, a), ratio(a, b), ratio(b, a)] == [0.5, 2.0, 0.5, 2.0]
    assert asked == [(a, b), (b, a)]
    assert ratio(Level.of(1.0, 1.0), b) == 0.5 and len(asked) == 3
