"""The U-Net, the model file, and the experiments on a network too small to be good."""

import numpy as np
import pytest
import torch

from images import sampling as experiments
from images.generate.experiment import SampleConfig, sample
from images.inpainting.experiment import InpaintConfig, inpaint
from images.models import ModelConfig, load_model, save_model
from images.networks.unet import UNetConfig
from images.sampling import SAMPLERS, langevin_eps, plan
from playground.checkpoint import save_checkpoint
from playground.errors import UserError
from playground.levels import Level, geometric_sigmas, held, noised, seeded
from playground.steps import annealed, langevin
from playground.walk import final, walk

TINY = ModelConfig(UNetConfig(width=8, blocks=1), T=20)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained model, through its file."""
    net = TINY.build(seed=3)
    with torch.no_grad():  # the zeroed layers would hide what flows through them
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=seeded(parameter.numel())))
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(path, TINY, net.state_dict(), {"images_seen": 0})
    return load_model(path)


def test_the_network_keeps_the_shape_and_starts_as_zero():
    x, log_snr = torch.randn(3, 1, 28, 28, generator=seeded(0)), torch.zeros(3)
    out = UNetConfig(width=16, blocks=1).build()(x, log_snr)
    assert out.shape == x.shape
    assert out.abs().max() == 0  # the last layer is zeroed, so the first prediction is the neutral one


def test_the_same_seed_builds_the_same_network_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two, other = TINY.build(1).state_dict(), TINY.build(1).state_dict(), TINY.build(2).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_batch_is_denoised_as_its_images_are_one_by_one(model):
    """Nothing leaks between the images of a batch, and a level for each image equals one level at a time."""
    x = torch.randn(3, 1, 28, 28, generator=seeded(0))
    sigma = torch.tensor([0.1, 0.5, 0.9]).view(-1, 1, 1, 1)
    level = Level((1 - sigma**2).sqrt(), sigma)
    together = model.denoise(x, level)
    for i in range(3):
        alone = model.denoise(x[i : i + 1], Level(level.alpha[i, 0, 0, 0], level.sigma[i, 0, 0, 0]))
        # float32, other batch sizes take other convolution kernels: differences of about 1e-6
        assert torch.allclose(together[i : i + 1], alone, atol=2e-5)


def test_the_model_sees_the_level(model):
    x = torch.randn(1, 1, 28, 28, generator=seeded(0))
    outs = [model.denoise.net(x, torch.tensor([s])) for s in (-3.0, 3.0)]
    assert (outs[0] - outs[1]).abs().max() > 1e-3


def test_one_model_serves_both_families(model):
    """An NCSN level (1, s) and the DDPM level with the same signal-to-noise ratio give the same x0."""
    x0, eps = torch.randn(2, 2, 1, 28, 28, generator=seeded(1))
    exploding = Level.of(1.0, 0.75)
    preserving = Level.of(0.8, 0.6)
    one = model.denoise(noised(x0, eps, exploding), exploding)
    two = model.denoise(noised(x0, eps, preserving), preserving)
    # float32: rescaled inputs differ by a rounding error of 1e-7, grown by a few layers
    assert torch.allclose(one, two, atol=1e-4)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_sampling_is_repeatable_and_filmed_from_noise_to_data(model, sampler):
    config = SampleConfig(count=3, sampler=sampler, steps=10, frames=4, seed=5)
    seen = []
    film = sample(model, config, lambda done, total: seen.append((done, total)))
    again = sample(model, config)
    other = sample(model, SampleConfig(count=3, sampler=sampler, steps=10, frames=4, seed=6))
    assert seen == [(i, 10) for i in range(11)]
    assert film.xs.shape == film.x0_hats.shape == (4, 3, 28, 28)
    assert len(film.captions) == 4
    assert np.array_equal(film.images, again.images)
    assert not np.array_equal(film.images, other.images)


@pytest.mark.parametrize(("L", "hold"), [(10, 5), (40, 5), (10, 100)])
def test_langevins_eps_hands_the_noise_of_one_level_on_to_the_next(L, hold):
    """Pure noise at sigma_1, through `hold` steps at each level by the real step, ends with sigma_L's variance.

    For a denoiser that always says x0 = 0 the score is -x / sigma**2, and the variance has a closed form.
    """
    sigmas = geometric_sigmas(30.0, 0.01, L)
    step = langevin(annealed(langevin_eps(sigmas, hold), sigmas[-1]))
    x = 30 * torch.randn(20_000, 2, generator=seeded(0))
    grid = held([Level.of(1.0, s) for s in sigmas], hold)
    x = final(walk(step, lambda xt, level: torch.zeros_like(xt), x, grid, seeded(1)))
    # Ten levels are too far apart for five steps: the best eps still leaves a few times the variance.
    most = 4.0 if (L, hold) == (10, 5) else 1.3
    assert 1.0 < float(x.var()) / 0.01**2 < most


@pytest.mark.parametrize("method", ["RePaint", "re-noise", "project"])
def test_inpainting_keeps_every_known_pixel_and_varies_the_hole(model, method):
    image = torch.randint(0, 256, (28, 28), generator=seeded(0)).to(torch.uint8).numpy()
    hole = np.zeros((28, 28), bool)
    hole[5:20, 3:17] = True
    film = inpaint(model, image, hole, InpaintConfig(count=3, method=method, steps=6, resamplings=2))
    assert (film.images[:, ~hole] == image[~hole]).all()
    assert (film.images[0][hole] != film.images[1][hole]).any()


def test_a_hole_of_nothing_or_everything_and_a_wrong_size_are_refused(model):
    image, hole = np.zeros((28, 28), np.uint8), np.zeros((28, 28), bool)
    with pytest.raises(UserError, match="covers nothing"):
        inpaint(model, image, hole, InpaintConfig())
    with pytest.raises(UserError, match="whole image"):
        inpaint(model, image, ~hole, InpaintConfig())
    with pytest.raises(UserError, match="32 x 32"):
        inpaint(model, np.zeros((32, 32), np.uint8), hole, InpaintConfig())


@pytest.mark.parametrize(
    "bad",
    [
        {"count": 0},
        {"count": 1_000_000},
        {"eta": 1.5},
        {"eta": float("nan")},
        {"sampler": "magic"},
        {"spacing": "odd"},
        {"spacing": "authors", "sampler": "annealed Langevin", "steps": 50},
    ],
)
def test_bad_settings_are_refused_before_any_work(bad):
    with pytest.raises(UserError):
        SampleConfig(**bad)


def test_the_authors_times_are_walked(model):
    _, grid = plan(model, SampleConfig(steps=5, spacing="authors"))
    times = [int((model.schedule.alpha - level.alpha).abs().argmin()) for level in grid]
    assert times == [17, 13, 9, 5, 1, 0]  # 1 + 4 i of T = 20


def test_repaint_on_digits_climbs_only_while_there_is_noise(model, monkeypatch):
    """The walk of `inpaint`: clean data are arrived at once, at its end."""
    grids, walked = [], experiments.walk

    def watched(step, denoise, x, grid, rng):
        grids.append(grid)
        return walked(step, denoise, x, grid, rng)

    monkeypatch.setattr(experiments, "walk", watched)
    hole = np.zeros((28, 28), bool)
    hole[:, :14] = True
    for steps in (6, 20):
        inpaint(model, np.zeros((28, 28), np.uint8), hole, InpaintConfig(count=1, steps=steps, resamplings=3))
        sigmas = [float(level.sigma) for level in grids[-1]]
        assert sigmas.count(0.0) == 1 and sigmas[-1] == 0.0 and max(sigmas) == sigmas[0]
        assert len(sigmas) == 1 + 3 * (steps - 1) + 2 * (steps - 1) + 1  # down thrice, up twice, the last step


def test_more_steps_than_the_schedule_has_are_refused(model):
    with pytest.raises(UserError, match="21"):
        sample(model, SampleConfig(count=1, steps=21))


def test_a_file_of_something_else_is_refused(tmp_path):
    path = save_checkpoint(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"format": 99})
    with pytest.raises(UserError, match=r"other\.safetensors.*99"):
        load_model(path)
    with pytest.raises(UserError, match="no checkpoint"):
        load_model(tmp_path / "missing.safetensors")
