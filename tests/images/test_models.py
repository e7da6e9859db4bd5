"""The U-Net, the model file, and the experiments on a network too small to be good."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from images import sampling as experiments
from images.generate.experiment import SampleConfig, sample
from images.inpainting.experiment import InpaintConfig, inpaint
from images.models import SHIPPED_MODELS, ModelConfig, load_model, save_model, told_of
from images.networks.unet import UNetConfig
from images.sampling import LANGEVIN, SAMPLERS, plan
from playground.checkpoint import save_checkpoint
from playground.errors import UserError
from playground.levels import Level, noised, seeded

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
    exploding = Level.of(sigma=0.75)
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


def test_annealed_langevin_never_asks_about_noise_that_the_network_has_not_seen():
    """Told the noise that is there, the first level's grows beyond sigma_1; `highest` holds for that, too."""
    for config in (ModelConfig(highest=30.0), ModelConfig()):
        schedule = config.build_schedule()
        model = SimpleNamespace(schedule=schedule)
        for sampler in SAMPLERS:
            for steps in (10, 50, 500):
                _, grid = plan(model, SampleConfig(sampler=sampler, steps=steps))
                ratios = [float(level.sigma / level.alpha) for level in grid]
                assert max(ratios) <= schedule.highest * (1 + 1e-5)  # float32 levels
                assert len(grid) == steps + 1
    assert (
        ModelConfig(highest=30.0).build_schedule().highest
        <= 30
        < 150
        < ModelConfig().build_schedule().highest
    )


def test_both_kinds_of_annealed_langevin_share_levels_and_step_size():
    """The first told level is sigma_1 in both; as written every level is held, told each step has its own."""
    model = SimpleNamespace(schedule=ModelConfig().build_schedule())
    grids = [plan(model, SampleConfig(sampler=sampler, steps=100))[1] for sampler in LANGEVIN]
    there, written = ([float(level.sigma) for level in grid] for grid in grids)
    assert there[0] == pytest.approx(written[0]) and len(set(written)) == 20 and len(set(there)) == 101
    # told the truth, each step hears of 1.1 to 1.7 times as much from the second level on, and of none at the end
    assert all(1.1 < a / b < 1.7 for a, b in zip(there[5:-1], written[5:-1], strict=True)) and there[-1] == 0


def test_a_model_file_from_before_the_highest_noise_was_kept_is_read():
    plain = ModelConfig().to_dict()
    del plain["highest"]
    assert ModelConfig.from_dict(plain) == ModelConfig()


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
        assert (
            len(sigmas) == 1 + 3 * (steps - 1) + 2 * (steps - 1) + 1
        )  # down thrice, up twice, the last step


def test_more_steps_than_the_schedule_has_are_refused(model):
    with pytest.raises(UserError, match="21"):
        sample(model, SampleConfig(count=1, steps=21))


def test_a_file_of_something_else_is_refused(tmp_path):
    path = save_checkpoint(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"format": 99})
    with pytest.raises(UserError, match=r"other\.safetensors.*99"):
        load_model(path)
    with pytest.raises(UserError, match="no checkpoint"):
        load_model(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("path", SHIPPED_MODELS, ids=lambda path: path.stem)
def test_the_header_tells_what_the_model_is_told(path):
    assert told_of(path) == load_model(path).told


def test_a_file_without_a_model_is_told_nothing(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"no model")
    assert told_of(tmp_path / "x.safetensors") == told_of(tmp_path / "nowhere") == ()
