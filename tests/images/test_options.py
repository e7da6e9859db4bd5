"""The recipe's options: each reaches the network, bad ones are refused, and older runs go on."""

import json

import pytest
import torch

from images.__main__ import main
from images.data.mnist import load
from images.models import load_model
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, RESUME, Session
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError

CPU = torch.device("cpu")
TINY = TrainConfig(images=64, batch=32, width=8, blocks=1, T=50)


@pytest.fixture(scope="module")
def digits():
    return load("train", download=False)


@pytest.mark.parametrize(
    "bad", [{"patch": 3}, {"patch": 0}, {"predicts": "score"}, {"ema": 1.0}, {"ema": -0.1}]
)
def test_bad_options_are_refused(bad):
    with pytest.raises(UserError, match=r"choose one|is usual|choose a value in that range"):
        TrainConfig(**bad)


@pytest.mark.parametrize(
    "changes", [{"patch": 1}, {"predicts": "eps"}, {"predicts": "x0"}, {"net": "dilated"}]
)
def test_a_model_comes_back_as_it_was_trained(digits, tmp_path, changes):
    """The file says how to build the network; loaded, it denoises as the averaged weights did."""
    session = Session(with_changes(TINY, **changes), digits, tmp_path, CPU)
    for _ in session.steps():
        pass
    session.save()
    model = load_model(tmp_path / MODEL)
    net = session.trainee.net
    net.load_state_dict(session.trainee.averaged())
    x, level = torch.linspace(-1, 1, 2 * 784).view(2, 1, 28, 28), model.schedule.level(30)
    with torch.no_grad():
        assert torch.equal(model.denoise(x, level), net.eval()(x, level))
    assert model.config.predicts == changes.get("predicts", "v")
    assert model.config.net.patch == changes.get("patch", 2)


@pytest.mark.parametrize("net", ["unet", "dilated"])
@pytest.mark.parametrize("width", [5, 28, 44, 56])
def test_any_width_makes_a_network(net, width):
    """Groups and heads must divide the channels, whatever their number."""
    built = with_changes(TINY, net=net, width=width).model.build()
    assert built.net(torch.zeros(2, 1, 28, 28), torch.zeros(2)).shape == (2, 1, 28, 28)


@pytest.mark.parametrize("net", ["unet", "dilated"])
@pytest.mark.parametrize("changes", [{"width": 0}, {"width": 1000}, {"blocks": 0}, {"blocks": 17}])
def test_a_size_that_is_none_is_refused(net, changes):
    with pytest.raises(UserError, match="choose a value"):
        with_changes(TINY, net=net, **changes)


def test_without_an_average_the_model_has_the_last_weights(digits, tmp_path):
    session = Session(with_changes(TINY, ema=0.0), digits, tmp_path, CPU)
    for _ in session.steps():
        pass
    last = session.trainee.net.state_dict()
    assert all(torch.equal(value, last[name]) for name, value in session.trainee.averaged().items())


def test_a_run_from_before_an_option_existed_goes_on(digits, tmp_path):
    """Its checkpoint lacks the field; what it was trained with is the default."""
    session = Session(TINY, digits, tmp_path, CPU)
    next(session.steps())
    session.save()
    tensors, about = load_checkpoint(tmp_path / RESUME)
    del about["config"]["patch"]
    save_checkpoint(tmp_path / RESUME, tensors, about)
    again = Session(TINY, digits, tmp_path, CPU)
    again.resume()
    assert again.trainee.step == 1
    with pytest.raises(UserError, match="other settings"):
        Session(with_changes(TINY, patch=1), digits, tmp_path, CPU).resume()


def test_the_presets_say_what_they_are_for():
    assert {"look", "cpu-quick", "cpu", "gpu-minute", "gpu"} <= PRESETS.keys()
    assert PRESETS["gpu-minute"].images < PRESETS["gpu"].images


def test_bad_words_on_the_command_line_are_one_line(capsys):
    with pytest.raises(SystemExit) as error:
        main(["train", "--net", "resnet"])
    assert error.value.code == 2
    assert json.dumps(capsys.readouterr().err).count("\\n") == 1
