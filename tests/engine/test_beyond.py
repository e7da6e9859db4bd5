"""The engine beyond the lecture's core: DPM-Solver++, predictor-corrector, gradients as guidance, likelihood."""

import math

import pytest
import torch

from playground.denoisers import score_of
from playground.guidance import classifier_guided, gradient_of, measured, pulled_ancestral
from playground.levels import Level, cosine, linear_beta, score_from_x0, seeded
from playground.levels import gaussian as noise_of
from playground.likelihood import log_likelihood
from playground.multistep import corrected, dpmpp_2m
from playground.steps import ancestral, ddim, heun
from playground.walk import final, prior, walk
from toy2d.mixture import Mixture, anisotropic_pair, two_modes

DOUBLE = torch.float64


def drawn(seed):
    """A step's noise, from a seed."""
    return noise_of(seeded(seed))


def gaussian(std: float = 0.5) -> Mixture:
    return Mixture.of([[0.0, 0.0]], std=std, dtype=DOUBLE)


def smooth_grid(steps: int) -> list[Level]:
    """Levels evenly spaced in log(sigma / alpha), 10 to 0.05, variance-preserving: no last jump to sigma = 0."""
    s = torch.exp(torch.linspace(math.log(10), math.log(0.05), steps + 1, dtype=DOUBLE))
    return [Level(1 / (1 + si**2).sqrt(), si / (1 + si**2).sqrt()) for si in s]


def flow(std: float, x: torch.Tensor, here: Level, there: Level) -> torch.Tensor:
    """The probability flow of N(0, std**2 I) in closed form: x keeps its place in units of its deviation."""
    deviation = lambda level: (level.alpha**2 * std**2 + level.sigma**2).sqrt()  # noqa: E731
    return x * deviation(there) / deviation(here)


@pytest.mark.parametrize(("make", "order"), [(lambda: ddim(0.0), 1), (heun, 2), (dpmpp_2m, 2)])
def test_convergence_orders_against_the_flow_in_closed_form(make, order):
    """Twice the steps divide the error by 2**order; 15 % either way, because 40 steps are not infinitely many."""
    x = torch.tensor([[1.5, -0.7]], dtype=DOUBLE)
    errors = []
    for steps in (40, 80):
        grid = smooth_grid(steps)
        out = final(walk(make(), gaussian(), x, grid, seeded(0)))
        errors.append((out - flow(0.5, x, grid[0], grid[-1])).abs().max())
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.15)


def test_dpmpp_is_ddim_at_its_first_and_last_step():
    m, grid, x = two_modes(), linear_beta().grid(10), torch.randn(5, 2, generator=seeded(0))
    step = dpmpp_2m()
    for here, there in ((grid[0], grid[1]), (grid[-2], grid[-1])):
        ours, _ = step(m, x, here, there, drawn(0))
        theirs, _ = ddim(0.0)(m, x, here, there, drawn(0))
        assert torch.allclose(ours, theirs, atol=1e-4)  # float32, at x of order 10


def test_correctors_keep_the_distribution_of_a_level():
    """Many corrections at one level, without moving: the variance stays that of the level."""
    m = gaussian(1.0)
    level = Level.of(0.8, 0.6)  # the marginal is N(0, I)
    stay = lambda denoise, xt, here, there, rng: (xt, None)  # noqa: E731
    x = torch.randn(40_000, 2, dtype=DOUBLE, generator=seeded(0))
    out = final(walk(corrected(stay, corrections=30, snr=0.05), m, x, [level, level], seeded(1)))
    # a = 4 r**2 ||z||**2 / ||s||**2 is about 0.01, and Langevin's own bias is a / 4; the statistical error of a
    # variance of 80,000 numbers is 0.005: 0.02 is above three of these together.
    assert out.var() == pytest.approx(1.0, abs=0.02)


def test_correctors_leave_clean_data_alone():
    m, x = two_modes(), torch.randn(4, 2, generator=seeded(0))
    here, clean = linear_beta().level(1), Level.of()
    with_them, _ = corrected(ddim(0.0), 3)(m, x, here, clean, drawn(0))
    without, _ = ddim(0.0)(m, x, here, clean, drawn(0))
    assert torch.equal(with_them, without)


# --- guidance ----------------------------------------------------------------------------------------------


def exact_gradient(m: Mixture, k: int):
    return gradient_of(lambda x, level: m.log_responsibilities(x, level)[:, k])


def test_the_exact_classifier_turns_the_mixture_into_its_component():
    """score + grad log p(k | x) is the component's own score (Bayes), at every level."""
    m = anisotropic_pair().to(DOUBLE)
    component = Mixture(m.means[:1], m.covariances[:1], torch.zeros(1, dtype=DOUBLE))
    x = 3 * torch.randn(50, 2, dtype=DOUBLE, generator=seeded(0))
    for level in (Level.of(0.9, 0.4, x), Level.of(1.0, 2.0, x), Level.of(0.3, 0.95, x)):
        guided = classifier_guided(m, exact_gradient(m, 0))
        assert torch.allclose(guided(x, level), component(x, level), atol=1e-9)
        guided_score = score_from_x0(guided(x, level), x, level)
        assert torch.allclose(guided_score, score_of(component)(x, level), atol=1e-8)


@pytest.mark.parametrize("form", ["ddim", "stochastic"])
def test_both_forms_of_classifier_guidance_sample_the_class(form):
    """Scale 1 with the exact classifier: the class's mean and deviation, from DDIM and from DDPM."""
    m, n = two_modes(0.8), 2000
    grid, gradient = cosine().grid(200), exact_gradient(m, 1)
    x = prior((n, 2), grid[0], seeded(0))
    if form == "ddim":
        out = final(walk(ddim(0.0), classifier_guided(m, gradient), x, grid, seeded(1)))
    else:
        out = final(walk(pulled_ancestral(gradient), m, x, grid, seeded(1)))
    # Four standard errors of a mean of 2,000 unit deviations are 0.09; the rest is the error of 200 steps.
    assert out.mean(0).tolist() == pytest.approx([-5, -5], abs=0.2)
    assert out.std(0).tolist() == pytest.approx([1, 1], abs=0.1)


def test_without_a_pull_the_stochastic_form_is_ddpm():
    m, x = two_modes(), torch.randn(5, 2, generator=seeded(0))
    here, there = linear_beta().level(500), linear_beta().level(480)
    pulled, _ = pulled_ancestral(exact_gradient(m, 0), scale=0.0)(m, x, here, there, drawn(3))
    plain, _ = ancestral()(m, x, here, there, drawn(3))
    assert torch.equal(pulled, plain)


def test_following_a_measurement_moves_towards_it():
    """One step of DPS with a small zeta ends with a smaller misfit of the known coordinate than without."""
    m = two_modes()
    known, mask = torch.tensor([[5.0, 0.0]]), torch.tensor([[True, False]])
    x = torch.randn(200, 2, generator=seeded(0))
    here, there = cosine().level(500), cosine().level(480)
    plain, _ = ddim(0.0)(m, x, here, there, drawn(0))
    moved, _ = measured(ddim(0.0), known, mask, zeta=0.1)(m, x, here, there, drawn(0))
    misfit = lambda xs: (m(xs, there)[:, 0] - 5).abs().mean()  # noqa: E731
    assert misfit(moved) < misfit(plain)


# --- likelihood --------------------------------------------------------------------------------------------


def test_the_flows_log_likelihood_is_the_mixtures_own():
    """Against the closed form at the first level; the prior at the last is exact, so the rest is Heun's error."""
    m = anisotropic_pair().to(DOUBLE)
    x = m.sample(20, seeded(0))
    errors = []
    for steps in (50, 100):
        grid = list(reversed(smooth_grid(steps)))
        log_p, _ = log_likelihood(m, x, grid, lambda xT, last=grid[-1]: m.log_prob(xT, last))
        errors.append((log_p - m.log_prob(x, grid[0])).abs().max())
    assert errors[1] < 0.02
    assert errors[0] / errors[1] > 3  # second order would be 4


def test_the_default_prior_is_the_schedules_last_level():
    """For N(0, I) data every variance-preserving level is N(0, I), so nothing is lost at the end."""
    x = torch.randn(10, 2, dtype=DOUBLE, generator=seeded(0))
    log_p, _ = log_likelihood(gaussian(1.0), x, list(reversed(smooth_grid(160))))
    exact = -0.5 * x.square().sum(1) - math.log(2 * math.pi)
    assert torch.allclose(
        log_p, exact, atol=5e-3
    )  # Heun's error: 0.06 at 20 steps, a quarter for each doubling
