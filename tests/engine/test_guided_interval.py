"""Guidance between two noise levels: the whole range is guidance, none is the conditional model; points and digits."""

import pytest
import torch

from playground.denoisers import HIGHEST, between, guided, guided_between, require_interval
from playground.errors import UserError
from playground.guidance import classifier_guided, guided_ancestral, pulling_between
from playground.levels import CLEAN, SCHEDULES, Level, linear_beta, randn_like, seeded
from playground.steps import ddim
from playground.walk import final, starting_noise, walk

LEVELS = [linear_beta().level(t) for t in (1, 200, 600, 1000)]
SHAPES = [(7, 2), (3, 1, 28, 28), (5, 64)]  # points, digits, embeddings


def conditional(xt, level):
    return 0.3 * xt + 1


def other(xt, level):
    return 0.5 * xt.square()


def mean_zero(xt, level):
    """E[x0 | xt] of N(0, 1)."""
    return level.alpha * xt / (level.alpha**2 + level.sigma**2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", LEVELS)
def test_over_the_whole_range_it_is_guidance_and_over_none_the_conditional_model(shape, level):
    x, w = torch.randn(shape, generator=seeded(0)), 2.5
    level = level.to(x)
    assert torch.equal(
        guided_between(conditional, other, w, 0, HIGHEST)(x, level), guided(conditional, other, w)(x, level)
    )
    for empty in ((0.0, 0.0), (3.0, 3.0), (HIGHEST, HIGHEST)):
        assert torch.equal(guided_between(conditional, other, w, *empty)(x, level), conditional(x, level))
    assert torch.equal(guided_between(conditional, other, 0.0, 0.1, 3.0)(x, level), conditional(x, level))


def test_the_interval_is_open_below_and_closed_above():
    x = torch.ones(2, 2)
    at_one = Level.of(sigma=1.0)
    inside = guided(conditional, other, 1.0)(x, at_one)
    assert torch.equal(guided_between(conditional, other, 1.0, 0.5, 1.0)(x, at_one), inside)
    assert torch.equal(guided_between(conditional, other, 1.0, 1.0, 2.0)(x, at_one), conditional(x, at_one))


def test_samples_of_one_batch_may_lie_at_levels_in_and_outside():
    x = torch.randn((3, 2), generator=seeded(1))
    levels = Level(torch.ones(3, 1), torch.tensor([[0.1], [1.0], [9.0]]))
    found = guided_between(conditional, other, 2.0, 0.5, 3.0)(x, levels)
    assert torch.equal(found[1], guided(conditional, other, 2.0)(x, levels)[1])
    assert torch.equal(found[[0, 2]], conditional(x, levels)[[0, 2]])


def test_where_it_does_not_guide_the_other_network_is_not_called():
    def never(xt, level):
        raise AssertionError("called")

    x, level = torch.ones(1, 2), Level.of(sigma=5.0)
    assert torch.equal(between(never, conditional, 0.0, 1.0)(x, level), conditional(x, level))
    assert torch.equal(between(conditional, never, 1.0, 9.0)(x, level), conditional(x, level))


@pytest.mark.parametrize("level", LEVELS)
def test_a_classifiers_pull_has_its_two_scales(level):
    x = torch.randn((4, 2), generator=seeded(2))
    level = level.to(x)

    def gradient(xt, at):
        return torch.sin(xt)

    whole = pulling_between(gradient, 3.0, 1.0, 0, HIGHEST)
    none = pulling_between(gradient, 3.0, 1.0, HIGHEST, HIGHEST)
    assert torch.equal(whole(x, level), 3 * gradient(x, level))
    assert torch.equal(none(x, level), gradient(x, level))
    off = classifier_guided(conditional, pulling_between(gradient, 3.0, 0.0, 1.0, 1.0))(x, level)
    assert torch.equal(off, conditional(x, level))


def test_a_walk_with_an_empty_interval_is_the_walk_without_guidance_by_every_form():
    grid, schedule = linear_beta().grid(5), SCHEDULES["linear"]()

    def ended(step, denoise):
        rng = seeded(4)
        return final(walk(step, denoise, starting_noise((6, 2), grid[0], rng), grid, rng))

    def gradient(xt, at):
        return torch.cos(xt)

    assert schedule.highest < HIGHEST
    plain = ended(ddim(0.0), mean_zero)
    assert torch.equal(ended(ddim(0.0), guided_between(mean_zero, other, 4.0, 2.0, 2.0)), plain)
    off = pulling_between(gradient, 4.0, 0.0, 2.0, 2.0)
    assert torch.equal(
        ended(guided_ancestral(off), mean_zero), ended(guided_ancestral(gradient, 0.0), mean_zero)
    )
    on = pulling_between(gradient, 4.0, 0.0, 0.0, HIGHEST)
    assert torch.equal(
        ended(guided_ancestral(on), mean_zero), ended(guided_ancestral(gradient, 4.0), mean_zero)
    )


def test_clean_data_lie_outside_every_interval():
    x = randn_like(torch.zeros(2, 2), seeded(5))
    assert torch.equal(guided_between(conditional, other, 3.0, 0.0, HIGHEST)(x, CLEAN), conditional(x, CLEAN))


@pytest.mark.parametrize("interval", [(-0.1, 1.0), (2.0, 1.0), (0.0, 1e9), (float("nan"), 1.0)])
def test_an_interval_that_is_none_is_refused(interval):
    with pytest.raises(UserError, match="guidance"):
        require_interval(*interval)
