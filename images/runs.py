"""Training as a job: a process of its own, and a run directory that anybody can read.

    runs/NAME/config.json         the settings                     checkpoint.safetensors  to go on from
              status.json         state, replaced atomically       model.safetensors       averaged weights
              log.jsonl           one line a second or so          previews/*.png          samples on the way
              output.txt          what the process printed         stop                    "please stop"

The app never holds the training: it starts a process, and reads files.  So a crash or the memory killer cannot
take the app down, a browser can be closed and opened again, and two tabs see the same run.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from images.mnist import ENV as MNIST
from images.training import MODEL, RESUME, TrainConfig
from playground.checkpoint import write_atomically
from playground.errors import UserError, require

ENV = "PLAYGROUND_RUNS"
LIVE = ("starting", "running", "stopping")
SILENT = 120.0  # seconds without a word: a step takes seconds at most, so the process probably hangs
LASTING = ("step", "steps", "loss", "images_per_second", "seconds", "data", "parameters", "device")


def root() -> Path:
    """Where runs are kept: PLAYGROUND_RUNS, or `runs` in the folder the app was started from."""
    return Path(os.environ.get(ENV) or "runs").resolve()


@dataclass(frozen=True)
class Run:
    """A run directory."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def model(self) -> Path:
        return self.directory / MODEL

    @property
    def config(self) -> TrainConfig:
        return TrainConfig(**_read_json(self.directory / "config.json"))

    @property
    def can_go_on(self) -> bool:
        return (self.directory / RESUME).is_file() and self.status()["state"] not in (*LIVE, "finished")

    def status(self) -> dict[str, Any]:
        """What status.json says; where its process is gone without a word, the state becomes "died"."""
        status = _read_json(self.directory / "status.json") or {
            "state": "unknown",
            "message": "no status yet",
        }
        if status["state"] in LIVE and not _alive(status.get("pid"), status.get("started")):
            status |= {"state": "died", "message": f"{self._last_words()} {self._way_on()}"}
        return status

    def silence(self) -> float:
        """Seconds since the last word of a live run; above SILENT its process may hang, as on a lost GPU."""
        status = self.status()
        return max(0.0, time.time() - status["updated"]) if status["state"] in LIVE else 0.0

    def _way_on(self) -> str:
        if (self.directory / RESUME).is_file():
            return "Go on from the last checkpoint."
        return "It had written no checkpoint yet: start a new run."

    def _last_words(self) -> str:
        """A process that could not write its status may still have printed a sentence; a killed one has not."""
        path = self.directory / "output.txt"
        lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
        if lines and lines[-1].startswith("python -m images"):
            return lines[-1]
        return "The training process ended without a word (killed, or out of memory)."

    def log(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl; a last line that a kill cut short is left out."""
        path = self.directory / "log.jsonl"
        if not path.is_file():
            return []
        rows = []
        for line in path.read_text().splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return rows

    def previews(self) -> list[Path]:
        return sorted((self.directory / "previews").glob("preview-*.png"))

    def ask_to_stop(self) -> None:
        """The process looks for this file after every step; it saves, and ends."""
        (self.directory / "stop").touch()

    def kill(self) -> None:
        """Ends a live run's process at once, unsaved: for one that hangs and does not heed `ask_to_stop`."""
        status = self.status()
        if status["state"] in LIVE:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(status["pid"]).kill()

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())


def delete(run: Run) -> None:
    """Removes a run and its models.  Raises UserError for one that is training."""
    live = run.status()["state"] in LIVE
    require(not live, f"{run.name} is still training: stop it first, then delete it.")
    shutil.rmtree(run.directory)


def rename(run: Run, name: str) -> Run:
    """The run under another name.  Raises UserError for a name that is taken or no folder's name."""
    require(
        re.fullmatch(r"[\w][\w .-]{0,63}", name) is not None,
        f"The name {name!r} cannot be a folder's: use up to 64 letters, digits, spaces, dots, dashes.",
    )
    target = run.directory.with_name(name)
    require(not target.exists(), f"There is a run named {name} already: choose another name.")
    require(
        run.status()["state"] not in LIVE, f"{run.name} is still training: stop it first, then rename it."
    )
    run.directory.rename(target)
    return Run(target)


def all_runs() -> list[Run]:
    """Newest first."""
    found = [Run(path.parent) for path in root().glob("*/config.json")]
    return sorted(found, key=lambda run: (run.directory / "config.json").stat().st_mtime, reverse=True)


def live_run() -> Run | None:
    """The run that is training now, if there is one."""
    return next((run for run in all_runs() if run.status()["state"] in LIVE), None)


def start(config: TrainConfig | None = None, *, name: str | None = None, data: str | None = None) -> Run:
    """Starts a new run, or (without config) goes on with the one named, in a process of its own.

    Raises UserError where another run is training: two would share the same cores and both crawl.
    """
    with _one_start_at_a_time():
        busy = live_run()
        require(busy is None, f"{busy and busy.name} is still training: stop it first, or wait for it.")
        run = Run(root() / (name or time.strftime("%Y%m%d-%H%M%S")))
        if config is not None:
            create(run, config)
        forget_stop(run)
        process = _launch(run, data)
        Reporter(run, pid=process.pid).state("starting", message="loading PyTorch and the digits")
    # The child is waited for in a thread: unwaited, it would stay a zombie after its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return run


def create(run: Run, config: TrainConfig) -> None:
    """A new run directory that holds the settings."""
    taken = (run.directory / "config.json").exists()
    require(
        not taken, f"There is a run in {run.directory} already: go on with it (--resume), or choose another."
    )
    write_atomically(run.directory / "config.json", json.dumps(asdict(config), indent=1).encode())


def take_up(run: Run) -> None:
    """Claims a run for this process, and clears what an earlier one left: half-written files, an old wish to stop.

    Raises UserError where another process trains it: both would write the same files.
    """
    status = run.status()
    ours = status.get("pid") in (os.getpid(), os.getppid())  # the app has noted the child that it started
    require(
        ours or status["state"] not in LIVE,
        f"{run.directory} is being trained by process {status.get('pid')}: stop that one first, or wait for it.",
    )
    for name in (RESUME, MODEL, "status.json", "log.jsonl"):
        for left in run.directory.glob(f".{name}.*"):
            left.unlink(missing_ok=True)
    stop = run.directory / "stop"
    if stop.exists() and stop.stat().st_mtime < psutil.Process().create_time():
        forget_stop(run)


def forget_after(run: Run, step: int) -> None:
    """Cuts log and previews back to the checkpoint at `step`: what a kill took away will be done again."""
    rows = [row for row in run.log() if row["step"] <= step]
    if rows or (run.directory / "log.jsonl").is_file():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(run.directory / "log.jsonl", text.encode())
    for preview in run.previews():
        if int(preview.stem.split("-")[1]) > step:
            preview.unlink(missing_ok=True)


def _launch(run: Run, data: str | None) -> subprocess.Popen:
    command = [sys.executable, "-m", "images", "train", "--resume", "--run", str(run.directory)]
    env = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, ENV: str(root())}
    if env.get(MNIST):  # the process starts in another folder
        env[MNIST] = str(Path(env[MNIST]).resolve())
    with open(run.directory / "output.txt", "ab") as output:
        output.write(f"--- started {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        output.flush()
        return subprocess.Popen(
            command + (["--data", data] if data else []),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path(__file__).parent.parent,
            # PASSIVE: threads that wait for each other sleep instead of spinning, or an app that samples while it
            # trains would slow both to a tenth on two cores.
            env=env,
        )


@contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Two tabs that press the button at once: one starts, the other is told."""
    lock = root() / ".starting"
    root().mkdir(parents=True, exist_ok=True)
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


class Reporter:
    """The trainer's side: writes status.json and log.jsonl."""

    def __init__(self, run: Run, pid: int | None = None, every: float = 0.5):
        self.run, self.pid, self.every = run, pid or os.getpid(), every
        before = _read_json(run.directory / "status.json")  # a run that goes on has got this far already
        self.fields: dict[str, Any] = {name: before[name] for name in LASTING if name in before}
        self._last = 0.0

    def state(self, state: str, **fields: Any) -> None:
        """Replaces status.json."""
        self.fields |= fields
        status = {"state": state, "pid": self.pid, "started": _started(self.pid), "updated": time.time()}
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


def stop_requested(run: Run) -> bool:
    return (run.directory / "stop").exists()


def forget_stop(run: Run) -> None:
    """After it was heeded, and before a new start.  Not while starting: a stop asked for meanwhile must count."""
    (run.directory / "stop").unlink(missing_ok=True)


def stop_on_signals(run: Run) -> None:
    """SIGTERM and SIGINT ask as the stop button does: the run saves, and ends."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: run.ask_to_stop())


def _started(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _alive(pid: int | None, started: float | None) -> bool:
    """Whether the very process is there: a number alone may have been given to another one since."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        same = started is None or abs(process.create_time() - started) < 2
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}): delete that run, or mend the file.") from error
