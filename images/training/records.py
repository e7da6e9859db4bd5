"""What a run's files say, read with distrust: they may be damaged, cut short, or of a newer version.

A wrong file is a UserError with a sentence; a wrong line or number among others is left out.
"""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from images.training.config import TrainConfig
from playground.errors import UserError, require

LARGEST = 10**6  # bytes of a JSON file that a run may have
# of a status, after the first step; all of them, or none is believed
PROGRESS = ("step", "steps", "loss", "images_per_second", "seconds")
NUMBERS = (*PROGRESS, "seconds_left", "updated", "started", "parameters")
WORDS = ("message", "data", "device")
REMEDY = "delete that run, or mend the file"


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object.  Raises UserError for anything else; an absent file is empty."""
    try:
        if not path.exists():
            return {}
        require(path.is_file(), f"{path} is no regular file: {REMEDY}.")
        require(path.stat().st_size <= LARGEST, f"{path} is larger than {LARGEST:,} bytes: {REMEDY}.")
        found = json.loads(path.read_bytes())
    except UserError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}): {REMEDY}.") from error
    require(isinstance(found, dict), f"{path} holds {str(found)[:40]!r}, not an object: {REMEDY}.")
    return found


def device_of(about: dict[str, Any]) -> str:
    """Where it was trained, for people: "cpu, 1 thread"."""
    return re.sub(r"\b1 threads$", "1 thread", str(about.get("device", "an unknown device")))


def read_config(path: Path) -> TrainConfig:
    """A run's settings.  Raises UserError where they are missing, damaged, or of a newer version."""
    require(path.exists(), f"{path} is missing: delete that run.")
    found = read_object(path)
    unknown = sorted(found.keys() - {field.name for field in fields(TrainConfig)})
    require(
        not unknown,
        f"{path} has the unknown setting {unknown and unknown[0][:40]!r}; a newer version may know it: update, "
        "or delete that run.",
    )
    try:
        return TrainConfig(**found)
    except UserError as error:
        raise UserError(f"{path} has settings that cannot be ({error}).") from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise UserError(f"{path} has settings that cannot be ({error}): {REMEDY}.") from error


def read_status(path: Path) -> dict[str, Any]:
    """What status.json says of a run, as far as it can be believed; empty where there is none.

    Raises UserError for a damaged file.
    """
    found = read_object(path)
    if not found:
        return {}
    state = found.get("state")
    require(isinstance(state, str), f"{path} names no state: {REMEDY}.")
    kept = {name: found[name] for name in NUMBERS if is_number(found.get(name))}
    kept |= {name: str(found[name]) for name in WORDS if found.get(name) is not None}
    whole = (
        all(name in kept for name in PROGRESS) and 0 <= kept["step"] <= kept["steps"] and kept["steps"] >= 1
    )
    if not whole:
        kept = {name: value for name, value in kept.items() if name not in PROGRESS}
    if isinstance(found.get("pid"), int) and 0 < found["pid"] < 2**31:
        kept["pid"] = found["pid"]
    return {"state": str(state)[:40]} | kept


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of log.jsonl that hold a step and its loss; a last line that a kill cut short is left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and is_number(row.get("step")) and is_number(row.get("loss")):
            rows.append(row)
    return rows


def is_picture(path: Path) -> bool:
    """Whether a PNG file is there from its first bytes to its last."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return data.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in data[-12:]


def is_number(value: Any) -> bool:
    """Whether it is one that can be shown: neither infinite, nor larger than anything that is counted here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e15 < value < 1e15
