"""Model files whose header lies, and the rules that both wings share."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from images.metrics.classifier import SHIPPED as CLASSIFIER
from images.metrics.classifier import card, load_classifier
from images.models import SHIPPED, ModelConfig, load_model
from playground.denoisers import NetworkDenoiser
from playground.devices import device_named, devices
from playground.errors import UserError, require_folder_name, require_range, require_seed, require_whole
from toy2d import net


def rewritten(source, target, change):
    """A copy of a checkpoint whose description was changed by hand, as from before there were checksums."""
    with safe_open(source, framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about.pop("checksum", None)
    change(about)
    save_file(tensors, target, metadata={"about": json.dumps(about)})
    return target


def refused(load, path) -> str:
    with pytest.raises(UserError) as error:
        load(path)
    sentence = str(error.value)
    assert str(path) in sentence and "\n" not in sentence and len(sentence) < 600
    return sentence


IMAGE = {
    "format": (lambda a: a.update(format=7), "format 7"),
    "no model": (lambda a: a.pop("model"), "no image model"),
    "model is a list": (lambda a: a.update(model=[]), ""),
    "net is text": (lambda a: a["model"].update(net="unet"), ""),
    "T as text": (lambda a: a["model"].update(T="1000"), "T is '1000'"),
    "T of a billion": (lambda a: a["model"].update(T=10**9), "from 1 to 10,000"),
    "T true": (lambda a: a["model"].update(T=True), "whole number"),
    "gigabytes": (lambda a: a["model"]["net"].update(width=512, blocks=16), "does not fit"),
    "more than gigabytes": (lambda a: a["model"]["net"].update(width=10**6), "from 4 to 512"),
    "width as text": (lambda a: a["model"]["net"].update(width="48"), "whole number"),
    "a wider network": (lambda a: a["model"]["net"].update(width=56), "does not fit"),
    "another kind": (lambda a: a["model"]["net"].update(kind="cat"), "known are unet, dilated"),
    "kind is a list": (lambda a: a["model"]["net"].update(kind=[]), "known are unet, dilated"),
    "patch": (lambda a: a["model"]["net"].update(patch=0), "patch is 0"),
    "predicts": (lambda a: a["model"].update(predicts="cats"), "known are"),
    "schedule": (lambda a: a["model"].update(schedule={}), "known are linear, cosine"),
    "unknown field": (lambda a: a["model"].update(colour="red"), "colour"),
}


@pytest.mark.parametrize("kind", IMAGE)
def test_an_image_model_whose_header_lies_is_refused_before_anything_is_built(tmp_path, kind, monkeypatch):
    def built(*args):
        raise AssertionError("the network was built")

    monkeypatch.setattr(ModelConfig, "build", built)
    monkeypatch.setattr(ModelConfig, "build_schedule", built)
    change, told = IMAGE[kind]
    assert told in refused(load_model, rewritten(SHIPPED, tmp_path / "model", change))


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    config = net.LearnConfig(points=50, steps=2, width=8)
    return net.learn(config).save(tmp_path_factory.mktemp("plane") / "score.safetensors")


PLANE = {
    "format": (lambda a: a.update(format=2), "format 2"),
    "no score": (lambda a: a.pop("learn"), "no score"),
    "data_std 0": (lambda a: a.update(data_std=0), "standard deviation is 0"),
    "data_std NaN": (lambda a: a.update(data_std=float("nan")), "standard deviation is nan"),
    "data_std as text": (lambda a: a.update(data_std="1"), "standard deviation is '1'"),
    "no data_std": (lambda a: a.pop("data_std"), "data_std"),
    "width": (lambda a: a["learn"].update(width=9), "does not fit"),
    "huge width": (lambda a: a["learn"].update(width=10**9), "from 4 to 1,024"),
    "mixture": (lambda a: a["learn"].update(mixture=[]), ""),
    "pi": (lambda a: a["learn"]["mixture"].update(pi=2), "strictly between 0 and 1"),
    "seed": (lambda a: a["learn"].update(seed=2**40), "The seed"),
}


@pytest.mark.parametrize("kind", PLANE)
def test_a_score_of_the_plane_whose_header_lies_is_refused(plane, tmp_path, kind):
    change, told = PLANE[kind]
    assert told in refused(net.load, rewritten(plane, tmp_path / "score", change))


def test_files_with_and_without_a_format_load(plane, tmp_path):
    with_it, without = (
        net.load(plane),
        net.load(rewritten(plane, tmp_path / "old", lambda a: a.pop("format"))),
    )
    x = torch.ones(3, 2)
    level = with_it.denoise, without.denoise
    one, other = (d(x, net.Level.of(sigma=1.0)) for d in level)
    assert torch.equal(one, other)


def test_a_score_from_before_the_centring_moved_into_the_denoiser_loads(plane, tmp_path):
    """Its tensors are called denoise.net.layers... and mean."""
    with safe_open(plane, framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about.pop("checksum")
    old = {
        name if name in ("mean", "losses") else f"denoise.{name}": value for name, value in tensors.items()
    }
    save_file(old, tmp_path / "old", metadata={"about": json.dumps(about)})
    x, level = torch.ones(3, 2), net.Level.of(sigma=1.0)
    assert torch.equal(net.load(tmp_path / "old").denoise(x, level), net.load(plane).denoise(x, level))


def test_a_model_is_no_classifier_and_a_list_is_no_card(plane, tmp_path):
    for path in (SHIPPED, plane):
        assert "no classifier of version 1" in refused(load_classifier, path)
    assert "version is 2" in refused(
        load_classifier, rewritten(CLASSIFIER, tmp_path / "c.safetensors", lambda a: a.update(version=2))
    )
    (tmp_path / "c.json").write_text("[]")
    with pytest.raises(UserError, match="describes other weights"):
        card(tmp_path / "c.safetensors")


def test_the_shipped_files_load():
    assert load_model().parameters == 1_061_572 and load_classifier() is not None


# --- the shared rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "first run", "2026-01-01 v1.2", "naïve", "x" * 64, "CONTROL", "a.con"])
def test_names_that_a_folder_can_have(name):
    require_folder_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "CON", "con", "nul.txt", "COM1", "lpt9.a", "x" * 65, "x" * 300, "a ", "a.",
             " a", "-a", ".hidden", "a\n", "a\0"],
)  # fmt: skip
def test_names_that_no_folder_can_have_on_every_system(name):
    with pytest.raises(UserError) as error:
        require_folder_name(name)
    assert "choose another" in str(error.value) or "use up to 64" in str(error.value)
    assert len(str(error.value)) < 300


NO_SEEDS = [-1, 2**31, 2**32, 10**30, 10**6000, 1.0, True, "1", None, float("nan")]


@pytest.mark.parametrize("seed", NO_SEEDS, ids=lambda seed: type(seed).__name__)
def test_what_is_no_seed(seed):
    with pytest.raises(UserError, match="The seed is"):
        require_seed(seed)


def test_numbers_at_the_ends_are_in():
    require_seed(0), require_seed(2**31 - 1), require_whole("n", 3, 3, 3), require_range("x", 1.0, 0, 1)
    for value in (float("inf"), float("-inf"), float("nan"), "0.5", None, True, 1 + 1e-9, 10**400):
        with pytest.raises(UserError):
            require_range("x", value, 0, 1)


def test_a_device_is_one_that_is_there():
    assert devices()[-1] == "cpu" and device_named("cpu") == torch.device("cpu")
    assert device_named(None) == torch.device(devices()[0])
    for name in ("gpu", "cuda:99", "meta", "", "tpu"):
        with pytest.raises(UserError, match=r"there are .*cpu: choose one of these"):
            device_named(name)
    with pytest.raises(UserError, match="no device 'gpu'"):
        load_model(device="gpu")


def test_a_denoiser_needs_data_that_vary():
    for std in (0, -1, float("nan"), float("inf"), "1"):
        with pytest.raises(UserError, match="standard deviation"):
            NetworkDenoiser(torch.nn.Identity(), data_std=std)
