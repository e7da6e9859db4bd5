"""The variational bound: closed forms on Gaussians and on a handful of gray values."""

import math
from itertools import pairwise

import pytest
import torch

from playground.bound import (
    bound_samples,
    bound_terms,
    discretised_decoder,
    gaussian_decoder,
    prior_term,
    ranges,
)
from playground.errors import UserError
from playground.levels import Level, linear_beta, seeded

M, S = 0.3, 0.5  # the data of most tests: N(M, S**2) in each of D dimensions


def exact(xt, level):
    """E[x0 | xt] for data N(M, S**2)."""
    return M + level.alpha * S**2 / (level.alpha**2 * S**2 + level.sigma**2) * (xt - level.alpha * M)


def normal(n: int, D: int = 1, seed: int = 0):
    return M + S * torch.randn(n, D, generator=seeded(seed), dtype=torch.float64)


def entropy(D: int = 1) -> float:
    return D * (0.5 * math.log(2 * math.pi * math.e) + math.log(S))


def standard_error(x) -> float:
    return float(x.std()) / math.sqrt(len(x))


def chain_log_prob(x0, schedule, variance: str):
    """Exact log p(x0) of DDPM's chain with the exact denoiser: every step is linear with Gaussian noise.

    Written out in alpha_bar and beta, as the papers have it, and not with the engine's functions.
    """
    alpha_bar = schedule.alpha**2
    mean, var = 0.0, 1.0
    for t in range(schedule.T, 0, -1):
        before, now = alpha_bar[t - 1], alpha_bar[t]
        beta = 1 - now / before
        gain = now.sqrt() * S**2 / (now * S**2 + 1 - now)  # x0_hat = M + gain * (xt - sqrt(now) * M)
        c0 = before.sqrt() * beta / (1 - now)
        ct = (1 - beta).sqrt() * (1 - before) / (1 - now)
        slope = c0 * gain + ct
        mean = slope * mean + c0 * (M - gain * now.sqrt() * M)
        tilde = (1 - before) / (1 - now) * beta
        if t == 1:  # beta_tilde_1 is 0: the decoder takes beta_tilde_2
            second = 1 - alpha_bar[2] / alpha_bar[1]
            tilde = (1 - alpha_bar[1]) / (1 - alpha_bar[2]) * second
        var = slope**2 * var + (beta if variance == "beta" else tilde)
    return torch.distributions.Normal(mean, var**0.5).log_prob(x0).sum(1)


# --- the terms ----------------------------------------------------------------------------------------------


def test_the_prior_term_is_torchs_divergence():
    """L_T against torch.distributions' KL of two Gaussians, for images as well as points."""
    schedule = linear_beta(50)
    x0 = torch.randn(4, 1, 3, 3, generator=seeded(0))
    q = torch.distributions.Normal(schedule.alpha[-1] * x0.double(), schedule.sigma[-1])
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).flatten(1).sum(1)
    assert torch.allclose(prior_term(x0, schedule), kl, rtol=1e-12)


@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
def test_a_middle_term_is_torchs_divergence_of_the_two_posteriors(variance):
    """With a denoiser that ignores xt, L_{t-1} has no noise in it, and is a KL of two known Gaussians."""
    schedule, x0 = linear_beta(20), normal(3, 2)
    guess = torch.full_like(x0, 0.1)
    terms = bound_terms(lambda xt, level: guess, x0, schedule, variance, seeded(0))
    assert terms.shape == (3, 21)
    ab = schedule.alpha**2
    for t in (2, 7, 20):
        beta = 1 - ab[t] / ab[t - 1]
        tilde = (1 - ab[t - 1]) / (1 - ab[t]) * beta
        c0 = ab[t - 1].sqrt() * beta / (1 - ab[t])
        q = torch.distributions.Normal(c0 * x0, tilde.sqrt())
        p = torch.distributions.Normal(c0 * guess, (beta if variance == "beta" else tilde).sqrt())
        kl = torch.distributions.kl_divergence(q, p).sum(1)
        # alpha_bar - alpha_bar loses digits twice here and once there, hence not 1e-12
        assert torch.allclose(terms[:, t - 1], kl, rtol=1e-9)


@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
def test_every_term_has_the_mean_of_its_closed_form(variance):
    """x0 - x0_hat is linear in the noise, so each term's mean over the draws of xt is known for each x0."""
    schedule, x0 = linear_beta(30, 1e-3, 0.3), normal(1, 2).expand(20_000, 2)  # one x0, many draws
    terms = bound_terms(exact, x0, schedule, variance, seeded(1))
    ab = schedule.alpha**2
    for t in range(1, schedule.T + 1):
        gain = ab[t].sqrt() * S**2 / (ab[t] * S**2 + 1 - ab[t])
        error = (1 - gain * ab[t].sqrt()) ** 2 * (x0[0] - M).square().sum() + 2 * gain**2 * (1 - ab[t])
        beta = 1 - ab[t] / ab[t - 1]
        tilde = (1 - ab[t - 1]) / (1 - ab[t]) * beta
        var = beta if variance == "beta" else tilde
        if t == 1:
            var = beta if variance == "beta" else (1 - ab[1]) / (1 - ab[2]) * (1 - ab[2] / ab[1])
            expected = error / (2 * var) + (2 * math.pi * var).log()
        else:
            c0 = ab[t - 1].sqrt() * beta / (1 - ab[t])
            expected = c0**2 * error / (2 * var) + tilde / var - 1 - (tilde / var).log()
        mean, sem = float(terms[:, t - 1].mean()), standard_error(terms[:, t - 1])
        # five standard errors: 30 terms are looked at, and the draws are far from normal at t = 1
        assert abs(mean - float(expected)) < 5 * sem, t


@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
def test_the_mean_bound_is_not_below_the_negative_log_likelihood(variance):
    """-log p(x0) of the very chain is known in closed form; the data's entropy is a floor, too (Gibbs)."""
    schedule, x0 = linear_beta(100, 1e-3, 0.2), normal(4000)
    total = bound_terms(exact, x0, schedule, variance, seeded(1)).sum(1)
    gap = total + chain_log_prob(x0, schedule, variance)
    assert float(gap.mean()) > -4 * standard_error(gap)  # four standard errors of the draws of xt
    assert float(total.mean()) > entropy() - 4 * standard_error(total)
    if variance == "beta":  # right for data of unit variance, and nearly so here: the bound is tight
        assert float(gap.mean()) < 4 * standard_error(gap) + 0.01


def test_finer_chains_tighten_the_bound():
    """Steps of the variance beta_tilde are too narrow for a large move; the loss shrinks with the steps."""
    bounds = []
    for T in (10, 40, 160):
        x0 = normal(4000)
        total = bound_terms(exact, x0, linear_beta(T, 0.02 / T, 8 / T), "beta_tilde", seeded(T)).sum(1)
        bounds.append((float(total.mean()), standard_error(total)))
    for (coarse, error), (fine, other) in pairwise(bounds):
        assert coarse - fine > 4 * math.hypot(error, other)
    assert bounds[-1][0] > entropy()


def test_a_worse_denoiser_has_a_larger_bound():
    schedule, x0 = linear_beta(50, 1e-3, 0.3), normal(2000)
    best, worse = (
        bound_terms(denoise, x0, schedule, "beta", seeded(1)).sum(1)
        for denoise in (exact, lambda xt, level: exact(xt, level) + 0.1)
    )
    # the same draws on both sides, so the difference is far less noisy than either
    assert float((worse - best).mean()) > 5 * standard_error(worse - best) > 0


def test_stratified_times_have_the_same_mean_as_all_of_them():
    schedule, x0 = linear_beta(200, 1e-3, 0.1), normal(4000, 2)
    everything = bound_terms(exact, x0, schedule, "beta", seeded(1))
    few = bound_samples(exact, x0, schedule, "beta", seeded(2), strata=8)
    for estimate, whole in (
        (few.steps, everything[:, 1:-1].sum(1)),
        (few.decoder, everything[:, 0]),
        (few.total, everything.sum(1)),
    ):
        difference = estimate - whole
        assert abs(float(difference.mean())) < 4 * standard_error(difference)
    assert torch.equal(few.prior, everything[:, -1])


def test_the_standard_error_is_the_spread_of_repeated_estimates():
    """What the interval of `images.metrics.bound` rests on: std over the batch / sqrt(B), against 200 repeats."""
    schedule, repeats, B = linear_beta(100, 1e-3, 0.1), 200, 50
    x0 = normal(repeats * B)
    total = bound_samples(exact, x0, schedule, "beta", seeded(3), strata=5).total.view(repeats, B)
    claimed = float((total.var(1) / B).mean().sqrt())
    # the std of 200 numbers is known to 5 %, so 20 % is four of these
    assert float(total.mean(1).std()) == pytest.approx(claimed, rel=0.2)


@pytest.mark.parametrize(
    ("T", "strata"), [(1, 1), (2, 1), (10, 9), (10, 4), (1000, 1), (1000, 20), (1000, 999)]
)
def test_the_ranges_cover_every_time_once(T, strata):
    cut = ranges(T, strata)
    assert [t for low, high in cut for t in range(low, high)] == list(range(2, T + 1))
    assert len(cut) == (strata if T > 1 else 0)


# --- the decoder --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("std", [0.003, 0.01, 0.3, 5.0])
@pytest.mark.parametrize("mean", [-1.2, -1.0, -0.99, 0.0, 0.4, 1.0, 3.0])
def test_the_decoder_sums_to_one_over_the_256_grays(mean, std):
    grays = (torch.arange(256, dtype=torch.float64) / 127.5 - 1)[:, None]
    nats = discretised_decoder(grays, torch.full_like(grays, mean), torch.tensor(std).double())
    assert float((-nats).exp().sum()) == pytest.approx(1, abs=1e-12)


def test_the_decoder_is_finite_hundreds_of_deviations_away_and_right_in_both_tails():
    """A difference of two distribution functions is 0 there; -log of the mass is near z**2 / 2."""
    std = torch.tensor(0.01, dtype=torch.float64)
    gray = torch.tensor([[63.0], [192.0]], dtype=torch.float64) / 127.5 - 1
    far = discretised_decoder(gray, gray + torch.tensor([[3.0], [-3.0]]).double(), std)
    z = (3 - 1 / 255) / 0.01  # distance to the nearer edge of the bin
    assert torch.isfinite(far).all()
    # log of a normal tail: z**2 / 2 + log(z sqrt(2 pi)) + O(1 / z**2)
    assert far.tolist() == pytest.approx([z**2 / 2 + math.log(z * math.sqrt(2 * math.pi))] * 2, rel=1e-9)


def test_the_decoder_of_a_wide_gaussian_is_its_density_times_the_bin():
    """Away from the ends and for a wide Gaussian the mass of a bin is density * width, to second order."""
    gray, mean, std = (
        torch.tensor([[100 / 127.5 - 1]]).double(),
        torch.tensor([[0.1]]).double(),
        torch.tensor(0.5),
    )
    by_bin = discretised_decoder(gray, mean, std)
    by_density = gaussian_decoder(gray, mean, std) - math.log(2 / 255)
    assert float(by_bin - by_density) == pytest.approx(0, abs=1e-4)


def test_the_bound_of_a_one_pixel_image_lies_above_its_entropy():
    """Four grays of known probabilities, far apart: with the exact denoiser the bound is tight."""
    grays = torch.tensor([0, 80, 160, 255]).double() / 127.5 - 1
    p = torch.tensor([0.5, 0.2, 0.2, 0.1]).double()

    def denoise(xt, level):
        log_joint = p.log() - ((xt - level.alpha * grays) / level.sigma) ** 2 / 2  # (B, 4)
        return log_joint.softmax(1) @ grays[:, None]

    x0 = grays[torch.multinomial(p, 6000, replacement=True, generator=seeded(0))][:, None]
    total = bound_samples(
        denoise, x0, linear_beta(1000, 1e-6), "beta_tilde", seeded(1), discretised_decoder, 40
    ).total
    entropy_nats = float(torch.special.entr(p).sum())
    assert float(total.mean()) > entropy_nats - 4 * standard_error(total)
    assert float(total.mean()) < entropy_nats + 0.1  # 1.22 nats; fine steps lose little


# --- refusals -----------------------------------------------------------------------------------------------


def test_what_cannot_be_computed_is_refused():
    x0 = normal(2)
    with pytest.raises(UserError, match="gamma"):
        bound_terms(exact, x0, linear_beta(5), "gamma", seeded(0))
    with pytest.raises(UserError, match="T = 1"):
        bound_terms(exact, x0, linear_beta(1), "beta_tilde", seeded(0))
    with pytest.raises(UserError, match="strata"):
        bound_samples(exact, x0, linear_beta(5), "beta", seeded(0), strata=9)


def test_the_inputs_are_left_alone_and_the_seed_decides():
    x0 = normal(5, 2).float()
    before = x0.clone()
    one, two, other = (bound_terms(exact, x0, linear_beta(10), "beta", seeded(s)) for s in (1, 1, 2))
    assert torch.equal(x0, before)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert isinstance(linear_beta(10).level(3), Level)
