"""Mixtures against autograd, scipy, quadrature and statistics."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from playground.errors import UserError
from playground.levels import CLEAN, Level, linear_beta, score_from_x0, seeded
from toy2d.mixture import Mixture, anisotropic_pair, grid, ring, two_modes
from toy2d.noised import Alike, Noised
from toy2d.presets import EXTENT, PRESETS, MixtureSpec, narrowest_std

LEVELS = {
    "clean": Level.of(sigma=0.0),
    "little noise": Level.of(sigma=0.1),
    "much noise": Level.of(sigma=20.0),
    "VP": Level.of(0.6, 0.8),
    "no data left": Level.of(0.0, 1.0),
}


@pytest.fixture(params=list(PRESETS))
def mixed(request) -> Mixture:
    return MixtureSpec(request.param, 0.7).build(torch.float64)


@pytest.fixture(params=list(LEVELS))
def level(request) -> Level:
    return Level(*(x.double() for x in (LEVELS[request.param].alpha, LEVELS[request.param].sigma)))


def points(n: int = 64, scale: float = 6.0) -> torch.Tensor:
    return scale * torch.randn(n, 2, generator=seeded(3), dtype=torch.float64)


def test_the_score_is_the_gradient_of_the_log_density(mixed, level):
    x = points().requires_grad_()
    gradient = torch.autograd.grad(mixed.log_prob(x, level).sum(), x)[0]
    torch.testing.assert_close(mixed.score(x.detach(), level), gradient, rtol=1e-9, atol=1e-9)


def test_the_log_density_is_scipys(mixed, level):
    """scipy as the independent implementation: every mode blurred by hand."""
    a, s = float(level.alpha), float(level.sigma)
    x = points()
    terms = [
        math.log(w) + multivariate_normal(a * m, a**2 * S + s**2 * np.eye(2)).logpdf(x.numpy())
        for w, m, S in zip(
            mixed.log_weights.exp(), mixed.means.numpy(), mixed.covariances.numpy(), strict=True
        )
    ]
    np.testing.assert_allclose(mixed.log_prob(x, level), np.logaddexp.reduce(terms), rtol=1e-9)


def test_the_density_integrates_to_one(mixed):
    """The midpoint rule is exact to rounding for functions that have vanished at the border, if cells are small."""
    extent, n = 14.0, 561
    axis = torch.linspace(-extent, extent, n, dtype=torch.float64)
    density = mixed.log_prob(torch.cartesian_prod(axis, axis), Level.of(sigma=0.3, like=axis)).exp()
    assert float(density.sum() * (axis[1] - axis[0]) ** 2) == pytest.approx(1, abs=1e-6)


def test_denoising_is_tweedies_formula(mixed, level):
    if float(level.sigma) == 0 or float(level.alpha) == 0:
        pytest.skip("no denoiser has a score there")
    x = points()
    score = score_from_x0(mixed(x, level), x, level)
    torch.testing.assert_close(score, mixed.score(x, level), rtol=1e-9, atol=1e-9)


def test_denoising_at_the_ends(mixed):
    x = points()
    torch.testing.assert_close(mixed(x, LEVELS["clean"]), x)
    torch.testing.assert_close(mixed(x, LEVELS["no data left"]), mixed.mean().expand_as(x))


def test_denoising_is_the_posterior_mean_by_importance_sampling():
    """E[x0 | xt] = sum_i p(xt | x0_i) x0_i / sum_i p(xt | x0_i) over a million exact samples.

    Weighted means of 1e6 draws of which about 1e4 count have a standard error near 0.01; 0.06 is six of them.
    """
    mixed, level = anisotropic_pair().to(torch.float64), Level.of(0.8, 0.6)
    x0 = mixed.sample(1_000_000, seeded(1))
    xt = torch.tensor([[1.0, 0.5], [-2.0, -1.0]], dtype=torch.float64)
    for row, x0_hat in zip(xt, mixed(xt, level), strict=True):
        log_w = -((row - 0.8 * x0) ** 2).sum(1) / (2 * 0.6**2)
        torch.testing.assert_close(log_w.softmax(0) @ x0, x0_hat, atol=0.06, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ten_thousand_standard_deviations_away_nothing_is_nan(mixed, dtype):
    m = mixed.to(dtype)
    x = 1e4 * m.std() * torch.tensor([[1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]], dtype=dtype)
    for level in LEVELS.values():
        found = (m.log_prob(x, level), m.score(x, level), m(x, level), m.log_responsibilities(x, level))
        for value in found:
            assert torch.isfinite(value).all()
        torch.testing.assert_close(m.responsibilities(x, level).sum(1), torch.ones(3, dtype=dtype))


def test_far_away_the_score_points_home():
    """There the nearest mode's Gaussian is all: score = (mu - x) / s**2, to one part in 10,000."""
    x = torch.tensor([[5e4, 5e4]], dtype=torch.float64)
    torch.testing.assert_close(two_modes().to(torch.float64).score(x), 5.0 - x, rtol=1e-4, atol=0)


def test_float32_agrees_with_float64(mixed, level):
    """To a few hundred roundings of 1e-7: whitened coordinates reach about 30 in size, and are squared."""
    x = points().float()
    single = mixed.to(torch.float32).score(x, level.to(x))
    typical = float(mixed.score(points(), level).norm(dim=1).mean())
    torch.testing.assert_close(single.double(), mixed.score(points(), level), atol=2e-3 * typical, rtol=2e-3)


def test_a_level_for_each_sample_is_what_one_level_says_of_each(mixed):
    schedule, x = linear_beta(), points(8)
    t = torch.tensor([1, 10, 100, 300, 500, 700, 900, 1000])
    together = schedule.at(t, x)
    for method in (mixed.score, mixed.denoise, mixed.log_responsibilities):
        one_by_one = torch.cat([method(x[i : i + 1], schedule.at(t[i : i + 1], x)) for i in range(8)])
        torch.testing.assert_close(method(x, together), one_by_one)
        alone = method(x[3:4], Level(schedule.alpha[300], schedule.sigma[300]))
        torch.testing.assert_close(method(x, together)[3:4], alone)
    assert mixed.log_prob(x, together).shape == (8,)


@pytest.mark.parametrize("make", [two_modes, anisotropic_pair])
@pytest.mark.parametrize("at", [CLEAN, Level.of(0.6, 0.8), Level.of(sigma=20.0)])
def test_weights_for_each_sample_are_what_each_weight_says_alone(make, at):
    """The short form and the long one, in every closed form."""
    alone = [make(pi).to(torch.float64) for pi in (0.1, 0.5, 0.9)]
    each = Mixture(alone[0].means, alone[0].covariances, torch.stack([m.log_weights for m in alone], 1))
    x = 6 * torch.randn((3, 2), generator=seeded(0), dtype=torch.float64)
    for what in ("log_prob", "responsibilities", "log_responsibilities", "score", "denoise"):
        together = getattr(each, what)(x, at)
        for i, mixture in enumerate(alone):
            torch.testing.assert_close(together[i], getattr(mixture, what)(x, at)[i], rtol=1e-12, atol=1e-12)


def test_samples_have_the_mixtures_moments_and_weights(mixed):
    """Of 200,000 samples; five standard errors of a mean, of a variance (Gaussian: sqrt(2/n)) and of a share."""
    n = 200_000
    x, modes = mixed.sample_with_modes(n, seeded(0))
    assert (x.mean(0) - mixed.mean()).abs().max() < 5 * mixed.std() / n**0.5
    assert float(x.std(0).square().mean().sqrt()) == pytest.approx(mixed.std(), rel=5 * (2 / n) ** 0.5)
    shares = torch.bincount(modes, minlength=mixed.K) / n
    assert (shares - mixed.log_weights.exp()).abs().max() < 5 * (0.25 / n) ** 0.5
    k = int(shares.argmax())
    inside = x[modes == k]
    tolerance = 5 * float(mixed.covariances[k].abs().max()) * (2 / len(inside)) ** 0.5
    torch.testing.assert_close(inside.T.cov(), mixed.covariances[k], atol=tolerance, rtol=0)


def test_noised_samples_follow_the_density_at_the_level(mixed):
    """The mean log density of 100,000 samples is minus the entropy, which quadrature gives; five standard errors."""
    level = Level.of(0.7, 1.5)
    found = mixed.log_prob(mixed.sample_noised(100_000, level, seeded(2)), level)
    axis = torch.linspace(-20, 20, 601, dtype=torch.float64)
    log_q = mixed.log_prob(torch.cartesian_prod(axis, axis), level)
    expected = float((log_q.exp() * log_q).sum() * (axis[1] - axis[0]) ** 2)
    assert float(found.mean()) == pytest.approx(expected, abs=5 * float(found.std()) / 100_000**0.5)


def test_same_seed_same_samples():
    assert torch.equal(ring().sample(10, seeded(4)), ring().sample(10, seeded(4)))


def test_presets_fit_the_square_and_have_the_modes_they_name():
    """Three standard deviations of every mode lie within [-9, 9]^2; those of the anisotropic pair reach 9.5."""
    assert [MixtureSpec(name).build().K for name in PRESETS] == [2, 8, 25, 2]
    for name in PRESETS:
        m = MixtureSpec(name).build()
        reach = m.means.abs() + 3 * m.covariances.diagonal(dim1=1, dim2=2).sqrt()
        assert (
            float(reach.max()) == pytest.approx(9.5)
            if name == "anisotropic_pair"
            else float(reach.max()) <= EXTENT
        )
    assert two_modes(0.8).log_weights.exp().tolist() == pytest.approx([0.8, 0.2])
    assert narrowest_std(grid()) == pytest.approx(0.3)


@pytest.mark.parametrize("pi", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_pi_outside_zero_and_one_is_refused(pi):
    with pytest.raises(UserError, match=r"pi is .*strictly between 0 and 1"):
        MixtureSpec("two_modes", pi).build()


def test_bad_mixtures_are_refused():
    with pytest.raises(UserError, match="weights for 2 modes"):
        Mixture.of([[0, 0], [1, 1]], [1.0])
    with pytest.raises(UserError, match="every weight must be above 0"):
        Mixture.of([[0, 0], [1, 1]], [1.0, 0.0])
    with pytest.raises(UserError, match="eigenvalue"):
        Mixture.of([[0, 0]], covariances=[[[1.0, 2.0], [2.0, 1.0]]])
    with pytest.raises(UserError, match="at least one"):
        two_modes().sample(0, seeded(0))
    with pytest.raises(UserError, match="known are"):
        MixtureSpec("torus")


def test_clean_is_the_default_level(mixed):
    x = points(4)
    assert torch.equal(mixed.score(x), mixed.score(x, CLEAN))


# --- modes of one round covariance --------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["two_modes", "ring", "grid"])
@pytest.mark.parametrize("each", [False, True])
def test_the_short_form_is_the_long_one(preset, each):
    """In float64, to rounding; `each`: a level of its own for each sample."""
    mixture, x = MixtureSpec(preset, 0.7).build(torch.float64), points()
    level = linear_beta().at(torch.linspace(1, 1000, len(x)).long(), x) if each else LEVELS["VP"]
    short, long = mixture.at(level), replace_alike(mixture).at(level)
    assert isinstance(short, Alike) and isinstance(long, Noised)
    for name in ("score", "denoise", "log_prob", "responsibilities", "log_responsibilities"):
        torch.testing.assert_close(getattr(short, name)(x), getattr(long, name)(x), rtol=1e-8, atol=1e-8)


def replace_alike(mixture: Mixture) -> Mixture:
    """The same mixture, kept from noticing that its modes are alike."""
    twin = mixture.to(torch.float64)
    vars(twin)["_alike"] = None  # where cached_property keeps its value
    return twin


def test_modes_too_narrow_for_float32_are_told_apart_by_differences():
    """Centres 5 away with std 0.001: their logits would be 1e7, with a rounding error of about one nat."""
    assert isinstance(two_modes(0.8, std=1e-3).at(CLEAN), Noised)
    assert isinstance(two_modes(0.8, std=1e-3).at(Level.of(sigma=1.0)), Alike)
    assert isinstance(anisotropic_pair().at(CLEAN), Noised)
