"""The pages that compare: runs and metrics, Table 1, the two families; on few digits and tiny networks."""

import json
from pathlib import Path

import pytest
import streamlit as st
import torch
from page_opened import fine, opened
from streamlit.testing.v1 import AppTest

from images.data import mnist
from images.data.mnist import load
from images.metrics.estimates import FCD
from images.runs import shipped
from images.sampling import ANNEALED, AS_WRITTEN
from images.training import job, making, runs
from images.training.config import TrainConfig
from images.training.session import Session
from playground.statistics import FAILS, HOLDS, OPEN

WING = Path(__file__).parents[2] / "images"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch, few_digits):
    """Runs, outputs and digits of its own, and nothing that another test has cached."""
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))
    monkeypatch.setenv(mnist.ENV, str(few_digits))
    monkeypatch.chdir(tmp_path)
    st.cache_resource.clear()


def trained(name: str, objective: str) -> runs.Run:
    """A finished run of four steps, as `python -m images train` leaves it."""
    config = TrainConfig(images=128, batch=32, width=8, blocks=1, T=50, objective=objective)
    run = runs.Run(runs.root() / name)
    making.create(run, config)
    session = Session(config, load("train"), run.directory, torch.device("cpu"))
    reporter = job.Reporter(run, every=0.0)
    for p in session.steps():
        reporter.progress(
            p.step, p.steps, float(p.loss), images_per_second=1.0, seconds_left=0.0, seconds=1.0
        )
    session.save()
    session.preview()
    reporter.state("finished")
    return run


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def said(app: AppTest, words: str) -> bool:
    return any(words in element.value for element in (*app.caption, *app.markdown, *app.info))


# --- runs and metrics -------------------------------------------------------------------------------------


def test_compare_without_a_run_says_what_to_do():
    app = opened(WING / "runs" / "page.py")
    assert said(app, "No run yet")
    assert "model.safetensors" in list(
        app.dataframe[0].value["model"]
    )  # the shipped ones, from the first day
    assert said(app, "Nearest is the shipped model") and said(app, f"{FAILS}.")


def test_the_nearest_model_is_named_with_those_that_are_not_told_from_it():
    def measured(value: float) -> dict:
        figures = {"value": value, "low": value - 0.2, "high": value + 0.2}
        floor = {"value": 0.1, "low": 0.1, "high": 0.1}  # without noise: the difference has the model's
        return {"metrics": {FCD: figures}, "floors": {FCD: floor}, "config": {"samples": 500}}

    told, outcome = shipped.said({"one": measured(0.5), "near": measured(0.6), "far": measured(2.0)})
    outcomes = [shipped.said({"one": measured(value)})[1] for value in (0.25, -0.2)]
    assert [outcome, *outcomes] == [FAILS, f"{OPEN} at N = 500", HOLDS]  # real ones have 0.1
    assert "Nearest is one, at a Fréchet distance of 0.50 (0.30 to 0.70; N = 500)" in told
    assert "0.10, which is 0.40 (0.20 to 0.60) less" in told
    assert told.endswith("Not told from it: near.") and "far" not in told


def test_compare_shows_runs_side_by_side():
    trained("one", "min-snr"), trained("two", "simple")
    app = opened(WING / "runs" / "page.py")
    table = app.dataframe[0].value
    assert set(table["run"]) == {"one", "two"} and set(table["state"]) == {"finished"}
    assert set(table["images seen"]) == {128} and set(table[FCD]) == {"not measured"}
    assert said(app, "**one**") and said(app, "**two**") and said(app, "different objectives")
    app.multiselect(key="compare").set_value(["two"])
    fine(app.run())
    assert not said(app, "**one**") and not said(app, "different objectives")


def test_measuring_a_run_fills_in_its_numbers_beside_the_floor():
    run = trained("one", "min-snr")
    app = opened(WING / "runs" / "page.py")
    app.selectbox(key="measure-samples").set_value(200)
    app.selectbox(key="measure-steps").set_value(10)
    fine(app.run())
    fine(button(app, "Measure").click().run())
    found = json.loads((run.directory / "evaluation" / "evaluation.json").read_text())
    fcd, floor = found["metrics"][FCD]["value"], found["floors"][FCD]["value"]
    assert fcd > 10 * floor  # after four steps of training it draws noise
    assert app.dataframe[0].value[FCD][0] == f"{fcd:.2f} (N = 200)"
    numbers = app.dataframe[1].value
    assert list(numbers[numbers["metric"] == FCD]["real digits"]) == [f"{floor:.4g}"]


def test_a_run_is_renamed_and_deleted_only_when_asked_for_twice():
    trained("one", "min-snr")
    app = opened(WING / "runs" / "page.py")
    app.text_input(key="new-name-one").set_value("better")
    fine(app.run())
    fine(button(app, "Rename").click().run())
    assert [run.name for run in runs.all_runs()] == ["better"]
    assert button(app, "Delete").disabled
    fine(app.checkbox(key="sure-better").check().run())
    fine(button(app, "Delete").click().run())
    assert runs.all_runs() == [] and said(app, "No run yet")


def test_a_name_that_is_taken_is_refused_in_a_sentence():
    trained("one", "min-snr"), trained("two", "simple")
    app = opened(WING / "runs" / "page.py")
    app.selectbox(key="tidy-run").set_value("one").run()
    app.text_input(key="new-name-one").set_value("two").run()
    button(app, "Rename").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == ["There is a run named two already: choose another name."]


# --- Table 1 ----------------------------------------------------------------------------------------------


def test_table1_shows_the_lecture_and_fills_a_table_that_goes_on():
    run = trained("one", "min-snr")
    app = opened(WING / "table1" / "page.py")
    lecture = [frame.value for frame in app.dataframe if {"S = 1000", "η"} <= set(frame.value)][-2:]
    assert [table["S = 1000"].iloc[-1] for table in lecture] == [3.17, 3.26]  # sigma-hat wins at 1000
    (noise,) = [frame.value for frame in app.dataframe if "σ̂ adds / the level has" in frame.value]
    assert noise["S = 10"].tolist() == [
        "0.515 / 0.321",
        "0.324 / 0.010",
    ]  # roots of 1 - alpha_bar ratios, by hand
    app.selectbox(key="model").set_value(str(run.model))
    app.selectbox(key="t1-samples").set_value(100)
    app.multiselect(key="t1-steps").set_value([10])
    fine(app.run())
    fine(button(app, "Fill").click().run())
    cells = sorted(Path("out").glob("table1-*/eta-*.json"))
    assert len(cells) == 5
    assert said(app, "At S = 10 the lowest is η = **") and said(app, "that is the floor")
    filled = app.dataframe[len(app.dataframe) - 1].value
    assert sum("(lowest)" in cell for cell in filled["S = 10"]) == 1
    times = [cell.stat().st_mtime_ns for cell in cells]
    fine(button(app, "Fill").click().run())
    assert [cell.stat().st_mtime_ns for cell in cells] == times  # nothing is computed twice


# --- DDPM and NCSN ----------------------------------------------------------------------------------------


def test_families_walk_both_ways_with_one_network_or_two():
    run = trained("one", "ncsn")
    app = opened(WING / "families" / "page.py")
    made_for, films = app.session_state["films"]
    assert [config.sampler for config in made_for[1]] == ["DDPM", ANNEALED]
    assert [film.images.shape for film in films] == [(16, 28, 28)] * 2
    app.selectbox(key="f-model-2").set_value(str(run.model))
    app.number_input(key="f-count").set_value(4)
    app.select_slider(key="f-steps").set_value(50)
    fine(app.run())
    assert app.session_state["films"][0] == made_for  # settings alone start no work
    assert said(app, "have changed")
    fine(button(app, "Generate").click().run())
    models = app.session_state["films"][0][0]
    assert models[0] != models[1] and models[1]["config"]["objective"] == "ncsn"
    assert [film.images.shape for film in app.session_state["films"][1]] == [(4, 28, 28)] * 2
    fine(app.segmented_control(key="f-show").set_value("x_t").run())
    labels = [download.proto.label for download in app.get("download_button")]
    assert sorted(labels) == ["GIF, DDPM", "GIF, NCSN", "WebP, DDPM", "WebP, NCSN"]


def test_families_measure_both_ways_of_telling_the_noise():
    """With a network of four steps: which way is better is told by the slow test in test_told_noise."""
    run = trained("one", "ncsn")
    app = opened(WING / "families" / "page.py")
    assert said(app, "settles at **v = 1.22**") and said(
        app, "5 to 27 standard deviations"
    )  # before any walk
    app.select_slider(key="f-steps").set_value(50)
    app.selectbox(key="f-told").set_value(AS_WRITTEN)
    app.selectbox(key="f-told-samples").set_value(50)
    app.selectbox(key="f-model-2").set_value(str(run.model))
    fine(app.run())
    fine(button(app, "Measure both").click().run())
    table = next(frame.value for frame in app.dataframe if "is told" in frame.value)
    assert len(table) == 5 and list(table["denoiser"])[-1] == "real digits (the floor)"
    assert said(app, "Being told sigma_i changes the distance") and said(app, "N = 50")
    fine(button(app, "Generate").click().run())
    assert app.session_state["films"][0][1][1].sampler == AS_WRITTEN
