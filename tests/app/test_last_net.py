"""The last net of both command lines: an error that nobody foresaw is one line, a file and status 1."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playground.cli import Parser, refuse_idle, run
from playground.errors import UserError


def command(work) -> Parser:
    parser = Parser(prog="python -m thing")
    parser.set_defaults(run=work)
    parser.add_argument("--n", type=int, default=3)
    parser.add_argument("--x", type=float)
    return parser


def raising(error):
    def work(arguments):
        raise error

    return command(work)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_an_unexpected_error_is_one_line_a_file_and_status_1(capsys, tmp_path):
    assert run(raising(KeyError("two\nlines \udcff")), []) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("python -m thing: an unexpected error (KeyError: ")
    path = Path(re.search(r"details are in (\S+\.txt):", error).group(1))
    assert path.parent == tmp_path
    details = path.read_text()
    assert "Traceback" in details and "KeyError" in details and "raise error" in details


def test_without_room_for_the_file_the_line_stays(capsys, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert run(raising(RuntimeError("boom")), []) == 1
    assert "RuntimeError: boom" in capsys.readouterr().err


def test_memory_that_ran_out_is_told_as_such(capsys, tmp_path):
    assert run(raising(MemoryError()), []) == 1
    assert "memory ran out" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error, status", [(UserError("no"), 2), (KeyboardInterrupt(), 130)])
def test_what_is_expected_writes_no_file(error, status, tmp_path):
    assert run(raising(error), []) == status and list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error():
    """As in `python -m ... | head`: no words, no file."""
    code = (
        "from playground.cli import Parser, run\n"
        "def work(arguments):\n    for i in range(100000): print(i)\n"
        "p = Parser(prog='p'); p.set_defaults(run=work)\n"
        "import sys; sys.exit(run(p, []))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 141


def test_the_given_options_are_known_even_with_their_default_value():
    seen = []
    assert run(command(lambda arguments: seen.append(arguments.given)), ["--n", "3"]) == 0
    assert run(command(lambda arguments: seen.append(arguments.given)), []) == 0
    assert seen == [{"n"}, set()]
    with pytest.raises(UserError, match="--n would do nothing here: leave it out"):
        refuse_idle(argparse.Namespace(given={"n"}), "n x", "here")
    refuse_idle(argparse.Namespace(given=set()), "n x", "here")
