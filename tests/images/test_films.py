"""What pages open with is shipped: it is what would be computed today, and stands in for that alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from images import films
from images.autoencoders.experiment import Shown
from images.dalle2.clip_experiment import Clouds, Gap, ZeroShot
from images.dalle2.experiment import Drawing
from images.data.mnist import load
from images.generate.experiment import SampleConfig
from images.generate.films import ALL, FILMS, PACKAGED
from images.metrics.classifier import load_classifier
from images.models import SHIPPED, load_model
from images.palette.experiment import FIRST as RESTORED
from images.palette.experiment import InBytes, from_bytes, in_bytes, measure, restore
from images.sampling import Film
from images.training import runs
from playground.films import kept as read

WING = Path(__file__).parents[2] / "images"
# Made of MNIST's own test digits
OF_DIGITS = {"inpaint", "between", "palette", "autoencoders", "autoencode", "clip", "variations"}
# Of the others those that take a second or two; the rest are computed with the slow tests.
QUICK = ("guidance-5", "between-5", "palette-5", "autoencode-5", "autoencoders-packaged")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ALL if name not in {*FILMS, *QUICK}]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))


def needs_mnist(name: str) -> None:
    if (
        name.split("-")[0] in OF_DIGITS
        and name not in PACKAGED
        and len(load("test", download=False)) != 10_000
    ):
        pytest.skip("MNIST's files are not here, so the page computes what it opens with")


def last_images(result) -> np.ndarray:
    """All finished images of a result, whatever its kind, as numbers."""
    if isinstance(result, Film):
        return result.images.astype(float)
    if isinstance(result, tuple):
        return np.concatenate([last_images(each) for each in result])
    if isinstance(result, dict):
        return np.concatenate([np.asarray(each, dtype=float) for each in result.values()])
    if isinstance(result, InBytes):
        return np.stack([result.regression.numpy(), *result.samples.numpy()]).astype(float)
    if isinstance(result, Shown):
        return np.concatenate([each.astype(float) for each in (result.rebuilt, result.pca, result.noise)])
    if isinstance(result, Drawing):
        return result.images.astype(float)
    if isinstance(result, (ZeroShot, Clouds, Gap)):
        return 255 * numbers_of(result)
    return last_images(result.film) if hasattr(result, "film") else np.asarray(result, dtype=float)


def numbers_of(result: ZeroShot | Clouds | Gap) -> np.ndarray:
    """Shares and distances; not where points lie in the plane, whose axes may be turned around."""
    if isinstance(result, ZeroShot):
        return np.array([share.value for share in result.shares.values()])
    if isinstance(result, Clouds):
        return np.array([result.centres, result.spread])
    return np.array([result.distance.value, result.floor.value, result.told_apart.value])


def captions_of(result) -> list[tuple[str, ...]]:
    """What stands below the frames of all films of a result."""
    if isinstance(result, tuple):
        return [captions for each in result for captions in captions_of(each)]
    film = getattr(result, "film", result)
    return [tuple(film.captions)] if isinstance(film, Film) else []


@pytest.mark.parametrize("name", list(ALL))
def test_a_shipped_film_is_of_these_settings_and_this_model_and_small(name):
    needs_mnist(name)
    path = films.FILMS / f"{name}.npz"
    assert path.stat().st_size < (1_300_000 if name in FILMS else 400_000)
    made_for, _ = ALL[name]()
    found = read(path, made_for, films.RESULTS)
    assert found is not None, f"made of other settings or another model: python -m images films --only {name}"


@pytest.mark.parametrize("name", [*FILMS, *QUICK, *SLOW])
def test_a_shipped_film_is_what_the_code_computes_today(name):
    """Same seed, same weights: two gray values of 255 on average are left to other processors' rounding, which a walk
    may carry on; digits of another seed are tens of them apart.
    """
    needs_mnist(name)
    made_for, make = ALL[name]()
    made, found = make(), films.kept(name.split("-")[0], made_for)
    now, then = last_images(made), last_images(found)
    assert now.shape == then.shape
    assert np.abs(now - then).mean() < 2
    assert captions_of(made) == captions_of(found)


def test_a_restoration_in_bytes_says_the_same():
    """The digits are damaged again, bit for bit.  A gray value's rounding adds (2 / 255)**2 / 12 = 5e-6 to a squared
    error, which is 1e-2 and more: less than a thousandth of the ratio of two of them.
    """
    config, test = replace(RESTORED, digits=4, steps=2, task="inpainting"), load("test", download=False)
    whole = restore(load_model(SHIPPED.with_name("palette.safetensors")), test, config)
    again = from_bytes(in_bytes(whole), test, config)
    assert all(
        torch.equal(getattr(whole, name), getattr(again, name))
        for name in ("truth", "seen", "hole", "labels")
    )
    first, second = (measure(each, load_classifier()) for each in (whole, again))
    assert second.ratio == pytest.approx(first.ratio, rel=1e-3)


def test_a_film_that_moves_little_is_written_by_its_steps_and_comes_back_bit_for_bit(tmp_path, monkeypatch):
    """Noise that fades into one picture: steps between frames take less than frames; a sheet of noise does not."""
    monkeypatch.setattr(films, "FILMS", tmp_path)
    rng = np.random.default_rng(0)
    noise, size = rng.integers(0, 256, (2, 28, 28)), {}
    moving = np.stack([noise[0] + i * np.sign(noise[1] - 128) for i in range(40)]).astype(
        np.uint8
    )  # goes round 256
    for name, frames in {"film": moving, "noise": rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)}.items():
        (tmp_path / f"{name}.npz").write_bytes(films.packed(name, torch.from_numpy(frames)))
        size[name] = (tmp_path / f"{name}.npz").stat().st_size
        found = films.kept(name, name)
        assert found.dtype == torch.uint8 and (found.numpy() == frames).all()
    assert size["film"] < size["noise"] / 4


def test_any_other_setting_or_model_is_computed():
    made_for = ({"config": {"width": 48}}, SampleConfig.quick())
    others = [
        ({"config": {"width": 32}}, SampleConfig.quick()),
        (made_for[0], replace(SampleConfig.quick(), seed=1)),
        (*made_for, np.zeros(3)),
    ]
    assert len({films.digest(each) for each in (made_for, *others)}) == 4
    assert films.kept("generate", made_for) is None


def test_a_result_comes_back_as_it_was_and_a_damaged_file_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "FILMS", tmp_path)
    film = Film(np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2), np.ones((2, 1, 2, 2), np.uint8), ("a", "b"))
    result = {"one": torch.arange(3, dtype=torch.uint8), "two": (film, 0.5)}
    path = tmp_path / "x.npz"
    path.write_bytes(films.packed(("settings", 1), result))
    found = films.kept("x", ("settings", 1))
    assert torch.equal(found["one"], result["one"]) and found["two"][1] == 0.5
    again = found["two"][0]
    assert (again.xs == film.xs).all() and again.captions == film.captions and again.xs.dtype == np.uint8
    assert films.kept("x", ("settings", 2)) is None
    path.write_bytes(path.read_bytes()[:100])
    assert films.kept("x", ("settings", 1)) is None and films.kept("absent", 0) is None
