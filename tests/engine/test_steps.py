"""Steps: against the lecture's formulas, exact posteriors, stationary variances and orders of convergence."""

import math
from itertools import pairwise

import pytest
import torch

from playground.denoisers import counted
from playground.errors import UserError
from playground.inpainting import climbing, pinned, resampled
from playground.levels import (
    Level,
    eps_from_x0,
    linear_beta,
    noised,
    randn_like,
    score_from_x0,
    seeded,
)
from playground.levels import gaussian as noise_of
from playground.solvers import dpmpp_2m
from playground.steps import (
    added_variance,
    ancestral,
    annealed,
    ddim,
    heun,
    in_unison,
    langevin,
    posterior_mean,
    posterior_variance,
    side_by_side,
)
from playground.walk import final, walk

DOUBLE = torch.float64
SCHEDULE = linear_beta()
TIMES = [2, 10, 500, 1000]


def drawn(seed):
    """A step's noise, from a seed."""
    return noise_of(seeded(seed))


def of(alpha: float, sigma: float) -> Level:
    return Level.of(alpha, sigma, like=torch.zeros((), dtype=DOUBLE))


def ddpm(t: int) -> Level:
    """A level of DDPM's chain in float64."""
    return Level(SCHEDULE.alpha[t], SCHEDULE.sigma[t])


def lecture(t: int) -> dict[str, float]:
    """The lecture's letters, from plain numbers: alpha_t, beta_t, and the two alpha_bars."""
    beta = [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)]
    before = math.prod(1 - b for b in beta[: t - 1])
    alpha = 1 - beta[t - 1]
    return {"beta": beta[t - 1], "alpha": alpha, "bar": before * alpha, "before": before}


def close(actual, expected, tolerance=1e-11):
    """Float64 rounds to 1e-16; alpha_bar is a product of up to 1,000 factors, and beta_t >= 1e-4 cancels."""
    expected = torch.as_tensor(expected, dtype=DOUBLE)
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def xt(rng):
    return torch.randn(4, 2, dtype=DOUBLE, generator=rng)


# --- Langevin ---------------------------------------------------------------------------------------------


def test_langevin_is_algorithm_1_and_the_lectures_form_with_half_the_step(mixture, xt):
    a, level, z = 0.3, of(1.0, 0.5), randn_like(xt, seeded(1))
    xs, x0_hat = langevin(a)(mixture, xt, level, level, drawn(1))
    score = mixture.score(xt, level)
    close(xs, xt + a / 2 * score + math.sqrt(a) * z)
    alpha = a / 2  # the lecture: x + alpha * score + sqrt(2 alpha) z
    close(xs, xt + alpha * score + math.sqrt(2 * alpha) * z)
    close(x0_hat, mixture.denoise(xt, level))


def test_langevin_runs_on_the_score_of_clean_data(mixture, xt):
    clean = of(1.0, 0.0)
    xs, x0_hat = langevin(0.1, noise=False)(mixture, xt, clean, clean, drawn(0))
    close(xs, xt + 0.05 * mixture.score(xt, clean))
    close(x0_hat, xt)


def test_without_noise_langevin_climbs_to_the_mode(gaussian, xt):
    """x <- (1 - a / 2) x on a standard Gaussian, whatever the generator."""
    grid = [of(0.8, 0.6)] * 11  # variance one at this level
    ends = [final(walk(langevin(0.5, noise=False), gaussian(1.0), xt, grid, seeded(s))) for s in (0, 1)]
    close(ends[0], 0.75**10 * xt)
    assert torch.equal(*ends)


@pytest.mark.parametrize("s, sigma", [(1.0, 1e-3), (0.5, 1.2)])
def test_langevin_on_a_gaussian_has_the_variance_of_its_discretisation(gaussian, rng, s, sigma):
    """x' = (1 - b) x + sqrt(a) z with b = a / (2 V): stationary variance a / (1 - (1 - b)**2).

    With a = V that is V / 0.75, a third more than the density's own V: a slip of a factor of two would show.
    """
    V = s**2 + sigma**2
    n, a, level = 20_000, V, of(1.0, sigma)
    start = torch.zeros(n, 2, dtype=DOUBLE)  # Tweedie divides roundings by sigma**2: too coarse in float32
    x = final(walk(langevin(a), gaussian(s), start, [level] * 31, rng))  # 0.25**30 of the start is left
    # 2 n numbers: the variance's relative standard error is sqrt(2 / 40,000) = 0.007; five of those
    assert x.var().item() == pytest.approx(V / 0.75, rel=0.035)


def test_annealed_step_sizes_are_algorithm_1_line_3(mixture, xt):
    step_size = annealed(eps=0.1, sigma_L=0.5)
    for sigma in (20.0, 3.0, 0.5):
        assert step_size(of(1.0, sigma)).item() == pytest.approx(0.1 * sigma**2 / 0.25, rel=1e-12)
    level, z = of(1.0, 3.0), randn_like(xt, seeded(0))
    xs, _ = langevin(step_size)(mixture, xt, level, level, drawn(0))
    close(xs, xt + 3.6 / 2 * mixture.score(xt, level) + math.sqrt(3.6) * z)


@pytest.mark.parametrize("step_size", [0.0, -0.1, math.nan])
def test_a_step_size_that_is_not_above_zero_is_refused(step_size):
    with pytest.raises(UserError, match="step size"):
        langevin(step_size)


# --- the posterior ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", TIMES)
def test_the_posterior_is_the_lectures(xt, rng, t):
    x0, L = randn_like(xt, rng), lecture(t)
    close(added_variance(ddpm(t), ddpm(t - 1)), L["beta"])
    close(posterior_variance(ddpm(t), ddpm(t - 1)), (1 - L["before"]) / (1 - L["bar"]) * L["beta"])
    mu_tilde = (
        math.sqrt(L["before"]) * L["beta"] / (1 - L["bar"]) * x0
        + math.sqrt(L["alpha"]) * (1 - L["before"]) / (1 - L["bar"]) * xt
    )
    close(posterior_mean(x0, xt, ddpm(t), ddpm(t - 1)), mu_tilde)
    eps = eps_from_x0(x0, xt, ddpm(t))
    mu = (xt - L["beta"] / math.sqrt(1 - L["bar"]) * eps) / math.sqrt(L["alpha"])
    close(mu, mu_tilde, tolerance=1e-9)  # eps divides by sigma and alpha_t's root by less than one


@pytest.mark.parametrize(
    "here, there", [(of(0.6, 0.8), of(0.8, 0.6)), (of(1.0, 5.0), of(1.0, 2.0)), (of(0.5, 2.0), of(2.0, 1.0))]
)
def test_the_posterior_is_that_of_simulated_pairs(rng, here, there):
    """Simulates x0 -> xs -> xt; what mu_tilde leaves of xs has variance beta_tilde and no trace of xt."""
    n, x0 = 200_000, torch.tensor(1.7, dtype=DOUBLE)
    xs = noised(x0, torch.randn(n, dtype=DOUBLE, generator=rng), there)
    xt = (here.alpha / there.alpha) * xs
    xt = xt + added_variance(here, there).sqrt() * torch.randn(n, dtype=DOUBLE, generator=rng)
    left = (xs - posterior_mean(x0, xt, here, there)) / posterior_variance(here, there).sqrt()
    # five standard errors: 1 / sqrt(n) = 0.0022 (mean, correlation) and sqrt(2 / n) = 0.0032 (variance)
    assert left.mean().item() == pytest.approx(0, abs=0.011)
    assert left.var().item() == pytest.approx(1, abs=0.016)
    assert torch.corrcoef(torch.stack([left, xt]))[0, 1].item() == pytest.approx(0, abs=0.011)
    # and xt itself is a sample of q(xt | x0)
    assert xt.mean().item() == pytest.approx((here.alpha * x0).item(), abs=0.011 * here.sigma.item())
    assert xt.std().item() == pytest.approx(here.sigma.item(), rel=0.008)


# --- DDPM and DDIM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("variance", ["beta", "beta_tilde"])
def test_ancestral_sampling_is_the_lectures_step(mixture, xt, t, variance):
    """x_{t-1} = (xt - beta_t / sqrt(1 - alpha_bar_t) eps_hat) / sqrt(alpha_t) + sigma_t z."""
    L = lecture(t)
    sigma_t = {"beta": L["beta"], "beta_tilde": (1 - L["before"]) / (1 - L["bar"]) * L["beta"]}[variance]
    xs, x0_hat = ancestral(variance)(mixture, xt, ddpm(t), ddpm(t - 1), drawn(5))
    eps_hat = eps_from_x0(mixture(xt, ddpm(t)), xt, ddpm(t))
    mu = (xt - L["beta"] / math.sqrt(1 - L["bar"]) * eps_hat) / math.sqrt(L["alpha"])
    close(xs, mu + math.sqrt(sigma_t) * randn_like(xt, seeded(5)), tolerance=1e-9)
    assert torch.equal(x0_hat, mixture(xt, ddpm(t)))


@pytest.mark.parametrize("t, s", [(2, 1), (1000, 999), (1000, 700), (300, 20)])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_is_the_lectures_form_on_any_subset(mixture, xt, t, s, eta):
    bar_t, bar_s = lecture(t)["bar"], lecture(s)["bar"]
    sigma = eta * math.sqrt((1 - bar_s) / (1 - bar_t)) * math.sqrt(1 - bar_t / bar_s)
    eps_hat = eps_from_x0(mixture(xt, ddpm(t)), xt, ddpm(t))
    predicted_x0 = (xt - math.sqrt(1 - bar_t) * eps_hat) / math.sqrt(bar_t)
    expected = math.sqrt(bar_s) * predicted_x0 + math.sqrt(1 - bar_s - sigma**2) * eps_hat
    expected = expected + sigma * randn_like(xt, seeded(5))
    xs, x0_hat = ddim(eta)(mixture, xt, ddpm(t), ddpm(s), drawn(5))
    close(xs, expected, tolerance=1e-9)
    close(x0_hat, predicted_x0, tolerance=1e-9)


@pytest.mark.parametrize("steps", [10, 250])
def test_ddim_with_eta_1_is_ddpm(mixture, xt, steps):
    """The same noise gives the same path; float64 on levels that are float32: sigma**2 differs by 1e-7."""
    ends = [
        final(walk(step, mixture, xt, SCHEDULE.grid(steps), seeded(3)))
        for step in (ddim(1.0), ancestral("beta_tilde"), ancestral("beta"))
    ]
    close(ends[0], ends[1], tolerance=1e-4)
    assert (ends[0] - ends[2]).abs().max() > 1e-3  # the other variance is another path


def test_beta_is_the_larger_variance_and_both_are_exact_for_many_steps(gaussian, rng):
    """On N(0, 1) data the chain stays N(0, 1) for beta (Ho et al. 2020, Section 3.2), at every step."""
    x = torch.randn(100_000, 1, dtype=DOUBLE, generator=rng)
    here, there = ddpm(1000), ddpm(700)
    xs, _ = ancestral("beta")(gaussian(1.0), x, here, there, noise_of(rng))
    # relative standard error of a variance sqrt(2 / 100,000) = 0.0045; four of those
    assert xs.var().item() == pytest.approx(1, abs=0.018)
    # with beta_tilde it is less by exactly the difference of the two
    gap = (added_variance(here, there) - posterior_variance(here, there)).item()
    xs, _ = ancestral("beta_tilde")(gaussian(1.0), x, here, there, noise_of(rng))
    assert xs.var().item() == pytest.approx(1 - gap, abs=0.018)


@pytest.mark.parametrize(
    "step", [ancestral("beta"), ancestral("beta_tilde"), ddim(0.0), ddim(1.0), heun()], ids=range(5)
)
def test_the_last_step_adds_no_noise_and_lands_on_the_estimate(mixture, xt, step):
    """The lecture's last line, x0 = (x1 - beta_1 / sqrt(1 - alpha_bar_1) eps) / sqrt(alpha_1): x0_hat."""
    xs, x0_hat = step(mixture, xt, ddpm(1), ddpm(0), drawn(0))
    again, _ = step(mixture, xt, ddpm(1), ddpm(0), drawn(1))
    assert torch.equal(xs, again)
    close(xs, x0_hat)
    close(xs, mixture(xt, ddpm(1)))


@pytest.mark.parametrize("eta", [-0.1, 1.1, math.nan])
def test_an_eta_outside_0_to_1_is_refused(eta):
    with pytest.raises(UserError, match="eta"):
        ddim(eta)


def test_an_unknown_variance_is_named():
    with pytest.raises(UserError, match="'gamma'"):
        ancestral("gamma")


# --- orders of convergence --------------------------------------------------------------------------------


def smooth_grid(n: int) -> list[Level]:
    """Variance-preserving, from almost only noise to a little, evenly spread in the angle."""
    angles = torch.linspace(1.5, 0.05, n + 1, dtype=DOUBLE)
    return [Level(angle.cos(), angle.sin()) for angle in angles]


def error(step, denoise, x, exact, n) -> float:
    """The median: points between two modes, of which there are few, need far more steps than the others."""
    end = final(walk(step, denoise, x, smooth_grid(n), seeded(0)))
    return (end - exact).norm(dim=1).median().item()


# From 25 to 50 steps, the leading term of the error makes the ratio 2 or 4; the next one is still felt.
ORDERS = pytest.mark.parametrize(
    "step, low, high", [(ddim(0.0), 1.7, 2.3), (heun(), 3.2, 4.8)], ids=["first", "second"]
)


@ORDERS
@pytest.mark.parametrize("s", [0.5, 3.0])
def test_twice_the_steps_halve_ddims_error_and_quarter_heuns(gaussian, xt, step, low, high, s):
    """The flow of N(0, s**2) data is known: x keeps its place in units of sqrt(alpha**2 s**2 + sigma**2)."""
    start, end = ((level.alpha**2 * s**2 + level.sigma**2).sqrt() for level in (smooth_grid(1)))
    exact = xt * end / start
    coarse, fine = (error(step, gaussian(s), xt, exact, n) for n in (25, 50))
    assert low < coarse / fine < high


@ORDERS
def test_twice_the_steps_halve_ddims_error_and_quarter_heuns_on_a_mixture(mixture, rng, step, low, high):
    """Against 1,000 steps of Heun's, whose own error is 5**2 times less than with 200."""
    x = torch.randn(100, 2, dtype=DOUBLE, generator=rng)
    exact = final(walk(heun(), mixture, x, smooth_grid(1000), rng))
    coarse, fine = (error(step, mixture, x, exact, n) for n in (100, 200))
    assert low < coarse / fine < high


def test_the_flow_reaches_clean_data_on_ddpms_own_schedule(gaussian, xt):
    """x0 = xT * s / sqrt(alpha_T**2 s**2 + sigma_T**2); DDIM's 1,000 steps are right to a percent."""
    s, T = 2.0, ddpm(1000)
    exact = xt * s / (T.alpha**2 * s**2 + T.sigma**2).sqrt()
    for step, tolerance in ((ddim(0.0), 0.01), (heun(), 0.001)):
        x0 = final(walk(step, gaussian(s), xt, SCHEDULE.grid(), seeded(0)))
        torch.testing.assert_close(x0, exact, rtol=tolerance, atol=0)


# --- inpainting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [of(0.9, math.sqrt(0.19)), of(1.0, 0.0)])
def test_pinning_puts_the_known_values_at_the_level_reached(gaussian, rng, there):
    n, known, mask = 50_000, torch.tensor([[3.0, -1.0]], dtype=DOUBLE), torch.tensor([[True, False]])
    xt = torch.randn(n, 2, dtype=DOUBLE, generator=rng)
    xs, x0_hat = pinned(ddim(1.0), known, mask)(gaussian(1.0), xt, of(0.6, 0.8), there, drawn(4))
    bare, bare_hat = ddim(1.0)(gaussian(1.0), xt, of(0.6, 0.8), there, drawn(4))
    assert torch.equal(xs[:, 1], bare[:, 1]) and torch.equal(x0_hat[:, 1], bare_hat[:, 1])
    assert (x0_hat[:, 0] == 3).all()
    # standard errors: sigma / sqrt(n) = 0.002 and sigma / sqrt(2 n) = 0.0014; five of those (0 at clean data)
    sigma = there.sigma.item()
    assert xs[:, 0].mean().item() == pytest.approx(3 * there.alpha.item(), abs=0.023 * sigma)
    assert xs[:, 0].std().item() == pytest.approx(sigma, abs=0.016 * sigma)


@pytest.mark.parametrize("here, there", [(of(0.9, 0.3), of(0.5, 0.8)), (of(1.0, 0.0), of(1.0, 4.0))])
def test_climbing_samples_the_forward_process(gaussian, rng, here, there):
    """q(xt | xs): mean (alpha_t / alpha_s) xs; and q(xt | x0) when xs came from x0."""
    n = 100_000
    xs = noised(torch.tensor(2.0, dtype=DOUBLE), torch.randn(n, 1, dtype=DOUBLE, generator=rng), here)
    xt, estimate = climbing(ddim(0.0))(gaussian(1.0), xs, here, there, noise_of(rng))
    assert estimate is None
    added = xt - there.alpha / here.alpha * xs
    # five standard errors, relative: 0.0032 (mean, correlation) and 0.0022 (standard deviation)
    assert added.std().item() == pytest.approx(added_variance(there, here).sqrt().item(), rel=0.012)
    assert abs((added * xs).mean() / added.std() / xs.square().mean().sqrt()) < 0.016
    assert xt.mean().item() == pytest.approx(2 * there.alpha.item(), abs=0.016 * there.sigma.item())
    assert xt.std().item() == pytest.approx(there.sigma.item(), rel=0.012)


def test_where_the_grid_falls_climbing_is_the_bare_step(mixture, xt):
    for here, there in ((ddpm(300), ddpm(250)), (ddpm(1), ddpm(0))):
        ours, bare = (s(mixture, xt, here, there, drawn(0)) for s in (climbing(ddim(0.7)), ddim(0.7)))
        assert torch.equal(ours[0], bare[0]) and torch.equal(ours[1], bare[1])


def test_pinning_and_climbing_compose_in_both_orders(gaussian, xt):
    known, mask = torch.tensor([[3.0, -1.0]], dtype=DOUBLE), torch.tensor([[True, False]])
    grid = resampled(SCHEDULE.grid(5), 2)
    for step in (climbing(pinned(ddim(1.0), known, mask)), pinned(climbing(ddim(1.0)), known, mask)):
        x0 = final(walk(step, gaussian(1.0), xt, grid, seeded(0)))
        assert (x0[:, 0] == 3).all() and x0.isfinite().all()


@pytest.mark.parametrize("n, resamplings, jump", [(10, 3, 2), (10, 2, 4), (5, 4, 1), (3, 2, 2), (10, 1, 50)])
def test_repaints_grid_climbs_only_while_there_is_noise_and_not_above_xT(n, resamplings, jump):
    """As in RePaint's Algorithm 1, and with the jumps of the authors' `get_schedule_jump`, below."""
    grid = linear_beta(100).grid(n)
    place = {id(level): i for i, level in enumerate(grid)}
    moves = list(pairwise(place[id(level)] for level in resampled(grid, resamplings, jump)))
    climbs = [(a, b) for a, b in moves if b < a]
    first = (n - 1) % jump if resamplings > 1 else n - 1  # levels at the noisy end that no jump reaches
    for i in range(n):
        assert moves.count((i, i + 1)) == (resamplings if first <= i < n - 1 else 1)
    assert len(climbs) == (resamplings - 1) * ((n - 1) // jump)
    assert all(a - b == jump and (n - 1 - a) % jump == 0 and a < n for a, b in climbs)
    assert moves[0][0] == 0 and moves[-1][1] == n


@pytest.mark.parametrize("T, r, jump", [(12, 3, 2), (11, 2, 5), (6, 4, 1)])
def test_repaints_grid_is_the_one_of_its_authors(T, r, jump):
    """Their scheduler (Lugmayr et al. 2022, Appendix, and their code), written out: times T - 1 ... 0, then clean."""
    jumps, t, times = {j: r - 1 for j in range(0, T - jump, jump)}, T, []
    while t >= 1:
        t -= 1
        times.append(t)
        if jumps.get(t, 0) > 0:
            jumps[t] -= 1
            for _ in range(jump):
                t += 1
                times.append(t)
    grid = linear_beta(100).grid(T)
    place = {id(level): T - 1 - i for i, level in enumerate(grid)}  # -1: clean
    # theirs climb one level at a time, ours at once: q(x_t | x_s) is the same Gaussian
    theirs = [
        t
        for i, t in enumerate([*times, -1])
        if not (0 < i < len(times) - 1 and times[i - 1] < t < times[i + 1])
    ]
    assert [place[id(level)] for level in resampled(grid, r, jump)] == theirs


def test_repaints_grid_that_ends_in_noise_is_resampled_to_its_end():
    grid = linear_beta(100).grid(3)[:-1]
    assert resampled(grid, 2) == [grid[0], grid[1], grid[0], grid[1], grid[2], grid[1], grid[2]]


def test_a_jump_longer_than_the_way_is_refused():
    with pytest.raises(UserError, match="only 3 above the last level with noise"):
        resampled(linear_beta(100).grid(4), 2, 4)


def test_repaint_without_resampling_is_the_plain_grid():
    grid = linear_beta(100).grid(7)
    assert resampled(grid, 1, 3) == grid
    for options in ({"resamplings": 0}, {"jump": 0}):
        with pytest.raises(UserError):
            resampled(grid, **options)


# --- any shape, any units, any level for each sample ------------------------------------------------------

STEPS = {
    "langevin": langevin(0.1),
    "annealed": langevin(annealed(0.1, 0.6)),
    "beta": ancestral("beta"),
    "beta_tilde": ancestral("beta_tilde"),
    "ddim": ddim(0.0),
    "ddim(0.5)": ddim(0.5),
    "heun": heun(),
    "climbing": climbing(heun()),
}


@pytest.mark.parametrize("name", STEPS)
def test_the_same_step_serves_points_and_images(gaussian, name):
    x = torch.randn(392 * 3, 2, generator=seeded(0))
    here, there = Level.of(0.6, 0.8), Level.of(0.8, 0.6)
    points, images = (
        STEPS[name](gaussian(2.0), x.view(shape), here, there, drawn(1))
        for shape in ((-1, 2), (-1, 1, 28, 28))
    )
    assert images[0].shape == images[1].shape == (3, 1, 28, 28)
    assert torch.equal(points[0].flatten(), images[0].flatten())
    assert torch.equal(points[1].flatten(), images[1].flatten())


@pytest.mark.parametrize("name", STEPS)
def test_a_level_for_each_sample_is_that_samples_level(mixture, name):
    """With the same noise, row i of the batch is what a batch at level i alone would give."""
    x, t, s = 2 * torch.randn(3, 2, dtype=DOUBLE, generator=seeded(0)), [10, 500, 1000], [5, 300, 999]
    here, there = (SCHEDULE.at(torch.tensor(times), x) for times in (t, s))
    together = STEPS[name](mixture, x, here, there, drawn(1))
    for i in range(3):
        alone = STEPS[name](mixture, x, ddpm(t[i]), ddpm(s[i]), drawn(1))
        close(together[0][i], alone[0][i])
        close(together[1][i], alone[1][i])


def test_climbing_takes_a_level_for_each_sample(mixture):
    x = torch.randn(2, 2, dtype=DOUBLE, generator=seeded(0))
    here, there = (SCHEDULE.at(torch.tensor(times), x) for times in ([0, 5], [10, 1000]))
    together, _ = climbing(ddim())(mixture, x, here, there, drawn(1))
    for i, (s, t) in enumerate([(0, 10), (5, 1000)]):
        close(together[i], climbing(ddim())(mixture, x, ddpm(s), ddpm(t), drawn(1))[0][i])


@pytest.mark.parametrize("name", ["beta_tilde", "ddim", "ddim(0.5)", "heun"])
def test_a_step_does_not_depend_on_the_units_of_either_level(name, gaussian, xt):
    """DDPM's levels and NCSN's are one process in other units: x at (c alpha, c sigma) is c times x.

    (With "beta" it does: there the variance of q(xt | xs), in the units of xt, is lent to xs.)
    """
    here, there = of(0.6, 0.8), of(0.8, 0.6)
    xs, x0_hat = STEPS[name](gaussian(1.5), xt, here, there, drawn(2))
    c_here, c_there = 1 / 0.6, 1 / 0.8  # to NCSN's alpha = 1
    ncsn, ncsn_hat = STEPS[name](gaussian(1.5), c_here * xt, of(1.0, 4 / 3), of(1.0, 0.75), drawn(2))
    close(ncsn, c_there * xs)
    close(ncsn_hat, x0_hat)


def test_the_estimate_of_every_step_agrees_with_its_score(mixture, xt):
    """What Langevin, DDPM and Heun report at one place is one and the same x0_hat."""
    here, there = of(0.6, 0.8), of(0.8, 0.6)
    for step in STEPS.values():
        _, x0_hat = step(mixture, xt, here, there, drawn(0))
        close(score_from_x0(x0_hat, xt, here), mixture.score(xt, here), tolerance=1e-10)


def test_langevin_without_an_estimate_walks_the_same_path(mixture, rng):
    """And a step size that depends on the level is asked again when the level changes."""
    grid = [Level.of(sigma=sigma, like=mixture.means) for sigma in (2.0, 1.0, 1.0, 0.5)]
    x, size = torch.ones(4, 2, dtype=torch.float64), lambda level: 0.1 * level.sigma**2
    both = [list(walk(langevin(size, estimate=e), mixture, x, grid, seeded(3))) for e in (True, False)]
    assert torch.equal(both[0][-1].x, both[1][-1].x)
    assert both[1][-1].x0_hat is None and both[0][-1].x0_hat is not None
    by_hand, rng = x, seeded(3)
    for level in grid[:-1]:
        a = 0.1 * level.sigma**2
        noise = torch.randn(4, 2, generator=rng, dtype=torch.float64)
        by_hand = by_hand + a / 2 * mixture.score(by_hand, level) + a.sqrt() * noise
    torch.testing.assert_close(both[0][-1].x, by_hand)


@pytest.mark.parametrize("n", [1, 7])
def test_steps_side_by_side_end_where_each_walk_of_that_seed_ends(mixture, n):
    """Noisy ones, one that asks twice, one with a history; and the shared first call is the only one of most."""
    rows = [lambda: ddim(0.0), lambda: ddim(0.5), lambda: ancestral("beta"), heun, dpmpp_2m]
    grid, start = SCHEDULE.grid(n), torch.randn(6, 2, dtype=DOUBLE, generator=seeded(1))
    asked = counted(mixture)
    together = side_by_side([row() for row in rows])
    ends = final(walk(together, asked, start.repeat(len(rows), 1), grid, seeded(2))).chunk(len(rows))
    for row, end in zip(rows, ends, strict=True):
        close(end, final(walk(row(), mixture, start, grid, seeded(2))))
    assert asked.calls == n + (n - 1)  # Heun's second calls, but for the last step


def test_walks_in_unison_take_one_noise(mixture):
    """Two step sizes in one batch, of images as of points: each is the walk of that seed alone."""
    sizes, x = (0.1, 0.4), torch.randn(5, 2, dtype=DOUBLE, generator=seeded(0))
    each = torch.tensor(sizes, dtype=DOUBLE).repeat_interleave(5)[:, None]
    grid = [of(1.0, 0.5)] * 4
    both = final(walk(in_unison(langevin(lambda level: each), 2), mixture, x.repeat(2, 1), grid, seeded(3)))
    for size, end in zip(sizes, both.chunk(2), strict=True):
        close(end, final(walk(langevin(size), mixture, x, grid, seeded(3))))
