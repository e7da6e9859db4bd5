"""What each page shows at its first visit: one colour has one meaning, and nothing that is shipped is made again, nor
where the first slider is moved and what that leads to is shipped.
"""

import json
import time
from collections import defaultdict
from pathlib import Path

import pytest
import streamlit as st
from page_opened import opened
from streamlit.testing.v1 import AppTest

import images.topics
import playground.ui.charts
import playground.ui.page
import playground.ui.player
import toy2d.labelled
import toy2d.net
import toy2d.own_data.experiment
import toy2d.topics
from images.data import mnist
from images.training import runs
from playground.charts import Chart
from playground.colors import PALETTE, TRUTH

ROOT = Path(__file__).parents[2]
FOLDERS = [
    f"{wing.__name__.split('.')[0]}/{topic.folder}"
    for wing in (toy2d.topics, images.topics)
    for topic in wing.TOPICS
]
# What they show at a first visit are sheets of digits, tables and pictures, which have no colours that mean something.
COLOURLESS = {f"images/{name}" for name in ("table1", "guidance", "palette", "autoencoders", "train")}
# page -> what would compute what it opens with, which is shipped (tests/*/test_films.py: it is that of today)
SHIPPED = {
    "toy2d/ncsn": "toy2d.ncsn.experiment.ncsn",
    "toy2d/latents": "toy2d.latents.experiment.there_and_back",
    "images/generate": "images.generate.experiment.sample",
    "images/families": "images.generate.experiment.sample",
    "images/guidance": "images.guidance.experiment.the_ten",
    "images/latent": "images.latent.experiment.sample",
    "images/dalle2": "images.dalle2.experiment.draw",
}
# Made of MNIST's own test digits: computed where its files are not.
OF_DIGITS = {
    "images/inpainting": "images.inpainting.experiment.inpaint",
    "images/change": "images.diffusion_autoencoder.experiment.between",
    "images/palette": "images.palette.experiment.restore",
    "images/autoencoders": "images.autoencoders.experiment.show",
    "images/diffusion_autoencoder": "images.diffusion_autoencoder.experiment.reconstruct",
    "images/clip": "images.dalle2.clip_experiment.measured",
    "images/variations": "images.dalle2.experiment.variations",
}
# page -> a control, by its key, and what it is set to after that: what its first slider leads to is shipped as well,
# and so is what "learned" means
MOVED = {
    "images/guidance": ("steps", 50),
    "images/change": ("c-steps", 100),
    "images/palette": ("steps", 100),
    "images/diffusion_autoencoder": ("d-steps", 50),
    "images/variations": ("v-w", 2.0),
    "toy2d/guidance": ("models", "learned"),
    "toy2d/likelihood": ("score", "learned"),
    "toy2d/own_data": ("n", 500),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_page_opens_without_training_and_a_colour_or_a_name_means_one_thing(folder, monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    trained = noted_trainings(monkeypatch)
    if (computed_by := shipped(folder)) is not None:
        monkeypatch.setattr(computed_by, refuse)
    st.cache_resource.clear()  # networks that another test's session has left
    moved = MOVED.get(folder) if computed_by or folder.startswith("toy2d") else None
    charts, panels, order = seen_on(folder, monkeypatch, moved)
    assert not trained
    assert (
        order[0] == "said"
    )  # drawing takes longer than saying: a released slider's numbers do not wait for it
    legend = {
        (name, PALETTE[k]) for panel in panels for k, name in enumerate(getattr(panel, "label_names", ()))
    }
    colours = defaultdict(set)
    for name, colour in legend | named(charts):
        colours[name].add(colour)
    assert not {name: found for name, found in colours.items() if len(found) > 1}
    taken = {colour: name for name, colour in legend}
    assert not {(name, taken[colour]) for name, colour in named(charts) - legend if colour in taken}


@pytest.fixture
def without_mnist(monkeypatch, tmp_path):
    """No files, and a download that has just failed: the digits of a package."""
    monkeypatch.delenv(mnist.ENV, raising=False)
    monkeypatch.setenv(mnist.CACHE_ENV, str(tmp_path))
    failed = mnist.cache_directory().with_name(mnist.MARKER)
    failed.write_text(json.dumps({"time": time.time(), "reason": "no network"}), encoding="utf-8")
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.parametrize("folder", OF_DIGITS)
def test_what_a_page_opens_with_is_shipped_for_the_packages_digits_too(
    folder, without_mnist, monkeypatch, tmp_path
):
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))
    monkeypatch.setattr(OF_DIGITS[folder], refuse)
    opened(ROOT / folder / "page.py")
    assert mnist.load("test").packaged


def shipped(folder: str) -> str | None:
    """What would compute the page's first result; None where it has to."""
    if folder in OF_DIGITS and len(mnist.load("test", download=False)) == 10_000:
        return OF_DIGITS[folder]
    return SHIPPED.get(folder)


def refuse(*arguments, **options):
    raise AssertionError("computed, though it is shipped")


def noted_trainings(monkeypatch) -> list:
    """What networks of the plane are trained from now on."""
    trained = []
    learn_points = toy2d.net.learn_points

    def noted(points, config, *rest):
        trained.append(config)
        return learn_points(points, config, *rest)

    monkeypatch.setattr(toy2d.net, "learn_points", noted)
    monkeypatch.setattr(toy2d.own_data.experiment, "learn_points", noted)
    monkeypatch.setattr(toy2d.labelled, "_train", lambda *rest: trained.append(rest))
    return trained


def named(charts: list[Chart]) -> set[tuple[str, str]]:
    """Of all marks with a name and one colour, grey for what is true or exact apart."""
    marks = [mark for chart in charts for mark in chart.marks if getattr(mark, "name", "")]
    found = {(mark.name, mark.color) for mark in marks if isinstance(mark.color, str)}
    return {(name, colour) for name, colour in found if colour != TRUTH}


def seen_on(folder: str, monkeypatch, moved: tuple[str, float] | None) -> tuple[list[Chart], list, list[str]]:
    """What is drawn at a first visit and, where a control is to be moved, after that; and what came when."""
    charts, panels, order = [], [], []
    drawn, packed, sign = playground.ui.charts.on_page, playground.ui.player.packed, playground.ui.page._sign

    def say(outcome):
        order.append("said")
        return sign(outcome)

    def on_page(given, *rest):
        order.append("drawn")
        charts.extend([given] if isinstance(given, Chart) else given)
        return drawn(given, *rest)

    def pack(given, **settings):
        order.append("drawn")
        panels.extend(given)
        return packed(given, **settings)

    monkeypatch.setattr(playground.ui.page, "_sign", say)
    monkeypatch.setattr(playground.ui.charts, "on_page", on_page)
    monkeypatch.setattr(playground.ui.player, "packed", pack)
    app = AppTest.from_file(str(ROOT / folder / "page.py"), default_timeout=120).run()
    assert not app.exception and not app.error and (folder in COLOURLESS or charts + panels), app.exception
    if moved is not None:
        key, value = moved
        app.session_state[key] = value
        app.run()
        assert not app.exception and not app.error and app.session_state[key] == value, app.exception
    return charts, panels, order
