"""Checkpoints: tensors and a JSON description in one safetensors file, never a pickle."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from playground.errors import UserError, require
from playground.files import write_atomically

CHECKSUM = "checksum"  # its name in the description
Shapes = dict[str, tuple[int, ...]]
Check = Callable[[dict[str, Any], Shapes], None]


def save_checkpoint(path: str | Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> Path:
    """tensors, and `about`: anything JSON can hold (the network's configuration, where the data came from).

    The header also holds a checksum of both, which `load_checkpoint` compares.
    """
    # Copies: safetensors refuses tensors that share memory, as tied weights do.
    dense = torch.contiguous_format
    plain = {name: value.detach().cpu().clone(memory_format=dense) for name, value in tensors.items()}
    # One entry: safetensors writes several in an order of its own, and equal checkpoints are to be equal files.
    words = json.dumps({**about, CHECKSUM: checksum(plain, about)})
    return write_atomically(path, save(plain, metadata={"about": words}))


def checksum(tensors: dict[str, Tensor], about: dict[str, Any]) -> str:
    """SHA-256 of the description and of every tensor's name, kind, shape and bytes, in the order of the names."""
    digest = hashlib.sha256(json.dumps(about).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_checkpoint(
    path: str | Path, check: Check = lambda about, shapes: None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """-> tensors on the CPU, about.

    check(about, shapes) is called before any tensor is read; whatever it finds wrong with what the header says
    becomes the UserError's reason, as do a missing or damaged file, a wrong checksum (files from before there was
    one have none), and weights that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no checkpoint at {path}: train a model first, or name another file.")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            if not isinstance(about, dict):
                raise ValueError(f"its description is {str(about)[:40]!r}, not an object")
            announced, names = about.pop(CHECKSUM, None), file.keys()
            check(about, {name: tuple(file.get_slice(name).get_shape()) for name in names})
            tensors = {name: file.get_tensor(name) for name in names}
        if announced is not None and announced != checksum(tensors, about):
            raise ValueError("its checksum does not agree with its content")
        _require_finite(tensors)
    except KeyError as error:
        raise _refused(path, f"its header lacks {error}") from error
    except (SafetensorError, OSError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise _refused(path, _line(error)) from error
    return tensors, about


def _require_finite(tensors: dict[str, Tensor]) -> None:
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ValueError(f"{name} holds numbers that are not finite")


def _refused(path: Path, reason: str) -> UserError:
    return UserError(
        f"The checkpoint {path} is damaged or was not written by this project ({reason}): "
        "train again, or name another file."
    )


def _line(error: Exception) -> str:
    words = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return words if len(words) <= 300 else words[:297] + "..."


def require_format(about: dict[str, Any], known: int) -> None:
    """Raises UserError for a file of another format; those without a number are older than the numbers."""
    found = about.get("format", known)
    require(found == known, f"it has format {str(found)[:20]}, and this version reads format {known}")


def require_shapes(own: dict[str, Tensor], found: Shapes) -> None:
    """Raises UserError unless these are the names and shapes of a network's own tensors."""
    shapes = {name: tuple(value.shape) for name, value in own.items()}
    wrong = sorted(name for name in shapes.keys() | found.keys() if shapes.get(name) != found.get(name))
    require(not wrong, f"{wrong and wrong[0]} does not fit the network that it describes")


class _Outlining(TorchFunctionMode):
    """Keeps small tables off the meta device, and drawn weights undrawn: torch's Python for these there takes a second
    to import, at the first network of every page and command.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.arange, torch.eye, torch.linspace):
            kwargs = {"device": "cpu", **kwargs}
        elif func in (Tensor.normal_, nn.init.normal_):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


@contextmanager
def outlined() -> Iterator[None]:
    """Networks built within have names and shapes, and no memory: to be compared with what a file announces."""
    with torch.device("meta"), _Outlining():
        yield
