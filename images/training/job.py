"""Training as a job: a process of its own, which the app starts and which reports through its run's directory.

Above the app's side, below the trainer's.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from images.data.mnist import ENV as MNIST
from images.data.mnist import expanded
from images.training import runs
from images.training.config import TrainConfig
from images.training.session import MODEL, RESUME
from playground.checkpoint import write_atomically
from playground.errors import UserError, require

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
        run = runs.Run(runs.root() / (name or time.strftime("%Y%m%d-%H%M%S")))
        if config is not None:
            runs.create(run, config)
        forget_stop(run)
        process = _launch(run, data)
        Reporter(run, pid=process.pid).state("starting", message="loading PyTorch and the digits")
    # The child is waited for in a thread: unwaited, it would stay a zombie after its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return run


def _launch(run: runs.Run, data: str | None) -> subprocess.Popen:
    command = [sys.executable, "-m", "images", "train", "--resume", "--run", str(run.directory)]
    # PASSIVE: threads that wait for each other sleep instead of spinning, or an app that samples while it
    # trains would slow both to a tenth on two cores.
    env = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, runs.ENV: str(runs.root())}
    if env.get(MNIST):  # the process starts in another folder
        env[MNIST] = str(expanded(env[MNIST], MNIST).resolve())
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
            env=env,
        )


@contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Two tabs that press the button at once: one starts, the other is told."""
    lock = runs.root() / ".starting"
    runs.root().mkdir(parents=True, exist_ok=True)
    if lock.exists() and time.time() - lock.stat().st_mtime > 10:  # left by a kill between two lines
        lock.unlink(missing_ok=True)
    try:
        lock.touch(exist_ok=False)
    except FileExistsError as error:
        raise UserError(
            "Another training is being started at this moment: wait for it to show up."
        ) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


# --- the trainer's side ---------------------------------------------------------------------------------


def take_up(run: runs.Run) -> None:
    """Claims a run for this process, and clears what an earlier one left: half-written files, an old wish to stop.

    Raises UserError where another process trains it: both would write the same files.
    """
    status = run.status()
    ours = status.get("pid") in (os.getpid(), os.getppid())  # the app has noted the child that it started
    require(
        ours or status["state"] not in runs.LIVE,
        f"{run.directory} is being trained by process {status.get('pid')}: stop that one first, or wait for it.",
    )
    for name in (RESUME, MODEL, "log.jsonl"):  # not the status, which the app may be writing at this moment
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
        if int(preview.stem.split("-")[1]) > step:
            preview.unlink(missing_ok=True)


class Reporter:
    """The trainer's side: writes status.json and log.jsonl."""

    def __init__(self, run: runs.Run, pid: int | None = None, every: float = 0.5):
        self.run, self.pid, self.every = run, pid or os.getpid(), every
        before = runs.read_json(run.directory / "status.json")  # a run that goes on has got this far already
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
        with open(self.run.directory / "log.jsonl", "a") as log:
            log.write(json.dumps(row) + "\n")


def stop_requested(run: runs.Run) -> bool:
    return (run.directory / "stop").exists()


def forget_stop(run: runs.Run) -> None:
    """After it was heeded, and before a new start.  Not while starting: a stop asked for meanwhile must count."""
    (run.directory / "stop").unlink(missing_ok=True)


def stop_on_signals(run: runs.Run) -> None:
    """SIGTERM and SIGINT ask as the stop button does: the run saves, and ends."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: run.ask_to_stop())
