"""The prior of z: its numbers are the autoencoder's, and it belongs to one autoencoder only."""

import json

import pytest
import torch

from images.__main__ import main
from images.data.mnist import Digits, load, to_model
from images.diffusion_autoencoder.drawing import DrawConfig, QualityConfig, claims, draw, drawn_codes, quality
from images.diffusion_autoencoder.experiment import codes
from images.diffusion_autoencoder.prior_task import SHIPPED, require_made_for
from images.diffusion_autoencoder.task import SHIPPED as AUTOENCODER
from images.metrics.classifier import build
from images.models import load_model
from images.networks.code_prior import NormaliserConfig
from images.training.config import with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, Session
from playground.errors import UserError
from playground.levels import seeded


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 400)


@pytest.fixture(scope="module")
def model():
    return load_model(AUTOENCODER)


def test_normalised_codes_have_mean_zero_and_variance_one_and_come_back():
    z = 3 + torch.randn(500, 4, generator=seeded(0)) * torch.tensor([1.0, 2.0, 5.0, 0.1])
    normaliser = NormaliserConfig(4).build()
    normal = normaliser.settle(z)
    assert torch.allclose(normal.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(normal.std(0), torch.ones(4), atol=1e-5)
    assert torch.allclose(normaliser.decode(normal), z, atol=1e-5)


def test_a_trained_prior_brings_its_normaliser_and_names_its_autoencoder(model, digits, tmp_path):
    config = with_changes(PRESETS["z-prior"], images=400, width=16, blocks=1, T=20)
    session = Session(config, digits, tmp_path, torch.device("cpu"))
    for _ in session.steps():
        pass
    session.save()
    session.preview()
    z_prior = load_model(tmp_path / MODEL)
    z = codes(model, to_model(digits.images))
    assert torch.allclose(z_prior.part("normaliser").centre, z.mean(0), atol=1e-4)
    assert z_prior.shape == (32,) and z_prior.config.kind == "z-prior" and not z_prior.config.bounded
    require_made_for(z_prior, model)
    with pytest.raises(UserError, match="another diffusion autoencoder"):
        require_made_for(z_prior, load_model())


def test_the_shipped_prior_draws_codes_as_wide_as_those_of_digits(model, digits):
    """Means and deviations of 2,000 draws against 2,000 of the training digits that it learned from."""
    seen = load("train", download=False).part(0, 2000)
    z, drawn = codes(model, to_model(seen.images)), drawn_codes(load_model(SHIPPED), 2000, 20, seeded(0))
    std = z.std(0)
    assert ((drawn.mean(0) - z.mean(0)) / std).abs().max() < 0.3
    assert (drawn.std(0) / std).log().abs().max() < 0.35


def test_draws_are_as_near_to_the_training_digits_as_the_writers_of_the_test_digits_are_not(model):
    """In one number of z the first 5,000 test digits are 0.4 standard deviations off, the rest as much the other way:
    other people wrote them.  The prior is on the side of all digits.
    """
    train, test = load("train", download=False).part(0, 8000), load("test", download=False)
    if len(test) < 10_000:
        pytest.skip("needs all test digits, in their order")
    z = codes(model, to_model(train.images))
    halves = [codes(model, to_model(test.part(start, 5000).images)).mean(0) for start in (0, 5000)]
    drawn = drawn_codes(load_model(SHIPPED), 4000, 50, seeded(0)).mean(0)
    off, first, second = ((mean - z.mean(0)) / z.std(0) for mean in (drawn, *halves))
    number = first.abs().argmax()
    assert first[number] * second[number] < 0 and float(first[number].abs()) > 0.25
    assert float(off[number].abs()) < float(first[number].abs()) / 2


def test_drawing_repeats_and_measuring_judges(model, digits):
    z_prior, config = load_model(SHIPPED), DrawConfig(count=3, z_steps=5, steps=4, frames=3)
    one, two = draw(model, z_prior, config), draw(model, z_prior, config)
    assert (
        one.film.xs.shape == (3, 3, 28, 28) and (one.film.xs == two.film.xs).all() and one.z.shape == (3, 32)
    )
    found = quality(model, z_prior, build(), digits, digits, QualityConfig(20, 5, 3))
    assert len(found.distances) == 5 and all("FCD" in claim for claim in claims(found))


def test_the_command_writes_digits_and_refuses_another_models_prior(tmp_path, capsys):
    words = [
        "sample-z",
        "--count",
        "2",
        "--steps",
        "3",
        "--z-steps",
        "4",
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
    ]
    assert main(words) == 0
    assert len(json.loads((tmp_path / "from-z.json").read_text())["z"]) == 2
    assert main([*words, "--prior", str(AUTOENCODER)]) == 2
    assert "choose the one it was made for" in capsys.readouterr().err
