"""The first 2-D experiments: the paper's figures, divergence, learned scores, files, command line."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from playground.errors import UserError
from playground.levels import Level, seeded
from toy2d.__main__ import main
from toy2d.diffusion.experiment import DiffusionConfig, diffusion
from toy2d.distances import exact_floor, sliced_wasserstein, total_variation
from toy2d.drawing.clouds import Cloud, clouds_gif, density
from toy2d.mixing.experiment import MixingConfig, added_sigmas, mixing
from toy2d.net import LearnConfig, learn, load
from toy2d.presets import MixtureSpec
from toy2d.score_fields.experiment import FieldConfig, score_field

QUICK = {"L": 4, "T": 10, "particles": 200, "frames": 5}


@pytest.fixture(scope="module")
def learned():
    """All levels of the paper's two modes, for as long as a test may take."""
    return learn(LearnConfig(steps=800))


# --- mixing -----------------------------------------------------------------------------------------------


def paper(**changes) -> tuple[float, float]:
    """Shares in the mode of weight 0.8: plain, annealed."""
    result = mixing(MixingConfig(**{"particles": 20_000, "frames": 2, **changes}))
    return float(result.plain.shares[-1, 0]), float(result.annealed.shares[-1, 0])


# Independent figures from N = 100,000.  With N = 20,000 here the difference of two such shares has a standard
# error of sqrt(0.783 * 0.217 * (1 / 20,000 + 1 / 100,000)) = 0.0032; 0.013 is four of them (plain: 0.0155).


def test_the_papers_setting_with_the_modes_own_standard_deviations():
    plain, annealed = paper()
    assert plain == pytest.approx(0.511, abs=0.0155)
    assert annealed == pytest.approx(0.783, abs=0.013)


def test_the_papers_setting_with_noise_added():
    assert paper(levels="added")[1] == pytest.approx(0.771, abs=0.013)


@pytest.mark.slow
@pytest.mark.parametrize("levels", ["own", "added"])
def test_the_papers_setting_with_a_hundred_levels(levels):
    assert paper(levels=levels, L=100, plain=1)[1] == pytest.approx(0.799, abs=0.0124)


def test_plain_langevin_keeps_the_share_that_the_start_decides():
    """Half of the square is nearer to each mode, whatever pi is; four standard errors of 4,000 particles."""
    for pi in (0.2, 0.95):
        result = mixing(MixingConfig(MixtureSpec(pi=pi), particles=4_000, plain=300, L=1, T=1, frames=2))
        assert result.plain.shares[-1, 0] == pytest.approx(0.5, abs=0.032)


def test_started_at_the_data_both_chains_stay_right():
    result = mixing(MixingConfig(start="data", L=2, T=100, sigma_1=1.5, particles=4_000, frames=2))
    for chain in (result.plain, result.annealed):
        assert chain.shares[-1, 0] == pytest.approx(0.8, abs=4 * (0.16 / 4_000) ** 0.5)


def test_without_z_the_particles_end_at_the_tops_of_the_modes():
    result = mixing(MixingConfig(noise=False, L=1, T=400, sigma_1=1.0, particles=100, frames=2))
    tops = np.array([[5, 5], [-5, -5]])
    nearest = np.linalg.norm(result.plain.xs[-1][:, None] - tops, axis=-1).min(1)
    assert nearest.max() < 1e-2


def test_all_at_one_mode_starts_there_and_shares_sum_to_one():
    result = mixing(MixingConfig(MixtureSpec("ring"), start="mode", **QUICK))
    assert result.plain.shares[0].tolist() == [0] * 7 + [1]
    np.testing.assert_allclose(result.annealed.shares.sum(1), 1)
    assert result.plain.xs.shape == (5, 200, 2) and result.plain.modes.shape == (5, 200)


@pytest.mark.parametrize("pi", [0.8, 0.55, 0.2])
@pytest.mark.parametrize("levels", ["own", "added"])
def test_without_noise_plain_finds_both_modes_and_annealed_the_heavier_one_alone(pi, levels):
    """With noise at the first levels the density has one top, nearer to the heavier mode, and all climb that."""
    config = MixingConfig(MixtureSpec("two_modes", pi), levels, T=50, noise=False, particles=300, frames=2)
    result = mixing(config)
    assert 0.3 < result.plain.shares[-1, 0] < 0.7  # half of the square is nearer to either mode
    assert result.annealed.shares[-1].tolist() == ([1, 0] if pi > 0.5 else [0, 1])
    assert result.annealed.xs[-1].std(0).max() < 0.01


def test_the_added_noise_is_what_makes_the_modes_as_wide_as_the_sigmas():
    own = added_sigmas(MixingConfig(L=3, sigma_1=4.0), s=1.0)
    assert own == pytest.approx([15**0.5, 3**0.5, 0.0], abs=1e-6)  # 4, 2, 1
    assert added_sigmas(MixingConfig(levels="added", L=2), s=1.0) == [20.0, 0.1]


def test_a_step_size_that_diverges_is_said():
    with pytest.raises(UserError, match="The walk diverged"):
        mixing(MixingConfig(step_size=5.0, **QUICK))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"particles": 0}, "number of particles is 0"),
        ({"particles": 1_000_000}, "number of particles is 1,000,000"),
        ({"step_size": 0.0}, "step size is 0"),
        ({"step_size": float("nan")}, "step size is nan"),
        ({"L": 0}, "levels L is 0"),
        ({"levels": "mine"}, "reading of sigma is 'mine'"),
        ({"start": "here"}, "start is 'here'"),
    ],
)
def test_bad_settings_are_refused(change, sentence):
    with pytest.raises(UserError, match=sentence):
        MixingConfig(**change)


def test_same_seed_same_walk():
    first, second = (mixing(MixingConfig(seed=5, **QUICK)) for _ in range(2))
    np.testing.assert_array_equal(first.annealed.xs, second.annealed.xs)


# --- diffusion --------------------------------------------------------------------------------------------


def test_forward_keeps_the_closed_form_moments():
    """Mean sqrt(alpha_bar_t) mu, covariance alpha_bar_t S + (1 - alpha_bar_t) I, at every frame; the bound is five
    standard errors of 5,000 samples: 5 * std / sqrt(n) for means, 5 * sqrt(2 / n) relative for variances."""
    config = DiffusionConfig(MixtureSpec("anisotropic_pair"), steps=20, particles=5_000)
    mixture, forward = config.mixture.build(torch.float64), diffusion(config).forward
    centred = mixture.means - mixture.mean()
    w = mixture.log_weights.exp()
    total = (w[:, None, None] * (mixture.covariances + centred[:, :, None] * centred[:, None, :])).sum(0)
    for x, alpha_bar in zip(forward.xs, forward.alpha_bars, strict=True):
        variance = alpha_bar * total.diagonal() + 1 - alpha_bar
        error = np.abs(x.mean(0) - alpha_bar**0.5 * mixture.mean().numpy())
        assert (error < 5 * variance.sqrt().numpy() / 5_000**0.5).all()
        np.testing.assert_allclose(x.var(0), variance, rtol=5 * (2 / 5_000) ** 0.5)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm_tilde", "ddpm_beta", "heun"])
def test_a_hundred_steps_back_reach_exact_samples(sampler):
    """Within three floors: the linear schedule's first of 100 steps is coarse for the modes of the ring."""
    result = diffusion(DiffusionConfig(sampler=sampler, steps=100, particles=4_000))
    assert result.distance < 3 * result.floor + 0.03
    assert result.shares[0] == pytest.approx(0.8, abs=0.04)


def test_one_step_is_worse_than_fifty():
    coarse, fine = (diffusion(DiffusionConfig(steps=steps, particles=1_000)) for steps in (1, 50))
    assert coarse.distance > 5 * fine.distance


def test_process_times_run_out_and_back():
    result = diffusion(DiffusionConfig(steps=10, particles=50))
    assert result.forward.times[0] == 0 and result.forward.times[-1] == 1000
    assert result.reverse.times[0] == 1000 and result.reverse.times[-1] == 0
    assert result.reverse.xs.shape == result.reverse.x0_hats.shape == (11, 50, 2)


# --- scores that are learned -------------------------------------------------------------------------------


def test_a_learned_score_is_good_where_data_are_and_poor_where_not(learned):
    """Problem 1.  After 800 steps the score is within 10 % for most of the data, and not for most of the square."""
    error = score_field(FieldConfig(sigma=1.0, resolution=41), learned).error
    assert error.mass > 0.8
    assert error.area < 0.9
    assert error.median_errors[0] > 3 * error.median_errors[-1]


def test_a_learned_score_at_sigma_zero_is_refused(learned):
    with pytest.raises(UserError, match="sigma is 0"):
        score_field(FieldConfig(sigma=0.0), learned)


def test_learned_scores_anneal_to_the_right_weights(learned):
    """0.1 leaves room for a network of 800 steps; plain Langevin misses by 0.3."""
    result = mixing(MixingConfig(particles=1_000, frames=2), learned)
    assert result.annealed.shares[-1, 0] == pytest.approx(0.8, abs=0.1)


def test_a_network_comes_back_from_its_file(learned, tmp_path):
    again = load(learned.save(tmp_path / "score.safetensors"))
    x, level = torch.randn(9, 2, generator=seeded(0)), Level.of(sigma=0.7)
    assert torch.equal(again.denoise(x, level), learned.denoise(x, level))
    assert again.config == learned.config and torch.equal(again.losses, learned.losses)


def test_a_file_that_is_no_score_is_refused(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"not a network")
    with pytest.raises(UserError, match="broken"):
        load(path)


def test_learning_repeats_and_leaves_the_global_stream_alone():
    before = torch.random.get_rng_state()
    first, second = (learn(LearnConfig(steps=3, points=50)) for _ in range(2))
    assert torch.equal(first.losses, second.losses)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_exact_field_has_no_error_and_the_right_rows():
    field = score_field(FieldConfig(resolution=11))
    assert field.learned is None and field.judged is None
    mixture = MixtureSpec().build(torch.float64)
    x = torch.tensor([[field.axis[8], field.axis[2]]])
    np.testing.assert_allclose(field.exact[2, 8], mixture.score(x, Level.of(sigma=1.0, like=x))[0])


# --- statistics -------------------------------------------------------------------------------------------


def test_sliced_wasserstein_of_a_shift_is_the_mean_projection(rng):
    """Every projection moves by the shift's own, so the mean is |shift| * 2 / pi."""
    x = torch.randn(500, 2, generator=rng, dtype=torch.float64)
    shift = torch.tensor([3.0, 0.0], dtype=torch.float64)
    assert sliced_wasserstein(x, x + shift) == pytest.approx(3 * 2 / np.pi, rel=1e-3)
    assert sliced_wasserstein(x, x.flip(0)) == 0


def test_floors_fall_with_the_square_root_of_the_sample_size():
    mixture = MixtureSpec().build()
    ratio = exact_floor(mixture, 500, 16) / exact_floor(mixture, 8_000, 16)
    assert ratio == pytest.approx(4, rel=0.5)  # each floor is a mean of 16 pairs, good to a tenth or so


def test_total_variation_counts_what_must_move():
    assert total_variation(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(0.3)


# --- GIFs and the command line -----------------------------------------------------------------------------


def test_a_gif_shows_the_points_where_they_are(tmp_path):
    """One point in the upper right, then in the lower left: its colour's pixels move there."""
    xs = np.array([[[6.0, 6.0]], [[-6.0, -6.0]]])
    cloud = Cloud("one", xs, np.zeros(1, int), ("a", "b"))
    (tmp_path / "one.gif").write_bytes(clouds_gif([cloud]))
    gif = Image.open(tmp_path / "one.gif")
    assert gif.n_frames == 2
    centres = []
    for frame in range(2):
        gif.seek(frame)
        pixels = np.asarray(gif.convert("RGB")).astype(int)
        rows, columns = np.nonzero((abs(pixels - [0, 114, 178]).sum(-1)) < 30)
        centres.append((rows.mean(), columns.mean()))
    assert centres[0][0] < centres[1][0] and centres[0][1] > centres[1][1]


def test_points_outside_the_square_are_not_drawn():
    xs = np.full((2, 1, 2), 100.0)
    xs[0, 0, 0] = np.nan
    assert len(clouds_gif([Cloud("none", xs, np.zeros(1, int), ("a", "b"))])) > 0


def test_the_density_of_the_background_has_its_rows_from_low_y_to_high():
    shown = density(MixtureSpec(pi=0.9).build(), side=19)
    assert shown.max() == pytest.approx(1) and shown[14, 14] == shown.max()  # (5, 5) is the heavier mode


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (
            ["mixing", "--particles", "50", "--L", "3", "--T", "5"],
            {"mixing.json", "mixing.png", "mixing.gif"},
        ),
        (["field", "--mixture", "ring"], {"field.json", "field.png"}),
        (
            ["diffusion", "--steps", "4", "--particles", "50"],
            {"diffusion.json", "diffusion.png", "diffusion.gif"},
        ),
        (["field", "--learned", "--train-steps", "5"], {"field.json", "field.png"}),
        (["train", "--train-steps", "5"], {"score.safetensors"}),
    ],
)
def test_commands_write_whole_files(arguments, files, tmp_path):
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("[!.]*")} == files
    for path in tmp_path.glob("[!.]*.json"):
        assert json.loads(path.read_text())["config"]["mixture"]["preset"] in ("two_modes", "ring")


def test_the_numbers_of_mixing_are_in_its_json(tmp_path):
    main(["mixing", "--particles", "50", "--L", "3", "--T", "5", "--out", str(tmp_path)])
    numbers = json.loads((tmp_path / "mixing.json").read_text())
    assert sum(numbers["plain"]["shares"]) == pytest.approx(1)
    assert numbers["plain"]["low"][0] <= numbers["plain"]["shares"][0] <= numbers["plain"]["high"][0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["mixing", "--pi", "1.5"],
        ["mixing", "--particles", "0"],
        ["mixing", "--step-size", "9", "--particles", "20"],
        ["diffusion", "--steps", "5000"],
        ["field", "--model", "nowhere.safetensors"],
    ],
)
def test_bad_input_is_one_line_and_status_two(arguments, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("python -m toy2d: ") and "Traceback" not in error
    assert not list(tmp_path.iterdir())
