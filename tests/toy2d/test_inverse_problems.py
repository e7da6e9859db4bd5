"""Inverse problems: the posterior against importance sampling, the factor of two, the first step, refusals."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import opened

from playground.claims import in_words
from playground.errors import UserError
from playground.levels import Level, seeded
from playground.statistics import FAILS, HOLDS, equals, ratio_of_means
from toy2d.__main__ import main
from toy2d.conditional import given, posterior, told
from toy2d.inverse_problems.experiment import OPERATORS, InverseConfig, claims, inverse
from toy2d.mixture import Mixture, anisotropic_pair

PAGE = Path(__file__).parents[2] / "toy2d" / "inverse_problems" / "page.py"
MIXTURE = anisotropic_pair(0.6).to(torch.float64)


def tensors(name, noise):
    A = torch.tensor(OPERATORS[name], dtype=torch.float64)
    return A, torch.full((len(A),), noise, dtype=torch.float64)


@pytest.mark.parametrize("name, y", [("sum", [[0.5]]), ("x", [[1.0]]), ("both", [[0.5, -0.5]])])
def test_the_posterior_is_that_of_importance_sampling(name, y):
    """Samples of the data, weighted by p(y | x): mean and variance within four of their standard errors."""
    A, std = tensors(name, 1.0)
    y = torch.tensor(y, dtype=torch.float64)
    x = MIXTURE.sample(400_000, seeded(0))
    w = (-((y - x @ A.T) ** 2).sum(1) / 2).softmax(0)
    found, mean = posterior(MIXTURE, A, std, y), w @ x
    error = (w.square() @ (x - mean).square()).sqrt()
    assert bool(((found.mean()[0] - mean).abs() < 4 * error).all())
    lengths = (x - mean).square().sum(1)
    variance = w @ lengths
    assert abs(float(found.variance()[0] - variance)) < 4 * float(
        (w.square() @ (lengths - variance) ** 2).sqrt()
    )


def test_hardly_any_noise_is_the_exact_conditional():
    """x measured with a noise of 1e-4 leaves `given(mixture, 0, value)` for y."""
    A, std = tensors("x", 1e-4)
    found = posterior(MIXTURE, A, std, torch.tensor([[0.7]], dtype=torch.float64))
    line = given(MIXTURE, 0, 0.7)
    assert float(found.mean()[0, 1]) == pytest.approx(float(line.mean()[0]), abs=1e-5)
    assert torch.allclose(found.log_weights[0], line.log_weights, atol=1e-5)


def test_the_told_denoiser_is_the_posteriors_own_by_tweedie():
    """E[x0 | xt, y] = (xt + sigma**2 grad log p(xt | y)) / alpha, the gradient by autograd."""
    A, std = tensors("sum", 0.8)
    y, level = torch.tensor([[0.4]], dtype=torch.float64), Level.of(0.8, 0.6)
    one, here = posterior(MIXTURE, A, std, y), level.to(torch.zeros((), dtype=torch.float64))
    xt = torch.randn((5, 2), generator=seeded(0), dtype=torch.float64).requires_grad_()
    score = torch.autograd.grad(
        Mixture(one.means[0], one.covariances, one.log_weights[0]).log_prob(xt, here).sum(), xt
    )[0]
    expected = (xt + here.sigma**2 * score) / here.alpha
    assert torch.allclose(told(MIXTURE, A, std, y.expand(5, 1))(xt.detach(), here), expected, atol=1e-9)


def test_the_first_step_from_pure_noise_is_the_regression():
    """Where alpha is 0 exactly; on DDPM's schedule, which ends at 0.006, within a few per cent."""
    A, std = tensors("sum", 1.0)
    y = torch.randn((50, 1), generator=seeded(1), dtype=torch.float64)
    noise = torch.randn((50, 2), generator=seeded(2), dtype=torch.float64)
    said = told(MIXTURE, A, std, y)(noise, Level.of(0.0, 1.0))
    assert torch.allclose(said, posterior(MIXTURE, A, std, y).mean(), atol=1e-12)
    assert inverse(InverseConfig(problems=200, steps=5, samples=1)).first < 0.05


def test_a_posterior_sample_has_exactly_twice_the_least_error():
    found = inverse(InverseConfig(problems=4_000, steps=2, samples=4))
    exact = found.methods[0]
    assert abs(exact.ratio.value - 2) < 4 * (exact.ratio.high - exact.ratio.value) / 1.96
    assert exact.ratio.high - exact.ratio.low < 0.4
    # the mean of K samples: 1 + 1/K; its standard error is below that of the ratio, 0.05
    assert exact.means[-1] == pytest.approx(1.25, abs=0.15)
    assert found.least.low - 0.1 < found.closed < found.least.high + 0.1


def test_more_steps_bring_the_told_walk_to_two():
    """DDPM's step at few steps has too little noise; at 100 the ratio is nearer to 2 than at 5."""
    few, many = (
        inverse(InverseConfig(problems=1_000, steps=steps, samples=2)).methods[1].ratio.value
        for steps in (5, 100)
    )
    assert abs(many - 2) < abs(few - 2) and many == pytest.approx(2, abs=0.25)


def test_a_ratio_of_means_and_its_verdict():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        b = rng.exponential(1.0, 400)
        a = b + rng.exponential(1.0, 400)
        inside += equals(2.0, ratio_of_means(a, b)) == "holds"
    assert 178 <= inside <= 199  # 190 expected of 200, standard deviation 3
    with pytest.raises(UserError, match="two pairs"):
        ratio_of_means(np.ones(1), np.ones(1))


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"seen": "z"}, "What is seen is 'z'"),
        ({"noise": 0.0}, "noise in what is seen is 0"),
        ({"zeta": -1.0}, "zeta is -1"),
    ],
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        InverseConfig(**wrong)


def test_command_and_page(tmp_path, capsys):
    few = ["--problems", "50", "--samples", "2", "--steps", "5", "--out", str(tmp_path)]
    assert main(["inverse", *few]) == 0
    assert "twice the least squared error" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "inverse.json").read_text())["claims"]) == 4
    app = opened(PAGE)
    first, *others = claims(InverseConfig(), app.session_state["inverse"][1])
    shown = {block.value for block in app.markdown}
    assert set(map(in_words, others)) <= shown
    assert any(first.words in value and f"**{first.verdict}.**" in value for value in shown)


def test_one_step_is_the_regression_and_no_sample_of_the_posterior():
    """Its squared error is the least there is, once and not twice; the lecture's own number of steps gives both."""
    config = InverseConfig(steps=1, problems=300, samples=2)
    assert claims(config, inverse(config))[0].verdict == FAILS
    many = replace(config, steps=200)
    assert claims(many, inverse(many))[0].verdict == HOLDS
