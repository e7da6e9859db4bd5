"""The benchmark of first visits: what it refuses, what it says where there is no browser, and a row of its table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import first_visit


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
def test_a_page_gets_its_row_and_a_second_run_replaces_the_file(tmp_path):
    if first_visit.chromium() is None:
        pytest.skip("no Chromium on this machine")
    pytest.importorskip("playwright.sync_api")
    out = tmp_path / "visits.json"
    for _ in range(2):
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
