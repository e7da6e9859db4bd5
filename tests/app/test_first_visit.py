"""The benchmark of first visits: what it refuses, what it says where there is no browser, and a row of its table."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import toy2d.labelled
import toy2d.net
from benchmarks import first_visit
from playground.threads import one_thread


def test_without_a_browser_it_says_so_and_measures_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(first_visit, "chromium", lambda: None)
    out = tmp_path / "visits.json"
    assert first_visit.main(["--only", "mixing", "--out", str(out)]) == 0
    assert "needs Chromium" in capsys.readouterr().out and not out.exists()


@pytest.mark.parametrize("words", [["--only", "nowhere"], ["--moves", "-1"]])
def test_bad_options_are_one_line(words, capsys):
    assert first_visit.main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.browser
def test_a_page_gets_its_row_in_place_of_an_earlier_runs_file(tmp_path):
    if first_visit.chromium() is None:
        pytest.skip("no Chromium on this machine")
    pytest.importorskip("playwright.sync_api")
    out = tmp_path / "visits.json"
    out.write_text("of an earlier run")
    assert first_visit.main(["--only", "start", "--moves", "1", "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())
    assert row["page"] == "start" and 0 < row["first"] < 120 and row["released"] is None  # it has no slider


def test_loading_a_network_imports_no_symbolic_mathematics():
    """It takes a second, at the first visit of every page and in every command that loads a network."""
    code = """
import sys
from images.models import load_model
from toy2d.shipped import DEFAULTS, shipped
load_model(), shipped(DEFAULTS["ncsn"])
sys.exit("sympy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


LEARNED = [  # page, what its address asks for: all that have networks and a π
    ("autoencoder", {"steps": "100"}),
    ("autoencoder", {"steps": "100", "sigma": "0.3", "points": "100"}),
    ("low_density", {"steps": "100", "width": "16"}),
    ("score_fields", {}),
    ("score_fields", {"taught": "at this σ"}),
    ("mixing", {"score": "learned", "particles": "50", "L": "2", "T": "10"}),
    ("diffusion", {"score": "learned", "schedule": "cosine", "particles": "50"}),
    ("few_steps", {"score": "learned", "particles": "50"}),
    ("likelihood", {"score": "learned", "train": "200", "steps": "5"}),
    ("forward_and_bound", {"part": "Variational bound", "score": "learned", "train": "200"}),
    ("guidance", {"models": "learned", "particles": "100", "steps": "10"}),
    ("ncsn", {}),
    ("ddpm_and_ncsn", {}),
]


@pytest.mark.parametrize(
    ("folder", "query"), LEARNED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_another_pi_trains_nothing(folder, query, monkeypatch):
    """Whatever has been trained when a page stands serves every π."""
    at, trained = counting_trainings(folder, query, monkeypatch)
    before, shown = len(trained), [metric.value for metric in at.metric]
    at.slider(key="pi").set_value(0.3).run()
    assert not at.exception and not at.error and len(trained) == before
    if folder not in ("ncsn", "ddpm_and_ncsn"):  # these two compute when asked
        assert [metric.value for metric in at.metric] != shown


def counting_trainings(folder, query, monkeypatch) -> tuple[AppTest, list]:
    """The page as its address opens it, and its trainings until now: each is cut to three steps."""
    trained = []

    def short(trainee, *rest, **more):
        trained.append(trainee)
        return islice(train(trainee, *rest, **more), 3)

    train = toy2d.net.train
    monkeypatch.setattr(toy2d.net, "train", short)
    monkeypatch.setattr(toy2d.labelled, "train", short)
    st.cache_resource.clear()
    path = Path(__file__).parents[2] / "toy2d" / folder / "page.py"
    at = AppTest.from_file(str(path), default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception and not at.error
    return at, trained


def test_trained_for_one_pi_a_network_is_trained_again_for_another(monkeypatch):
    """The same count, where the viewer has chosen so."""
    at, trained = counting_trainings("autoencoder", {"trained": "for this π"}, monkeypatch)
    before = len(trained)
    at.slider(key="pi").set_value(0.3).run()
    assert not at.exception and not at.error and len(trained) == before + 1


def test_one_thread_holds_until_the_last_that_asked_is_done():
    before = torch.get_num_threads()
    with one_thread():
        with one_thread():
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
