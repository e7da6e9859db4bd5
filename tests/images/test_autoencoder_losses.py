"""The autoencoder's perceptual and adversarial losses, on digits: what they see, and a run that survives a kill."""

from itertools import islice

import pytest
import torch

from images.data.mnist import Digits, load, to_model
from images.latent.autoencoder_task import AutoencoderTask, load_autoencoder
from images.latent.perception_task import PERCEPTION, load_perception
from images.metrics.classifier import features, load_classifier
from images.networks.autoencoder import AutoencoderConfig
from images.networks.perception import PatchCritic, PerceptionConfig, perceptual_distance
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, RESUME, Session
from playground.checkpoint import load_checkpoint
from playground.errors import UserError
from playground.levels import seeded
from playground.statistics import wilson
from playground.training import weights_from

CPU = torch.device("cpu")
STEPS = 6
TINY = with_changes(PRESETS["autoencoder-f4-adversarial"], images=16 * STEPS, batch=16, width=8, T=50)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 200)


# --- the perceptual distance --------------------------------------------------------------------------------


def test_the_shipped_eyes_know_digits_and_are_not_those_of_the_metrics():
    test = load("test", download=False).part(0, 1000)
    net, metrics = load_perception(), load_classifier()
    right = net(to_model(test.images)).argmax(1) == test.labels
    assert float(right.double().mean()) > 0.97
    sizes = {sum(p.numel() for p in one.parameters()) for one in (net, metrics)}
    assert len(sizes) == 2 and PERCEPTION.stat().st_size < 100_000
    assert not any(p.requires_grad for p in net.parameters())


def test_a_distance_of_alike_digits_is_zero_and_of_scaled_features_too(digits):
    net, x = load_perception(), to_model(digits.images[:4])
    assert torch.equal(perceptual_distance(net, x, x), torch.zeros(4))
    assert bool((perceptual_distance(net, x, x.roll(1, 0)) > 0.01).all())
    assert torch.allclose(
        perceptual_distance(net, x, x.roll(1, 0)), perceptual_distance(net, x.roll(1, 0), x)
    )


def test_blur_of_the_same_squared_error_looks_worse_than_a_change_of_gray(digits):
    """Of two changes with equal squared error blur is the more visible one, in most of 100 digits:
    Wilson's 95 % interval of the share lies above one half.
    """
    x = to_model(digits.images[:100])
    blurred = torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    error = (blurred - x).square().flatten(1).mean(1).sqrt()[:, None, None, None]
    paler = x - error * (x + 1) / (x + 1).square().flatten(1).mean(1).sqrt()[:, None, None, None]
    assert torch.allclose(
        (paler - x).square().mean((1, 2, 3)), (blurred - x).square().mean((1, 2, 3)), rtol=1e-4
    )
    net = load_perception()
    share = (perceptual_distance(net, x, blurred) > perceptual_distance(net, x, paler)).double().mean()
    assert wilson(float(share), len(x))[0] > 0.5


# --- the critic ---------------------------------------------------------------------------------------------


def test_a_score_depends_on_its_patch_of_twelve_pixels_and_on_the_whole_only_by_the_normalisation():
    """Without the normalisation the field is 12 x 12 exactly, by autograd."""
    critic = PatchCritic(8)
    critic.norm = torch.nn.Identity()
    x = torch.randn(1, 1, 28, 28, generator=seeded(0), requires_grad=True)
    scores = critic(x)
    assert scores.shape == (1, 14, 14)
    scores[0, 7, 7].backward()
    rows, columns = x.grad[0, 0].nonzero().T
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == 12


# --- the loss -----------------------------------------------------------------------------------------------


def test_at_the_decoders_last_layer_the_critic_pulls_as_hard_as_it_is_told(digits):
    """|gradient of the adversarial part| = weight * |gradient of the faithful part|, unless the clamp says less."""
    x = to_model(digits.images[:16])
    with weights_from(0):
        net, critic = AutoencoderConfig(width=8).build(), PatchCritic()
    torch.nn.init.normal_(net.last.weight, std=0.02, generator=seeded(1))  # it starts at zero
    config = AutoencoderConfig(width=8)

    def gradient(adversarial: float, judge: PatchCritic | None) -> torch.Tensor:
        task = AutoencoderTask(config, kl=0.0, perceptual=0.1, adversarial=adversarial)
        loss = task.makers_loss()(net, judge, x, seeded(3)).mean()
        return torch.autograd.grad(loss, net.last.weight)[0]

    plain = gradient(0.5, None)
    for weight in (0.5, 1.0):
        pulled = gradient(weight, critic) - plain
        assert float(pulled.norm() / plain.norm()) == pytest.approx(weight, rel=1e-3)


def test_a_run_that_was_stopped_before_and_after_the_critic_came_ends_with_the_same_bits(digits, tmp_path):
    whole = Session(TINY, digits, tmp_path / "whole", CPU)
    list(whole.steps())
    whole.save()
    assert whole.trainee.starts == STEPS // 3
    for stop in (1, STEPS // 3, STEPS - 2):  # before it, at its first step, with it
        directory = tmp_path / str(stop)
        first = Session(TINY, digits, directory, CPU)
        list(islice(first.steps(), stop))
        first.save()
        second = Session(TINY, digits, directory, CPU)
        second.resume()
        assert second.trainee.step == stop
        list(second.steps())
        second.save()
        for name in (RESUME, MODEL):
            one, two = load_checkpoint(tmp_path / "whole" / name)[0], load_checkpoint(directory / name)[0]
            assert one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)
    assert any(key.startswith("critic.net.") for key in load_checkpoint(tmp_path / "whole" / RESUME)[0])
    assert not any("critic" in key for key in load_checkpoint(tmp_path / "whole" / MODEL)[0])


def test_what_was_trained_with_a_critic_is_an_autoencoder_like_any_other(digits, tmp_path):
    session = Session(TINY, digits, tmp_path, CPU)
    list(session.steps())
    session.save()
    session.preview()
    net = load_autoencoder(tmp_path / MODEL)
    assert net.decode(net.encode(to_model(digits.images[:2]))).shape == (2, 1, 28, 28)
    assert len(features(load_classifier(), digits.images[:2])) == 2


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"perceptual": -1.0}, "weight of the perceptual loss"),
        ({"adversarial": 11.0}, "weight of the adversarial loss"),
        ({"critic_from": 1.0}, "share of the run"),
        ({"task": "digits"}, "Only autoencoders have"),
    ],
)
def test_what_cannot_be_is_a_sentence(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        with_changes(TINY, **changes)


def test_files_that_hold_no_eyes_are_refused(digits, tmp_path):
    session = Session(TrainConfig(images=32, batch=32, width=8, blocks=1, T=50), digits, tmp_path, CPU)
    session.save()
    with pytest.raises(UserError, match="is no network of perception"):
        load_perception(tmp_path / MODEL)
    with pytest.raises(UserError, match="width"):
        PerceptionConfig(width=1)
