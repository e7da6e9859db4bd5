"""Directions in z: what a regression finds where the truth is linear, and what the drawn digits do."""

import json
from pathlib import Path

import pytest
import torch
from page_opened import fine, opened

from images import change
from images.__main__ import main
from images.change.directions import NAMES, directions, directions_of, values_of
from images.change.experiment import ChangeConfig, redrawn
from images.change.measure import MeasureConfig, claims, measure
from images.data.mnist import Digits, load, to_model
from images.diffusion_autoencoder.experiment import codes, own_noise
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import build
from images.metrics.ridge import fitted
from images.models import load_model
from images.training import runs
from playground.errors import UserError
from playground.levels import seeded


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 400)


@pytest.fixture(scope="module")
def model():
    return load_model(SHIPPED)


def test_ridge_without_a_penalty_is_least_squares_and_a_penalty_shrinks_it():
    x = 3 + 2 * torch.randn(50, 4, generator=seeded(0), dtype=torch.float64)
    y = x @ torch.randn(4, 2, generator=seeded(1), dtype=torch.float64) + 5
    free = fitted(x, y, penalty=0.0)
    assert torch.allclose(free(x), y) and torch.allclose(
        free.slopes, torch.linalg.lstsq(x - x.mean(0), y).solution
    )
    held = fitted(x, y, penalty=1.0)
    assert held.weights.norm() < free.weights.norm()
    assert torch.allclose(held(x).mean(0), y.mean(0))  # the offset is not held back


def linear_codes(coupled: float):
    """Codes of 5 numbers, of unlike scale, from which three values are linear; classes shift both, misleadingly."""
    rng = seeded(2)
    labels = torch.randint(3, (3000,), generator=rng)
    free = torch.randn(3000, 5, generator=rng, dtype=torch.float64)
    truth = torch.eye(5, 3, dtype=torch.float64)
    truth[1, 0] = coupled
    z = (free + 4 * labels[:, None] * torch.tensor([0, 0, 0, 1.0, 0])) * torch.tensor([1, 2, 3, 4, 5.0])
    return z, free @ truth + 10 * labels[:, None], labels


def test_a_direction_is_found_within_the_classes():
    """The fourth number tells the class, and so the value, from class to class: within one it says nothing."""
    ways = directions_of(*linear_codes(0.0), hold=False)
    wanted = torch.eye(3, 5, dtype=torch.float64)
    assert torch.allclose(ways.vectors, wanted, atol=0.05)  # the ridge's share, and 3,000 draws
    assert torch.allclose(ways.vectors.norm(dim=1), torch.ones(3).double())


@pytest.mark.parametrize("hold", [True, False])
def test_holding_the_others_leaves_them_alone_in_the_regression(hold):
    ways = directions_of(*linear_codes(0.8), hold=hold)
    aside = ways.promised - ways.promised.diagonal().diag()
    assert (aside.abs().max() < 1e-9) == hold
    assert (ways.promised.diagonal() > 0).all()


def test_moves_add_up_and_none_changes_nothing():
    ways = directions_of(*linear_codes(0.5), hold=True)
    z = torch.randn(2, 5, generator=seeded(3), dtype=torch.float64)
    one, two = torch.eye(3)[:1].repeat(2, 1), torch.eye(3)[1:2].repeat(2, 1)
    assert torch.equal(ways.moved(z, 0 * one), z)
    assert torch.allclose(ways.moved(ways.moved(z, one), two), ways.moved(z, one + two))


def test_the_shipped_model_leans_and_thickens_its_digits(model, digits):
    """Of ten digits' mean: a move of one each way, small enough that all stay digits."""
    x0 = to_model(digits.images[:10])
    z, ways = codes(model, x0), directions(model, digits)
    x_T = own_noise(model, x0, 10, z)
    for number, name in enumerate(("thickness", "slant")):
        moves = torch.tensor([[-1.0], [1.0]]) * torch.eye(3)[number]
        values = values_of(redrawn(model, z, x_T, ways, moves, 10)).view(10, 2, 3)[..., number]
        assert values[:, 0].mean() < values[:, 1].mean(), name


def test_measuring_gives_slopes_margins_and_verdicts(model, digits):
    found = measure(model, build(), digits, digits, MeasureConfig(10, steps=4))
    assert len(found.slopes) == 18 and len(found.margins) == 12 and len(found.kept) == 6
    assert all(e.low <= e.value <= e.high for e in (*found.slopes.values(), *found.kept.values()))
    words = claims(found)
    assert len(words) == 12 and all(any(v in w for v in ("hold", "cannot be told")) for w in words)


def test_bad_moves_are_refused():
    with pytest.raises(UserError, match="known are thickness, slant, width"):
        ChangeConfig.along("beauty", 1.0)
    with pytest.raises(UserError, match="along slant is 9; it must lie from -5 to 5"):
        ChangeConfig(end=(0.0, 9.0, 0.0))


def test_the_command_writes_pictures_and_values(tmp_path):
    words = ["change", "--attribute", "slant", "--count", "3", "--steps", "4", "--out", str(tmp_path)]
    assert main([*words, "--device", "cpu"]) == 0
    about = json.loads((tmp_path / "changed.json").read_text())
    assert len(about["values"]) == 3 and about["names"] == list(NAMES)
    assert {"changed.png", "changed.gif"} <= {p.name for p in tmp_path.iterdir()}


def test_the_page_shows_both(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    app = opened(Path(change.__file__).with_name("page.py"))
    assert "between" in app.session_state
    fine(app.segmented_control(key="c-shown").set_value("Change").run())
    assert app.session_state["changed"][1].images.shape == (13, 1, 28, 28)
