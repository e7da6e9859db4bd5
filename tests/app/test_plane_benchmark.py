"""The benchmark of the plane: it times a work here and in another checkout, and refuses what it does not know."""

import json
from pathlib import Path

import pytest

from benchmarks import plane

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
