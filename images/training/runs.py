"""Runs: directories that training (`images.training.job`) writes, and that anybody can read.

    runs/NAME/config.json         the settings                     checkpoint.safetensors  to go on from
              status.json         state, replaced atomically       model.safetensors       averaged weights
              log.jsonl           one line a second or so          previews/*.png          samples on the way
              output.txt          what the process printed         stop                    "please stop"
              lock                held while a process trains it   launched.json           which one the app started

The app never holds the training: it starts a process, and reads files.  So a crash or the memory killer cannot
take the app down, a browser can be closed and opened again, and two tabs see the same run.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from images.training import records
from images.training.config import TrainConfig
from images.training.session import MODEL, RESUME
from playground.errors import UserError, require, require_folder_name
from playground.files import patiently
from playground.locks import Lock, holder, is_held

ENV = "PLAYGROUND_RUNS"
READONLY = "PLAYGROUND_READONLY"
LIVE = ("starting", "running", "stopping")
DAMAGED = "damaged"
SILENT = 120.0  # seconds without a word: a step takes seconds at most, so the process probably hangs
MARKS = ("config.json", "status.json", RESUME, MODEL)  # a folder with one of these is a run


def root() -> Path:
    """Where runs are kept: PLAYGROUND_RUNS, or `runs` in the folder the app was started from."""
    return Path(os.environ.get(ENV) or "runs").resolve()


def readonly() -> bool:
    """Whether runs may only be looked at, because the app serves others: PLAYGROUND_READONLY is set, and not to 0."""
    return os.environ.get(READONLY, "").strip().lower() not in ("", "0", "false", "no")


def require_writable() -> None:
    """Raises UserError where runs may only be looked at: every function by which the app changes one begins so."""
    require(
        not readonly(),
        f"Runs can only be looked at here, because {READONLY} is set: unset it where the app is started.",
    )


@dataclass(frozen=True)
class Run:
    """A run directory.  Only `config` raises for damaged files; all else says what it can."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def model(self) -> Path:
        return self.directory / MODEL

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    @property
    def config(self) -> TrainConfig:
        """Raises UserError where config.json is damaged, missing, or of a newer version."""
        return records.read_config(self.directory / "config.json")

    @property
    def is_sound(self) -> bool:
        """Whether its settings can be read, so that it can be shown, compared and gone on with."""
        with suppress(UserError):
            return bool(self.config)
        return False

    @property
    def can_go_on(self) -> bool:
        done = self.status()["state"] in (*LIVE, "finished")
        return self.is_sound and (self.directory / RESUME).is_file() and not done

    def status(self) -> dict[str, Any]:
        """What status.json says, held against whether a process holds the run's lock.

        Where none does, a live state becomes "died"; a run whose files are damaged has that state, and says why.
        """
        try:
            status = records.read_status(self.directory / "status.json")
            status = status or {"state": "unknown", "message": "no status yet"}
            _ = self.config
        except UserError as error:
            return {"state": DAMAGED, "message": str(error)}
        launched = self._launched(since=status.get("updated", 0.0))
        if is_held(self.lock):
            return status if status["state"] in LIVE else status | self._loading(launched)
        if launched is not None and _alive(launched["pid"], launched["started"]):
            return status | self._loading(launched)
        if status["state"] in LIVE or (launched is not None and status["state"] != "finished"):
            status |= {"state": "died", "message": f"{self._last_words()} {self._way_on()}"}
        return status

    def _launched(self, since: float) -> dict[str, Any] | None:
        """The process that the app started for this run, unless the run has said something later."""
        try:
            found = records.read_object(self.directory / "launched.json")
        except UserError:
            return None
        known = all(records.is_number(found.get(name)) for name in ("pid", "started", "at"))
        return found if known and found["at"] > since else None

    def _loading(self, launched: dict[str, Any] | None) -> dict[str, Any]:
        """A process has the run, and has not said anything yet."""
        now = {"state": "starting", "message": "loading PyTorch and the digits"}
        if launched is not None:
            return now | {"pid": launched["pid"], "started": launched["started"], "updated": launched["at"]}
        return now | {"pid": holder(self.lock), "started": None, "updated": time.time()}

    def silence(self) -> float:
        """Seconds since the last word of a live run; above SILENT its process may hang, as on a lost GPU."""
        status = self.status()
        return max(0.0, time.time() - status.get("updated", time.time())) if status["state"] in LIVE else 0.0

    def _way_on(self) -> str:
        if (self.directory / RESUME).is_file():
            return "Go on from the last checkpoint."
        return "It had written no checkpoint yet: start a new run."

    def _last_words(self) -> str:
        """A process that could not write its status may still have printed a sentence; a killed one has not."""
        try:
            lines = (self.directory / "output.txt").read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        if lines and lines[-1].startswith("python -m images"):
            return lines[-1]
        return "The training process ended without a word (killed, or out of memory)."

    def log(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl, each with a step and its loss."""
        return records.read_log(self.directory / "log.jsonl")

    def previews(self) -> list[Path]:
        """Pictures that can be shown, named by the step they were made after."""
        found = sorted((self.directory / "previews").glob("preview-*.png"))
        return [path for path in found if step_of(path) >= 0 and records.is_picture(path)]

    def ask_to_stop(self) -> None:
        """The process looks for this file after every step; it saves, and ends."""
        require_writable()
        with in_a_sentence(f"{self.name} could not be asked to stop"):
            (self.directory / "stop").touch()

    def kill(self) -> None:
        """Ends a live run's process at once, unsaved: for one that hangs and does not heed `ask_to_stop`."""
        require_writable()
        status = self.status()
        if status["state"] in LIVE and _alive(status.get("pid"), status.get("started")):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(status["pid"]).kill()

    def size(self) -> int:
        """Bytes on disk, of the files that can be read."""
        total = 0
        for path in self.directory.rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
        return total


@contextmanager
def holding(run: Run, doing: str) -> Iterator[None]:
    """The run's lock for as long as the block takes.  Raises UserError where another process has it."""
    lock = Lock(run.lock)
    if not lock.take():
        raise UserError(
            f"{run.directory} is being trained by process {holder(run.lock) or 'unknown'}, so it is still training: "
            f"stop that first, or wait for it, then {doing}."
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _at_rest(run: Run, doing: str) -> Iterator[None]:
    """For what nobody may do while it trains; damaged runs and read-only folders, without a lock, are let through."""
    live = run.status()["state"] in LIVE or is_held(run.lock)
    require(not live, f"{run.name} is still training: stop it first, then {doing} it.")
    lock = Lock(run.lock)
    if sys.platform != "win32":  # Windows moves no folder with an open file in it
        require(_taken_if_it_can_be(lock), f"{run.name} is still training: stop it first, then {doing} it.")
    try:
        with in_a_sentence(f"{run.name} could not be {doing}d"):
            yield
    finally:
        lock.release()


def _taken_if_it_can_be(lock: Lock) -> bool:
    try:
        return lock.take()
    except UserError:  # it cannot be written: nobody can train here
        return True


def delete(run: Run) -> None:
    """Removes a run and its models.  Raises UserError for one that is training, or where the disk refuses."""
    require_writable()
    if run.directory.is_symlink():  # what it leads to is not ours to remove
        with in_a_sentence(f"{run.name} could not be deleted"):
            return run.directory.unlink()
    with _at_rest(run, "delete"):
        patiently(lambda: shutil.rmtree(run.directory))


def rename(run: Run, name: str) -> Run:
    """The run under another name.  Raises UserError for a name that is taken or no folder's name."""
    require_folder_name(name)
    require_writable()
    target = run.directory.with_name(name)
    require(not os.path.lexists(target), f"There is a run named {name} already: choose another name.")
    with _at_rest(run, "rename"):
        patiently(lambda: os.rename(run.directory, target))
    return Run(target)


def step_of(preview: Path) -> int:
    """preview-0000300.png -> 300; -1 for another name."""
    found = re.fullmatch(r"preview-(\d{1,12})", preview.stem)
    return int(found[1]) if found else -1


def all_runs() -> list[Run]:
    """Newest first, damaged ones among them."""
    try:
        folders = [path for path in root().iterdir() if os.path.isdir(path)]
    except OSError:  # none yet, or closed to us: starting a training says which
        return []
    found = [Run(path) for path in folders if any(os.path.lexists(path / mark) for mark in MARKS)]
    return sorted(found, key=_made_at, reverse=True)


def _made_at(run: Run) -> float:
    for path in (run.directory / "config.json", run.directory):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def live_run() -> Run | None:
    """The run that is training now, if there is one."""
    return next((run for run in all_runs() if run.status()["state"] in LIVE), None)


@contextmanager
def in_a_sentence(what: str) -> Iterator[None]:
    """What the disk refuses, for the user to read."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{what} ({error.strerror or error}): make the folder writable, or name another with {ENV}."
        ) from error


def started_at(pid: int) -> float | None:
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
    except (psutil.Error, ValueError, OverflowError):
        return False
