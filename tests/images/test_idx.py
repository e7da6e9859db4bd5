"""The IDX reader: a round trip, every spelling of a file name, one clear sentence for each damage."""

import errno
import gzip
import os
import tracemalloc

import numpy as np
import pytest

from images.data.idx import find_idx, read_idx, write_idx
from playground.errors import UserError

NAME = "train-images-idx3-ubyte"


def idx_bytes(array, magic=b"\x00\x00\x08"):
    """An IDX file's bytes, built by hand from the published layout, independently of write_idx."""
    dimensions = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return magic + bytes([array.ndim]) + dimensions + array.tobytes()


@pytest.fixture
def array():
    return np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(7,), (3, 28, 28)])
def test_what_is_written_is_read_and_follows_the_published_layout(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_idx(tmp_path / "new" / "x.gz", array)
    assert gzip.decompress((tmp_path / "new" / "x.gz").read_bytes()) == idx_bytes(array)
    assert np.array_equal(read_idx(tmp_path / "new" / "x.gz", len(shape)), array)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.gz"]  # no temporary file stays


@pytest.mark.parametrize("name", ["plain", "plain.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_and_not_the_name_says_whether_it_is_gzip(tmp_path, array, name, pack):
    (tmp_path / name).write_bytes(pack(idx_bytes(array)))
    assert np.array_equal(read_idx(tmp_path / name, 3), array)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("spelling", [NAME, "train-images.idx3-ubyte"])
def test_every_spelling_of_the_name_is_found(tmp_path, spelling, ending):
    assert find_idx(tmp_path, NAME) is None
    (tmp_path / (spelling + ending)).touch()
    assert find_idx(tmp_path, NAME) == tmp_path / (spelling + ending)


def flipped(content):
    """One bit of the packed data changed, so that the checksum at the end no longer agrees."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


ones = np.ones((2, 28, 28), np.uint8)
whole = idx_bytes(ones)
noise = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
DAMAGE = {
    "cut gzip": (gzip.compress(whole)[:-9], "damaged gzip"),
    "cut gzip header": (gzip.compress(whole)[:5], "damaged gzip"),
    "bytes after gzip": (gzip.compress(whole) + b"more", "damaged gzip"),
    "flipped bit": (flipped(gzip.compress(idx_bytes(noise))), "damaged gzip"),
    "empty": (b"", "starts with the bytes (none)"),
    "a web page": (b"<!DOCTYPE html>", "starts with the bytes 3c 21 44 4f"),
    "labels for images": (idx_bytes(np.ones(5, np.uint8)), "starts with the bytes 00 00 08 01"),
    "floats": (idx_bytes(ones, magic=b"\x00\x00\x0d"), "starts with the bytes 00 00 0d 03"),
    "half a header": (whole[:9], "ends within its header of 16 bytes"),
    "a byte short": (whole[:-1], "holds 1,567 bytes of data where its header announces 2 x 28 x 28 = 1,568"),
    "a byte long": (whole + b"\x00", "holds more than 1,568 bytes of data"),
    "absurd dimensions": (b"\x00\x00\x08\x03" + b"\xff" * 12 + b"data", "more than 268,435,456 are not read"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_named_with_what_is_wrong_and_the_remedy(tmp_path, kind):
    content, what = DAMAGE[kind]
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_idx(path, 3)
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) and what in sentence and "fresh copy" in sentence
    assert "\n" not in sentence and sentence.endswith(".")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_idx(tmp_path, 3)  # a directory


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, array, monkeypatch):
    path = tmp_path / "x.gz"
    write_idx(path, array)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_idx(path, array + 1)
    assert np.array_equal(read_idx(path, 3), array)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("promised", [2, 20_000])
def test_a_bomb_is_refused_within_the_size_that_its_header_promises(tmp_path, promised):
    """A quarter of a gigabyte of zeros in 260 kB.  Twice the promise: the pieces, and the one that they become."""
    path, header = (
        tmp_path / NAME,
        b"\x00\x00\x08\x03" + promised.to_bytes(4, "big") + b"\x00\x00\x00\x1c" * 2,
    )
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(256):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(UserError, match=f"holds more than {promised * 784:,} bytes"):
        read_idx(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size < 2_000_000
    assert peak < 2 * promised * 784 + 4 * 2**20  # the last: buffers of gzip, and one piece of a megabyte
