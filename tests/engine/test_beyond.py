"""The engine beyond the lecture's core: DPM-Solver++, predictor-corrector, gradients as guidance, likelihood."""

import math
from itertools import pairwise

import pytest
import torch

from playground.denoisers import score_of
from playground.guidance import classifier_guided, gradient_of, guided_ancestral
from playground.inpainting import dps
from playground.levels import (
    SCHEDULES,
    Level,
    cosine,
    eps_from_x0,
    linear_beta,
    score_from_x0,
    seeded,
    v_from_x0,
)
from playground.levels import gaussian as noise_of
from playground.likelihood import log_likelihood
from playground.solvers import corrected, dpmpp_2m
from playground.steps import ancestral, ddim, heun
from playground.walk import final, starting_noise, walk
from toy2d.distances import sliced_wasserstein
from toy2d.mixture import Mixture, anisotropic_pair, two_modes
from toy2d.presets import MixtureSpec

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


# --- no solver is worse than its Euler step ----------------------------------------------------------------

EULER = {  # solver: the step of which it is the refinement
    "Heun": (heun, lambda: ddim(0.0)),
    "DPM-Solver++(2M)": (dpmpp_2m, lambda: ddim(0.0)),
    "predictor-corrector": (lambda: corrected(ancestral()), ancestral),
}
CLOUD, CLOUDS = 500, 4


def sliced(m: Mixture, x: torch.Tensor) -> torch.Tensor:
    """The distance of each of CLOUDS clouds to exact samples, (CLOUDS,)."""
    truth = m.sample(CLOUD * CLOUDS, seeded(1))
    pairs = zip(x.split(CLOUD), truth.split(CLOUD), strict=True)
    return torch.tensor([sliced_wasserstein(a, b) for a, b in pairs])


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))
@pytest.mark.parametrize("steps", [5, 10, 20, 50, 100])
@pytest.mark.parametrize("solver", list(EULER))
@pytest.mark.parametrize("preset", ["two_modes", "ring"])
def test_no_solver_is_worse_than_its_euler_step(preset, solver, steps, schedule):
    """The same noise and the same exact samples for both.  Sampling error: three standard errors of the paired
    difference of four clouds, and 0.05, half of what two exact clouds of 500 lie apart, since four clouds may agree
    by chance.  Heun in sigma / alpha missed this on the cosine schedule by 2 to 400.
    """
    m, chain = MixtureSpec(preset).build(), schedule()
    start = starting_noise((CLOUD * CLOUDS, 2), chain.level(chain.T), seeded(0))
    refined, euler = (
        sliced(m, final(walk(make(), m, start, chain.grid(steps), seeded(2)))) for make in EULER[solver]
    )
    worse = refined - euler
    assert worse.mean() < 3 * worse.std() / CLOUDS**0.5 + 0.05


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))
@pytest.mark.parametrize(("make", "order"), [(heun, 2), (dpmpp_2m, 2)])
def test_the_second_order_holds_on_the_schedules_own_times(make, order, schedule):
    """From T to t = 50, evenly in t: the flow of one Gaussian in closed form.  20 % either way: 100 steps are few
    for the first step of the cosine schedule, from sigma / alpha = 2e4.
    """
    chain, x, errors = schedule(), torch.tensor([[1.5, -0.7]], dtype=DOUBLE), []
    for steps in (190, 380):
        times = [round(1000 - i * 950 / steps) for i in range(steps + 1)]
        grid = [Level(chain.alpha[t], chain.sigma[t]) for t in times]
        out = final(walk(make(), gaussian(), x, grid, seeded(0)))
        errors.append((out - flow(0.5, x, grid[0], grid[-1])).abs().max())
    assert errors[0] / errors[1] > 0.8 * 2**order


def test_heuns_step_is_the_average_of_slopes_of_karras_for_small_steps():
    """Algorithm 1 of Karras et al. 2022 averages eps over sigma / alpha: both differ from the flow in third order, so
    from each other, too.  Halving the step divides the difference by 8, to 10 % at steps this small.
    """
    m, x, apart = two_modes(), torch.tensor([[1.0, 0.3]], dtype=DOUBLE), []
    m = Mixture(m.means.double(), m.covariances.double(), m.log_weights.double())
    for width in (0.02, 0.01):
        angles = torch.tensor([0.9, 0.9 - width], dtype=DOUBLE)
        here, there = (Level(angle.cos(), angle.sin()) for angle in angles)
        ours, x0_hat = heun()(m, x, here, there, seeded(0))
        euler, _ = ddim(0.0)(m, x, here, there, seeded(0))
        slopes = [eps_from_x0(x0_hat, x, here), eps_from_x0(m(euler, there), euler, there)]
        ds = there.sigma / there.alpha - here.sigma / here.alpha
        theirs = there.alpha * (x / here.alpha + ds * sum(slopes) / 2)
        apart.append((ours - theirs).abs().max())
    assert apart[0] / apart[1] == pytest.approx(8, rel=0.1)


def test_heuns_correction_is_bounded_where_a_schedule_ends_in_noise():
    """|tan(delta / 2)| is at most 1, whatever the levels; sigma / alpha of the cosine schedule's last is 2e4."""
    m, chain = two_modes(), cosine()
    assert chain.sigma[-1] / chain.alpha[-1] > 1e4
    x = torch.randn(1_000, 2, generator=seeded(0))
    for steps in (2, 5, 10, 100, 1000):
        here, there = chain.grid(steps)[:2]
        euler, x0_hat = ddim(0.0)(m, x, here, there, seeded(0))
        change = v_from_x0(m(euler, there), euler, there) - v_from_x0(x0_hat, euler, there)
        moved = heun()(m, x, here, there, seeded(0))[0] - euler
        assert (moved.norm(dim=1) <= change.norm(dim=1) * (1 + 1e-5)).all()


def test_the_correctors_left_out_factor():
    """What the docstring of `corrected` says: 1 - beta of neighbouring levels, 0.98 on the chain, 0.67 on 50 steps."""
    chain = linear_beta()

    def smallest(times: list[int]) -> float:
        return min(float((chain.alpha[t] / chain.alpha[s]) ** 2) for t, s in pairwise(times))

    assert smallest(chain.subset(1000)) == pytest.approx(0.98, abs=1e-9)
    assert smallest(chain.subset(50)) == pytest.approx(0.67, abs=0.005)


def test_dpmpp_is_ddim_at_its_first_and_last_step():
    m, grid, x = two_modes(), linear_beta().grid(10), torch.randn(5, 2, generator=seeded(0))
    step = dpmpp_2m()
    for here, there in ((grid[0], grid[1]), (grid[-2], grid[-1])):
        ours, _ = step(m, x, here, there, drawn(0))
        theirs, _ = ddim(0.0)(m, x, here, there, drawn(0))
        assert torch.allclose(ours, theirs, atol=1e-4)  # float32, at x of order 10


def test_dpmpp_forgets_a_walk_that_it_does_not_go_on_with():
    """A step that is used for a second walk gives what a new one does: its history ends where the first walk ended."""
    m, grid, x = two_modes(), linear_beta().grid(10), torch.randn(5, 2, generator=seeded(0))
    used = dpmpp_2m()
    once, again, fresh = (final(walk(step, m, x, grid, seeded(0))) for step in (used, used, dpmpp_2m()))
    assert torch.equal(once, again) and torch.equal(once, fresh)
    other = linear_beta().grid(7)  # and on another grid
    assert torch.equal(
        final(walk(used, m, x, other, seeded(0))), final(walk(dpmpp_2m(), m, x, other, seeded(0)))
    )


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
    x = starting_noise((n, 2), grid[0], seeded(0))
    if form == "ddim":
        out = final(walk(ddim(0.0), classifier_guided(m, gradient), x, grid, seeded(1)))
    else:
        out = final(walk(guided_ancestral(gradient), m, x, grid, seeded(1)))
    # Four standard errors of a mean of 2,000 unit deviations are 0.09; the rest is the error of 200 steps.
    assert out.mean(0).tolist() == pytest.approx([-5, -5], abs=0.2)
    assert out.std(0).tolist() == pytest.approx([1, 1], abs=0.1)


def test_without_a_pull_the_stochastic_form_is_ddpm():
    m, x = two_modes(), torch.randn(5, 2, generator=seeded(0))
    here, there = linear_beta().level(500), linear_beta().level(480)
    pulled, _ = guided_ancestral(exact_gradient(m, 0), scale=0.0)(m, x, here, there, drawn(3))
    plain, _ = ancestral()(m, x, here, there, drawn(3))
    assert torch.equal(pulled, plain)


def test_following_a_measurement_moves_towards_it():
    """One step of DPS with a small zeta ends with a smaller misfit of the known coordinate than without."""
    m = two_modes()
    known, mask = torch.tensor([[5.0, 0.0]]), torch.tensor([[True, False]])
    x = torch.randn(200, 2, generator=seeded(0))
    here, there = cosine().level(500), cosine().level(480)
    plain, _ = ddim(0.0)(m, x, here, there, drawn(0))
    moved, _ = dps(ddim(0.0), known, mask, zeta=0.1)(m, x, here, there, drawn(0))
    misfit = lambda xs: (m(xs, there)[:, 0] - 5).abs().mean()  # noqa: E731
    assert misfit(moved) < misfit(plain)


# --- likelihood --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))
def test_the_flows_log_likelihood_on_the_schedules_own_times(schedule):
    """Levels from t = 1 to T evenly in t, with the exact prior: second order, and a hundredth of a nat at 100 steps.
    In sigma / alpha the cosine schedule's last interval alone cost 300 nats.
    """
    chain = schedule()
    m = two_modes()
    m = Mixture(m.means.double(), m.covariances.double(), m.log_weights.double())
    x, errors = m.sample(100, seeded(0)).double(), []
    for steps in (50, 100):
        times = [round(1 + i * 999 / steps) for i in range(steps + 1)]
        grid = [Level(chain.alpha[t], chain.sigma[t]) for t in times]
        log_p, _ = log_likelihood(m, x, grid, lambda xT, last=grid[-1]: m.log_prob(xT, last))
        errors.append((log_p - m.log_prob(x, grid[0])).abs().mean())
    assert errors[1] < 0.01 and errors[0] / errors[1] > 3


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
