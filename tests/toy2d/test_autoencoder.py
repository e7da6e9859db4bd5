"""The denoising autoencoder against what is known in closed form: losses, displacements, the cost of noise."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened

from playground.errors import UserError
from playground.levels import Level, seeded
from toy2d.__main__ import main
from toy2d.autoencoder.experiment import AutoencoderConfig, DescentConfig, autoencoder, descent
from toy2d.autoencoder.figures import autoencoder_clouds, way
from toy2d.net import LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/autoencoder/page.py"


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn(LearnConfig(objective="dae", sigma=1.0, steps=300))


@pytest.fixture(scope="module")
def result(learned):
    return autoencoder(AutoencoderConfig(sigma=1.0, resolution=31), learned)


def test_the_optimal_loss_is_the_gaussians(result):
    """The modes lie 14 apart, each a Gaussian alone at sigma = 1: E||d* - x||^2 = D s^2 sigma^2 / (s^2 + sigma^2).

    ||d* - x||^2 is 0.5 chi^2 with 2 degrees: standard deviation 1, so 20,000 samples leave 0.007; five of these.
    """
    assert result.optimal_loss == pytest.approx(2 * 1 * 1 / (1 + 1), abs=0.035)


def test_what_is_lost_beyond_the_optimum_is_the_distance_to_it(result):
    """E||d - x||^2 = E||d* - x||^2 + E||d - d*||^2: the optimum's error is orthogonal to every function of x~.

    The cross term 2 (d - d*)(d* - x) has mean zero and standard deviation of about sqrt(2 * excess).
    """
    spread = np.sqrt(2 * result.excess * result.optimal_loss / 20_000)
    assert result.loss - result.optimal_loss == pytest.approx(result.excess, abs=5 * spread)
    assert 0 < result.excess < 0.3 * result.optimal_loss  # it has learned something


def test_the_optimal_displacement_is_sigma_squared_times_autograds_score(result):
    """d*(x~) - x~ against sigma^2 grad log q_sigma, the gradient taken by autograd of the mixture's log density."""
    mixture = MixtureSpec().build(torch.float64)
    x = torch.tensor(result.noisy, dtype=torch.float64, requires_grad=True)
    level = Level.of(sigma=1.0, like=x)
    score = torch.autograd.grad(mixture.log_prob(x, level).sum(), x)[0]
    # The displacement is a float32 difference of numbers up to ten: 1e-5 is ten of its roundings.
    assert np.allclose(result.exact - result.noisy, score.numpy(), atol=1e-5)


def test_a_short_training_comes_near_the_optimum_where_the_data_are(learned):
    """The network's displacement agrees with the exact one where the data are, to a few per cent in the mean."""
    x = MixtureSpec().build().sample_noised(4_000, Level.of(sigma=1.0), seeded(5))
    exact = MixtureSpec().build()(x, Level.of(sigma=1.0))
    with torch.no_grad():
        error = (learned.denoise(x, Level.of(sigma=1.0)) - exact).norm(dim=1).mean()
    assert error < 0.4 * (exact - x).norm(dim=1).mean()  # 300 steps; an untrained network has more than 2


def test_points_go_from_clean_to_noisy_to_denoised(result):
    cloud = autoencoder_clouds(AutoencoderConfig(), result)[0]
    assert (cloud.xs[0] == result.clean).all() and np.allclose(cloud.xs[-1], result.exact, atol=1e-5)
    assert len(cloud.captions) == len(cloud.xs)
    xs, captions = way([np.zeros((1, 2)), np.ones((1, 2))], ["a", "b"])
    assert xs[0].max() == 0 and xs[-1].min() == 1 and captions[0] == "a" and captions[-1] == "b"


def test_the_cost_of_noise_is_the_gaussians_and_errors_add_up():
    """In a lone Gaussian the score is -x / v and turns to -x / (v + sigma^2): relative error sigma^2 / (v + sigma^2).

    The same samples are in numerator and denominator, so nothing is left to chance but the other mode's pull,
    below 1e-4 at these sigmas.
    """
    result = descent(DescentConfig(sigma_1=1.0, sigma_L=0.25, levels=3, steps=60, samples=2_000))
    assert np.allclose(result.smoothing, result.sigmas**2 / (1 + result.sigmas**2), rtol=1e-3)
    assert (result.total <= result.smoothing + result.learning + 1e-6).all()  # Minkowski's inequality
    assert (result.total >= np.abs(result.smoothing - result.learning) - 1e-6).all()
    assert (np.diff(result.optimal_loss) < 0).all()  # sigma goes down, and so does what cannot be known
    assert (result.loss > result.optimal_loss).all()


def test_settings_out_of_range_are_refused():
    with pytest.raises(UserError, match="sigma is 0"):
        AutoencoderConfig(sigma=0)
    with pytest.raises(UserError, match="must fall"):
        DescentConfig(sigma_1=0.1, sigma_L=3)


def test_the_page_opens_and_follows_sigma():
    app = opened(PAGE, steps="100")
    fine(app.select_slider(key="sigma").set_value(0.3).run())
    after = {metric.label: metric.value for metric in app.metric}
    # Both modes have std 1 and lie far apart for sigma = 0.3: the optimum is that of one Gaussian, whose loss is
    # 2 sigma² / (1 + sigma²).  Over 20,000 points its standard error is 0.165 / sqrt(20,000) = 0.0012.
    optimal = 2 * 0.3**2 / (1 + 0.3**2)
    assert float(after["Loss of the optimal denoiser"]) == pytest.approx(optimal, abs=0.006)
    assert float(after["Loss of the network"]) > optimal - 0.006  # no denoiser gets below


def test_the_command_writes_figure_numbers_and_gif(tmp_path, capsys):
    assert main(["autoencoder", "--train-steps", "20", "--sigma", "0.5", "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "autoencoder.json").read_text())
    assert numbers["loss"] > numbers["optimal_loss"]
    assert (tmp_path / "autoencoder.gif").read_bytes()[:3] == b"GIF" and (
        tmp_path / "autoencoder.png"
    ).exists()
    few = ["--levels", "2", "--train-steps", "3", "--out", str(tmp_path)]
    assert main(["autoencoder-sigmas", *few]) == 0
    assert len(json.loads((tmp_path / "autoencoder-sigmas.json").read_text())["sigmas"]) == 2
    capsys.readouterr()
    assert main(["autoencoder", "--sigma", "0", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
