"""Writing: whole or not at all, again where Windows says no, and never over somebody else's file."""

import errno
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from playground.errors import UserError
from playground.files import (
    WRITTEN,
    note_result,
    plain,
    require_folder,
    require_replaceable,
    write_atomically,
    write_json,
    write_result,
)

ROOT = Path(__file__).parents[2]


def test_a_refused_rename_is_tried_again(tmp_path, monkeypatch):
    """As Windows refuses while a page has the file open."""
    real, refusals = os.replace, [PermissionError(errno.EACCES, "Access is denied")] * 4

    def replace(*paths):
        if refusals:
            raise refusals.pop()
        real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    assert write_atomically(tmp_path / "status.json", b"new").read_bytes() == b"new"
    assert not refusals


def test_a_rename_that_stays_refused_is_a_sentence_and_loses_nothing(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "file", b"old")

    def replace(*_):
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("playground.files.PATIENCE", 0.0)
    with pytest.raises(UserError, match="Access is denied"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_results_replace_only_what_was_written_and_left_as_it_was(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_result(path, b"1")
    write_result(path, b"2")
    assert path.read_bytes() == b"2"
    path.write_bytes(b"edited by hand")
    with pytest.raises(UserError, match="did not write it so"):
        write_result(path, b"3")
    assert path.read_bytes() == b"edited by hand"
    foreign = tmp_path / "new" / "thesis.tex"
    foreign.write_bytes(b"years of work")
    with pytest.raises(UserError, match="thesis"):
        write_result(foreign, b"3")
    assert foreign.read_bytes() == b"years of work"
    note_result(foreign)
    require_replaceable(foreign)


@pytest.mark.parametrize("notes", [b"[]", b"{", b"\xff", b'{"file": 3}'])
def test_notes_that_are_damaged_allow_nothing(tmp_path, notes):
    write_result(tmp_path / "file", b"1")
    (tmp_path / WRITTEN).write_bytes(notes)
    with pytest.raises(UserError):
        require_replaceable(tmp_path / "file")


def test_only_regular_files_are_replaced(tmp_path):
    (tmp_path / "target").write_bytes(b"far away")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "broken", "folder", "pipe"):
        for writing in (write_atomically, write_result):
            with pytest.raises(UserError, match="no regular file"):
                writing(tmp_path / name, b"data")
    assert (tmp_path / "target").read_bytes() == b"far away" and (tmp_path / "link").is_symlink()


def test_a_place_that_cannot_hold_files_is_known_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    require_folder(tmp_path / "not" / "yet" / "there")
    assert not (tmp_path / "not").exists()
    with pytest.raises(UserError, match="file is no folder"):
        require_folder(tmp_path / "file" / "below")


COMMANDS = [
    ["images", "sample"],
    ["images", "inpaint"],
    ["toy2d", "mixing"],
]


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_refuse_foreign_files_before_the_work(tmp_path, words, monkeypatch, capsys):
    name = {"sample": "samples", "inpaint": "inpainted"}.get(words[1], words[1])
    (tmp_path / f"{name}.png").write_bytes(b"mine")
    module = __import__(f"{words[0]}.__main__", fromlist=["main"])
    # Were the work begun, it would end in the last net, with status 1.
    monkeypatch.setattr("images.models.load_checkpoint", None)
    monkeypatch.setattr("toy2d.mixing.command.write", None)
    assert module.main([words[1], "--out", str(tmp_path)]) == 2
    assert f"{name}.png exists" in capsys.readouterr().err
    assert (tmp_path / f"{name}.png").read_bytes() == b"mine"


def test_a_console_that_cannot_encode_a_path_stops_nothing(tmp_path):
    out = tmp_path / "Größe π"
    words = ["mixing", "--particles", "20", "--L", "2", "--T", "2", "--out", str(out)]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "toy2d", *words], cwd=ROOT, env=env, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in out.glob("mixing.*")} == {".json", ".png", ".gif"}
    assert rb"\u03c0" in done.stdout
    assert set(json.loads((out / WRITTEN).read_text())) == {"mixing.json", "mixing.png", "mixing.gif"}


@dataclass(frozen=True)
class Found:
    value: float
    curve: np.ndarray


def test_json_holds_dataclasses_and_arrays_and_null_where_a_number_is_not_finite(tmp_path):
    found = {"one": Found(math.nan, np.array([1.0, math.inf])), 2: (np.float32(0.5), torch.tensor([3]))}
    wanted = {"one": {"value": None, "curve": [1.0, None]}, "2": [0.5, [3]]}
    assert plain(found) == wanted

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = write_json(tmp_path / "found.json", found).read_text()
    assert json.loads(text, parse_constant=refuse) == wanted
