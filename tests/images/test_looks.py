"""Presets say how long they take here, from a measurement, and what their digits look like, from a finished run."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import torch
from page_opened import opened
from PIL import Image

from images.__main__ import main
from images.data.mnist import load
from images.models import SHIPPED
from images.train import looks
from images.training import job, making, runs
from images.training.config import TrainConfig
from images.training.presets import PRESETS
from images.training.session import Session
from images.training.speed import FIRST, OFFERED, Measuring, images_per_second, said

PAGE = Path(__file__).parents[2] / "images" / "train" / "page.py"
TINY = TrainConfig(images=640, batch=16, width=8, blocks=1, T=50)


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))


@pytest.fixture
def few():
    return load("train", download=False).part(0, 500)


def finished(name: str, config: TrainConfig, few, state: str = "finished") -> runs.Run:
    run = runs.Run(runs.root() / name)
    making.create(run, config)
    session = Session(config, few, run.directory, torch.device("cpu"))
    step = next(session.steps())
    job.Reporter(run, every=0.0).progress(
        step.step, step.steps, float(step.loss), images_per_second=1.0, seconds_left=0.0, seconds=1.0
    )
    session.save()
    session.preview()
    job.Reporter(run).state(state, device="a test")
    return run


def test_the_speed_is_images_over_the_clocks_seconds(few):
    """A clock that goes on by 0.25 s a look: after the uncounted steps each step of 16 images takes that long."""
    ticks = itertools.count(0.0, 0.25)
    speed = images_per_second(TINY, few, torch.device("cpu"), 1.0, lambda: next(ticks))
    # four steps in the second, and one more look at the clock after them
    assert speed == pytest.approx(4 * 16 / 1.25)
    assert FIRST == 2 and not list(runs.root().glob("*"))


def test_a_run_shorter_than_the_uncounted_steps_has_no_speed(few):
    assert math.isnan(images_per_second(replace(TINY, images=32), few, torch.device("cpu")))


def test_the_line_of_the_command_is_what_the_page_reads(capsys):
    line = said("look", 812.34)
    assert line == "look: 812.3 images/s: about 37 s for 30,000 images"
    measuring = Measuring()
    measuring._out.write(line + "\nnoise\ncpu: 1")
    assert measuring.found() == {"look": 812.3} and not measuring.is_over


def test_a_picture_is_kept_of_a_finished_run_of_a_preset_alone(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "look", TINY)
    good = finished("good", TINY, few)
    for name, run in {
        "settings of its own": finished("other", replace(TINY, seed=5), few),
        "not finished": finished("half", TINY, few, "stopped"),
    }.items():
        words = ["looks", "--runs", str(good.directory), str(run.directory), "--out", str(tmp_path / "out")]
        assert main(words) == 2 and name in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["looks", "--runs", str(good.directory), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "look.png").read_bytes() == good.previews()[-1].read_bytes()
    monkeypatch.setattr(looks, "LOOKS", tmp_path / "out")
    picture, made_by = looks.look_of("look")
    assert picture.name == "look.png" and "1 steps" in made_by and "a test" in made_by
    assert looks.look_of("cpu") is None


def test_shipped_pictures_are_of_presets_that_are_offered():
    for picture in looks.LOOKS.glob("*.png"):
        assert picture.stem in OFFERED and picture.stat().st_size < 40_000
        assert set(json.loads(picture.with_suffix(".json").read_text())) == {"step", "seconds", "device"}


def test_a_shipped_models_picture_is_what_it_draws_today_and_others_are_refused(tmp_path, few, capsys):
    """Two gray values on average for another processor's rounding; another model's digits are tens apart."""
    shipped = SHIPPED.with_name("labelled.safetensors")
    assert main(["looks", "--models", str(shipped), "--out", str(tmp_path)]) == 0
    now, then = (
        np.asarray(Image.open(path / "labelled.png"), dtype=float) for path in (tmp_path, looks.LOOKS)
    )
    assert now.shape == then.shape and np.abs(now - then).mean() < 2
    other = finished("other", TINY, few).model
    for words in (["--models", str(other)], []):
        assert main(["looks", *words, "--out", str(tmp_path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_the_first_visit_offers_presets_and_measures_nothing_yet():
    st.cache_resource.clear()  # the first of its server: another test's visit may have measured in this process
    app = opened(PAGE)
    assert {f"offer-{preset}" for preset in OFFERED} <= {button.key for button in app.button}
    assert any("being measured" in text.value for text in app.markdown)


def test_a_run_shows_its_strip_a_verdict_and_the_way_to_its_digits(few):
    finished("mine", TINY, few)
    app = opened(PAGE)
    assert any("Run mine has seen 16 images" in text.value for text in app.markdown)
    assert any("page Generate" in text.value for text in app.caption)  # a link where the pages are together
    generate = opened(PAGE.parents[1] / "generate" / "page.py", model="run mine")
    assert generate.selectbox(key="model").value.endswith("mine/model.safetensors")
