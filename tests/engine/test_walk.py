"""The loop and what listens to it: states, starts, divergence, trajectories."""

import math
from itertools import pairwise

import pytest
import torch

from playground.errors import UserError
from playground.inpainting import climbing, resampled
from playground.levels import CLEAN, Level, linear_beta, noised, randn_like, repeated, seeded
from playground.steps import ancestral, ddim, langevin
from playground.trajectory import collect, frames_of
from playground.walk import State, checked, final, starting_noise, walk

SCHEDULE = linear_beta()


@pytest.fixture
def start(rng):
    return torch.randn(5, 2, generator=rng)


def growing(factor: float):
    """A step that multiplies x, to diverge at a known state."""
    return lambda denoise, xt, here, there, rng: (factor * xt, xt)


# --- the loop ---------------------------------------------------------------------------------------------


def test_n_steps_yield_n_plus_1_states_the_start_included(gaussian, start, rng):
    grid = SCHEDULE.grid(6)
    states = list(walk(ddim(), gaussian(1.0), start, grid, rng))
    assert [state.index for state in states] == list(range(7))
    assert states[0].x is start and states[0].x0_hat is None
    for state, level in zip(states, [level.to(start) for level in grid], strict=True):
        assert (state.level.alpha, state.level.sigma) == (level.alpha, level.sigma)


def test_the_estimate_of_a_state_is_the_one_that_led_to_it(gaussian, start, rng):
    denoise = gaussian(1.0)
    states = list(walk(ddim(), denoise, start, SCHEDULE.grid(6), rng))
    for before, state in pairwise(states):
        assert torch.equal(state.x0_hat, denoise(before.x, before.level))


def test_a_walk_is_lazy_and_can_be_left(start, rng):
    calls = []

    def step(denoise, xt, here, there, rng):
        calls.append(1)
        return xt, xt

    states = walk(step, None, start, SCHEDULE.grid(100), rng)
    assert calls == []
    for state in states:
        if state.index == 3:
            break
    assert len(calls) == 3


def test_the_seed_is_the_only_source_of_chance(mixture):
    """Same seed, same path; another seed, another; and torch's global state is not touched."""
    mixture, before = mixture.to(torch.float32), torch.get_rng_state()

    def end(seed):
        rng = seeded(seed)
        start = starting_noise((50, 2), SCHEDULE.level(1000), rng)
        return final(walk(ancestral(), mixture, start, SCHEDULE.grid(20), rng))

    assert torch.equal(end(1), end(1))
    assert not torch.equal(end(1), end(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_off_inside_the_walk_and_the_callers_mode_is_left_alone(start, rng):
    modes = []

    def step(denoise, xt, here, there, rng):
        modes.append(torch.is_grad_enabled())
        return xt, xt

    for state in walk(step, None, start, SCHEDULE.grid(5), rng):
        assert torch.is_grad_enabled()  # between the states, where a page or a metric runs
        if state.index == 3:
            break
    assert modes == [False] * 3
    assert torch.is_grad_enabled()
    with torch.no_grad():
        for _ in walk(step, None, start, SCHEDULE.grid(2), rng):
            assert not torch.is_grad_enabled()


def test_levels_follow_the_dtype_of_x(gaussian, start, rng):
    for state in walk(ddim(), gaussian(1.0), start.double(), SCHEDULE.grid(3), rng):
        assert state.x.dtype == state.level.alpha.dtype == torch.float64


def test_a_grid_without_a_step_is_refused(gaussian, start, rng):
    for grid in ([], [CLEAN]):
        with pytest.raises(UserError, match="two or more"):
            list(walk(ddim(), gaussian(1.0), start, grid, rng))


# --- starts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha, sigma", [(0.6, 0.8), (1.0, 20.0)])
def test_the_prior_has_the_variance_of_centred_data_at_its_level(rng, alpha, sigma):
    """Against x0 ~ N(0, data_std**2) noised to the level, not against the formula."""
    n, data_std, level = 100_000, 3.0, Level.of(alpha, sigma)
    x = starting_noise((n, 2), level, rng, data_std)
    x0 = data_std * torch.randn(n, 2, generator=rng)
    same = noised(x0, randn_like(x0, rng), level)
    # five standard errors of the difference: each deviation's relative one is 1 / sqrt(4 n) = 0.0016
    assert (x.std() / same.std()).item() == pytest.approx(1, abs=0.012)
    assert x.mean().abs() < 0.012 * x.std()


def test_a_whole_walk_ends_at_the_mixture(mixture):
    """200 DDPM steps with the exact denoiser: shares of the modes, their means and their widths."""
    rng, n = seeded(0), 4000
    mixture = mixture.to(torch.float32)
    start, grid = starting_noise((n, 2), SCHEDULE.level(1000), rng), SCHEDULE.grid(200)
    x = final(walk(ancestral(), mixture, start, grid, rng))
    right = x.sum(1) > 0
    # standard error sqrt(0.8 * 0.2 / 4,000) = 0.0063; four of those, and 0.005 for 200 instead of all steps
    assert right.float().mean().item() == pytest.approx(0.8, abs=0.03)
    # at most 800 * 2 numbers: standard errors 1 / sqrt(800) = 0.035 (mean), 1 / sqrt(2 * 1600) = 0.018 (std)
    for side, centre in ((right, 5.0), (~right, -5.0)):
        torch.testing.assert_close(x[side].mean(0), torch.full((2,), centre), rtol=0, atol=0.15)
        assert (x[side] - x[side].mean(0)).std().item() == pytest.approx(1, abs=0.09)


# --- divergence -------------------------------------------------------------------------------------------


def test_a_diverging_walk_is_stopped_and_the_sentence_names_the_step(start, rng):
    """1e6 is passed at state 7 or so; every tenth state is looked at, so state 10 is the one named."""
    seen = []
    with pytest.raises(UserError, match=r"after 10 steps .* smaller step size"):
        for state in checked(walk(growing(10.0), None, start, [CLEAN] * 51, rng)):
            seen.append(state.index)
    assert seen == list(range(10))  # the state that is refused is not passed on


def test_the_last_state_is_looked_at_wherever_it_falls(start, rng):
    with pytest.raises(UserError, match="after 8 steps"):
        final(checked(walk(growing(10.0), None, start, [CLEAN] * 9, rng)))


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
def test_one_bad_coordinate_is_enough(start, rng, poison):
    def step(denoise, xt, here, there, rng):
        xs = xt.clone()
        xs[3, 1] = poison
        return xs, xt

    with pytest.raises(UserError, match="diverged"):
        final(checked(walk(step, None, start, [CLEAN] * 3, rng)))


def test_a_langevin_step_size_that_is_too_large_is_refused_and_one_that_is_not_passes(mixture, rng):
    """On unit modes x <- (1 - a / 2) x + ... diverges beyond a = 4."""
    mixture, x = mixture.to(torch.float32), torch.zeros(10, 2)
    bare, watched = (
        final(states(walk(langevin(3.5), mixture, x, repeated([CLEAN], 200), seeded(0))))
        for states in (lambda states: states, checked)
    )
    assert torch.equal(bare, watched)
    with pytest.raises(UserError, match="step size"):
        final(checked(walk(langevin(5.0), mixture, x, repeated([CLEAN], 200), rng)))


# --- trajectories -----------------------------------------------------------------------------------------


def test_a_trajectory_keeps_every_state_in_order(gaussian, start):
    def states():
        return walk(ddim(), gaussian(1.0), start, SCHEDULE.grid(6), seeded(0))

    kept, listed = collect(states()), list(states())
    assert len(kept) == 7 and kept.indices == tuple(range(7))
    assert torch.equal(kept.xs, torch.stack([state.x for state in listed]))
    assert torch.equal(kept.x0_hats[1:], torch.stack([state.x0_hat for state in listed[1:]]))
    assert torch.equal(kept.x0_hats[0], listed[1].x0_hat)  # at the start, the first estimate
    assert [level.sigma for level in kept.levels] == [state.level.sigma for state in listed]


def test_a_trajectory_keeps_what_it_is_told_to(gaussian, start):
    every = collect(walk(ddim(), gaussian(1.0), start, SCHEDULE.grid(6), seeded(0)))
    again = walk(ddim(), gaussian(1.0), start, SCHEDULE.grid(6), seeded(0))
    kept = collect(again, frozenset({0, 4, 6}), samples=2)
    assert kept.indices == (0, 4, 6)
    assert torch.equal(kept.xs, every.xs[[0, 4, 6], :2])
    # the frame at the start shows the first estimate among those kept
    assert torch.equal(kept.x0_hats, every.x0_hats[[4, 4, 6], :2])


def test_where_repaint_climbs_the_last_estimate_is_repeated(gaussian, start, rng):
    grid = resampled(SCHEDULE.grid(4), resamplings=2, jump=2)  # states 1 to 3 down, 4 up, 5 and 6 down
    kept = collect(walk(climbing(ddim()), gaussian(1.0), start, grid, rng))
    assert torch.equal(kept.x0_hats[4], kept.x0_hats[3])
    assert not torch.equal(kept.x0_hats[5], kept.x0_hats[4])


def test_a_walk_that_only_climbs_has_no_estimates(gaussian, start, rng):
    """The forward process, shown: from clean data up."""
    forward = SCHEDULE.grid(4)[::-1]
    kept = collect(walk(climbing(ddim()), gaussian(1.0), start, forward, rng))
    assert len(kept) == 5 and kept.x0_hats is None


def test_fewer_than_two_frames_are_refused(start):
    states = [State(0, start, CLEAN, None), State(1, start, CLEAN, start)]
    for keep in (frozenset({1}), frozenset()):
        with pytest.raises(UserError, match="two frames"):
            collect(states, keep)


@pytest.mark.parametrize("steps, frames", [(1000, 100), (1000, 7), (5, 100), (1, 2), (99, 100)])
def test_frames_are_evenly_spread_and_hold_both_ends(steps, frames):
    kept = sorted(frames_of(steps, frames))
    assert len(kept) == min(frames, steps + 1)
    assert kept[0] == 0 and kept[-1] == steps
    gaps = {b - a for a, b in pairwise(kept)}
    assert max(gaps) - min(gaps) <= 1


def test_levels_and_states_compare_without_raising():
    """A level of a batch is tensors of several numbers: == on these has no truth value, so each equals itself only."""
    one, other = (Level(torch.ones(3, 1), torch.full((3, 1), 2.0)) for _ in range(2))
    assert one == one and one != other and len({one, other}) == 2
    states = [State(0, torch.zeros(3, 2), one, None) for _ in range(2)]
    assert states[0] == states[0] and states[0] != states[1]
