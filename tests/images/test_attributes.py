"""Attributes of digits, against strokes that were drawn with a known thickness, slant and width."""

import math

import numpy as np
import pytest
import torch

from images.data.attributes import attributes
from images.data.mnist import load
from playground.errors import UserError

SIDE, FINE = 28, 8  # drawn FINE times finer, then averaged: gray edges, as a camera would have them


def drawn(inside) -> torch.Tensor:
    """The picture of the set {(row, column): inside}, antialiased, (1, 1, 28, 28)."""
    at = (torch.arange(SIDE * FINE, dtype=torch.float64) + 0.5) / FINE - 0.5
    picture = inside(at[:, None], at[None, :]).double()
    return picture.view(SIDE, FINE, SIDE, FINE).mean((1, 3))[None, None]


def bar(thickness: float, degrees: float, length: float = 18.0) -> torch.Tensor:
    """A straight stroke, sheared: `thickness` wide across its rows, leaning right by `degrees`."""
    tan = math.tan(math.radians(degrees))

    def inside(row, column):
        up = 13.5 - row  # rows are counted downwards
        return (up.abs() <= length / 2) & ((column - 13.5 - tan * up).abs() <= thickness / 2)

    return drawn(inside)


@pytest.mark.parametrize("degrees", [-30.0, -10.0, 0.0, 15.0, 30.0])
def test_slant_is_the_angle_that_was_drawn(degrees):
    # pixels of one unit blur the moments by 1/12 of a pixel squared in 27: half a degree at most
    assert float(attributes(bar(3.0, degrees)).slant) == pytest.approx(degrees, abs=0.6)


@pytest.mark.parametrize("degrees", [0.0, 25.0])
@pytest.mark.parametrize("wide", [2.0, 3.0, 5.0])
def test_width_is_that_of_the_upright_stroke(wide, degrees):
    # 98 % of it, to a pixel: the ink lies on pixels
    assert float(attributes(bar(wide, degrees)).width) == pytest.approx(wide, abs=1.1)


def test_thickness_of_a_long_stroke_is_its_width_less_what_its_ends_add():
    """A bar w by L has area w L and outline 2 (w + L), so 2 ink / outline = w L / (w + L), and TV is the outline."""
    for w in (2.0, 3.0, 4.0):
        expected = w * 20 / (w + 20)
        # the corner differences cut right angles short, 4 (2 - sqrt 2) / 2 of an outline of 44: 3 %
        assert float(attributes(bar(w, 0.0, 20.0)).thickness) == pytest.approx(expected, rel=0.05)


def test_thickness_of_a_ring_is_that_of_its_stroke():
    """A ring has no ends: area pi (R^2 - r^2), outline 2 pi (R + r), so 2 ink / outline = R - r exactly."""
    for w in (2.0, 3.0, 4.0):
        ring = drawn(
            lambda row, column, w=w: ((row - 13.5) ** 2 + (column - 13.5) ** 2).sqrt().sub(8).abs() <= w / 2
        )
        assert float(attributes(ring).thickness) == pytest.approx(w, rel=0.04)  # discrete outline of a circle


def test_ink_is_the_area():
    assert float(attributes(bar(3.0, 0.0, 18.0)).ink) == pytest.approx(54.0, rel=1e-6)


def test_each_image_of_a_batch_has_its_own_numbers_and_bytes_are_divided():
    pictures = torch.cat([bar(2.0, -10.0), bar(4.0, 20.0)])
    together = attributes(pictures)
    for i in range(2):
        alone = attributes(pictures[i : i + 1])
        for name in ("thickness", "slant", "width", "ink"):
            assert torch.allclose(getattr(together, name)[i], getattr(alone, name)[0])
    as_bytes = attributes((pictures * 255).round().to(torch.uint8))
    assert torch.allclose(as_bytes.slant.double(), together.slant, atol=0.2)  # gray values of 1/255


def test_real_digits_have_plausible_numbers_and_ones_are_narrow():
    """Handwriting: strokes of a few pixels, leaning right on average; ones are by far the narrowest class."""
    digits = load("test", download=False)
    found = attributes(digits.images)
    one = digits.labels == 1
    assert 1.5 < float(found.thickness.mean()) < 3.5 and 0 < float(found.slant.mean()) < 12
    assert float(found.width[one].mean()) < 0.6 * float(found.width[~one].mean())
    assert np.isfinite(found.width.numpy()).all()


def test_a_colour_picture_is_refused():
    with pytest.raises(UserError, match=r"shape \(2, 3, 28, 28\)"):
        attributes(torch.zeros((2, 3, 28, 28)))
