"""Latent diffusion: the autoencoder, its centre and spread, and a file that needs no other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import opened
from torch.distributions import Normal, kl_divergence

from images.__main__ import main
from images.data.mnist import Digits, load, to_model, to_uint8
from images.latent import experiment, task
from images.latent.autoencoder_task import LATENT, divergence, load_autoencoder
from images.latent.experiment import (
    TOLD,
    LatentConfig,
    MeasureConfig,
    decoded,
    measure,
    pictures,
    sample,
    states,
)
from images.latent.table import (
    Row,
    Table,
    TableConfig,
    claims,
    million_macs,
    over_trainings,
    table,
    training_speeds,
    trainings_claim,
)
from images.metrics.classifier import build, features, load_classifier
from images.metrics.estimates import Estimate
from images.models import Model, load_model
from images.networks.autoencoder import CHANNELS, AutoencoderConfig
from images.training import runs
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, Session
from images.training.tasks import task_for
from playground.errors import UserError
from playground.levels import linear_beta, seeded
from playground.statistics import Difference
from playground.walk import final

CPU = torch.device("cpu")
TINY = TrainConfig(images=64, batch=32, width=8, blocks=1, T=50, task="autoencoder", size=4)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 200)


def trained(config: TrainConfig, digits: Digits, directory):
    session = Session(config, digits, directory, CPU)
    for _ in session.steps():
        pass
    session.save()
    session.preview()
    return directory / MODEL


@pytest.fixture(scope="module")
def path(digits, tmp_path_factory):
    """A latent model of two steps on an autoencoder of two steps, whose own file is gone by now."""
    first = trained(TINY, digits, tmp_path_factory.mktemp("autoencoder"))
    changes = {"task": "latent", "patch": 1, "using": str(first), "labels": True}
    second = trained(with_changes(TINY, **changes), digits, tmp_path_factory.mktemp("latent"))
    first.unlink()
    return second


@pytest.fixture(scope="module")
def model(path):
    return load_model(path)


# --- the autoencoder ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", CHANNELS)
def test_digits_come_back_in_their_own_size_at_every_f(f, digits):
    config = AutoencoderConfig(f=f, width=8)
    net, x = config.build(), to_model(digits.images[:3])
    assert net.encode(x).shape == (3, *config.shape) and net.decode(net.encode(x)).shape == x.shape
    assert config.shape[1:] == (32 // f, 32 // f)


def test_latents_are_centred_and_scaled_channel_by_channel_and_decoding_takes_it_back(digits):
    net, x = AutoencoderConfig(width=8).build(), to_model(digits.images)
    with torch.no_grad():
        raw = net.moments(x)[0]
        plain = net.raw_decoded(raw)
        latents = net.settle(x, batch=64)
        assert torch.allclose(latents.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
        assert torch.allclose(latents.std((0, 2, 3)), torch.ones(3), atol=1e-4)
        assert torch.allclose(net.encode(x), latents, atol=1e-4)
        assert torch.allclose(net.decode(latents), plain, atol=1e-4)


def test_the_divergence_is_that_of_two_gaussians():
    mean, log_variance = torch.randn(2, 4, 3, 2, 2, generator=seeded(0), dtype=torch.float64)
    exact = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros(()).double(), 1.0))
    assert torch.allclose(divergence(mean, log_variance), exact.flatten(1).mean(1))


def test_a_heavy_weight_of_kl_leaves_nothing_in_the_latents(digits, tmp_path):
    """Only pictures can pay for what the latents say: at weight 10 that is too dear, at 0 it is free."""
    said = []
    for kl in (0.0, 10.0):
        session = Session(with_changes(TINY, images=1920, kl=kl, lr=5e-3), digits, tmp_path / str(kl), CPU)
        for _ in session.steps():
            pass
        with torch.no_grad():
            mean, log_variance = session.trainee.net.moments(to_model(digits.images))
        said.append(float(divergence(mean, log_variance).mean()))
    assert said[1] < 0.02 < said[0]


# --- diffusion in latents -----------------------------------------------------------------------------------


def test_the_file_needs_no_other(model, digits):
    assert model.shape == (3, 8, 8) and model.config.kind == "latent" and not model.config.bounded
    x = to_model(digits.images)
    latents = model.part("autoencoder").encode(x)
    assert torch.allclose(latents.std((0, 2, 3)), torch.ones(3), atol=1e-4)


def test_decoding_listens_and_changes_nothing(model):
    config = LatentConfig(count=3, steps=6, frames=4, label=7, w=1.0)
    latents = final(states(model, config))
    pixels = final(decoded(model, states(model, config)))
    assert torch.equal(pixels, model.part("autoencoder").decode(latents))
    found = sample(model, config)
    assert found.film.xs.shape == (4, 3, 28, 28) and found.latents.shape == (4, 3, 8, 24)
    assert np.array_equal(found.latents[-1], pictures(latents).numpy())


def test_nothing_clips_latents(model):
    """Far from zero an estimate stays there: latents have no range."""
    level = model.schedule.level(1)
    far = torch.full((1, 3, 8, 8), 5.0)
    assert float(model.within(model.denoise)(far, level).max()) > 1


def test_measuring_sets_the_generated_beside_the_reconstructed(model, digits):
    found = measure(model, build(), digits, digits, MeasureConfig(50, 4))
    assert len(found.distances) == 6 and found.numbers == 192 and found.error.value > 0
    assert list(found.agreement) == list(TOLD.values())  # this model knows labels
    assert len(experiment.claims(found)) == 2
    assert found.psnr == pytest.approx(float(10 * np.log10(4 / found.error.value)), abs=1e-4)
    with pytest.raises(UserError, match="ask for fewer"):
        measure(model, build(), digits, digits, MeasureConfig(150, 4))


def test_every_digit_is_told_its_own_label(model):
    """A batch of mixed labels is the labels one by one, from the same noise."""
    config = LatentConfig(count=3, steps=4, label=0, w=1.0)
    mixed = final(states(model, config, torch.tensor([3, 7, 7])))
    for i, label in enumerate((3, 7, 7)):
        alone = final(states(model, replace(config, label=label)))
        assert torch.allclose(mixed[i], alone[i], atol=1e-4)


def test_the_shipped_latents_draw_the_class_that_is_asked_for():
    """Twenty labels, w = 1, read by the metrics' classifier; by chance fifteen are right once in 1e11 times."""
    model, labels = load_model(LATENT), torch.arange(20) % 10
    config = LatentConfig(count=20, steps=10, label=0, w=1.0)
    drawn = final(decoded(model, states(model, config, labels)))
    assert int((features(load_classifier(), to_uint8(drawn)).classes == labels).sum()) >= 15


def test_the_page_shows_latents_beside_what_they_decode_to(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    app = opened(Path(task.__file__).with_name("page.py"))
    found = app.session_state["latent-film"][1]
    assert found.film.images.shape == (16, 28, 28) and found.latents.shape[1:] == (16, 8, 24)
    assert (
        app.session_state["l-label"] == "none" and app.session_state["l-w"] == 0
    )  # the shipped one knows labels


# --- the command line ---------------------------------------------------------------------------------------


def test_the_command_writes_digits(path, tmp_path):
    words = ["latent", "--model", str(path), "--out", str(tmp_path), "--device", "cpu", "--steps", "3"]
    assert main([*words, "--count", "2", "--label", "3"]) == 0
    assert json.loads((tmp_path / "latent.json").read_text())["label"] == 3
    assert (tmp_path / "latent.png").is_file() and (tmp_path / "latent.gif").is_file()


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["sample"], "kind 'latent'"),
        (["inpaint"], "kind 'latent'"),
        (["reconstruct"], "brings no encoder"),
        (["latent", "--w", "2"], "no label was given"),
        (["latent", "--steps", "0"], "number of steps is 0"),
    ],
)
def test_what_cannot_be_is_a_sentence(path, tmp_path, capsys, words, sentence):
    assert main([*words, "--model", str(path), "--out", str(tmp_path), "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert sentence in said and len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "preset, f", [("latent-f2", 2), ("latent-f4", 4), ("latent-f4-labelled", 4), ("latent-f8", 8)]
)
def test_the_presets_build_on_the_shipped_autoencoder_of_their_f(preset, f):
    made = task_for(PRESETS[preset])
    assert made.autoencoder.config.f == f and made.model.shape == (CHANNELS[f], 32 // f, 32 // f)
    assert (made.model.told == ("label",)) == ("labelled" in preset)
    with pytest.raises(UserError, match="f = 3; known are 2, 4 and 8"):
        task_for(with_changes(PRESETS[preset], size=3))


def test_a_labelled_model_begins_as_the_unlabelled_one_that_it_builds_on(digits, tmp_path):
    """Whatever it is told: the label's rows start at zero."""
    first = trained(with_changes(TINY, task="latent", patch=1, size=0), digits, tmp_path)
    plain = load_model(first)
    config = with_changes(TINY, task="latent", patch=1, size=0, labels=True, using=str(first))
    net, level = task_for(config).build(seed=5), plain.schedule.level(20)
    x = torch.randn(2, 3, 8, 8, generator=seeded(0))
    with torch.no_grad():
        assert torch.equal(net.given(label=torch.tensor([3, 7]))(x, level), plain.denoise(x, level))
    with pytest.raises(UserError, match="another network"):
        task_for(with_changes(config, width=12)).build(0)


def test_files_that_hold_no_autoencoder_are_refused(digits, tmp_path):
    plain = trained(TrainConfig(images=32, batch=32, width=8, blocks=1, T=50), digits, tmp_path)
    with pytest.raises(UserError, match="is no autoencoder"):
        load_autoencoder(plain)
    with pytest.raises(UserError, match="There is no checkpoint"):
        load_autoencoder(tmp_path / "nothing.safetensors")
    with pytest.raises(UserError, match="f = 3; known are 2, 4 and 8"):
        AutoencoderConfig(f=3)


# --- pixels against latents ---------------------------------------------------------------------------------


def test_multiply_adds_are_counted_as_by_hand():
    """A single convolution, 1 -> 3 channels, 3 x 3, of 10 x 10 places: 27 multiply-adds at each."""
    net = torch.nn.Conv2d(1, 3, 3, padding=1)

    class Only:
        shape, device = (1, 10, 10), CPU

        class schedule:
            level = staticmethod(linear_beta().level)

        @staticmethod
        def denoise(x, level):
            return net(x)

    assert million_macs(Only()) == pytest.approx(27 * 100 / 1e6)


def test_latents_of_a_quarter_of_the_places_cost_a_quarter(model):
    """The same U-Net at 16 x 16 and at 8 x 8: convolutions cost by places, attention, of which is little, by more."""
    small, large = (
        Model(replace(model.config, shape=(3, side, side)), model.denoise, model.schedule, {})
        for side in (8, 16)
    )
    assert 3.5 < million_macs(large) / million_macs(small) < 6


def test_the_table_sets_pixels_beside_latents(model, digits, tmp_path):
    doubled = Digits(digits.images.repeat(3, 1, 1, 1), digits.labels.repeat(3), "test", "600 digits")
    plain = load_model(trained(TrainConfig(images=32, batch=32, width=8, blocks=1, T=50), digits, tmp_path))
    found = table(
        {"pixels": plain, "latents": model}, build(), doubled, doubled, TableConfig(250, 2, speed=0)
    )
    assert [row.numbers for row in found.rows.values()] == [784, 192]
    assert found.rows["latents"].million_macs < found.rows["pixels"].million_macs
    assert len(claims(found)) == 3 and "others" in claims(found)[0]
    with pytest.raises(UserError, match="ask for fewer"):
        table({"pixels": plain}, build(), digits, digits, TableConfig(250, 2))


def test_every_network_is_timed_while_it_trains(model):
    assert all(speed > 1 for speed in training_speeds({"latents": model}, 0.01).values())
    assert training_speeds({"latents": model}, 0) == {}


def test_latents_of_another_scale_decode_to_the_same_digits(digits):
    net, x = AutoencoderConfig(width=8).build(), to_model(digits.images[:50])
    with torch.no_grad():
        one = net.settle(x)
        back = net.decode(one)
        ten = net.settle(x, scale=10.0)
        assert torch.allclose(ten, 10 * one, atol=1e-3) and torch.allclose(net.decode(ten), back, atol=1e-4)
    with pytest.raises(UserError, match="leave the scale out"):
        with_changes(TINY, latent_scale=2.0)


def test_pairs_of_trainings_are_compared_by_students_interval():
    """Of two pairs whose distances differ by 1 and 2: 1.5 and 12.706 * 0.5 to each side (t of one degree)."""

    def row(value: float) -> Row:
        none = Difference(0, 0, 0)
        return Row(True, 1, 1, 1.0, 0.0, none, Estimate(value, value - 1, value + 1), Estimate(0, 0, 0))

    found = Table(TableConfig(250), {"a": row(2.0), "b": row(4.0), "c": row(1.0), "d": row(2.0)}, "cpu")
    apart = over_trainings(found, ["a", "b"], ["c", "d"])
    assert (apart.value, apart.high) == pytest.approx((1.5, 1.5 + 12.7062 * 0.5), rel=1e-4)
    said = trainings_claim(found, ["a", "b"], ["c", "d"])
    assert "mean 3.00" in said and "cannot be told at 2 pairs" in said
    with pytest.raises(UserError, match="spread needs two"):
        over_trainings(found, ["a"], ["c"])
