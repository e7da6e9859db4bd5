"""Checkpoints: what goes in comes out, what is damaged is refused, and a full disk loses nothing."""

import errno
import json
import os
import pickle
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from playground.checkpoint import CHECKSUM, checksum, load_checkpoint, outlined, save_checkpoint
from playground.errors import UserError
from playground.files import write_atomically


@pytest.fixture
def tensors(rng):
    return {
        "weight": torch.randn(3, 2, generator=rng),
        "double": torch.randn(4, dtype=torch.float64, generator=rng),
        "half": torch.randn(5, generator=rng).bfloat16(),
        "image": torch.randint(0, 256, (2, 1, 4, 4), generator=rng).to(torch.uint8),
        "step": torch.tensor(123_456_789_012),
        "empty": torch.zeros(0, 2),
    }


ABOUT = {"config": {"width": 48, "lr": 0.002, "names": ["a", "π"]}, "data": None, "seconds": 12.5}


# --- there and back ---------------------------------------------------------------------------------------


def test_tensors_and_their_description_come_back(tensors, tmp_path):
    path = save_checkpoint(tmp_path / "new" / "folder" / "model.safetensors", tensors, ABOUT)
    loaded, about = load_checkpoint(path)
    assert about == ABOUT
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert loaded[name].dtype == value.dtype and torch.equal(loaded[name], value)


def test_tensors_of_any_memory_layout_can_be_saved(tmp_path):
    """Transposed, channels last, tied to one another, expanded, with gradients: a network has them all."""
    weight = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    given = {
        "weight": weight,
        "tied": weight,
        "transposed": weight.transpose(0, 1),
        "channels_last": weight.detach().to(memory_format=torch.channels_last),
        "expanded": torch.ones(1).expand(5),
    }
    loaded, _ = load_checkpoint(save_checkpoint(tmp_path / "m", given, {}))
    assert all(torch.equal(loaded[name], value) for name, value in given.items())


def test_a_loaded_checkpoint_outlives_its_file(tensors, tmp_path):
    path = save_checkpoint(tmp_path / "m", tensors, {})
    loaded, _ = load_checkpoint(path)
    save_checkpoint(path, {name: torch.zeros_like(value) for name, value in tensors.items()}, {})
    path.unlink()
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())


# --- writing ----------------------------------------------------------------------------------------------


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    for data in (b"long old content", b"new"):
        assert write_atomically(path, data) == path
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


class Full:
    """A temporary file on a disk that fills up half-way."""

    def __init__(self, file):
        self.file, self.name = file, file.name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill_the_disk(monkeypatch, where: str) -> None:
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "write":
        real = tempfile.NamedTemporaryFile
        monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda **options: Full(real(**options)))
    else:
        monkeypatch.setattr(os, where, fail)


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it(tensors, tmp_path, monkeypatch, where):
    path = save_checkpoint(tmp_path / "model", tensors, {"step": 1})
    before = path.read_bytes()
    fill_the_disk(monkeypatch, where)
    with pytest.raises(UserError, match="No space left") as error:
        save_checkpoint(path, tensors, {"step": 2})
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert load_checkpoint(path)[1] == {"step": 1}


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "model", tmp_path / "folder"):
        with pytest.raises(UserError, match="could not be written") as error:
            write_atomically(path, b"data")
        assert str(path) in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


# --- what is refused --------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(UserError) as error:
        load_checkpoint(path)
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_missing_file_is_named(tmp_path):
    assert "no checkpoint" in refused(tmp_path / "missing")
    assert "no checkpoint" in refused(tmp_path)  # a folder


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(tensors, tmp_path, length):
    """Empty, within the header's length, within the header, and one byte short of all."""
    path = save_checkpoint(tmp_path / "model", tensors, ABOUT)
    path.write_bytes(path.read_bytes()[:length])
    assert "damaged" in refused(path)


@pytest.mark.parametrize("where", [0, 9, 30])
def test_a_damaged_header_is_refused(tensors, tmp_path, where):
    path = save_checkpoint(tmp_path / "model", tensors, ABOUT)
    data = bytearray(path.read_bytes())
    data[where] ^= 0xFF
    path.write_bytes(data)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("metadata", [None, {"other": "1"}, {"about": "{not json"}])
def test_a_file_without_our_description_is_refused(tensors, tmp_path, metadata):
    save_file(tensors, tmp_path / "theirs", metadata=metadata)
    assert "not written by this project" in refused(tmp_path / "theirs")


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_never_opened(tmp_path):
    path, sprung = tmp_path / "model", tmp_path / "sprung"
    data = pickle.dumps(Trap(sprung))
    path.write_bytes(data)
    assert "damaged" in refused(path)
    assert not sprung.exists()
    pickle.loads(data)  # the trap works where a pickle is opened
    assert sprung.exists()


def test_the_format_is_plain_safetensors(tensors, tmp_path):
    """So that other tools can read a checkpoint: the same bytes as safetensors writes."""
    path = save_checkpoint(tmp_path / "model", tensors, ABOUT)
    words = json.dumps(ABOUT | {CHECKSUM: checksum(tensors, ABOUT)})
    assert path.read_bytes() == save(tensors, metadata={"about": words})


# --- what the header says is checked, and then the content ------------------------------------------------


def test_a_flipped_bit_is_found_wherever_it_is(tensors, tmp_path):
    """Every bit of the tensors, and of the description; without the checksum a weight would just be another."""
    path = save_checkpoint(tmp_path / "model", tensors, ABOUT)
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    described = range(data.index(b"about"), data.index(b"about") + 60)
    for place in [*range(start, len(data)), *described]:
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        refused(path)


def test_a_file_from_before_there_were_checksums_is_read(tensors, tmp_path):
    save_file(tensors, tmp_path / "old", metadata={"about": json.dumps(ABOUT)})
    loaded, about = load_checkpoint(tmp_path / "old")
    assert about == ABOUT and all(torch.equal(loaded[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("about", ["[]", "null", "3", '"words"', "[" * 100_000])
def test_a_description_that_is_no_object_is_refused(tensors, tmp_path, about):
    save_file(tensors, tmp_path / "model", metadata={"about": about})
    assert "\n" not in refused(tmp_path / "model")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_not_finite_are_refused(tmp_path, value, kind):
    path = save_checkpoint(tmp_path / "model", {"w": torch.tensor([1.0, value], dtype=kind)}, {})
    assert "w holds numbers that are not finite" in refused(path)


def test_the_header_is_judged_before_a_tensor_is_read(tensors, tmp_path):
    path, seen = save_checkpoint(tmp_path / "model", tensors, ABOUT), []

    def check(about, shapes):
        seen.append((about, shapes))
        raise UserError("it is a cat")

    with pytest.raises(UserError, match="it is a cat"):
        load_checkpoint(path, check)
    assert seen == [(ABOUT, {name: tuple(value.shape) for name, value in tensors.items()})]


def test_an_outlined_network_has_names_and_shapes_and_no_memory():
    """Those of the network itself; drawn weights and tables of numbers included."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.line = torch.nn.Embedding(5, 4), torch.nn.Linear(4, 10**3)
            self.places = torch.nn.Parameter(torch.nn.init.normal_(torch.empty(3, 4), std=0.1))
            self.register_buffer("table", 2.0 ** torch.arange(6))
            self.register_buffer("turn", torch.eye(4)[:2])

    with outlined():
        outline = Net().state_dict()
    real = Net().state_dict()
    assert {name: value.shape for name, value in outline.items()} == {n: v.shape for n, v in real.items()}
    assert all(outline[name].is_meta for name in ("words.weight", "line.weight", "places"))
    assert not torch.empty(1).is_meta  # and it ends
