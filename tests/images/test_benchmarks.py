"""The benchmarks run, and compare what they say they compare."""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks import limits, mnist_recipes, mnist_sizes, mnist_training
from benchmarks.peers import DiffusersUNet, PlainUNet, has_diffusers, of_size, size, timesteps
from images.data.mnist import ENV, load
from images.metrics.classifier import features, load_classifier
from images.metrics.evaluate import EvaluateConfig, Reference, Yardstick
from images.networks.unet import UNetConfig
from images.training.config import with_changes
from images.training.presets import PRESETS
from playground.levels import linear_beta, seeded


def test_a_peer_is_told_ddpms_timestep():
    t = torch.arange(1, 1001)
    level = linear_beta().at(t, torch.zeros(1000, 1))
    assert torch.equal(timesteps((level.alpha / level.sigma).log().flatten()), t - 1)


@pytest.mark.parametrize("build", [PlainUNet, DiffusersUNet])
@pytest.mark.parametrize("width, blocks", [(32, 2), (48, 2)])
def test_peers_are_as_large_as_ours_and_take_the_same(build, width, blocks):
    if build is DiffusersUNet and not has_diffusers():
        pytest.skip("diffusers is not installed")
    ours, peer = UNetConfig(width, blocks).build(), of_size(build, size(UNetConfig(width, blocks).build()))
    assert size(peer) == pytest.approx(size(ours), rel=0.15)  # widths come in steps of four
    x = torch.randn(2, 1, 28, 28, generator=seeded(0))
    assert peer(x, torch.zeros(2)).shape == x.shape


def test_the_race_gives_each_its_time_and_puts_the_weights_back(tmp_path, capsys, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    words = ["--seconds", "1", "--width", "8", "--blocks", "1", "--samples", "20", "--steps", "2"]
    out = tmp_path / "race.json"
    threads = torch.get_num_threads()
    assert (
        mnist_training.main([*words, "--threads", "1", "--networks", "ours", "plain", "--out", str(out)]) == 0
    )
    torch.set_num_threads(threads)
    rows = json.loads(out.read_text())["rows"]
    assert [row["name"] for row in rows] == ["ours", "plain"]
    assert all(row["seconds"] >= 1 and row["images"] >= 128 for row in rows)
    assert "floor" in capsys.readouterr().out


def test_a_networks_share_of_the_matrix_rate_follows_from_its_work_and_its_speed(
    tmp_path, monkeypatch, capsys
):
    """By hand: the operations counted for one step, times steps a second, over the rate of a matrix product."""
    small = mnist_sizes.Racer("small", 4, load("train", download=False), width=8, blocks=1)
    monkeypatch.setattr(mnist_sizes, "racers", lambda digits: [small])
    out, threads = tmp_path / "sizes.json", torch.get_num_threads()
    assert mnist_sizes.main(["--seconds", "0.5", "--threads", "1", "--out", str(out)]) == 0
    torch.set_num_threads(threads)
    result = json.loads(out.read_text())
    (row,) = result["rows"]
    assert row["share"] == pytest.approx(row["images_per_second"] / 4 * small.flops / result["matrix_rate"])
    assert 0 < row["share"] < 1 and "images/s" in capsys.readouterr().out


def test_a_steps_work_is_what_a_convolution_says_by_hand():
    """3 x 3, one channel to C, at 28 x 28: 2 * 9 * C * 784 operations forwards, as much for the weights'
    gradient, and nothing for the input's, which nobody asks for."""
    C = 16

    class Convolution(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(C, 1, 3, 3))

        def forward(self, x, log_snr):
            return torch.nn.functional.conv2d(x, self.weight, padding=1).mean(1, keepdim=True)

    racer = mnist_sizes.Racer("one", 4, load("train", download=False), net=Convolution())
    assert racer.flops == 2 * (2 * 9 * C * 784) * 4


def test_the_limits_are_worked_out_for_everything_that_is_timed(tmp_path, monkeypatch, capsys):
    """Of two particles and two digits: each thing runs, and its share is its limit over its time."""
    for name, few in ("PARTICLES", 20), ("STEPS", 2), ("DIGITS", 2), ("IMAGES", 4):
        monkeypatch.setattr(limits, name, few)
    monkeypatch.setattr(limits, "MixingConfig", partial(limits.MixingConfig, L=2, T=2))
    out, threads = tmp_path / "limits.json", torch.get_num_threads()
    assert limits.main(["--rounds", "1", "--threads", "1", "--out", str(out)]) == 0
    torch.set_num_threads(threads)
    result = json.loads(out.read_text())
    assert len(result["rows"]) == 7 and all(row["seconds"] > 0 for row in result["rows"])
    assert result["device"] == "cpu"
    step = result["rows"][0]
    assert step["work"]["normals"] == 2 * 20  # one normal number for each coordinate of each particle
    assert step["name"] in capsys.readouterr().out


def test_the_limits_refuse_a_device_that_is_not_there(tmp_path, capsys):
    assert limits.main(["--device", "cuda:99", "--out", str(tmp_path / "limits.json")]) == 2
    assert "choose one of these" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_the_races_langevins_are_one_chain():
    """From one start each has its own noise after the same steps: shares of the first mode differ by chance alone."""
    words = ["--particles", "2000", "--steps", "50", "--rounds", "1", "--threads", "1"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.toy", *words], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shares = {
        name.strip(): float(share)
        for name, share in re.findall(
            r"(.+?)  first run .* share in mode 1 ([\d.]+)", done.stdout.split("DDIM")[0]
        )
    }
    assert {"textbook autograd loop", "numpy", "playground"} <= set(shares)
    standard_error = (
        2 * 0.25 / 2000
    ) ** 0.5  # of a difference of two independent shares; one start makes it less
    assert max(shares.values()) - min(shares.values()) < 4 * standard_error


# --- the recipe's parts --------------------------------------------------------------------------------------


def few_digits() -> Yardstick:
    network, training, test = load_classifier(), load("train", download=False), load("test", download=False)
    few = test.part(0, 100)
    return Yardstick(network, training.part(0, 100), few, Reference(features(network, few.images)), 2)


def small_recipe(**changes):
    base = with_changes(PRESETS["look"], images=128, batch=64, optimizer="adamw", objective="min-snr")
    return with_changes(base, width=8, blocks=1, **changes)


@pytest.mark.parametrize("name", mnist_recipes.VARIANTS)
def test_every_variant_of_the_recipe_is_a_config(name):
    base = small_recipe()
    assert (with_changes(base, **mnist_recipes.VARIANTS[name]) == base) == (
        not mnist_recipes.VARIANTS[name] or name == "batch 64"
    )


def test_a_variant_is_trained_for_its_images_and_measured():
    digits, evaluation = load("train", download=False), EvaluateConfig(20, "DDIM", 2, bound_digits=0)
    found = mnist_recipes.measure("small", small_recipe(), digits, few_digits(), evaluation)
    assert found.images_per_second == pytest.approx(128 / found.seconds)
    value, low, high = found.fcd
    assert low <= value <= high and 0 <= found.precision <= 1 and 0 <= found.recall <= 1
    apart = mnist_recipes.averages(small_recipe(), digits, few_digits(), evaluation)
    assert list(apart) == ["average, half-way", "last, half-way", "average, end", "last, end"]
    assert found.fcd[0] == pytest.approx(apart["average, end"], rel=1e-4)  # one run, measured twice


def test_a_recipes_command_keeps_what_is_finished(tmp_path, monkeypatch, capsys):
    yardstick, runs = few_digits(), []
    monkeypatch.setattr(Yardstick, "load", staticmethod(lambda *_: yardstick))
    row = mnist_recipes.Measured("as it is", 1, 1.0, 1.0, (1.0, 0.5, 1.5), 1.0, 1.0)
    monkeypatch.setattr(mnist_recipes, "measure", lambda name, *_: runs.append(name) or row)
    words = ["--samples", "20", "--variants", "as it is", "muon", "--out", str(tmp_path)]
    assert mnist_recipes.main(words) == mnist_recipes.main(words) == 0
    assert runs == ["as it is", "muon"]  # the second call only reads
    assert capsys.readouterr().out.count("FCD of 20") == 4
    assert len(json.loads((tmp_path / "recipes.json").read_text())) == 2


@pytest.mark.parametrize("backend", ["eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_a_compiled_network_says_what_it_says_uncompiled(backend, monkeypatch):
    """Traced in seconds, and run as it was traced; the compiler itself takes half a minute."""
    compile_as_is = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", lambda net: compile_as_is(net, backend=backend))
    net, x, t = UNetConfig(8, 1).build(), torch.randn(4, 1, 28, 28, generator=seeded(0)), torch.zeros(4)
    for values in net.parameters():
        torch.nn.init.normal_(values, std=0.1, generator=seeded(1))
    said = net(x, t)
    assert float(said.abs().max()) > 0.01
    torch.testing.assert_close(mnist_recipes.compiled(net)(x, t), said, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", [mnist_recipes.channels_first, mnist_recipes.without_attention])
def test_what_is_timed_beside_the_recipe_trains(change):
    digits = load("train", download=False)
    session = mnist_recipes.session_with(small_recipe(), digits, change)
    step = next(iter(mnist_recipes.train(session.alone, session.batches, session.loss)))
    assert step.step == 1 and float(step.loss) > 0
