"""Every image page through Streamlit's own test client, with the shipped model and real digits."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import wait_for
from PIL import Image
from streamlit.testing.v1 import AppTest

from images.data.uploads import read_picture
from images.sampling import SAMPLERS
from images.training import job, making, runs
from images.training.config import TrainConfig
from images.training.speed import OFFERED
from images.ui import sampler_name
from playground.errors import UserError

WING = Path(__file__).parents[2] / "images"


@pytest.fixture(autouse=True)
def no_runs(tmp_path, monkeypatch):
    """A place for runs of its own, and no process left behind."""
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))
    yield
    for run in runs.all_runs():
        if run.status()["state"] in runs.LIVE:
            psutil.Process(run.status()["pid"]).kill()


def opened(name: str) -> AppTest:
    app = AppTest.from_file(str(WING / name / "page.py"), default_timeout=120).run()
    assert not app.exception, app.exception
    return app


def test_generate_opens_with_digits_and_makes_new_ones():
    app = opened("generate")
    shown_for, film = app.session_state["film"]
    assert film.images.shape == (25, 28, 28)
    app.number_input(key="count").set_value(4)
    app.select_slider(key="steps").set_value(5).run()
    assert app.session_state["film"][0] == shown_for  # settings alone start no work
    assert any("have changed" in caption.value for caption in app.caption)
    next(b for b in app.button if b.label == "Generate").click().run()
    assert app.session_state["film"][1].images.shape == (4, 28, 28)
    assert not app.error and not app.exception


def test_generate_says_of_every_sampler_what_its_step_is():
    said = " ".join(text.value for text in opened("generate").markdown)
    assert all(f"**{sampler_name(sampler)}**:" in said for sampler in SAMPLERS)
    assert "Each step is" not in said


def test_inpaint_opens_with_completions_that_keep_the_known_part():
    app = opened("inpainting")
    assert not app.error
    _, (film, image, hole, _) = app.session_state["completed"]
    assert hole.any() and not hole.all()
    assert (film.images[:, ~hole] == image[~hole]).all()


def test_train_page_without_a_run_says_what_to_do():
    app = opened("train")
    assert any("press Start below a preset" in words.value for words in app.markdown)
    assert [b.label for b in app.button if b.key and b.key.startswith("offer-")].count("Start") == len(
        OFFERED
    )


def test_the_sidebar_starts_and_stops_a_training(tmp_path):
    app = opened("train")
    key = next(n.key for n in app.sidebar.number_input if n.label.startswith("Length"))
    app.sidebar.number_input(key=key).set_value(500).run()
    next(b for b in app.sidebar.button if b.label == "Start training").click().run()
    assert not app.exception and not app.error
    run = runs.live_run()
    assert run is not None and run.config.images == 500_000
    app.run()
    next(b for b in app.sidebar.button if b.label == "Stop").click().run()
    # Asked to stop before it has even begun, it must not be deaf: it saves after its first step, and ends.
    wait_for(lambda: run.status()["state"] == "stopped")


def test_a_run_that_died_is_said_in_the_sidebar_and_can_go_on():
    run = runs.Run(runs.root() / "broken")
    making.create(run, TrainConfig(images=1000))
    reporter = job.Reporter(run, pid=2**22 + 1)  # above what Linux gives to any process
    reporter.progress(3, 7, 0.1, images_per_second=10.0, seconds_left=1.0, seconds=2.0)
    app = opened("train")
    assert any("ended without a word" in error.value for error in app.error)


def test_pictures_of_another_size_or_none_are_refused_or_fitted(tmp_path):
    path = tmp_path / "wide.png"
    Image.fromarray(np.full((10, 40), 255, np.uint8)).save(path)
    with pytest.raises(UserError, match=r"wide\.png is 40 x 10 pixels"):
        read_picture(path)
    assert read_picture(path, fit=True).shape == (28, 28)
    (tmp_path / "fake.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"fake\.png"):
        read_picture(tmp_path / "fake.png")


def test_a_picture_of_the_right_size_comes_back_as_it_is(tmp_path):
    pixels = np.arange(784).reshape(28, 28).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert (read_picture(tmp_path / "p.png") == pixels).all()
    assert (read_picture(tmp_path / "p.png", invert=True) == 255 - pixels).all()
