"""What Palette is told: colours of equal luminance with a known law, holes that hide, JPEG that is JPEG."""

import pytest
import torch

from images.data.corruptions import GRAY, SHARE, TASKS, as_jpeg, coloured, damaged, gray, hues, ink
from playground.errors import UserError
from playground.levels import seeded


def digits(n: int = 40) -> torch.Tensor:
    return 2 * torch.rand((n, 1, 28, 28), generator=seeded(0)) - 1


def test_all_inks_have_one_luminance_and_are_colours():
    colours = ink(torch.linspace(0, 1, 50))
    assert torch.allclose(colours @ torch.tensor([0.299, 0.587, 0.114]), torch.full((50,), GRAY), atol=1e-6)
    assert float(colours.min()) >= 0 and float(colours.max()) <= 1


def test_gray_does_not_give_the_colour_away():
    """Two classes, the same strokes: the luminance of both is the same picture."""
    x = digits(2)[:1].expand(20, -1, -1, -1)
    pictures = gray(coloured(x, torch.arange(20) % 10, seeded(1)))
    assert float((pictures - pictures[:1]).abs().max()) < 1e-5


def test_the_first_colour_has_its_share():
    n = 4_000
    label = torch.full((n,), 3)
    found = coloured(torch.ones((n, 1, 2, 2)), label, seeded(2))[:, :, 0, 0]
    first, second = (2 * ink(hue)[0] - 1 for hue in hues(label[:1]))
    nearer = (found - first).norm(dim=1) < (found - second).norm(dim=1)
    # four standard errors of a share of 4,000
    assert float(nearer.double().mean()) == pytest.approx(SHARE, abs=4 * (SHARE * (1 - SHARE) / n) ** 0.5)


def test_paper_is_white():
    assert torch.allclose(
        coloured(-torch.ones((1, 1, 4, 4)), torch.tensor([5]), seeded(0)), torch.ones(1, 3, 4, 4)
    )


@pytest.mark.parametrize("task", ["inpainting", "uncropping"])
def test_a_hole_shows_nothing_of_what_is_under_it_and_leaves_the_rest(task):
    x = coloured(digits(), torch.arange(40) % 10, seeded(1))
    one, two = (TASKS[task](picture, seeded(3)) for picture in (x, -x))
    hole = one.hole.expand_as(x)
    assert torch.equal(one.hole, two.hole) and torch.equal(one.seen[hole], two.seen[hole])
    assert torch.equal(one.seen[~hole], x[~hole])
    share = one.hole.double().mean((1, 2, 3))
    assert float(share.min()) > 0.05 and float(share.max()) <= 0.51


def test_jpeg_loses_less_at_a_higher_quality():
    x = coloured(digits(), torch.arange(40) % 10, seeded(1))
    errors = [float((as_jpeg(x, seeded(0), quality=q).seen - x).square().mean()) for q in (3, 10, 30, 95)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 4


def test_each_picture_has_a_task_of_its_own_and_all_occur():
    x = coloured(digits(200), torch.arange(200) % 10, seeded(1))
    found = damaged(x, seeded(5))
    whole = found.hole.flatten(1).all(1)
    # colourisation and JPEG are to be made anew whole, two of four tasks: four standard errors of a share of 200
    assert float(whole.double().mean()) == pytest.approx(0.5, abs=0.14)
    same = (found.seen[whole] - gray(x[whole])).abs().amax((1, 2, 3)) < 1e-6
    assert 0 < int(same.sum()) < len(same)


def test_a_quality_that_is_none_is_refused():
    with pytest.raises(UserError, match="JPEG quality is 0"):
        as_jpeg(coloured(digits(1), torch.tensor([1]), seeded(0)), seeded(0), quality=0)
