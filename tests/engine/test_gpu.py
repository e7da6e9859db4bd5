"""What only a CUDA GPU can show: python -m pytest -m gpu."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks import limits
from images.data.mnist import load
from images.generate.experiment import SampleConfig, sample
from images.models import load_model
from images.training.config import TrainConfig
from images.training.session import MODEL, Session, run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
]
GPU = torch.device("cuda")
SMALL = TrainConfig(images=64 * 150, batch=64, width=16, blocks=1)


@pytest.mark.parametrize("compiled", [False, True])
def test_training_in_bfloat16_learns_and_its_model_opens_on_the_cpu(tmp_path, compiled):
    session, losses = Session(replace(SMALL, compiled=compiled), load("train"), tmp_path, GPU), []
    assert run(session, report=lambda p: losses.append(float(p.loss)), stopped=lambda: False)
    assert sum(losses[-20:]) < 0.7 * sum(losses[:20])  # on a CPU the last losses are a fifth of the first
    model = load_model(tmp_path / MODEL)
    assert sample(model, SampleConfig(count=2, steps=2)).images.shape == (2, 28, 28)


def test_the_shipped_model_denoises_on_the_gpu_as_on_the_cpu():
    """TF32 is off by default for products and on for convolutions, which keeps ten bits: a few thousandths of x0."""
    here, there = load_model(), load_model(device=GPU)
    level = here.schedule.level(500)
    x = torch.randn(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        there.denoise(x.to(GPU), level).cpu(), here.denoise(x, level), atol=0.03, rtol=0
    )


def test_same_seed_same_digits():
    model = load_model(device=GPU)
    one, two = (sample(model, SampleConfig(count=4, steps=10, seed=3)).images for _ in range(2))
    assert (one == two).mean() > 0.99  # the choice of a convolution's algorithm may turn a last bit


def test_the_limits_are_measured_on_the_gpu(tmp_path):
    """A product on the card beats a core's 1e11 multiply-adds a second by far: its clock waits for the card."""
    out = tmp_path / "limits.json"
    assert limits.main(["--device", "cuda", "--rounds", "1", "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert 1e12 < result["rates"]["multiply_adds"] < 1e16
    assert all(0 < row["limit"] < row["seconds"] for row in result["rows"])
