"""The benchmarks run, and compare what they say they compare."""

import json
from functools import partial

import pytest
import torch

from benchmarks import limits, mnist_sizes, mnist_training
from benchmarks.peers import DiffusersUNet, PlainUNet, has_diffusers, of_size, size, timesteps
from images.data.mnist import load
from images.networks.unet import UNetConfig
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


def test_the_race_gives_each_its_time_and_puts_the_weights_back(tmp_path, capsys):
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
