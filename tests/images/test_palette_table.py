"""Palette compared: the colour's error, the loss in the hole, the regression's objective, and the table's claims."""

import pytest
import torch

from images.data.corruptions import SHARE, TASKS, coloured, hues, ink
from images.data.mnist import load
from images.metrics.evaluate import Yardstick
from images.models import load_model
from images.palette.table import BEFORE, FILES, HOLES, TableConfig, available, claims, needed, table, tint
from images.training.config import with_changes
from images.training.presets import PRESETS
from images.training.tasks import task_for
from playground.errors import UserError
from playground.levels import linear_beta, seeded
from playground.objectives import regression


def test_a_true_colouring_has_hardly_any_tint_and_the_laws_share():
    digits = load("test", download=False).part(0, 400)
    x = coloured(digits.images.float() / 127.5 - 1, digits.labels, seeded(0))
    off, first = tint(x, digits.labels)
    # hues jitter by 0.01 of the circle of radius 0.3 in two channels: 0.02 to 0.06 in colour
    assert float(off.mean()) < 0.06
    share = float(first.double().mean())
    assert share == pytest.approx(SHARE, abs=4 * (0.7 * 0.3 / 400) ** 0.5)


def test_a_wrong_colour_is_as_far_off_as_it_is():
    labels = torch.tensor([3])
    colour = ink(hues(labels)[0]) + torch.tensor([[0.1, 0.0, 0.0]])
    x = (2 * colour - 1)[:, :, None, None].expand(1, 3, 28, 28)
    # ink of another luminance reads as a little less of it; the colour stays within a tenth of what was added
    assert float(tint(x, labels)[0]) == pytest.approx(0.1, abs=0.07)


@pytest.mark.parametrize("name", ["inpainting", "uncropping"])
def test_the_loss_of_a_hole_asks_about_the_hole_alone(name):
    """The preset's own task: changing the estimate where the picture is known changes nothing."""
    task = task_for(with_changes(PRESETS["palette"], using=name, width=8))
    batch = task.batches(load("train", download=False), 4, torch.device("cpu"))(0, seeded(0))
    assert batch.where is not None and 0 < float(batch.where.float().mean()) < 1

    class Wrong:
        def __init__(self, where):
            self.where = where

        def given(self, **told):
            return lambda xt, level: torch.where(self.where, 5.0, 0.0) + torch.zeros_like(xt)

    loss = task.loss()
    right = loss(Wrong(torch.zeros_like(batch.where)), batch, seeded(1))
    outside = loss(Wrong(~batch.where), batch, seeded(1))
    inside = loss(Wrong(batch.where), batch, seeded(1))
    assert torch.equal(right, outside) and bool((inside > right).all())


def test_regression_asks_about_x0_at_the_last_level_only():
    seen = []

    def mean(xt, level):
        seen.append(float(level.alpha))
        return torch.full_like(xt, 0.5)

    x0 = torch.ones((3, 2, 4))
    assert torch.allclose(regression(linear_beta())(mean, x0, seeded(0)), torch.full((3,), 8 * 0.25))
    assert seen == [pytest.approx(float(linear_beta().alpha[-1]))]


@pytest.mark.parametrize(
    "wrong, words", [({"task": "snow"}, "task is 'snow'"), ({"samples": 1}, "samples of each is 1")]
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        TableConfig(**wrong)


def test_the_table_says_every_claim_with_a_verdict():
    """A network of another task stands in for a specialist that is not shipped: what is said is what is tested."""
    shipped = {name: load_model(path) for name, path in FILES.items() if path.is_file()}
    few, digits = Yardstick.load(data=None), load("test", download=False)
    for task, claims_made in (("colourisation", 7), ("inpainting", 9), ("uncropping", 9), ("jpeg", 5)):
        models = {name: shipped.get(name, shipped["inpainting"]) for name in needed(task)}
        found = table(models, load_model(), few, digits, TableConfig(task, 10, samples=2, steps=2))
        said = claims(found)
        assert len(said) == claims_made and TASKS[task]
        assert all(any(w in s for w in ("hold", "cannot", "law", "training digits")) for s in said)
        assert found.rows["regression network"].error.shape == (10,)
        assert (found.zeta is not None) == (task in HOLES)
        assert (set(BEFORE) <= set(found.rows)) == (task in HOLES)


def test_pages_compare_what_is_shipped_whole(monkeypatch, tmp_path):
    assert {"colourisation", "inpainting"} <= set(available())
    monkeypatch.setitem(FILES, "inpainting", tmp_path / "missing.safetensors")
    assert "inpainting" not in available()
