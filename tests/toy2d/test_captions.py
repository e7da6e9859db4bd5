"""DALL-E 2 in the plane: prior and decoder against closed forms, and what the text embedding does instead."""

from pathlib import Path

import pytest
import torch
from page_opened import opened

from playground.denoisers import score_of
from playground.errors import UserError
from playground.levels import CLEAN, Level, seeded
from playground.statistics import HOLDS
from toy2d.__main__ import main
from toy2d.captions.experiment import (
    ANY,
    SAMPLED,
    TEXT,
    UNTOLD,
    CaptionsConfig,
    Decoder,
    captions,
    embeddings_of,
    true_of,
)
from toy2d.mixture import Mixture, anisotropic_pair, ring

PAGE = Path(__file__).parents[2] / "toy2d" / "captions" / "page.py"
U, NOISE = torch.tensor([0.6, 0.8], dtype=torch.float64), 0.5


@pytest.fixture
def pair() -> Mixture:
    return anisotropic_pair(0.6).to(torch.float64)


def test_a_caption_keeps_the_modes_of_its_side():
    upper = true_of(ring(), "upper")
    assert (upper.means[:, 1] > 0).all() and upper.log_weights.exp().sum() == pytest.approx(1)
    assert true_of(ring(), ANY).K == ring().K
    with pytest.raises(UserError, match="No mode"):  # both modes lie on the line between the sides
        true_of(Mixture.of([[-3.0, 0.0], [3.0, 0.0]]), "upper")


def test_prior_and_decoder_make_the_joint_density(pair):
    """p(z) p(x | z) = p(x) N(z; u . x, noise^2), at any x and z."""
    x = torch.randn(50, 2, generator=seeded(0), dtype=torch.float64) * 3
    z = torch.randn(50, 1, generator=seeded(1), dtype=torch.float64) * 3
    decoder = Decoder.of(pair, U, NOISE, z)
    normal = torch.distributions.MultivariateNormal(decoder.means.permute(2, 0, 1), decoder.covariances)
    log_x_given_z = (decoder.log_weights.T + normal.log_prob(x[:, None])).logsumexp(1)
    left = embeddings_of(pair, U, NOISE).log_prob(z) + log_x_given_z
    right = pair.log_prob(x) + torch.distributions.Normal(x @ U, NOISE).log_prob(z[:, 0])
    torch.testing.assert_close(left, right, rtol=1e-6, atol=1e-6)


def test_the_decoder_denoises_as_the_gradient_of_its_density_says(pair):
    """Tweedie: x0_hat from autograd of the log density of p(xt | z)."""
    z, level = torch.tensor([[0.5], [-1.0], [2.0]], dtype=torch.float64), Level.of(0.7, 0.6)
    decoder = Decoder.of(pair, U, NOISE, z)
    xt = torch.randn(3, 2, generator=seeded(2), dtype=torch.float64).requires_grad_()
    noisy = 0.49 * decoder.covariances + 0.36 * torch.eye(2, dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(0.7 * decoder.means.permute(2, 0, 1), noisy)
    log_q = (decoder.log_weights.T + normal.log_prob(xt[:, None])).logsumexp(1).sum()
    wanted = torch.autograd.grad(log_q, xt)[0]
    torch.testing.assert_close(score_of(decoder)(xt.detach(), level), wanted)


def test_moments_of_prior_then_decoder_are_the_datas(pair):
    """E and Cov of x from exact draws of z and then x; 200,000 draws, 5 standard errors."""
    n, rng = 200_000, seeded(3)
    x = Decoder.of(pair, U, NOISE, embeddings_of(pair, U, NOISE).sample(n, rng)).sample(rng)
    w, d = pair.log_weights.exp(), pair.means - pair.mean()
    covariance = (w[:, None, None] * (pair.covariances + d[:, :, None] * d[:, None, :])).sum(0)
    assert ((x.mean(0) - pair.mean()).abs() < 5 * (covariance.diagonal() / n).sqrt()).all()
    # Var of a product of two coordinates is at most 3 times the product of variances, if tails are normal or lighter
    allowed = 5 * (3 * torch.outer(covariance.diagonal(), covariance.diagonal()) / n).sqrt()
    assert ((torch.cov(x.T) - covariance).abs() < allowed).all()


def test_a_drawn_z_gives_the_caption_its_points_and_the_text_embedding_does_not():
    found = captions(CaptionsConfig(steps=40, particles=4000))
    drawn, text = found.ways[SAMPLED], found.ways[TEXT]
    assert drawn.above.low < 0.05  # within the floor, but for what 40 steps leave
    assert found.verdict == HOLDS and text.above.low > 0.5
    assert (
        found.ways[UNTOLD].xs[-1][:, 1].min() < -2
    )  # without the caption, points of the other side come, too
    assert drawn.likely == pytest.approx(found.likely, abs=0.15)
    # all of its points have one z, so along u they spread as one mode's do given z, and not as the ring
    assert text.xs[-1][:, 0].std() < 0.3 < 2 < found.exact[:, 0].std()


def test_where_z_says_nothing_the_text_embedding_does_no_harm():
    found = captions(CaptionsConfig(steps=40, particles=4000, noise=100.0))
    assert found.verdict != HOLDS or found.ways[TEXT].above.value < 0.05


def test_the_page_and_the_command_say_the_verdict(tmp_path, capsys):
    app = opened(PAGE)
    assert any("Claim: the text embedding" in text.value for text in app.markdown)
    options = ["--particles", "400", "--steps", "10", "--out", str(tmp_path)]
    assert main(["caption-twin", *options]) == 0
    assert "farther than the floor" in capsys.readouterr().out
    assert {path.suffix for path in tmp_path.glob("caption-twin.*")} == {".png", ".gif", ".json"}


def test_the_clean_level_returns_the_point_itself(pair):
    z = torch.zeros(4, 1, dtype=torch.float64)
    x = torch.randn(4, 2, generator=seeded(5), dtype=torch.float64)
    torch.testing.assert_close(Decoder.of(pair, U, NOISE, z)(x, CLEAN.to(x)), x)
