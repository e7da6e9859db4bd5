"""What pages of the plane open with is shipped: it is what would be computed today, and stands in for that alone."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import toy2d
from playground.films import kept as read
from playground.films import packed
from playground.levels import SCHEDULES, seeded
from toy2d import films
from toy2d.films import kept, made_with
from toy2d.ncsn.experiment import FIRST, WEIGHTS
from toy2d.own_data.experiment import SHIPPED, OwnDataConfig, shipped_network, train_network
from toy2d.shipped import OWN_DATA, path_of
from toy2d.shipped.making import inverted, three_weights


def test_the_three_weights_are_those_of_today():
    """Same seed, same networks.  Other processors round otherwise, and a walk may carry that on: a hundredth of x, of a
    share or of a distance is left to it; the points of another seed are units of x apart.
    """
    made_for, now = three_weights()
    then = kept("ncsn", made_for)
    assert then is not None, "made of other settings or other networks: python -m toy2d.shipped film-ncsn"
    assert list(then.runs) == list(now.runs) == list(WEIGHTS)
    for name, run in now.runs.items():
        assert np.abs(run.xs - then.runs[name].xs).mean() < 0.01
        assert np.allclose(run.errors, then.runs[name].errors, rtol=0.01)
        assert run.distances.weights == pytest.approx(then.runs[name].distances.weights, abs=0.01)
        assert run.distances.sliced == pytest.approx(then.runs[name].distances.sliced, abs=0.01)
    assert then.exact.weights == pytest.approx(now.exact.weights, abs=0.01)
    assert (then.frame_steps == now.frame_steps).all() and np.allclose(then.frame_sigmas, now.frame_sigmas)


def test_there_and_back_is_that_of_today():
    """Deterministic walks with exact denoisers: what rounding leaves is far below a hundredth of the error."""
    made_for, now = inverted()
    then = kept("latents", made_for)
    assert then is not None, "made of other settings: python -m toy2d.shipped film-latents"
    for name in ("climbs", "trips", "misses"):
        ours, theirs = getattr(now, name), getattr(then, name)
        assert list(ours) == list(theirs)
        assert all(np.allclose(ours[key], theirs[key], rtol=0.01, atol=1e-6) for key in ours)
    assert then.slopes == pytest.approx(now.slopes, abs=0.01) and then.left == pytest.approx(now.left)


SLOW = {name for name in SHIPPED if "-" in name.removeprefix(OWN_DATA)} - {
    f"{OWN_DATA}-5",
    f"{OWN_DATA}-narrow",
}


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.slow] * (each in SLOW)) for each in SHIPPED]
)
def test_a_network_of_ones_own_data_is_that_of_today(name):
    """Trained now, it says of x0 the same but for a hundredth of the points' spread."""
    config = SHIPPED[name]
    found, points = shipped_network(config), config.training_points()
    now, level = train_network(config), SCHEDULES["linear"]().level(300)
    xt = torch.randn(500, 2, generator=seeded(0)) * points.std(0) + points.mean(0)
    off = now.denoise(xt, level.to(xt)) - found.denoise(xt, level.to(xt))
    assert float(off.square().mean().sqrt()) < 0.01 * float(points.std())


@pytest.mark.parametrize("name", list(SHIPPED))
def test_a_network_of_ones_own_data_is_of_its_own_points_and_small(name):
    config, found = SHIPPED[name], shipped_network(SHIPPED[name])
    assert found is not None and found.config == config.learning()
    assert torch.allclose(found.network.mean, config.training_points().mean(0), atol=1e-5)
    assert path_of(name).stat().st_size < 100_000


def test_what_the_page_of_ones_own_data_offers_to_try_needs_no_training():
    for button in tomllib.loads(
        (Path(toy2d.__file__).parent / "own_data" / "tries.toml").read_text()
    ).values():
        asked = {{"train": "train_steps"}.get(key, key): value for key, value in button["set"].items()}
        assert shipped_network(replace(OwnDataConfig(), **asked)) is not None, asked


def test_a_network_of_ones_own_data_stands_for_its_points_alone():
    config = OwnDataConfig()
    given = ((0.0, 1.0), (1.0, 0.0))
    for other in (
        {"n": 60},
        {"seed": 1},
        {"train_steps": 100},
        {"source": "circles", "n": 50},
        {"given": given},
    ):
        assert shipped_network(replace(config, **other)) is None


def test_other_settings_or_other_networks_are_computed(monkeypatch):
    learned = [FIRST.learning(weight) for weight in WEIGHTS]
    assert kept("ncsn", made_with(FIRST, learned)) is not None
    assert kept("ncsn", made_with(replace(FIRST, seed=1), learned)) is None
    assert kept("ncsn", made_with(FIRST, learned[:2])) is None
    monkeypatch.setattr(films, "ALL", {name: replace(one, seed=1) for name, one in films.ALL.items()})
    assert kept("ncsn", made_with(FIRST, learned)) is None  # none of them is shipped


def test_a_result_by_pairs_of_names_comes_back(tmp_path):
    arrays = {("ddim", "told"): np.arange(3.0), ("heun", "told"): np.ones(2)}
    (tmp_path / "pairs.npz").write_bytes(packed("settings", arrays))
    found = read(tmp_path / "pairs.npz", "settings", {})
    assert list(found) == list(arrays) and all((found[key] == arrays[key]).all() for key in arrays)
