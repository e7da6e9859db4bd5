"""Objectives: against closed forms on Gaussian data, where the loss of the exact score is known.

For data N(0, s**2 I), with V = alpha**2 s**2 + sigma**2, the exact score leaves, per dimension,

    E (score + eps / sigma)**2 = 1 / sigma**2 - 1 / V        E (eps - eps_hat)**2 = alpha**2 s**2 / V.

Means are compared within five of their own standard errors, which the losses themselves give.
"""

import math

import pytest
import torch

from playground.denoisers import score_of
from playground.errors import UserError
from playground.levels import (
    Level,
    cosine,
    eps_from_x0,
    geometric_sigmas,
    linear_beta,
    noised,
    randn_like,
    seeded,
)
from playground.objectives import (
    bound_weight,
    dae,
    ddpm_clamped_snr,
    ddpm_min_snr,
    ddpm_simple,
    ddpm_weighted,
    dsm,
    flow_matching,
    logit_normal,
    ncsn,
    spread,
    squared_norm,
    uniform_times,
)
from playground.steps import posterior_mean

S, N, D = 1.7, 100_000, 2
DOUBLE = torch.float64
SCHEDULE = linear_beta(50, 1e-3, 0.2)
LEVELS = [(1.0, 0.1), (1.0, 3.0), (0.6, 0.8)]


def of(alpha: float, sigma: float) -> Level:
    return Level.of(alpha, sigma, like=torch.zeros((), dtype=DOUBLE))


@pytest.fixture
def x0(rng):
    return S * torch.randn(N, D, dtype=DOUBLE, generator=rng)


def assert_mean(losses, expected: float):
    standard_error = losses.std().item() / math.sqrt(len(losses))
    assert standard_error < 0.02 * expected  # or the comparison says nothing
    assert losses.mean().item() == pytest.approx(expected, abs=5 * standard_error)


# --- score matching ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha, sigma", LEVELS)
def test_the_exact_score_has_the_loss_that_it_must_have(gaussian, x0, rng, alpha, sigma):
    V = alpha**2 * S**2 + sigma**2
    assert_mean(dsm(of(alpha, sigma))(gaussian(S), x0, rng), D / 2 * (1 / sigma**2 - 1 / V))


@pytest.mark.parametrize("alpha, sigma", LEVELS)
def test_any_other_score_loses_half_its_squared_distance(gaussian, x0, alpha, sigma):
    """E 1/2 ||s - target||**2 = E 1/2 ||s* - target||**2 + E 1/2 ||s - s*||**2: denoising learns s*."""
    exact, level = gaussian(S), of(alpha, sigma)
    shift = torch.tensor([0.5, -1.0], dtype=DOUBLE) / sigma

    def shifted(xt, level):
        return exact(xt, level) + level.sigma**2 / level.alpha * shift  # its score is off by `shift`

    assert torch.allclose(score_of(shifted)(x0, level) - score_of(exact)(x0, level), shift, atol=1e-9)
    increase = dsm(level)(shifted, x0, seeded(1)) - dsm(level)(exact, x0, seeded(1))
    assert_mean(increase, squared_norm(shift[None]).item() / 2)


def test_the_denoising_autoencoder_learns_the_same_thing(tiny, x0):
    """With alpha = 1, d - x = sigma**2 (score - target), so the losses differ by the factor 2 sigma**4."""
    network, level = tiny().double(), of(1.0, 0.7)
    losses, scores = dae(level)(network, x0, seeded(1)), dsm(level)(network, x0, seeded(1))
    torch.testing.assert_close(losses, 2 * 0.7**4 * scores, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "options, weight", [({}, lambda sigma: sigma**2), ({"weight": lambda sigma: sigma}, lambda sigma: sigma)]
)
def test_ncsn_is_the_weighted_mean_over_its_levels(gaussian, x0, rng, options, weight):
    """1/L sum_i lambda(sigma_i) L_i, with lambda = sigma**2 by default and the lecture's as an option."""
    sigmas = geometric_sigmas(5.0, 0.5, 4)
    expected = [weight(sigma) * D / 2 * (1 / sigma**2 - 1 / (S**2 + sigma**2)) for sigma in sigmas]
    assert_mean(ncsn(sigmas, **options)(gaussian(S), x0, rng), sum(expected) / 4)


def test_ncsn_of_one_level_is_denoising_score_matching(gaussian, x0, rng):
    sigma = 0.5
    both = [objective(gaussian(S), x0, rng) for objective in (ncsn([sigma]), dsm(of(1.0, sigma)))]
    difference = sigma**2 * both[1].mean() - both[0].mean()
    standard_error = math.hypot(both[0].std(), sigma**2 * both[1].std()) / math.sqrt(N)
    assert abs(difference) < 5 * standard_error


def test_ncsn_without_levels_is_refused():
    with pytest.raises(UserError, match="no noise levels"):
        ncsn([])


# --- DDPM -------------------------------------------------------------------------------------------------


def by_hand(objective, denoise, x0, first=1):
    """t, eps and the eps loss that the objective's own random numbers give; and the objective's losses."""
    rng = seeded(7)
    t = uniform_times(x0, SCHEDULE, rng, first)
    eps = randn_like(x0, rng)
    level = SCHEDULE.at(t, x0)
    xt = level.alpha * x0 + level.sigma * eps
    eps_hat = (xt - level.alpha * denoise(xt, level)) / level.sigma
    return t, ((eps - eps_hat) ** 2).sum(1), objective(denoise, x0, seeded(7))


def left_at(t: int) -> float:
    """E ||eps - eps_hat||**2 of the exact denoiser at time t."""
    alpha, sigma = SCHEDULE.alpha[t].item(), SCHEDULE.sigma[t].item()
    return D * alpha**2 * S**2 / (alpha**2 * S**2 + sigma**2)


def test_the_simple_loss_is_the_lectures_step_4(tiny, x0):
    _, loss, losses = by_hand(ddpm_simple(SCHEDULE), tiny().double(), x0[:100])
    torch.testing.assert_close(losses, loss, rtol=1e-9, atol=1e-9)


def test_the_simple_loss_of_the_exact_denoiser(gaussian, x0, rng):
    expected = sum(left_at(t) for t in range(1, 51)) / 50
    assert_mean(ddpm_simple(SCHEDULE)(gaussian(S), x0, rng), expected)


def lectures_weight(t: int, variance: str) -> float:
    """beta_t**2 / (2 sigma_t**2 alpha_t (1 - alpha_bar_t)) from plain numbers."""
    beta = [1e-3 + (0.2 - 1e-3) * i / 49 for i in range(50)]
    bar = [math.prod(1 - b for b in beta[:i]) for i in range(51)]
    beta_t = beta[t - 1]
    sigma_2 = beta_t if variance == "beta" else (1 - bar[t - 1]) / (1 - bar[t]) * beta_t
    return beta_t**2 / (2 * sigma_2 * (1 - beta_t) * (1 - bar[t]))


@pytest.mark.parametrize("variance, first", [("beta", 1), ("beta_tilde", 2)])
def test_the_bounds_weight_is_the_lectures(variance, first):
    weight = bound_weight(SCHEDULE, variance)
    assert weight.shape == (51,) and weight[0] == 0
    for t in range(first, 51):
        assert weight[t].item() == pytest.approx(lectures_weight(t, variance), rel=1e-10)


@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
@pytest.mark.parametrize("t", [2, 25, 50])
def test_the_weighted_noise_error_is_the_distance_of_the_means(rng, variance, t):
    """The lecture's L_{t-1}: ||mu_tilde - mu_theta||**2 / (2 sigma_t**2) = weight * ||eps - eps_hat||**2."""
    x0, eps, x0_hat = torch.randn(3, 10, D, dtype=DOUBLE, generator=rng)
    here, there = (Level(SCHEDULE.alpha[i], SCHEDULE.sigma[i]) for i in (t, t - 1))
    xt = noised(x0, eps, here)
    means = squared_norm(posterior_mean(x0, xt, here, there) - posterior_mean(x0_hat, xt, here, there))
    beta = 1 - (SCHEDULE.alpha[t] / SCHEDULE.alpha[t - 1]) ** 2
    sigma_2 = beta if variance == "beta" else (there.sigma / here.sigma) ** 2 * beta
    noises = squared_norm(eps - eps_from_x0(x0_hat, xt, here))
    torch.testing.assert_close(
        means / (2 * sigma_2), bound_weight(SCHEDULE, variance)[t] * noises, rtol=1e-10, atol=0
    )


@pytest.mark.parametrize("variance, first", [("beta", 1), ("beta_tilde", 2)])
def test_the_weighted_loss_weighs_each_sample_at_its_own_time(gaussian, tiny, x0, rng, variance, first):
    """With beta_tilde the weight at t = 1 is infinite, so no sample may be at t = 1."""
    t, loss, losses = by_hand(ddpm_weighted(SCHEDULE, variance), tiny().double(), x0[:5000], first)
    weights = torch.tensor([lectures_weight(int(i), variance) for i in t], dtype=DOUBLE)
    torch.testing.assert_close(losses, weights * loss, rtol=1e-9, atol=1e-9)
    assert t.min() == first and losses.isfinite().all()
    times = range(first, 51)
    expected = sum(lectures_weight(t, variance) * left_at(t) for t in times) / len(times)
    assert_mean(ddpm_weighted(SCHEDULE, variance)(gaussian(S), x0, rng), expected)


@pytest.mark.parametrize("gamma", [0.5, 5.0])
def test_min_snr_caps_the_signal_to_noise_ratio(tiny, x0, gamma):
    """The x0 loss weighted by min(SNR, gamma); the eps loss is SNR times the x0 loss."""
    t, loss, losses = by_hand(ddpm_min_snr(SCHEDULE, gamma), tiny().double(), x0[:5000])
    snr = (SCHEDULE.alpha[t] / SCHEDULE.sigma[t]) ** 2
    assert (snr < gamma).any() and (snr > gamma).any()
    torch.testing.assert_close(losses, snr.clamp(max=gamma) / snr * loss, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("low, high", [(0.0, 5.0), (0.5, 5.0), (1.0, 1.0)])
def test_clamped_snr_asks_about_x0_at_every_level(tiny, x0, low, high):
    """The x0 loss weighted by SNR held between two bounds; from 0 up it is min-SNR."""
    t, loss, losses = by_hand(ddpm_clamped_snr(SCHEDULE, low, high), tiny().double(), x0[:5000])
    snr = (SCHEDULE.alpha[t] / SCHEDULE.sigma[t]) ** 2
    assert (snr < 0.5).any() and (snr > 5).any()
    torch.testing.assert_close(losses, snr.clamp(low, high) / snr * loss, rtol=1e-9, atol=1e-9)
    with pytest.raises(UserError, match="must not fall"):
        ddpm_clamped_snr(SCHEDULE, 2.0, 1.0)


def test_an_unknown_variance_and_a_chain_that_is_too_short_are_refused():
    with pytest.raises(UserError, match="'gamma'"):
        ddpm_weighted(SCHEDULE, "gamma")
    with pytest.raises(UserError, match="T = 1"):
        ddpm_weighted(linear_beta(1, 0.1, 0.1), "beta_tilde")


@pytest.mark.parametrize("objective", [ddpm_simple(SCHEDULE), ncsn([2.0, 1.0]), dsm(Level.of(sigma=2.0))])
@pytest.mark.parametrize("shape", [(6, 2), (6, 1, 28, 28)])
def test_every_sample_has_its_own_loss_whatever_its_shape(gaussian, objective, shape, rng):
    losses = objective(gaussian(1.0), torch.randn(shape, generator=rng), rng)
    assert losses.shape == (6,) and losses.dtype == torch.float32


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first, T", [(1, 10), (2, 11)])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_each_sample_of_a_batch_has_a_uniform_time(rng, first, T, place):
    """chi-square over 4,000 batches at one place of the batch; its 10 bins pass 45.1 once in a million."""
    x0, schedule = torch.zeros(7, 2), cosine(T)
    times = torch.stack([uniform_times(x0, schedule, rng, first)[place] for _ in range(4000)])
    counts = times.bincount(minlength=T + 1)[first:]
    assert len(counts) == 10 and counts.sum() == 4000
    assert ((counts - 400.0) ** 2 / 400).sum() < 45.1


def test_the_times_of_a_batch_are_spread_out_and_in_no_order(rng):
    """A batch of k T samples has each time k times; one more or less where a rounding meets a bin's edge."""
    t = uniform_times(torch.zeros(200, 2), SCHEDULE, rng)
    counts = t.bincount(minlength=51)[1:]
    assert counts.sum() == 200 and (counts - 4).abs().max() <= 1
    assert (t.diff() < 0).sum() > 50  # of 199; 98 +- 4 in no order, at most one in the order of the draw


# --- flow matching ----------------------------------------------------------------------------------------


def test_flow_matching_is_the_error_of_the_velocity(rng):
    """At s = 1/2 with data N(0, I): E[x0 | xt] = xt, its variance is 1/2, and u = (xt - x0) / s errs by 2 each."""
    x0 = torch.randn(4000, 3, generator=rng)
    objective = flow_matching(lambda u: torch.full_like(u, 0.5))
    losses = objective(lambda xt, level: xt, x0, rng)
    # a mean of 12,000 squares of N(0, 2): standard error 2 sqrt(2 / 12,000) = 0.026
    assert losses.mean().item() / 3 == pytest.approx(2, abs=0.1)


def test_the_levels_of_a_logit_normal_density(rng):
    """logit(s) has mean 0 and variance 1; 10,000 numbers that are spread evenly know that to a hundredth."""
    logits = logit_normal(spread(torch.zeros(10_000, 1), rng)).logit()
    assert logits.mean().item() == pytest.approx(0, abs=0.01) and logits.std().item() == pytest.approx(
        1, abs=0.01
    )
