"""Training as a job: a process of its own, which the app starts and which reports through its run's directory.

First what the app calls, then what the training process calls.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from images.data.mnist import ENV as MNIST
from images.data.mnist import expanded
from images.training import runs
from images.training.config import TrainConfig
from images.training.making import new, write_config
from images.training.records import read_status
from images.training.session import MODEL, RESUME
from playground.errors import UserError, require
from playground.files import patiently, write_atomically
from playground.locks import Lock

# what a run that goes on has already
LASTING = ("step", "steps", "loss", "images_per_second", "seconds", "data", "parameters", "device")


def start(config: TrainConfig | None = None, *, name: str | None = None, data: str | None = None) -> runs.Run:
    """Starts a new run, or (without config) goes on with the one named, in a process of its own.

    Raises UserError where another run is training: two would share the same cores and both crawl.
    """
    runs.require_writable()
    with _one_start_at_a_time():
        busy = runs.live_run()
        require(busy is None, f"{busy and busy.name} is still training: stop it first, or wait for it.")
        if config is not None:
            with new(runs.root() / name if name else None) as run:
                write_config(run, config)
        else:
            run = runs.Run(runs.root() / str(name))
            _ = run.config  # a damaged run is refused here, where the user is
        with runs.in_a_sentence(f"{run.name} could not be started"):
            forget_stop(run)
            process = _launch(run, data)
        note = {"pid": process.pid, "started": runs.started_at(process.pid) or time.time(), "at": time.time()}
        write_atomically(run.directory / "launched.json", json.dumps(note).encode())
    # The child is waited for in a thread: unwaited, it would stay a zombie after its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return run


def _launch(run: runs.Run, data: str | None) -> subprocess.Popen:
    command = [sys.executable, "-m", "images", "train", "--resume", "--run", str(run.directory)]
    with open(run.directory / "output.txt", "ab") as output:
        output.write(f"--- started {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        output.flush()
        return subprocess.Popen(
            command + (["--data", str(expanded(data, "the data directory").resolve())] if data else []),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env=environment(),
        )


def environment() -> dict[str, str]:
    """Of a process that trains beside the app, in the project's folder."""
    # PASSIVE: threads that wait for each other sleep instead of spinning, or an app that samples while it
    # trains would slow both to a tenth on two cores.
    env = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, runs.ENV: str(runs.root())}
    if env.get(MNIST):  # the process starts in another folder
        env[MNIST] = str(expanded(env[MNIST], MNIST).resolve())
    return env


@contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Two tabs that press the button at once: one starts, the other is told."""
    with runs.in_a_sentence(f"No run can be kept in {runs.root()}"):
        runs.root().mkdir(parents=True, exist_ok=True)
    lock = Lock(runs.root() / ".starting")
    require(lock.take(), "Another training is being started at this moment: wait for it to show up.")
    try:
        yield
    finally:
        lock.release()


# --- the trainer's side ---------------------------------------------------------------------------------


def take_up(run: runs.Run) -> None:
    """Clears what an earlier process left in a run that this one holds: half-written files, a stale stop request."""
    for name in (RESUME, MODEL, "log.jsonl", "status.json"):
        for left in run.directory.glob(f".{name}.*"):
            left.unlink(missing_ok=True)
    stop = run.directory / "stop"
    if stop.exists() and stop.stat().st_mtime < psutil.Process().create_time():
        forget_stop(run)


def forget_after(run: runs.Run, step: int) -> None:
    """Cuts log and previews back to the checkpoint at `step`: what a kill took away will be done again."""
    rows = [row for row in run.log() if row["step"] <= step]
    if rows or (run.directory / "log.jsonl").is_file():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(run.directory / "log.jsonl", text.encode())
    for preview in run.previews():
        if runs.step_of(preview) > step:
            preview.unlink(missing_ok=True)


class Reporter:
    """The trainer's side: writes status.json and log.jsonl.

    What it cannot write is left out: pages then say less, but a run never ends over a line about it.
    """

    def __init__(self, run: runs.Run, pid: int | None = None, every: float = 0.5):
        self.run, self.pid, self.every = run, pid or os.getpid(), every
        try:
            before = read_status(run.directory / "status.json")  # a run that goes on has got this far already
        except UserError:
            before = {}
        self.fields: dict[str, Any] = {name: before[name] for name in LASTING if name in before}
        self._last = 0.0

    def state(self, state: str, **fields: Any) -> None:
        """Replaces status.json."""
        self.fields |= fields
        status = {
            "state": state,
            "pid": self.pid,
            "started": runs.started_at(self.pid),
            "updated": time.time(),
        }
        data = json.dumps({**status, **self.fields}).encode()
        with suppress(UserError):
            write_atomically(self.run.directory / "status.json", data)

    def progress(
        self,
        step: int,
        steps: int,
        loss: float,
        *,
        images_per_second: float,
        seconds_left: float,
        seconds: float,
    ) -> None:
        """Called after every step; writes at most every half second, and at the end.  seconds: in all so far."""
        now = time.monotonic()
        if now - self._last < self.every and step < steps:
            return
        self._last = now
        row = {"step": step, "loss": loss, "images_per_second": images_per_second, "seconds": seconds}
        self.state("running", steps=steps, seconds_left=seconds_left, **row)
        with suppress(OSError), open(self.run.directory / "log.jsonl", "a") as log:
            log.write(json.dumps(row) + "\n")


def stop_requested(run: runs.Run) -> bool:
    return (run.directory / "stop").exists()


def forget_stop(run: runs.Run) -> None:
    """Call it after obeying a stop and before a new start, not during start-up: a stop requested then must count."""
    with suppress(PermissionError):
        patiently(lambda: (run.directory / "stop").unlink(missing_ok=True))


def stop_on_signals() -> Callable[[], bool]:
    """SIGTERM, SIGINT and SIGHUP (a closed terminal) ask as the stop button does: the run saves, and ends.

    -> whether one came.  What is ignored stays so: a program started by nohup is to outlive its terminal.
    """
    came = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: came.set())
    return came.is_set
