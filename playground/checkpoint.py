"""Checkpoints: tensors and a JSON description in one safetensors file, never a pickle.

A file is written beside its final name and renamed, so a kill or a full disk leaves the old one whole.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from playground.errors import UserError


def write_atomically(path: str | Path, data: bytes) -> Path:
    """Writes all of `data` under `path`, or nothing.  Raises UserError where the disk refuses."""
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UserError(
            f"{path} could not be written ({error.strerror}); what stood there before is untouched: "
            "free some space or choose another folder."
        ) from error
    return path


def save_checkpoint(path: str | Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> Path:
    """tensors, and `about`: anything JSON can hold (the network's configuration, where the data came from)."""
    # Copies: safetensors refuses tensors that share memory, as tied weights do.
    dense = torch.contiguous_format
    plain = {name: value.detach().cpu().clone(memory_format=dense) for name, value in tensors.items()}
    return write_atomically(path, save(plain, metadata={"about": json.dumps(about)}))


def load_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """-> tensors on the CPU, about.  A missing or damaged file is named in a UserError."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no checkpoint at {path}: train a model first, or name another file.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads((file.metadata() or {})["about"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(
            f"The checkpoint {path} is damaged or was not written by this project ({error}): "
            "train again, or name another file."
        ) from error
