"""How many threads a piece of work takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

_ALL = torch.get_num_threads()
_lock, _inside = Lock(), 0


@contextmanager
def one_thread() -> Iterator[None]:
    """For thousands of steps on small tensors: waking a second thread takes longer than its share of the work.

    It holds for the whole process; all threads are allowed again when the last that has asked is done.
    """
    global _inside
    with _lock:
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                torch.set_num_threads(_ALL)
