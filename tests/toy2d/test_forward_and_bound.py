"""The diffusion probabilistic model: the chain against its closed form, the posterior against the product of two
Gaussians, the bound against the exact likelihood.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened
from scipy import stats

from playground.bound import VARIANCES
from playground.errors import UserError
from playground.levels import SCHEDULES, Level, linear_beta, seeded
from playground.steps import added_variance
from toy2d.__main__ import main
from toy2d.forward_and_bound.bound import BoundConfig, bounds, gaps_by_length, learn_both, losses
from toy2d.forward_and_bound.bound_figures import from_noise
from toy2d.forward_and_bound.experiment import ForwardConfig, forward, posterior, thinned, two_humped
from toy2d.forward_and_bound.figures import forward_clouds
from toy2d.mixture import two_modes

PAGE = Path(__file__).parents[2] / "toy2d/forward_and_bound/page.py"
CONFIG = ForwardConfig(steps=10, t=6, particles=4_000)


@pytest.fixture(scope="module")
def path():
    return forward(CONFIG)


# --- the forward chain ----------------------------------------------------------------------------------------


def test_the_chain_has_the_closed_forms_distribution_at_every_step(path):
    """Kolmogorov and Smirnov's test of each coordinate at each t against N(sqrt(alpha_bar) x_0, 1 - alpha_bar).

    Twenty p-values: the smallest of twenty is below 0.0005 in one run of a hundred; this one is seeded.
    """
    for t in range(1, CONFIG.steps + 1):
        mean, std = np.sqrt(path.alpha_bars[t]) * path.x0, np.sqrt(1 - path.alpha_bars[t])
        for d in range(2):
            assert stats.kstest(path.xs[t, :, d], stats.norm(mean[d], std).cdf).pvalue > 5e-4


def test_the_chain_is_a_chain_and_the_closed_form_is_not(path):
    """Neighbours covary as the chain says, Cov(x_{t-1}, x_t) = sqrt(alpha_t) (1 - alpha_bar_{t-1}); four standard
    errors of a correlation over 8,000 values are 0.045.  With one eps for all t the correlation is one.
    """
    t, a = 5, path.alpha_bars
    x, y = (path.xs[i] - path.xs[i].mean(0) for i in (t - 1, t))
    expected = np.sqrt(a[t] / a[t - 1]) * np.sqrt((1 - a[t - 1]) / (1 - a[t]))
    assert stats.pearsonr(x.ravel(), y.ravel()).statistic == pytest.approx(expected, abs=0.045)
    x, y = (path.closed[i] - path.closed[i].mean(0) for i in (t - 1, t))
    assert stats.pearsonr(x.ravel(), y.ravel()).statistic == pytest.approx(1.0, abs=1e-9)


def test_the_deviation_is_one_of_chance(path):
    """The largest of 30 absolute standard normal values is between 1.5 and 4.5 but for one in a thousand runs."""
    assert 1.5 < path.deviation < 4.5


def test_a_thinned_chain_keeps_levels_of_the_whole_one():
    whole = linear_beta()
    chain = thinned(whole, 10)
    assert chain.T == 10 and (chain.alpha == whole.alpha[::100]).all()


# --- the posterior --------------------------------------------------------------------------------------------


def test_the_posterior_is_the_product_of_the_two_gaussians(path):
    """Precisions add, and means are weighted by them."""
    found = posterior(CONFIG, path)
    a, b = found.known, found.likelihood
    precision = a.std**-2 + b.std**-2
    assert found.posterior.std == pytest.approx(precision**-0.5, rel=1e-9)
    assert np.allclose(found.posterior.mean, (a.mean / a.std**2 + b.mean / b.std**2) / precision, rtol=1e-9)


def test_the_kl_is_torchs(path):
    found = posterior(CONFIG, path)
    for variance in VARIANCES:
        both = (found.posterior, found.model[variance])
        q, p = (torch.distributions.Normal(torch.tensor(circle.mean), circle.std) for circle in both)
        kl = torch.distributions.kl_divergence(q, p).sum()
        assert found.kl[variance] == pytest.approx(float(kl), rel=1e-9)


def test_the_true_reverse_step_is_a_density_with_the_models_mean(path):
    """E[x_{t-1} | x_t] is the posterior's mean at x0_hat = E[x_0 | x_t], because that mean is linear in x_0.

    The grid reaches five standard deviations beyond every mode: what is cut off is below 1e-5.
    """
    found = posterior(CONFIG, path)
    x, y = np.meshgrid(*found.axes)
    cell = np.diff(found.axes[0])[0] * np.diff(found.axes[1])[0]
    mass = found.reverse * cell
    assert mass.sum() == pytest.approx(1, abs=1e-9)
    mean = [(mass * x).sum(), (mass * y).sum()]
    assert np.allclose(mean, found.model["beta"].mean, atol=1e-4)


def test_small_steps_make_the_reverse_step_gaussian():
    """Its divergence from the model's Gaussian falls as steps get shorter (Sohl-Dickstein et al. 2015)."""
    worst = []
    for steps in (5, 20, 100):
        path = forward(ForwardConfig(steps=steps, t=2, particles=2))
        each = [
            ForwardConfig(steps=steps, t=t, particles=2) for t in range(2, steps + 1, max(1, steps // 20))
        ]
        worst.append(max(posterior(config, path).reverse_kl["beta"] for config in each))
    assert worst[0] > 10 * worst[1] > 10 * worst[2] > 0


# --- the bound ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_twenty_steps_leave_two_humps_and_fifty_do_not(schedule):
    """In the paper's two modes: some per cent of x_t at the worst of 20 steps, one in 3,000 at that of 50.

    Of 4,000 points that is 1.3, and 8 or more are seen once in 10,000 times.
    """
    mixture = two_modes(0.8).to(torch.float64)
    twenty, fifty = (two_humped(mixture, thinned(SCHEDULES[schedule](), S), 4_000) for S in (20, 50))
    assert twenty.max() > 0.02 and fifty.max() < 2e-3
    if schedule == "linear":
        assert (twenty[[7, 8, 9]] > 0.01).all()  # t = 9 to 11


def test_humps_are_those_that_the_density_has():
    """Counted as the local maxima of q(x_{t-1} | x_t) on the line through both modes, for the same x_t."""
    mixture, chain, t, n = two_modes(0.8).to(torch.float64), thinned(SCHEDULES["linear"](), 10), 5, 300
    here, there = (Level(chain.alpha[i], chain.sigma[i]) for i in (t, t - 1))
    rng = seeded(0)
    for at in range(2, t):  # the draws of the steps before
        mixture.sample_noised(n, Level(chain.alpha[at], chain.sigma[at]), rng)
    xt = mixture.sample_noised(n, here, rng)
    u = torch.linspace(-12, 12, 4_001, dtype=torch.float64)
    line = torch.stack([u, u], 1) / 2**0.5
    # Across the line the density is one Gaussian, wherever on it: its maxima along the line are those of the plane.
    log_q = mixture.log_prob(line, there) - (
        (xt.sum(1, keepdim=True) / 2**0.5 - here.alpha / there.alpha * u) ** 2 / (2 * added_variance(here, there))
    )  # fmt: skip
    inner = (log_q[:, 1:-1] > log_q[:, :-2]) & (log_q[:, 1:-1] > log_q[:, 2:])
    counted = float((inner.sum(1) == 2).double().mean())
    assert 0.2 < counted < 0.6
    assert two_humped(mixture, thinned(SCHEDULES["linear"](), 10), n)[t - 2] == pytest.approx(
        counted, abs=0.01
    )


def test_the_bound_is_a_bound_and_comes_near_with_the_exact_denoiser():
    """gap >= 0 in expectation, to three standard errors; with beta, in 100 steps, it is nearly nothing: each step's
    divergence is below 1e-3 in the mean (test above), and the decoder's below that.
    """
    result = bounds(BoundConfig(steps=100, samples=2_000), {})
    beta, tilde = result.rows
    assert (beta.variance, tilde.variance) == VARIANCES and beta.terms.shape == (101,)
    assert abs(beta.gap) < 3 * beta.gap_se + 0.05
    assert (
        tilde.gap > 3 * tilde.gap_se
    )  # too narrow near the data: DDPM's choice for points, not for densities
    assert beta.total == pytest.approx(beta.terms.sum()) and beta.total - result.nll == pytest.approx(
        beta.gap
    )
    assert from_noise(beta)[0] == pytest.approx(beta.total)


def test_the_exact_likelihood_is_the_entropy():
    """Two modes 14 apart: the entropy is log(2 pi e) + H(0.8); 2,000 points leave a standard error of 0.025."""
    result = bounds(BoundConfig(steps=2, samples=2_000), {})
    entropy = np.log(2 * np.pi * np.e) - 0.8 * np.log(0.8) - 0.2 * np.log(0.2)
    assert result.nll == pytest.approx(entropy, abs=4 * result.nll_se)


def test_sampled_terms_agree_with_all_terms():
    """gaps_by_length draws t; bounds computes every t: the same gap within four standard errors of both."""
    config = BoundConfig(steps=50, samples=1_000)
    sampled = gaps_by_length(config, {})
    i = list(sampled.lengths).index(50)
    for row in bounds(config, {}).rows:
        key = ("exact", row.variance)
        error = np.hypot(row.gap_se, sampled.errors[key][i])
        assert sampled.gaps[key][i] == pytest.approx(row.gap, abs=4 * error)
    assert sampled.gaps["exact", "beta"][0] > sampled.gaps["exact", "beta"][3]  # 5 steps, 50 steps


def test_a_poor_network_pays_in_nats_and_the_weighted_loss_is_better_at_small_t():
    """The weight at t = 1 is fifty times that at T, so there the weighted network must win."""
    config = BoundConfig(steps=20, samples=1_000)
    networks = learn_both(config, steps=150, width=32)
    exact, _, learned, _ = bounds(config, {"simple": networks["simple"]}).rows
    assert learned.gap > exact.gap  # same points, same noise
    result = losses(config, networks)
    simple, weighted = result.losses["simple"], result.losses["weighted"]
    assert weighted.eps_errors[0] < simple.eps_errors[0]
    assert min(simple.distances.sliced, weighted.distances.sliced) > result.floor.sliced


def test_bad_settings_are_refused():
    with pytest.raises(UserError, match="step t is 1"):
        ForwardConfig(t=1)
    with pytest.raises(UserError, match="schedule is 'quadratic'"):
        BoundConfig(schedule="quadratic")


# --- page and commands ----------------------------------------------------------------------------------------


def test_frames_of_both_panels_start_at_x0(path):
    chain, closed = forward_clouds(CONFIG, path)
    assert np.allclose(chain.xs[0], path.x0, atol=1e-6) and np.allclose(closed.xs[0], path.x0, atol=1e-6)
    assert chain.captions[0].startswith("t = 0")


def test_the_page_opens_and_each_part_follows():
    app = opened(PAGE)
    fine(app.slider(key="at").set_value(100).run())
    # At the last of five steps: beta_tilde = (1 - abar_{t-1}) / (1 - abar_t) * (1 - abar_t / abar_{t-1}).
    levels = SCHEDULES["linear"]().subset(5)
    last, before = (SCHEDULES["linear"]().level(int(t)) for t in levels[:2])
    beta_tilde = before.sigma**2 / last.sigma**2 * (1 - last.alpha**2 / before.alpha**2)
    shown = next(m.value for m in app.metric if m.label.startswith("Posterior std"))
    assert float(shown) == pytest.approx(float(beta_tilde.sqrt()), abs=6e-4)
    fine(app.segmented_control(key="part").set_value("bound").run())
    nats = app.metric[1].value
    app.slider(key="pi").set_value(0.5).run()
    assert not app.exception and not app.error and app.metric[1].value != nats
    fine(app.segmented_control(key="part").set_value("losses").run())


def test_the_commands_write_figures_and_numbers(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    assert main(["forward", "--steps", "6", "--t", "3", "--particles", "50", *out]) == 0
    assert (tmp_path / "forward.gif").read_bytes()[:3] == b"GIF" and (tmp_path / "forward.png").exists()
    assert main(["bound", "--steps", "10", "--samples", "50", *out]) == 0
    assert json.loads((tmp_path / "bound.json").read_text())["bounds"][0]["model"] == "exact"
    assert main(["losses", "--train-steps", "5", "--samples", "50", *out]) == 0
    assert "gap" in json.loads((tmp_path / "losses.json").read_text())["weighted"]
    capsys.readouterr()
    assert main(["forward", "--steps", "5", "--t", "9", *out]) == 2
    assert capsys.readouterr().err.count("\n") == 1
