"""The same mismatch in the plane: what it leaves alone, what it costs, and the command."""

import json

import pytest

from playground.errors import UserError
from toy2d.__main__ import main
from toy2d.ddpm_and_ncsn.told_figures import verdict
from toy2d.ddpm_and_ncsn.told_noise import TOLD, ToldConfig, mean_and_se, told_noise
from toy2d.net import learn
from toy2d.presets import MixtureSpec

RING = ToldConfig(MixtureSpec("ring"), particles=500, repeats=6, train_steps=600)


@pytest.fixture(scope="module")
def ring():
    return told_noise(RING, {"ncsn": learn(RING.learning()).denoise})


def test_in_the_plane_no_point_is_far_off_the_shell(ring):
    assert ring.off(2)[1] < 1.4  # standard deviations; 27 in 784 dimensions
    assert ring.off(784)[1] > 25


@pytest.mark.parametrize("network", ["exact", "ncsn"])
@pytest.mark.parametrize("measure", ["weights", "sliced"])
def test_on_the_ring_it_moves_no_mass(ring, network, measure):
    """Harmless: what telling sigma_i changes is a fraction of what exact samples are apart, however it is told.

    The floor's mean is the scale; half of it leaves room for four standard errors of the difference at this size.
    """
    change, se = ring.difference(network, measure)
    assert abs(change) < ring.floors[measure].mean() / 2 + 2 * se


def test_a_network_loses_little_that_the_exact_score_does_not(ring):
    """As written the modes are too wide by either, because the chain lags; on digits the network's share dominates."""
    exact, _ = ring.difference("exact", "log_likelihood")
    learned, se = ring.difference("ncsn", "log_likelihood")
    assert exact < -0.3
    assert learned == pytest.approx(exact, abs=0.6 + 2 * se)


def test_the_floor_and_the_corrected_chain_agree_where_there_are_many_steps():
    """50 steps a level: v ends within 3 % of one level's limit, and the distance is the floor's, give or take 4 s.e."""
    config = ToldConfig(MixtureSpec("ring"), hold=50, particles=400, repeats=6)
    result = told_noise(config, {})
    mean, se = mean_and_se(result.measured["exact"][TOLD[1]]["sliced"])
    floor, floor_se = mean_and_se(result.floors["sliced"])
    assert mean < floor + 4 * (se**2 + floor_se**2) ** 0.5


def test_the_verdict_says_what_was_measured(ring):
    text = verdict(ring)
    assert "0.3 to 1.4" in text and "5 to 27" in text and "over 6 runs" in text


def test_the_command_writes_its_files_and_refuses_in_one_line(tmp_path, capsys):
    options = [
        "--train-steps",
        "20",
        "--particles",
        "50",
        "--repeats",
        "2",
        "--levels",
        "4",
        "--out",
        str(tmp_path),
    ]
    assert main(["told-noise", *options]) == 0
    numbers = json.loads((tmp_path / "told-noise.json").read_text())
    assert set(numbers["measured"]) == {"exact", "ncsn"}
    capsys.readouterr()
    assert main(["told-noise", "--repeats", "1", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(UserError, match="lower particles"):
        ToldConfig(hold=1_000, particles=20_000)
