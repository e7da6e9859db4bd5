"""The classifier, the evaluation and Table 1: on few digits and networks too small to be good."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from images.__main__ import main
from images.data.mnist import ENV, Digits, load, to_model
from images.metrics import classifier
from images.metrics.bound import BoundConfig, bound
from images.metrics.classifier import (
    SPATIAL,
    accuracy,
    card,
    classification,
    features,
    load_classifier,
    shifted,
)
from images.metrics.classifier_training import ClassifierConfig, train_classifier
from images.metrics.estimates import FCD, MEANINGS, Reference
from images.metrics.evaluate import NEAREST, EvaluateConfig, Yardstick, evaluate, fingerprint, generate
from images.models import Model, ModelConfig, save_model
from images.networks.unet import UNetConfig
from images.table1 import experiment as table1
from images.table1.experiment import LECTURE, SIGMA_HAT, TableConfig, fill, lowest, read_cell, tied
from playground.bound import prior_term
from playground.checkpoint import save_checkpoint
from playground.errors import UserError
from playground.levels import seeded
from playground.objectives import Batch

needs_mnist = pytest.mark.skipif(ENV not in os.environ, reason=f"needs all of MNIST: set {ENV}")
TINY = ModelConfig(UNetConfig(width=8, blocks=1), T=20)


def first(digits: Digits, n: int) -> Digits:
    return replace(digits, images=digits.images[:n], labels=digits.labels[:n])


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    """The shipped classifier with 600 training and 300 test digits, from whatever source there is."""
    network, training, test = load_classifier(), load("train", download=False), load("test", download=False)
    training, test = first(training, 600), first(test, 300)
    return Yardstick(network, training, test, Reference(features(network, test.images)), 5)


@pytest.fixture(scope="module")
def model() -> Model:
    """An untrained model: its first prediction is the neutral one, so its images are noise."""
    return Model(TINY, TINY.build(seed=3).eval().requires_grad_(False), TINY.build_schedule(), {"step": 0})


# --- the classifier -----------------------------------------------------------------------------------------


@needs_mnist
def test_the_shipped_classifier_has_the_accuracy_that_its_card_says():
    about, test = card(), load("test")
    assert about["data"]["test"] == test.fingerprint()
    measured = accuracy(load_classifier(), test)
    # other processors sum in another order, which may turn a digit or two of 10,000
    assert measured == pytest.approx(about["test_accuracy"], abs=5e-4)
    assert measured >= 0.99


def test_the_shipped_classifier_knows_the_digits_at_hand_and_is_small(yardstick):
    # 300 digits at 99 % expect 3 errors; twelve would be five standard deviations more
    assert accuracy(yardstick.classifier, yardstick.test) >= 0.96
    assert classifier.SHIPPED.stat().st_size < 800_000
    assert card()["parameters"] == sum(p.numel() for p in yardstick.classifier.parameters())


def test_features_have_their_shapes_and_do_not_depend_on_the_batch(yardstick):
    images = yardstick.test.images[:7]
    whole, pieces = features(yardstick.classifier, images), features(yardstick.classifier, images, batch=3)
    assert whole.deep.shape == (7, 96)
    assert whole.spatial.shape == (7, SPATIAL * 49)
    assert torch.allclose(whole.probabilities.sum(1), torch.ones(7))
    # float32, other batch sizes take other convolution kernels
    assert torch.allclose(whole.deep, pieces.deep, atol=1e-4)
    assert torch.allclose(whole.spatial, pieces.spatial, atol=1e-4)


def test_a_shift_moves_each_image_by_its_own_whole_pixels():
    x = torch.full((400, 1, 9, 9), -1.0)
    x[:, 0, 4, 4] = 1.0
    places = shifted(x, 2, seeded(0)).flatten(1).argmax(1)
    rows, columns = places // 9, places % 9
    assert set(rows.tolist()) == set(columns.tolist()) == {2, 3, 4, 5, 6}
    assert shifted(x, 2, seeded(0)).sum() == x.sum()  # nothing is lost, and paper comes in
    assert torch.equal(shifted(x, 0, seeded(0)), x)


def test_the_loss_of_a_guess_is_log_ten_and_of_the_right_answer_zero(yardstick):
    """Labels travel with their images: a network that sees only which digit it was given can be right."""
    digits = yardstick.training
    batch = Batch(to_model(digits.images[:20]), {"label": digits.labels[:20]})
    guess = classification()(lambda x: torch.zeros(len(x), 10), batch, seeded(0))
    assert torch.allclose(guess, torch.full((20,), math.log(10)))
    right = classification(shift=0)(yardstick.classifier, batch, seeded(0))
    expected = -features(yardstick.classifier, digits.images[:20]).probabilities.log()
    assert torch.allclose(right, expected.gather(1, digits.labels[:20, None])[:, 0], atol=1e-4)


def test_a_short_training_learns_and_writes_a_file_with_its_card(yardstick, tmp_path):
    config = ClassifierConfig(epochs=10, batch=50, seed=1)
    out, losses = tmp_path / "c.safetensors", []
    about = train_classifier(
        config, yardstick.training, yardstick.test, out, lambda progress: losses.append(float(progress.loss))
    )
    assert len(losses) == 120
    assert np.mean(losses[-5:]) < 0.8 * losses[0]  # from log 10, in 120 steps
    assert about["test_accuracy"] == accuracy(load_classifier(out), yardstick.test) > 0.2  # chance is 0.1
    assert card(out) == json.loads(out.with_suffix(".json").read_text()) == about
    again = train_classifier(config, yardstick.training, yardstick.test, tmp_path / "again.safetensors")
    assert again["sha256"] == about["sha256"]


def test_a_card_of_other_weights_and_another_version_are_refused(tmp_path):
    path = save_checkpoint(tmp_path / "c.safetensors", {"a": torch.zeros(1)}, {"version": 99})
    with pytest.raises(UserError, match="version is 99"):
        load_classifier(path)
    path.with_suffix(".json").write_text(json.dumps({"sha256": "of others"}))
    with pytest.raises(UserError, match="other weights"):
        card(path)
    with pytest.raises(UserError, match="no checkpoint"):
        load_classifier(tmp_path / "missing.safetensors")


# --- the evaluation -----------------------------------------------------------------------------------------


def test_images_are_generated_in_batches_from_one_seed(model):
    config, seen = EvaluateConfig(samples=260, steps=2), []
    images = generate(model, config, lambda stage, done, total: seen.append((stage, done, total)))
    assert images.shape == (260, 1, 28, 28) and images.dtype == torch.uint8
    assert seen[-1] == ("generating", 520, 520)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert torch.equal(images, generate(model, config))
    assert not torch.equal(images[:10], images[250:])  # the second batch has a seed of its own
    assert not torch.equal(images, generate(model, replace(config, seed=1)))
    # fewer samples are the first of more, up to whole batches
    assert torch.equal(images[:250], generate(model, replace(config, samples=250)))


def test_noise_is_measured_as_far_worse_than_real_digits(model, yardstick):
    evaluation = evaluate(model, EvaluateConfig(samples=100, steps=3, bound_digits=10), yardstick)
    metrics, floors = evaluation.metrics, evaluation.floors
    assert set(metrics) == set(floors) == {*MEANINGS, NEAREST}
    assert metrics[FCD].low > floors[FCD].high
    assert metrics[NEAREST].low > floors[NEAREST].high
    assert sum(evaluation.class_counts) == len(evaluation.images) == len(evaluation.neighbours[0]) == 100
    assert evaluation.bound.digits == 10


def test_training_digits_in_the_place_of_samples_are_found_out_as_copies(model, yardstick, monkeypatch):
    monkeypatch.setattr("images.metrics.evaluate.generate", lambda *_: yardstick.training.images[:50])
    evaluation = evaluate(model, EvaluateConfig(samples=50, bound_digits=0), yardstick)
    assert evaluation.neighbours[0].tolist() == list(range(50))
    assert evaluation.metrics[NEAREST].value == 0 < evaluation.floors[NEAREST].low
    assert evaluation.bound is None


def test_more_samples_than_real_digits_are_refused_before_the_work(model, yardstick):
    with pytest.raises(UserError, match=r"601.*600"):
        evaluate(model, EvaluateConfig(samples=601), yardstick)


@pytest.mark.parametrize(
    "bad", [{"samples": 5}, {"sampler": "magic"}, {"eta": 2.0}, {"bound_digits": 1}, {"samples": 10**9}]
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(UserError):
        EvaluateConfig(**bad)


def test_a_fingerprint_tells_weights_apart():
    one, same, other = (Model(TINY, TINY.build(seed), TINY.build_schedule(), {}) for seed in (1, 1, 2))
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


# --- the bound in bits per dimension ------------------------------------------------------------------------


def test_the_bound_of_an_untrained_model_adds_up_and_its_prior_is_exact(model, yardstick):
    few = bound(model, yardstick.test, BoundConfig(digits=300, strata=4))
    assert few.prior + few.steps + few.decoder == pytest.approx(few.bits.value, rel=1e-9)
    by_hand = prior_term(to_model(yardstick.test.images), model.schedule).mean() / (784 * math.log(2))
    assert few.prior == pytest.approx(float(by_hand), rel=1e-6)
    every = bound(model, yardstick.test, BoundConfig(digits=300, strata=19, seed=1))
    # two estimates on the same digits: within the intervals of both
    spread = (few.bits.high - few.bits.low + every.bits.high - every.bits.low) / 2
    assert few.bits.value == pytest.approx(every.bits.value, abs=spread)


@pytest.mark.parametrize("bad", [{"digits": 1}, {"strata": 0}, {"variance": "gamma"}])
def test_bad_settings_of_the_bound_are_refused(bad):
    with pytest.raises(UserError):
        BoundConfig(**bad)


# --- Table 1 ------------------------------------------------------------------------------------------------

SMALL = TableConfig(samples=20, etas=("0", "1", SIGMA_HAT), steps=(3, 2))


class Killed(Exception):
    pass


def test_a_table_that_was_killed_goes_on_where_it_was(model, yardstick, tmp_path):
    def kill(progress):
        if progress.cell == ("1", 2):
            raise Killed

    with pytest.raises(Killed):
        fill(model, SMALL, yardstick, tmp_path, kill)
    assert read_cell(tmp_path, "0", 2) is not None
    assert read_cell(tmp_path, "1", 2) is None
    kept = (tmp_path / "eta-0_steps-2.json").stat().st_mtime_ns
    seen = []
    cells = fill(model, SMALL, yardstick, tmp_path, seen.append)
    assert [(cell.eta, cell.steps) for cell in cells] == SMALL.cells
    assert (tmp_path / "eta-0_steps-2.json").stat().st_mtime_ns == kept
    assert seen[-1].done == seen[-1].total == 2 + 2 + 3 + 3 + 3
    assert seen[-1].seconds_left == 0
    seen.clear()
    assert fill(model, SMALL, yardstick, tmp_path, seen.append) == cells
    assert seen == []  # nothing was missing


def test_a_cell_is_what_an_evaluation_with_its_settings_gives(model, yardstick, tmp_path):
    config = TableConfig(samples=20, etas=("0.50",), steps=(3,))
    (cell,) = fill(model, config, yardstick, tmp_path)
    assert cell.eta == "0.5"
    alone = evaluate(model, EvaluateConfig(20, "DDIM", 3, 0.5, bound_digits=0), yardstick)
    assert cell.metrics[FCD] == alone.metrics[FCD]
    assert cell.floors[FCD] == alone.floors[FCD]
    assert config.cell(SIGMA_HAT, 3).sampler == "DDPM, beta"


def test_a_damaged_cell_is_computed_again(model, yardstick, tmp_path):
    config = TableConfig(samples=20, etas=("0",), steps=(2,))
    before = fill(model, config, yardstick, tmp_path)
    (tmp_path / "eta-0_steps-2.json").write_text('{"eta": "0", "st')
    assert fill(model, config, yardstick, tmp_path)[0].metrics == before[0].metrics


def test_a_directory_begun_with_other_settings_is_refused(model, yardstick, tmp_path):
    fill(model, replace(SMALL, etas=("0",), steps=(2,)), yardstick, tmp_path)
    for other in (replace(SMALL, samples=30), replace(SMALL, seed=5), replace(SMALL, spacing="authors")):
        with pytest.raises(UserError, match="go on with the same"):
            fill(model, other, yardstick, tmp_path)


def test_a_table_from_before_the_choice_of_times_has_even_ones(model, yardstick, tmp_path):
    config = replace(SMALL, etas=("0",), steps=(2,))
    fill(model, config, yardstick, tmp_path)
    path = tmp_path / "table1.json"
    settings = json.loads(path.read_text())
    assert settings.pop("times") == "even"
    path.write_text(json.dumps(settings))
    fill(model, config, yardstick, tmp_path)
    with pytest.raises(UserError, match="times 'even', not 'authors'"):
        fill(model, replace(config, spacing="authors"), yardstick, tmp_path)


def test_the_times_of_a_table_reach_the_sampler():
    cell = TableConfig(spacing="authors").cell(SIGMA_HAT, 10)
    assert (cell.sampler, cell.spacing, cell.batch(3, 0).spacing) == ("DDPM, beta", "authors", "authors")


@pytest.mark.parametrize("bad", [{"etas": ("2",)}, {"etas": ("much",)}, {"samples": 1}])
def test_bad_cells_are_refused_before_the_first_is_computed(bad):
    with pytest.raises(UserError):
        TableConfig(**bad)


def test_more_steps_than_the_schedule_has_are_refused_at_once(model, yardstick, tmp_path):
    with pytest.raises(UserError, match="21"):
        fill(model, replace(SMALL, steps=(2, 21)), yardstick, tmp_path)
    assert not list(tmp_path.glob("eta-*"))


def test_the_lectures_pattern_is_found_in_the_lectures_numbers():
    """DDIM (eta = 0) wins at few steps, and sigma-hat at 1000."""
    for numbers in LECTURE.values():
        cells = [
            table1.Cell(eta, steps, {FCD: table1.Estimate(value, value, value)}, {}, 0.0)
            for eta, row in zip(table1.ETAS, numbers, strict=True)
            for steps, value in zip(table1.STEPS, row, strict=True)
        ]
        winners = {steps: column[0].eta for steps, column in lowest(cells).items()}
        assert winners == {10: "0", 20: "0", 50: "0", 100: "0", 1000: SIGMA_HAT}


def test_a_winner_ties_with_those_that_it_is_not_told_from():
    """0.2 apart, half an interval each: 0.3 is 2.1 standard errors of the difference, 0.25 is 1.7."""
    column = [
        table1.Cell(eta, 10, {FCD: table1.Estimate(value, value - 0.2, value + 0.2)}, {}, 0.0)
        for eta, value in (("0", 1.0), ("0.2", 1.25), ("0.5", 1.3), ("1", 1.5))
    ]
    assert [cell.eta for cell in tied(column)] == ["0.2"]


# --- the command line ---------------------------------------------------------------------------------------


def command(*words: str) -> int:
    return main(list(words))


@pytest.fixture
def on_few_digits(yardstick, model, monkeypatch, tmp_path):
    """The commands with few digits, and the model in a file."""
    monkeypatch.setattr(Yardstick, "load", staticmethod(lambda *_: yardstick))
    return str(save_model(tmp_path / "model.safetensors", TINY, model.denoise.state_dict(), {"step": 0}))


def test_evaluate_writes_numbers_and_pictures(on_few_digits, tmp_path, capsys):
    words = ("--samples", "12", "--steps", "2", "--bound-digits", "4", "--out", str(tmp_path / "o"))
    assert command("evaluate", "--model", on_few_digits, "--device", "cpu", *words) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*MEANINGS, NEAREST, "bits per dimension"))
    written = json.loads((tmp_path / "o" / "evaluation.json").read_text())
    assert written["metrics"][FCD].keys() == written["floors"][FCD].keys() == {"value", "low", "high"}
    assert written["config"]["samples"] == 12 and written["bound"]["digits"] == 4
    assert written["classifier"]["sha256"] == card()["sha256"]
    assert len(written["nearest"]["training_digit"]) == 12
    for name in ("samples.png", "nearest.png"):
        assert (tmp_path / "o" / name).read_bytes().startswith(b"\x89PNG")


def test_table1_prints_every_cell_and_its_winners(on_few_digits, tmp_path, capsys):
    words = ("--samples", "12", "--steps", "2", "3", "--etas", "0", SIGMA_HAT, "--out", str(tmp_path / "o"))
    assert command("table1", "--model", on_few_digits, "--device", "cpu", *words) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()[1:]}
    assert len(rows["0"]) == len(rows[SIGMA_HAT]) == 2
    winners = [
        "0" if float(a) < float(b) else SIGMA_HAT for a, b in zip(rows["0"], rows[SIGMA_HAT], strict=True)
    ]
    assert rows["lowest"] == winners


def test_train_classifier_writes_a_file_and_says_when_it_is_not_good(
    yardstick, monkeypatch, tmp_path, capsys
):
    digits = {"train": yardstick.training, "test": yardstick.test}
    monkeypatch.setattr("images.classify.command.load", lambda split, directory: digits[split])
    out = tmp_path / "c.safetensors"
    assert command("train-classifier", "--epochs", "0.5", "--out", str(out)) == 0
    assert "train for longer" in capsys.readouterr().err
    assert card(out)["command"] == "python -m images train-classifier --epochs 0.5"


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "--samples", "0"],
        ["evaluate", "--sampler", "magic"],
        ["evaluate", "--eta", "2"],
        ["evaluate", "--model", "nowhere.safetensors"],
        ["table1", "--etas", "many"],
        ["table1", "--steps", "few"],
        ["train-classifier", "--epochs", "0"],
        ["train-classifier", "--lr", "0", "--data", "nowhere"],
    ],
)
def test_bad_input_is_one_line_and_status_two(words, capsys):
    try:
        status = command(*words)
    except SystemExit as error:
        status = error.code
    error = capsys.readouterr().err
    assert status == 2
    assert error.count("\n") == 1 and "Traceback" not in error


def test_measuring_needs_neither_streamlit_nor_the_other_wing():
    """The architecture's rule, in a process of its own."""
    code = (
        "import sys, images.runs.command, playground.bound;"
        "sys.exit(any(name.split('.')[0] in ('streamlit', 'toy2d', 'scipy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
