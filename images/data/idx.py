"""IDX, the file format of MNIST: a magic number, the dimensions, then the bytes.

    offset 0   two zero bytes, the element type (0x08: unsigned byte), the number of dimensions d
    offset 4   d dimensions, four bytes each, big-endian
    then       the elements, row by row

Source: LeCun, Cortes and Burges, the MNIST database of handwritten digits, "file formats".
"""

import gzip
import math
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from playground.errors import UserError, require
from playground.files import patiently

UINT8 = 0x08
GZIP_MAGIC = b"\x1f\x8b"
MOST = 2**28  # bytes of pixels; MNIST's 60,000 training digits have 47 million
PIECE = 2**20
REMEDY = "replace it by a fresh copy, or delete it"


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The uint8 array of `ndim` dimensions in an IDX file, gzip or plain (its content decides, not its name).

    Raises UserError, naming the file, when it cannot be read, is damaged or holds something else.
    """
    start = 4 + 4 * ndim
    magic = struct.pack(">HBB", 0, UINT8, ndim)
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            unpacked = gzip.GzipFile(fileobj=file) if packed else file
            with cast(BinaryIO, unpacked) as plain:
                head = _up_to(plain, start)
                shape = _shape(path, head, magic)
                promised = math.prod(shape)
                content = _up_to(plain, promised + 1)
    except (
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
    ) as error:  # cut short; bad codes; wrong checksum, trailing bytes
        raise UserError(f"{path} is a damaged gzip file ({error}): {REMEDY}.") from error
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): make it a readable file, or delete it."
        ) from error
    held = f"{len(content):,}" if len(content) <= promised else f"more than {promised:,}"
    require(
        len(content) == promised,
        f"{path} holds {held} bytes of data where its header announces "
        f"{' x '.join(map(str, shape))} = {promised:,}: {REMEDY}.",
    )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(path: Path, head: bytes, magic: bytes) -> tuple[int, ...]:
    """What the header announces; refused here where no file of digits is so large, before anything is unpacked."""
    ndim = magic[3]
    require(
        head[:4] == magic,
        f"{path} starts with the bytes {head[:4].hex(' ') or '(none)'}, but an IDX file of unsigned bytes "
        f"in {ndim} dimension{'s' * (ndim > 1)} starts with {magic.hex(' ')}: {REMEDY}.",
    )
    require(len(head) == 4 + 4 * ndim, f"{path} ends within its header of {4 + 4 * ndim} bytes: {REMEDY}.")
    shape = struct.unpack(f">{ndim}I", head[4:])
    require(
        math.prod(shape) <= MOST,
        f"{path} announces {' x '.join(map(str, shape))} bytes of data; more than {MOST:,} are not read: {REMEDY}.",
    )
    return shape


def _up_to(file: BinaryIO, n: int) -> bytes:
    """The next n bytes, or all that are left; nothing more is ever unpacked."""
    pieces, left = [], n
    while left and (piece := file.read(min(left, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Writes a uint8 array as a gzip IDX file.  Raises OSError, and then leaves `path` as it was.

    The bytes go to a temporary file beside it, which is renamed at the end: a reader, or a process that is
    killed on the way, never meets half a file.
    """
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    content = gzip.compress(header + array.tobytes(), compresslevel=4, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        patiently(lambda: os.replace(temporary, path))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def find_idx(directory: Path, name: str) -> Path | None:
    """The file called `name` (such as train-images-idx3-ubyte) in a directory, or None.

    It may also be spelled train-images.idx3-ubyte, and either may end in .gz.
    """
    for spelling in (name, name.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            path = directory / (spelling + ending)
            if os.path.isfile(path):  # unlike Path.is_file, no PermissionError from a closed directory
                return path
    return None
