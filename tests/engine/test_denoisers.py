"""Denoisers: what wraps them, and networks that serve every level alike."""

import math

import pytest
import torch
from torch import nn

from playground.denoisers import NetworkDenoiser, clipped, counted, guided, score_of
from playground.errors import UserError
from playground.inpainting import projected
from playground.levels import CLEAN, Level, eps_from_x0, linear_beta, score_from_x0

PREDICTS = ["eps", "v", "x0"]
DOUBLE = torch.float64


def of(alpha: float, sigma: float) -> Level:
    return Level.of(alpha, sigma, like=torch.zeros((), dtype=DOUBLE))


@pytest.fixture
def xt(rng):
    return torch.randn(6, 2, dtype=DOUBLE, generator=rng)


# --- scores -----------------------------------------------------------------------------------------------


def test_a_mixture_brings_its_own_score_which_holds_at_clean_data(mixture, xt):
    clean = CLEAN.to(xt)
    assert torch.equal(score_of(mixture)(xt, clean), mixture.score(xt, clean))
    assert score_of(mixture)(xt, clean).isfinite().all()
    assert torch.equal(
        score_of(counted(mixture))(xt, clean), mixture.score(xt, clean)
    )  # a wrapper passes it on


@pytest.mark.parametrize("predicts", PREDICTS)
def test_a_network_gets_its_score_from_tweedie(tiny, xt, predicts):
    network, level = tiny(predicts=predicts).double(), of(0.6, 0.8)
    score = score_of(network)(xt, level)
    assert torch.equal(score, score_from_x0(network(xt, level), xt, level))
    if predicts == "eps":  # the lecture's form: score = -eps_hat / sqrt(1 - alpha_bar)
        eps = network.net(xt, torch.full((6,), math.log(0.6 / 0.8), dtype=DOUBLE))
        torch.testing.assert_close(score, -eps / 0.8, rtol=0, atol=1e-13)


# --- wrappers ---------------------------------------------------------------------------------------------


def test_no_guidance_is_the_conditional_model(tiny, xt):
    conditional, other, level = tiny(1).double(), tiny(2).double(), of(0.6, 0.8)
    assert torch.equal(guided(conditional, other, 0.0)(xt, level), conditional(xt, level))
    assert torch.equal(guided(conditional, other, -1.0)(xt, level), other(xt, level))


@pytest.mark.parametrize("level", [of(0.6, 0.8), of(1.0, 7.0)])
def test_guidance_is_the_lectures_rule_for_eps(tiny, xt, level):
    w, conditional, other = 2.5, tiny(1).double(), tiny(2).double()
    eps, eps_c, eps_u = (
        eps_from_x0(denoise(xt, level), xt, level)
        for denoise in (guided(conditional, other, w), conditional, other)
    )
    torch.testing.assert_close(eps, (1 + w) * eps_c - w * eps_u, rtol=0, atol=1e-13)


def test_wrappers_compose_from_the_inside_out(tiny, xt):
    conditional, other, level = tiny(1).double(), tiny(2).double(), of(0.1, 0.99)
    bare = guided(conditional, other, 9.0)(xt, level)
    assert bare.abs().max() > 0.1  # so that clipping has something to do
    assert torch.equal(clipped(guided(conditional, other, 9.0), -0.1, 0.1)(xt, level), bare.clamp(-0.1, 0.1))


@pytest.mark.parametrize("shape", [(4, 2), (4, 1, 28, 28)])
def test_projection_replaces_what_is_known_and_nothing_else(gaussian, rng, shape):
    xt, known = torch.randn(shape, generator=rng), torch.randn(1, *shape[1:], generator=rng)
    mask = torch.rand(1, *shape[1:], generator=rng) < 0.5
    mask.view(-1)[:2] = torch.tensor([True, False])  # neither side is empty
    bare, level = gaussian(1.0), Level.of(0.6, 0.8)
    x0_hat = projected(bare, known, mask)(xt, level)
    assert x0_hat.shape == shape
    assert torch.equal(x0_hat[mask.expand(shape)], known.expand(shape)[mask.expand(shape)])
    assert torch.equal(x0_hat[~mask.expand(shape)], bare(xt, level)[~mask.expand(shape)])


# --- networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("data_std", [1.0, 3.0])
@pytest.mark.parametrize("c", [0.05, 1 / 0.6, 40.0])
def test_a_rescaled_level_is_the_same_problem(tiny, xt, predicts, data_std, c):
    """NCSN's level (1, sigma) and DDPM's (alpha, sigma) at the same ratio: scaling xt changes nothing."""
    network = tiny(predicts=predicts, data_std=data_std).double()
    x0_hat = network(xt, of(0.6, 0.8))
    torch.testing.assert_close(network(c * xt, of(0.6 * c, 0.8 * c)), x0_hat, rtol=1e-12, atol=1e-12)


class Optimal(nn.Module):
    """The best network for data N(0, data_std**2): in its own units the data have variance one, so that

    E[x0 | x] = alpha * x,    E[eps | x] = sigma * x,    E[v | x] = (alpha * sigma - sigma * alpha) * x = 0.
    """

    def __init__(self, predicts: str):
        super().__init__()
        self.predicts = predicts

    def forward(self, x, log_snr):
        alpha, sigma = (torch.sigmoid(sign * 2 * log_snr).sqrt()[:, None] for sign in (1, -1))
        return {"x0": alpha * x, "eps": sigma * x, "v": 0 * x}[self.predicts]


@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("data_std", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("level", [of(0.6, 0.8), of(1.0, 0.02), of(1.0, 50.0), of(0.01, 1.0)])
def test_the_optimal_network_gives_the_exact_denoiser(gaussian, xt, predicts, data_std, level):
    """Fixes what the output means, what log_snr is, and where data_std enters, for all three at once."""
    network = NetworkDenoiser(Optimal(predicts), predicts, data_std)
    expected = gaussian(data_std)(xt, level)
    # eps loses digits to cancellation by sigma / alpha, at most 333 here
    torch.testing.assert_close(network(xt, level), expected, rtol=1e-10, atol=1e-12)


class Witness(nn.Module):
    """Remembers what it was asked, and answers in another dtype, as a network under autocast does."""

    def forward(self, x, log_snr):
        self.x, self.log_snr = x, log_snr
        return torch.ones_like(x).to(torch.bfloat16)


@pytest.mark.parametrize("alpha, sigma", [(0.999, 0.05), (1.0, 20.0)])
def test_the_network_sees_unit_variance_and_its_log_snr(rng, alpha, sigma):
    net, data_std, n = Witness(), 4.0, 100_000
    x0, eps = data_std * torch.randn(n, 2, generator=rng), torch.randn(n, 2, generator=rng)
    xt, level = alpha * x0 + sigma * eps, Level.of(alpha, sigma)
    x0_hat = NetworkDenoiser(net, predicts="v", data_std=data_std)(xt, level)
    # the variance of 2 n numbers has standard error sqrt(2 / 2n) = 0.003
    assert net.x.var().item() == pytest.approx(1, abs=0.015)
    assert net.log_snr.shape == (n,)
    assert net.log_snr[0].item() == pytest.approx(math.log(alpha * data_std / sigma), abs=1e-5)
    # v = 1 is exact in bfloat16, so x0_hat = data_std * (alpha * x - sigma * v) keeps float32's digits
    unit = torch.tensor([alpha * data_std, sigma]) / math.hypot(alpha * data_std, sigma)
    expected = data_std * (unit[0] * net.x - unit[1])
    torch.testing.assert_close(x0_hat, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("predicts", PREDICTS)
def test_a_level_for_each_sample_is_that_samples_level(tiny, predicts):
    network, schedule = tiny(predicts=predicts).double(), linear_beta()
    xt, t = torch.linspace(-2, 2, 6, dtype=DOUBLE).view(3, 2), torch.tensor([1, 400, 1000])
    together = network(xt, schedule.at(t, xt))
    for i in range(3):
        alone = network(xt[i : i + 1], Level(schedule.alpha[t[i]], schedule.sigma[t[i]]))
        # 1e-16, times sigma / alpha = 157 at t = T for eps
        torch.testing.assert_close(together[i : i + 1], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("predicts", ["eps", "v"])
def test_a_network_leaves_clean_data_alone(tiny, xt, predicts):
    network = tiny(predicts=predicts, data_std=2.0).double()
    torch.testing.assert_close(network(xt, of(1.0, 0.0)), xt, rtol=0, atol=1e-14)


def test_an_unknown_prediction_is_named(tiny):
    with pytest.raises(UserError, match=r"'noise'.*eps"):
        tiny(predicts="noise")
