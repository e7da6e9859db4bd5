"""Inpainting measured: what the operators are, what is kept, how completions are told apart, and what is refused."""

import json

import pytest
import torch

from images.__main__ import main
from images.data.corruptions import coloured
from images.data.mnist import load
from images.inpainting.table import (
    INVERSE,
    MASKS,
    Row,
    Table,
    TableConfig,
    blurred,
    chosen_zetas,
    down_sampled,
    read_apart,
)
from images.inpainting.zeta import error, least
from images.metrics.estimates import Estimate
from images.models import load_model
from images.palette.experiment import inked
from playground.errors import UserError
from playground.inpainting import dps, following, masking
from playground.levels import Level, seeded
from playground.progress import silent
from playground.steps import ddim


def test_the_operators_are_affine_and_keep_paper_paper():
    x, y = torch.randn((2, 3, 1, 28, 28), generator=seeded(0))
    for operator in (down_sampled, blurred):
        paper = operator(torch.full_like(x, -1.0))
        assert torch.allclose(paper, torch.full_like(paper, -1.0), atol=1e-6)
        # paper lies beyond the edge, so differences are linear
        assert torch.allclose(
            operator(x + 2 * y) - operator(x), 2 * (operator(y) - operator(0 * y)), atol=1e-5
        )
    assert down_sampled(x).shape == (3, 1, 7, 7) and blurred(x).shape == x.shape


def test_inpainting_by_gradients_is_one_case_of_following():
    known, x = torch.randn((2, 2, 1, 4, 4), generator=seeded(0), dtype=torch.float64)
    mask = torch.rand((1, 1, 4, 4), generator=seeded(1)) < 0.5
    here, there = (Level.of(a, s).to(x) for a, s in ((0.6, 0.8), (0.8, 0.6)))

    def shrink(xt, level):
        return 0.3 * xt

    one = dps(ddim(0.0), known, mask, 0.7)(shrink, x, here, there, torch.zeros_like)[0]
    two = following(ddim(0.0), masking(mask), known * mask, 0.7)(shrink, x, here, there, torch.zeros_like)[0]
    assert torch.equal(one, two)
    # by hand: the gradient of || mask (known - 0.3 x) || is -0.3 mask (known - 0.3 x) / its length
    residual = mask * (known - 0.3 * x)
    moved = 0.7 * 0.3 * residual / residual.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    plain = ddim(0.0)(shrink, x, here, there, torch.zeros_like)[0]
    assert torch.allclose(one, plain + moved, atol=1e-12)


def test_ink_is_read_off_the_luminance_of_any_colour():
    x = 2 * torch.rand((10, 1, 28, 28), generator=seeded(0)) - 1
    found = inked(coloured(x, torch.arange(10), seeded(1)))
    assert torch.allclose(found, (x + 1) / 2, atol=1e-5)


def test_claims_are_tested_by_paired_differences():
    """RePaint right on 3 of 4 digits at every mask, re-noise on 1 of these: + 50 %, s.e. 0.577 / 2."""
    none, share = torch.zeros((4, 1, 28, 28), dtype=torch.uint8), Estimate(0.5, 0, 1)
    rights = {"RePaint": [1, 1, 1, 0], "re-noise": [1, 0, 0, 0]}
    rows = tuple(
        Row(name, mask, none, torch.tensor(right).bool(), share, share, 1.0, None, 0.0)
        for name, right in rights.items()
        for mask in MASKS
    )
    found = Table(TableConfig(4), rows, (), {}, {}, share)
    gap = read_apart(found, "RePaint", "re-noise")
    assert gap.value == pytest.approx(0.5) and gap.high - gap.value == pytest.approx(1.96 * 3**-0.5 / 2)


@pytest.mark.parametrize(
    "wrong, words",
    [({"digits": 1}, "number of digits is 1"), ({"zeta": -1.0}, "zeta is -1"), ({"steps": 1}, "steps is 1")],
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        TableConfig(**wrong)


def test_the_command_writes_table_figure_and_sheet(tmp_path, capsys):
    few = ["--digits", "2", "--steps", "2", "--resamplings", "1", "--out", str(tmp_path)]
    assert main(["inpaint-table", *few]) == 0
    assert "Palette is read right more often than RePaint" in capsys.readouterr().out
    found = json.loads((tmp_path / "inpaint-table.json").read_text())
    kept = {(row["method"], row["exact"]) for row in found["rows"]}
    assert {("RePaint", 1.0), ("re-noise", 1.0), ("project", 1.0), ("Palette", 1.0)} <= kept
    assert set(found["zetas"]) == {*MASKS, *INVERSE} and "training digits" in found["claims"][-1]
    assert len(found["claims"]) == 5 and (tmp_path / "inpaint-sheet.png").stat().st_size > 500


def test_the_least_error_is_chosen_and_a_walk_that_left_all_bounds_never():
    errors = {0.3: 0.5, 1.0: 0.2, 3.0: 0.4, 10.0: float("nan")}
    found = least(errors.__getitem__)
    assert found.value == 1.0 and found.errors[0.3] == 0.5
    with pytest.raises(UserError, match="led to a digit"):
        least(lambda zeta: float("nan"))


def test_zeta_is_chosen_on_training_digits_or_not_at_all():
    held_out = load("test", download=False).part(0, 2)
    for given in (None, held_out):
        with pytest.raises(UserError, match="training digits"):
            chosen_zetas(load_model(), given, TableConfig(2, steps=2), lambda turn: silent)


def test_error_is_the_mean_square_where_it_is_asked():
    """A denoiser that always says 0, walked by DDIM to clean data, ends at 0."""
    model = load_model()
    truth, where = torch.full((2, 1, 28, 28), 0.5), torch.zeros((1, 1, 28, 28), dtype=torch.bool)
    truth[:, :, 14:], where[:, :, :14] = -0.9, True
    walker = (ddim(0.0), lambda xt, level: torch.zeros_like(xt), model.schedule.grid(3))
    assert error(model, walker, truth, where, seed=0) == pytest.approx(0.25)
