"""What pages open with, made before: a first visit draws it, and computes only what is asked for.

A file stands in for its computation where that would be the very same: same settings, same model, same data.  Whatever
differs is computed.
"""

import hashlib
import importlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch


def kept(path: Path, made_for: Any, results: Mapping[str, str]) -> Any | None:
    """The result in the file, where it was made for exactly this; else None.  A damaged file is none.

    results: the dataclasses that a file may hold beside arrays, lists and texts, and the module of each, which is
    imported when a file has it.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            about = json.loads(str(found["about"]))
            return _read(about["result"], found, results) if about["made_for"] == digest(made_for) else None
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def packed(made_for: Any, result: Any) -> bytes:
    """The file's content."""
    arrays: dict[str, Any] = {}
    about = {"made_for": digest(made_for), "result": _written(result, arrays)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=np.array(json.dumps(about)), **arrays)
    return buffer.getvalue()


def content(*paths: Path) -> tuple[str, ...]:
    """Of each file, a digest of its bytes: for models whose files say nothing about themselves."""
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def digest(made_for: Any) -> str:
    """Of settings, of what a model's file says about itself, and of images: one text for one computation."""
    return hashlib.sha256(json.dumps(_plain(made_for), sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: _plain(asdict(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, (np.ndarray, torch.Tensor)):
        array = np.ascontiguousarray(value)
        return [str(array.dtype), list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _written(result: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(result, (np.ndarray, torch.Tensor)):
        name, whole = f"a{len(arrays)}", np.asarray(result)
        arrays[name] = _smaller(whole, _steps(whole)) if _is_film(whole) else whole
        kind = "tensor" if isinstance(result, torch.Tensor) else "array"
        return {kind: name} if arrays[name] is whole else {kind: name, "steps": True}
    if is_dataclass(result) and not isinstance(result, type):
        inside = {field.name: _written(getattr(result, field.name), arrays) for field in fields(result)}
        return {"result": type(result).__name__, "fields": inside}
    if isinstance(result, Mapping) and all(isinstance(key, tuple) for key in result):
        return {"pairs": [[list(key), _written(each, arrays)] for key, each in result.items()]}
    if isinstance(result, Mapping):
        return {"map": {key: _written(each, arrays) for key, each in result.items()}}
    if isinstance(result, (tuple, list)):
        return {"tuple": [_written(each, arrays) for each in result]}
    return {"plain": result}


def _is_film(array: np.ndarray) -> bool:
    """Frames of gray values, one after the other."""
    return array.dtype == np.uint8 and array.ndim >= 3 and len(array) > 1


def _steps(frames: np.ndarray) -> np.ndarray:
    """The first frame, then what each adds to the one before, modulo 256: less to write where little moves."""
    return np.concatenate([frames[:1], np.diff(frames, axis=0)])


def _smaller(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """That of two arrays which takes fewer bytes, compressed."""
    return min((one, other), key=lambda array: len(zlib.compress(array.tobytes())))


def _read(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray], results: Mapping[str, str]) -> Any:
    if "array" in about or "tensor" in about:
        array = arrays[about.get("array") or about["tensor"]]
        array = array.cumsum(0, dtype=np.uint8) if "steps" in about else array
        return torch.from_numpy(array) if "tensor" in about else array
    if "result" in about:
        result = getattr(importlib.import_module(results[about["result"]]), about["result"])
        return result(**{name: _read(each, arrays, results) for name, each in about["fields"].items()})
    if "pairs" in about:
        return {tuple(key): _read(each, arrays, results) for key, each in about["pairs"]}
    if "map" in about:
        return {name: _read(each, arrays, results) for name, each in about["map"].items()}
    if "tuple" in about:
        return tuple(_read(each, arrays, results) for each in about["tuple"])
    return about["plain"]
