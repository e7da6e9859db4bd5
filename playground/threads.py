"""How many threads a piece of work takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_ALL = torch.get_num_threads()


@contextmanager
def one_thread() -> Iterator[None]:
    """For thousands of steps on small tensors: waking a second thread takes longer than its share of the work.

    It holds for the whole process; afterwards all threads are allowed again, whoever else has asked meanwhile.
    """
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_ALL)
