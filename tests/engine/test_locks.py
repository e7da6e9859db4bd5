"""The system's lock: one holder, across processes and within one, and free when its holder is killed."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from playground.errors import UserError
from playground.locks import Lock, holder, is_held

ROOT = Path(__file__).parents[2]
HOLD = "import sys; from playground.locks import Lock; print(Lock(sys.argv[1]).take(), flush=True); sys.stdin.read()"


def holding(path: Path) -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, **pipes)
    assert process.stdout.readline() == "True\n"
    return process


def test_one_process_has_it_until_it_is_killed(tmp_path):
    path = tmp_path / "lock"
    with holding(path) as process:
        assert is_held(path) and holder(path) == process.pid
        assert not Lock(path).take(patience=0.1)
        process.kill()
    assert not is_held(path)
    mine = Lock(path)
    assert mine.take() and is_held(path)
    mine.release()
    mine.release()
    assert not is_held(path) and path.exists()  # that the file is there means nothing


def test_two_in_one_process_exclude_each_other(tmp_path):
    path = tmp_path / "lock"
    with Lock(path), pytest.raises(UserError, match="held by process"):
        Lock(path).__enter__()


def test_those_who_look_do_not_keep_anybody_from_taking_it(tmp_path):
    path, done = tmp_path / "lock", threading.Event()

    def look() -> None:
        while not done.is_set():
            is_held(path)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(50):
            lock = Lock(path)
            assert lock.take(patience=10)
            lock.release()
    finally:
        done.set()
        for thread in lookers:
            thread.join()


def test_a_lock_in_a_deleted_folder_is_a_lock_on_nothing(tmp_path):
    path = tmp_path / "run" / "lock"
    path.parent.mkdir()
    with Lock(path):
        path.unlink()
        assert not is_held(path)
        other = Lock(path)
        assert other.take()
        other.release()
    with pytest.raises(UserError, match="cannot be opened"):
        Lock(tmp_path / "nowhere" / "lock").take()
