"""A lock of the operating system on a file: one holder at a time, and none once the holder's process has ended."""

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from playground.errors import UserError

# What the system says of a lock that somebody else has; anything else means that there are no locks here.
_TAKEN = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    _BEYOND = 2**30  # the byte that is locked: a locked byte cannot be read, and those at the start are to be

    def _system_lock(descriptor: int, shared: bool) -> None:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _system_lock(descriptor: int, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


class Lock:
    """`with Lock(path):` holds it for the block.  The file stays; that it is there means nothing."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._descriptor: int | None = None

    def take(self, patience: float = 1.0) -> bool:
        """Whether it could be had within so many seconds.  Raises UserError where a file cannot be locked at all.

        Some patience is needed even when nobody holds it: whoever looks (`is_held`) has it for an instant.
        """
        end = time.monotonic() + patience
        while not self._taken():
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        return True

    def _taken(self) -> bool:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be opened ({error.strerror}): choose a folder that may be written to."
            ) from error
        try:
            # A folder may have been deleted, or renamed, between the two steps: then this is a lock on nothing.
            if _locked(descriptor, shared=False, path=self.path) and _still_there(descriptor, self.path):
                self._descriptor = descriptor
        finally:
            if self._descriptor is None:
                os.close(descriptor)
        if self._descriptor is None:
            return False
        with suppress(OSError):  # only said to people: a full disk must not stand in the way
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        return True

    def release(self) -> None:
        """Safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "Lock":
        if not self.take():
            raise UserError(f"{self.path} is held by process {holder(self.path) or 'unknown'}: wait for it.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(path: str | Path) -> bool:
    """Whether some process, or another part of this one, holds the lock at this moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _locked(descriptor, shared=True, path=path)
    except UserError:  # no locks here: then nobody holds one
        return False
    finally:
        os.close(descriptor)


def holder(path: str | Path) -> int | None:
    """The process that took the lock last: who holds it, while it is held."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _locked(descriptor: int, shared: bool, path: str | Path) -> bool:
    try:
        _system_lock(descriptor, shared)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise UserError(
            f"{path} cannot be locked ({error.strerror}): keep it on a disk whose file system has locks."
        ) from error
    return True


def _still_there(descriptor: int, path: Path) -> bool:
    try:
        mine, there = os.fstat(descriptor), os.stat(path)
    except OSError:
        return False
    return sys.platform == "win32" or (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
