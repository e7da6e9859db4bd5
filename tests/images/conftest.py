"""Few digits, for what is measured against all."""

from pathlib import Path

import pytest

from images.data import mnist
from images.data.idx import write_idx


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory) -> Path:
    """600 training and 300 test digits as IDX files, so that measuring takes seconds."""
    directory = tmp_path_factory.mktemp("mnist")
    for split, n in (("train", 600), ("test", 300)):
        digits = mnist.load(split, download=False)
        for name, array in zip(mnist.FILES[split], (digits.images[:, 0], digits.labels.byte()), strict=True):
            write_idx(directory / f"{name}.gz", array[:n].numpy())
    return directory
