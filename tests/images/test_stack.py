"""train-stack: the whole of DALL-E 2 by one command, stopped, killed, gone on with, and never trained twice."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from images.__main__ import main
from images.dalle2.experiment import load_stack
from images.data.idx import write_idx
from images.data.mnist import ENV, FILES, load
from images.train import stack
from images.train.stack import STAGES, configs, is_finished, train_stack
from images.training import runs
from images.training.session import RESUME
from playground.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def few_digits(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("mnist")
    for split, n in (("train", 300), ("test", 100)):
        digits = load(split, download=False)
        for name, array in zip(FILES[split], (digits.images[:, 0], digits.labels.byte()), strict=True):
            write_idx(directory / f"{name}.gz", array[:n].numpy())
    return directory


@pytest.fixture(autouse=True)
def alone(few_digits, tmp_path, monkeypatch):
    monkeypatch.setenv(ENV, str(few_digits))
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))


def test_it_stops_stays_stopped_goes_on_and_trains_nothing_twice(tmp_path, capsys):
    folder, digits = tmp_path / "stack", load("train")
    folder.mkdir()
    wanted = configs(folder, 400, 0)
    asked = (
        itertools.count()
    )  # CLIP takes two steps and is asked before it and after each; then the prior stops
    assert not train_stack(folder, wanted, digits, CPU, 30.0, lambda: next(asked) >= 4)
    assert is_finished(runs.Run(folder / "clip")) and not is_finished(runs.Run(folder / "prior"))
    assert not (folder / "decoder").exists()  # what comes after a stop is not begun
    clip = (folder / "clip" / RESUME).stat().st_mtime_ns
    options = ["train-stack", "--run", str(folder), "--images", "400"]
    assert main(options) == 0
    assert "trained already" in capsys.readouterr().out
    assert (folder / "clip" / RESUME).stat().st_mtime_ns == clip
    assert load_stack(folder).ar_prior is not None  # all stages, and of one CLIP
    assert main(["train-stack", "--run", str(folder), "--images", "600"]) == 2
    assert "other settings" in capsys.readouterr().err


def test_a_killed_stage_goes_on_from_its_checkpoint(tmp_path):
    folder = tmp_path / "stack"
    words = [sys.executable, "-m", "images", "train-stack", "--run", str(folder), "--images", "4000"]
    process = subprocess.Popen([*words, "--save-every", "0.05"], cwd=ROOT, stdout=subprocess.DEVNULL)
    checkpoint, end = folder / "clip" / RESUME, time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = load_checkpoint(checkpoint)[1]["step"]
    asked = itertools.count()
    wanted = configs(folder, 4000, 0)
    assert 1 <= before < 20
    assert not train_stack(folder, wanted, load("train"), CPU, 30.0, lambda: next(asked) >= 1)
    assert load_checkpoint(checkpoint)[1]["step"] == before + 1  # one step more, not from the start
    assert not (folder / "prior").exists()


def test_the_time_left_is_that_of_all_stages_to_come():
    wanted = configs(Path("x"), None, 0)

    class At:
        done_now, seconds, seconds_left = 100, 26.0, 7.0

    thousands = 100 * wanted["clip"].batch / 1000  # so many thousand images took 26 s here
    pace = At.seconds / (STAGES["clip"] * thousands)
    others = sum(STAGES[s] * wanted[s].images / 1000 for s in STAGES if s != "clip")
    assert stack._left("clip", wanted)(At) == pytest.approx(7 + pace * others)
    assert stack._left("upsampler", wanted)(At) == 7.0


@pytest.mark.parametrize(
    ("words", "said"), [(["--images", "0"], "images, is 0"), (["--seed", "-1"], "seed is -1")]
)
def test_bad_settings_leave_nothing_behind(words, said, tmp_path, capsys):
    assert main(["train-stack", "--run", str(tmp_path / "s"), *words]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "s").exists()
