"""Palette: only the hole counts, what is known stays, and the factor of two where the truth is known."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from page_opened import opened

from images.__main__ import main
from images.data.mnist import load
from images.metrics.estimates import decibels
from images.models import load_model
from images.palette.experiment import PaletteConfig, Restored, measure, restore
from images.palette.task import SHIPPED
from images.training.presets import PRESETS
from images.training.tasks import task_for
from playground.errors import UserError
from playground.levels import linear_beta, seeded
from playground.objectives import Batch, ddpm_simple, per_dimension
from playground.training import Trainee, train

WING = Path(__file__).parents[2] / "images"


def test_only_where_x0_is_to_be_made_counts():
    """The loss of a batch with a hole is that of the hole's own numbers, per number."""
    x0 = torch.randn((6, 1, 4, 4), generator=seeded(0), dtype=torch.float64)
    where = torch.zeros((6, 1, 4, 4), dtype=torch.bool)
    where[..., :2] = True

    def zero(xt, level):
        return torch.zeros_like(xt)

    loss = per_dimension(ddpm_simple(linear_beta(50)))
    masked = loss(zero, Batch(x0, where=where), seeded(1))
    # eps_hat - eps = alpha (x0 - x0_hat) / sigma: wrong by alpha x0 / sigma in the hole, and nowhere else
    outside = x0.clone()
    outside[~where] = 0
    whole = loss(zero, Batch(outside), seeded(1))
    assert torch.allclose(masked, 2 * whole)


def test_training_falls_and_the_preview_is_in_colour():
    config = replace(PRESETS["palette"], images=640, batch=16, width=8)
    task, digits = task_for(config), load("train", download=False)
    net = task.build(0)
    trainee, losses = Trainee(net, config.recipe), []
    for progress in train(trainee, task.batches(digits, 16, torch.device("cpu")), task.loss()):
        losses.append(float(progress.loss))
    assert sum(losses[-8:]) < 0.8 * sum(losses[:8])
    sheet = task.preview(net.eval().requires_grad_(False), torch.device("cpu"))
    assert sheet.ndim == 3 and sheet.shape[2] == 3


def test_a_posterior_sample_has_twice_the_least_error():
    """x | y ~ N(y, s^2): the regression is y, samples are drawn from it; by the closed form 2, and 1 + 1/K for the "
    "mean."""
    rng, s, N, K = seeded(0), 0.3, 300, 4
    y = torch.randn((N, 3, 8, 8), generator=rng)
    truth = y + s * torch.randn(y.shape, generator=rng)
    samples = torch.stack([y + s * torch.randn(y.shape, generator=rng) for _ in range(K)])
    found = Restored(
        truth, y, y, samples, torch.ones((N, 1, 8, 8), dtype=torch.bool), torch.zeros(N, dtype=torch.long)
    )

    import images.palette.experiment as module

    kept, module.read = module.read, lambda *_: (0.0, 0.0, 1.0)
    try:
        m = measure(found, None)
    finally:
        module.read = kept
    # 57,600 numbers: standard errors of the ratios below 0.01
    assert m.ratio == pytest.approx(2, abs=0.04) and abs(m.ratio - 2) < 4 * m.ratio_se + 1e-9
    assert m.mean / m.regression == pytest.approx(1 + 1 / K, abs=0.04)
    assert m.regression == pytest.approx(s**2, rel=0.03)


def test_psnr_is_peak_to_peak():
    assert decibels(torch.tensor(4.0)) == pytest.approx(0) and decibels(torch.tensor(0.04)) == pytest.approx(
        20
    )


@pytest.mark.skipif(not SHIPPED.is_file(), reason="no shipped palette model")
def test_what_is_known_stays_to_the_last_digit():
    model, digits = load_model(SHIPPED), load("test", download=False)
    found = restore(model, digits, PaletteConfig("inpainting", digits=3, samples=2, steps=3))
    known = ~found.hole.expand_as(found.truth)
    for made in (*found.samples, found.regression):
        assert torch.allclose(made[known], found.truth[known], atol=1e-6)


@pytest.mark.parametrize(
    "wrong, words", [({"task": "blur"}, "The task is 'blur'"), ({"digits": 0}, "number of digits is 0")]
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        PaletteConfig(**wrong)


@pytest.mark.skipif(not SHIPPED.is_file(), reason="no shipped palette model")
def test_command_and_page(tmp_path, capsys):
    few = ["--digits", "10", "--samples", "2", "--steps", "2", "--out", str(tmp_path)]
    assert main(["palette", "--task", "jpeg", *few]) == 0
    assert "factor of two" in capsys.readouterr().out and (tmp_path / "jpeg.png").is_file()
    opened(WING / "palette" / "page.py")
