"""Benchmarks of the plane: one times a work here and in another checkout, one compares networks told π with others."""

import json
from pathlib import Path

import pytest

from benchmarks import plane, told

HOUSE = Path(__file__).parents[2]


def test_a_work_is_timed_here_and_there(tmp_path, capsys):
    """The other checkout is this one: a ratio of two times of one work, each of them positive."""
    out = tmp_path / "plane.json"
    words = ["--only", "round-trip", "--rounds", "1", "--against", str(HOUSE), "--out", str(out)]
    assert plane.main(words) == 0
    (row,) = json.loads(out.read_text())
    assert row["work"] == "round-trip" and row["here"][0] > 0 and row["there"][0] > 0
    assert "| round-trip |" in capsys.readouterr().out


def test_every_name_is_a_work():
    assert tuple(plane.works()) == plane.NAMES


@pytest.mark.parametrize("words", [["--only", "nothing"], ["--rounds", "0"], ["--against", "/nowhere"]])
def test_bad_options_are_one_line(words, capsys):
    assert plane.main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_told_and_alone_are_compared_pi_by_pi_with_their_floor(tmp_path, capsys):
    """Hardly trained, both are as far off as a score of nearly zero is: by about all of it, far above the floor."""
    out = tmp_path / "told.json"
    words = [
        "--pis",
        "0.1",
        "0.9",
        "--trainings",
        "2",
        "--steps",
        "2",
        "--N",
        "500",
        "--guided",
        "--out",
        str(out),
    ]
    assert told.main(words) == 0
    found = json.loads(out.read_text())
    for row in found["score"]:
        assert row["exact"] == 0 and all(0.5 < error < 2 for error in row["told"] + row["alone"])
    for row in found["guidance"]:
        assert len(row["told"]) == len(row["alone"]) == 2
        assert 0 < row["exact"] < min(row["told"] + row["alone"])
    assert "cannot be told at 2 trainings" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--pis", "0"], ["--trainings", "1"], ["--steps", "0"], ["--t", "0"]])
def test_bad_options_of_told_are_one_line(words, capsys):
    assert told.main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
