"""New runs: a directory that one process alone has made, and nothing left behind where it is refused."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from images.training.config import TrainConfig
from images.training.runs import Run, holding, in_a_sentence, require_writable, root
from playground.errors import require
from playground.files import write_atomically


@contextmanager
def new(directory: Path | None = None) -> Iterator[Run]:
    """A new run's directory, made by this process alone and held while the block takes; without one, runs/DATE-TIME.

    If the block ends in an error before `write_config`, nothing is left behind.  Raises UserError where there is
    anything already.
    """
    require_writable()
    run, made = _directory(directory)
    try:
        with holding(run, "choose another directory"):
            there = {path.name for path in run.directory.iterdir()} - {run.lock.name}
            require(
                "config.json" not in there,
                f"There is a run in {run.directory} already: go on with it (--resume), or choose another.",
            )
            require(
                not there,
                f"{run.directory} holds other files already: choose a directory that is new or empty.",
            )
            yield run
    finally:
        if made and not (run.directory / "config.json").exists():
            shutil.rmtree(run.directory, ignore_errors=True)


def _directory(wanted: Path | None) -> tuple[Run, bool]:
    """-> the run, whether its directory was made now.  mkdir is exclusive: no two processes make the same one."""
    parent = root() if wanted is None else wanted.parent
    with in_a_sentence(f"No run can be kept in {parent}"):
        parent.mkdir(parents=True, exist_ok=True)
        if wanted is not None:
            try:
                wanted.mkdir()
            except FileExistsError:
                require(wanted.is_dir(), f"{wanted} is no folder: choose another directory.")
                return Run(wanted), False
            return Run(wanted), True
        start, number = time.strftime("%Y%m%d-%H%M%S"), 1
        while True:
            path = parent / (start if number == 1 else f"{start}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
                continue
            return Run(path), True


def write_config(run: Run, config: TrainConfig) -> None:
    """From here on the directory is a run."""
    write_atomically(run.directory / "config.json", json.dumps(asdict(config), indent=1).encode())


def create(run: Run, config: TrainConfig) -> None:
    """A new run directory that holds the settings, for another process to train."""
    with new(run.directory) as made:
        write_config(made, config)
