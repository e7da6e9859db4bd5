"""Runs: directories that training (`images.training.job`) writes, and that anybody can read.

    runs/NAME/config.json         the settings                     checkpoint.safetensors  to go on from
              status.json         state, replaced atomically       model.safetensors       averaged weights
              log.jsonl           one line a second or so          previews/*.png          samples on the way
              output.txt          what the process printed         stop                    "please stop"

The app never holds the training: it starts a process, and reads files.  So a crash or the memory killer cannot
take the app down, a browser can be closed and opened again, and two tabs see the same run.
"""

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from images.training.config import TrainConfig
from images.training.session import MODEL, RESUME
from playground.checkpoint import write_atomically
from playground.errors import UserError, require, require_folder_name

ENV = "PLAYGROUND_RUNS"
READONLY = "PLAYGROUND_READONLY"
LIVE = ("starting", "running", "stopping")
SILENT = 120.0  # seconds without a word: a step takes seconds at most, so the process probably hangs


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
        return TrainConfig(**read_json(self.directory / "config.json"))

    @property
    def can_go_on(self) -> bool:
        return (self.directory / RESUME).is_file() and self.status()["state"] not in (*LIVE, "finished")

    def status(self) -> dict[str, Any]:
        """What status.json says; where its process is gone without a word, the state becomes "died"."""
        status = read_json(self.directory / "status.json") or {
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
        require_writable()
        (self.directory / "stop").touch()

    def kill(self) -> None:
        """Ends a live run's process at once, unsaved: for one that hangs and does not heed `ask_to_stop`."""
        require_writable()
        status = self.status()
        if status["state"] in LIVE:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(status["pid"]).kill()

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())


def delete(run: Run) -> None:
    """Removes a run and its models.  Raises UserError for one that is training."""
    require_writable()
    live = run.status()["state"] in LIVE
    require(not live, f"{run.name} is still training: stop it first, then delete it.")
    shutil.rmtree(run.directory)


def rename(run: Run, name: str) -> Run:
    """The run under another name.  Raises UserError for a name that is taken or no folder's name."""
    require_folder_name(name)
    require_writable()
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


def create(run: Run, config: TrainConfig) -> None:
    """A new run directory that holds the settings."""
    require_writable()
    taken = (run.directory / "config.json").exists()
    require(
        not taken, f"There is a run in {run.directory} already: go on with it (--resume), or choose another."
    )
    write_atomically(run.directory / "config.json", json.dumps(asdict(config), indent=1).encode())


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
    except psutil.Error:
        return False


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}): delete that run, or mend the file.") from error
