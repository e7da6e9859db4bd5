"""The diffusion autoencoder: one loss trains both, the file carries the encoder, and DDIM runs both ways."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import opened

from images.__main__ import main
from images.data.mnist import Digits, load, to_model
from images.diffusion_autoencoder import sizes, task
from images.diffusion_autoencoder.claims import claims
from images.diffusion_autoencoder.experiment import (
    WAYS,
    BetweenConfig,
    ReconstructConfig,
    between,
    codes,
    downward,
    own_noise,
    reconstruct,
    turned,
)
from images.diffusion_autoencoder.measure import PLACES, MeasureConfig, mean_square, measure, ridge
from images.metrics.classifier import build
from images.metrics.estimates import Estimate, share_of, verdict
from images.metrics.pca import principal
from images.models import Model, load_model
from images.training import runs
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import MODEL, Session
from images.training.tasks import task_for
from playground.errors import UserError
from playground.levels import seeded
from playground.walk import final

HOLDS, FAILS, OPEN = "**holds**", "**does not hold**", "**cannot be told** at this N"

CPU = torch.device("cpu")
TINY = TrainConfig(images=64, batch=32, width=8, blocks=1, T=50, task="diffusion-autoencoder", size=6)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 400)


@pytest.fixture(scope="module")
def path(digits, tmp_path_factory):
    """A model that was trained for two steps, then shaken: layers that start at zero would hide what flows there."""
    directory = tmp_path_factory.mktemp("dae")
    session = Session(TINY, digits, directory, CPU)
    for _ in session.steps():
        pass
    with torch.no_grad():
        for name, value in session.trainee.ema.items():
            value.add_(0.05 * torch.randn(value.shape, generator=seeded(len(name))))
    session.save()
    session.preview()
    assert list((directory / "previews").glob("*.png"))
    return directory / MODEL


@pytest.fixture(scope="module")
def model(path):
    return load_model(path)


def test_the_file_brings_the_encoder_along(model, digits):
    z = codes(model, to_model(digits.images[:5]))
    assert z.shape == (5, 6) and model.config.kind == "diffusion-autoencoder" and model.told == ("vector",)
    assert not torch.allclose(z[0], z[1])


def test_a_run_may_begin_with_another_files_weights(path, model, digits, tmp_path):
    begun = task_for(with_changes(TINY, using=str(path), objective="clamped-snr")).build(1)
    for name, value in model.denoise.state_dict().items():
        assert torch.equal(begun.state_dict()[name], value)
    with pytest.raises(UserError, match="another network"):
        task_for(with_changes(TINY, using=str(path), size=5)).build(1)


def test_the_diffusion_loss_alone_reaches_the_encoder(digits, tmp_path):
    """Not at the first steps, because what is told, and where it arrives, start at zero; then all of it must move."""
    session = Session(with_changes(TINY, images=480), digits, tmp_path, CPU)
    before = {name: value.clone() for name, value in session.trainee.net.parts["encoder"].named_parameters()}
    for _ in session.steps():
        pass
    moved = [
        float((value.detach() - before[name].detach()).abs().max())
        for name, value in session.trainee.net.parts["encoder"].named_parameters()
    ]
    assert min(moved) > 0


def test_what_is_decoded_depends_on_z_and_on_x_T(model, digits):
    x0 = to_model(digits.images[:2])
    z, x_T = codes(model, x0), torch.randn(1, 1, 28, 28, generator=seeded(1))
    made = final(downward(model, x_T.expand(2, -1, -1, -1), 5, z))
    assert not torch.allclose(made[0], made[1], atol=1e-3)
    other = final(downward(model, -x_T, 5, z[:1]))
    assert not torch.allclose(made[:1], other, atol=1e-3)


def test_more_steps_bring_the_digit_back_better(model, digits):
    """The flow is the same both ways, whatever the network has learned; only the steps are to blame."""
    x0 = to_model(digits.images[:4])
    z = codes(model, x0)
    errors = []
    for steps in (5, 50):
        back = final(downward(model, own_noise(model, x0, steps, z), steps, z))
        errors.append(float((back - x0).square().mean()))
    assert errors[1] < errors[0] / 2


def test_reconstructing_says_what_it_did(model, digits):
    found = reconstruct(model, digits.images[0, 0].numpy(), ReconstructConfig(count=3, steps=5, frames=4))
    assert found.film.xs.shape == (4, 4, 28, 28) and found.errors.shape == (4,) and found.z.shape == (6,)
    again = reconstruct(model, digits.images[0, 0].numpy(), ReconstructConfig(count=3, steps=5, frames=4))
    assert np.array_equal(found.film.xs, again.film.xs)


def test_the_way_between_begins_and_ends_at_the_reconstructions(model, digits):
    one, two = digits.images[0, 0].numpy(), digits.images[1, 0].numpy()
    found = between(model, one, two, BetweenConfig(count=5, steps=10))
    assert list(found) == list(WAYS) and all(images.shape == (5, 1, 28, 28) for images in found.values())
    assert np.array_equal(found["pixels"][0, 0], one) and np.array_equal(found["pixels"][-1, 0], two)
    x0 = to_model(digits.images[:2])
    z = codes(model, x0)
    back = final(downward(model, own_noise(model, x0, 10, z), 10, z))
    for i, k in ((0, 0), (1, -1)):
        shown = to_model(found[WAYS[0]][k])
        # another batch size takes other kernels, and one gray value is 0.008
        assert torch.allclose(shown, back[i].clamp(-1, 1), atol=0.02)


def test_turning_keeps_to_the_great_circle_and_changes_the_length_evenly():
    one, two = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    path = turned(one, two, torch.tensor([0.0, 0.5, 1.0]))
    half = 3 / 2**0.5  # 45 degrees, and a length of 3
    assert torch.allclose(path, torch.tensor([[2.0, 0.0], [half, half], [0.0, 4.0]]), atol=1e-6)
    assert torch.allclose(turned(one, one, torch.tensor([0.3])), one[None], atol=1e-5)


def test_measuring_gives_each_number_an_interval(model, digits, tmp_path):
    found = measure(model, model, build(), digits, digits, MeasureConfig(20, (3, 5), pairs=2))
    assert len(found.errors) == 11 and found.size == 6
    assert all(e.low <= e.value <= e.high for e in found.errors.values())
    assert found.errors["PCA of the same size", 0].value > 0 and set(found.probes) == {"z", "PCA"}
    words = claims(found)
    assert len(words) == 10
    assert all(any(v[:-2] in line for v in (HOLDS, FAILS, "**cannot be told**")) for line in words)


def test_noise_has_the_mean_square_of_noise_and_a_constant_its_own(digits):
    """Over 400 digits of some 100 pixels of ink that of N(0, 1) is 1 within 4 standard errors of sqrt(2 / 40,000)."""
    x0 = to_model(digits.images)
    noise = torch.randn(x0.shape, generator=seeded(3))
    found = mean_square(noise, PLACES["ink"](x0))
    assert abs(found.value - 1) < 4 * (2 / 40_000) ** 0.5
    assert mean_square(torch.full_like(noise, 0.5), PLACES["paper"](x0)).value == pytest.approx(0.25)


def test_by_size_of_z_a_decoder_that_hears_nothing_leaves_all_to_x_T(digits):
    """A fresh network is told z and does not listen: what varies over x_T is the same for two digits' z."""
    fresh = {
        str(size): Model(m, m.build(0).eval(), m.build_schedule(), {})
        for size in (2, 6)
        for m in [task_for(with_changes(TINY, size=size)).model]
    }
    found = sizes.measure(fresh, build(), digits, digits, sizes.SizesConfig(10, 2, 2))
    assert [row.size for row in found.values()] == [2, 6]
    assert all(row.left.shape == row.kept.shape == (10,) for row in found.values())
    assert torch.allclose(found["2"].left, found["6"].left, rtol=1e-3)
    assert len(sizes.claims(found)) == 3
    assert float(found["6"].explained["PCA"]["thickness"].value) <= 1


def test_the_command_says_what_each_size_leaves(path, tmp_path, capsys):
    words = ["table-z", "--models", str(path), "--digits", "10", "--draws", "2", "--steps", "2"]
    assert main([*words, "--out", str(tmp_path), "--device", "cpu"]) == 0
    assert "| 6 |" in capsys.readouterr().out
    assert json.loads((tmp_path / "table-z.json").read_text())["rows"][str(path)]["size"] == 6


def test_none_of_a_few_is_not_never():
    """Wilson's interval for 0 of N ends at z**2 / (N + z**2)."""
    none = share_of(torch.zeros(90, dtype=torch.bool))
    assert (none.value, none.low) == (0.0, 0.0) and none.high == pytest.approx(1.96**2 / (90 + 1.96**2))
    half = share_of(torch.arange(100) % 2 == 0)
    assert half.value == 0.5 and half.high - 0.5 == pytest.approx(0.5 - half.low) == pytest.approx(
        0.0962, abs=1e-4
    )


def test_a_verdict_needs_intervals_that_do_not_touch():
    low, middle, high = Estimate(1, 0, 2), Estimate(2, 1, 3), Estimate(4, 3.5, 5)
    assert verdict(high, middle) == HOLDS and verdict(middle, high) == FAILS
    assert verdict(middle, low) == verdict(low, middle) == OPEN


def test_the_page_shows_both_ways(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    app = opened(Path(task.__file__).with_name("page.py"))
    assert app.session_state["reconstructed"][1].film.images.shape == (8, 28, 28)


# --- yardsticks ---------------------------------------------------------------------------------------------


def test_pca_loses_exactly_the_variance_that_it_leaves_out():
    x = torch.randn(500, 4, generator=seeded(0), dtype=torch.float64) * torch.tensor([3.0, 2.0, 1.0, 0.5])
    variances = torch.linalg.eigvalsh((x - x.mean(0)).T @ (x - x.mean(0)) / len(x))
    for size in (1, 2, 4):
        lost = (principal(x, size).rebuilt(x) - x).square().sum(1).mean()
        assert float(lost) == pytest.approx(float(variances[: 4 - size].sum()), abs=1e-12)


def test_a_probe_finds_classes_that_lie_apart():
    labels = torch.arange(300) % 10
    x = torch.nn.functional.one_hot(labels, 10) + 0.1 * torch.randn(300, 10, generator=seeded(0))
    assert bool((ridge(x, labels, x).argmax(1) == labels).all())


# --- the command line ---------------------------------------------------------------------------------------


def test_the_commands_write_pictures_and_settings(path, tmp_path, capsys):
    common = ["--model", str(path), "--out", str(tmp_path), "--steps", "4", "--device", "cpu"]
    assert main(["reconstruct", "--count", "2", *common]) == 0
    assert "mean squared error" in capsys.readouterr().out
    assert main(["between", "--count", "3", "--digit", "3", "--other", "4", *common]) == 0
    about = json.loads((tmp_path / "reconstructed.json").read_text())
    assert len(about["z"]) == 6 and len(about["mean_squared_errors"]) == 3
    assert {"reconstructed.gif", "between.png", "between.gif"} <= {p.name for p in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["reconstruct", "--digit", "-1"], "counted from 0"),
        (["reconstruct", "--measured-steps", "20"], "would do nothing without --measure"),
        (["reconstruct", "--steps", "1"], "number of steps is 1"),
        (["reconstruct", "--steps", "200"], "number of steps is 200; it must lie from 2 to 50"),
        (["between", "--count", "2"], "digits on the way is 2"),
    ],
)
def test_bad_input_is_a_sentence(path, tmp_path, capsys, words, sentence):
    assert main([*words, "--model", str(path), "--out", str(tmp_path), "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert sentence in said and len(said.strip().splitlines()) == 1


def test_a_model_without_an_encoder_is_refused(tmp_path, capsys, digits):
    session = Session(TrainConfig(images=32, batch=32, width=8, blocks=1, T=50), digits, tmp_path, CPU)
    session.save()
    assert (
        main(["reconstruct", "--model", str(tmp_path / MODEL), "--out", str(tmp_path), "--device", "cpu"])
        == 2
    )
    assert "brings no encoder" in capsys.readouterr().err


def test_the_preset_is_one_of_this_task():
    made = task_for(PRESETS["diffusion-autoencoder"])
    assert made.model.parts[0].size == 32 and made.model.net.tell.vector == 32
    with pytest.raises(UserError, match="size is 2,000"):
        task_for(with_changes(PRESETS["diffusion-autoencoder"], size=2000))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_basis_of_fewer_points_than_dimensions_is_finite(threads):
    """As of 400 digits: most of 784 variances are zero, where eigh in float32 gave NaN on two threads."""
    x, before = to_model(load("test", download=False).images[:400]).flatten(1), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        vectors = principal(x, 32).vectors
    finally:
        torch.set_num_threads(before)
    assert torch.allclose(vectors.T @ vectors, torch.eye(32), atol=1e-5)
