"""Writing files: whole or not at all, patiently, and never over what this program did not write.

A file is written beside its final name and renamed, so a kill or a full disk leaves the old one whole.  What commands
put where their user says is noted in a small file beside it (WRITTEN); only what is noted there is ever replaced.
"""

import dataclasses
import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playground.errors import UserError, require

WRITTEN = ".written.json"  # in a folder of results: name -> SHA-256 of what was written there
PATIENCE = 2.0  # seconds for which a refused rename is tried again


def write_atomically(path: str | Path, data: bytes) -> Path:
    """Writes all of `data` under `path`, or nothing.  Raises UserError where the disk refuses.

    Replaces a regular file that is there, and nothing else; whether it may is for the caller to know.
    """
    path = Path(path)
    temporary = None
    try:
        _require_regular(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        patiently(lambda: os.replace(temporary, path))
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UserError(
            f"{path} could not be written ({error.strerror or error}); what stood there before is untouched: "
            "free some space or choose another folder."
        ) from error
    return path


def patiently(action: Callable[[], None], seconds: float = PATIENCE) -> None:
    """Does it again, after growing pauses, while PermissionError says that it may not.

    Windows refuses to rename over a file, or to remove one, that another process has open: a page that reads a status
    does so for milliseconds.
    """
    end, pause = time.monotonic() + seconds, 0.01
    while True:
        try:
            return action()
        except PermissionError:
            if time.monotonic() + pause > end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 0.3)


def _require_regular(path: Path) -> None:
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        raise UserError(
            f"{path} could not be written: it is no regular file, and nothing else is ever replaced: name another."
        )


# --- results where the user says ------------------------------------------------------------------------------


def require_replaceable(path: str | Path) -> None:
    """The one rule of overwriting: raises UserError unless `path` is free, or a regular file as this program wrote it.

    A file that was changed since, or that came from elsewhere, stays.
    """
    path = Path(path)
    require_folder(path.parent)
    _require_regular(path)
    if not path.exists():
        return
    try:
        ours = _written(path.parent).get(path.name) == _digest(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): name another file.") from error
    require(
        ours,
        f"{path} exists, and this program did not write it so: move it away, or name another place.",
    )


def write_result(path: str | Path, data: bytes) -> Path:
    """`write_atomically` for results: replaces only what this program wrote, and notes what it writes."""
    require_replaceable(path)
    return note_result(write_atomically(path, data))


def write_json(path: str | Path, content: Any) -> Path:
    """`write_result` for numbers: a dataclass as its fields, an array as lists, and what is not finite as null."""
    return write_result(path, (json.dumps(plain(content), indent=1) + "\n").encode())


def plain(content: Any) -> Any:
    """What JSON can hold of it, which has no NaN and no infinity: these are not known, and so null."""
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        return {field.name: plain(getattr(content, field.name)) for field in dataclasses.fields(content)}
    if isinstance(content, Mapping):
        return {str(name): plain(each) for name, each in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(each) for each in content]
    if hasattr(content, "tolist"):  # arrays and tensors, and numpy's numbers
        return plain(content.tolist())
    return None if isinstance(content, float) and not math.isfinite(content) else content


def note_result(path: Path) -> Path:
    """Notes that the file at `path` was written by this program as it is now, so that it may be replaced later."""
    written = _written(path.parent) | {path.name: _digest(path)}
    write_atomically(path.parent / WRITTEN, json.dumps(written, indent=1).encode())
    return path


def require_folder(folder: str | Path) -> None:
    """Raises UserError unless files can be put in the folder, which need not exist yet; makes nothing."""
    there = Path(folder).absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    require(
        os.path.isdir(there),
        f"Nothing can be written in {folder}: {there} is no folder: choose another place.",
    )
    require(
        os.access(there, os.W_OK | os.X_OK),
        f"Nothing can be written in {folder}: {there} may not be changed by this user: choose another place.",
    )


def _written(folder: Path) -> dict[str, str]:
    """Name -> SHA-256; empty where there are no notes, or none that can be read."""
    try:
        found = json.loads((folder / WRITTEN).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
