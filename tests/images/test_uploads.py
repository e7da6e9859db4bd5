"""Uploaded pictures of every depth, with and without transparency, light and dark ink."""

import io

import numpy as np
import pytest
from PIL import Image

from images.__main__ import main
from images.data.uploads import is_dark_ink, read_picture
from playground.errors import UserError

INK = np.zeros((28, 28), np.uint8)
INK[6:22, 12:16] = 255  # a one, light on dark


def stored(picture: Image.Image, kind: str = "PNG", **options) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("low, high", [(0, 65_535), (0, 4_095), (1_000, 1_400), (300, 65_000)])
def test_deep_gray_is_scaled_by_its_own_range(low, high):
    """16 bits, all of them or the 12 of a camera, or a narrow part: the ramp comes back from 0 to 255, to rounding."""
    ramp = np.linspace(0, 1, 784).reshape(28, 28)
    deep = (low + ramp * (high - low)).round().astype(np.uint16)
    found = read_picture(stored(Image.fromarray(deep))).astype(float)
    assert np.abs(found - 255 * (deep.astype(float) - low) / (high - low)).max() <= 0.5


@pytest.mark.parametrize("kind, dtype", [("TIFF", np.int32), ("TIFF", np.float32)])
def test_other_depths_are_scaled_too(kind, dtype):
    assert (read_picture(stored(Image.fromarray((INK.astype(dtype) - 90) * 7), kind)) == INK).all()


def test_one_value_all_over_and_values_that_are_no_numbers():
    assert not read_picture(stored(Image.fromarray(np.full((28, 28), 40_000, np.uint16)))).any()
    bad = INK.astype(np.float32)
    bad[0, 0] = np.nan
    with pytest.raises(UserError, match="not finite numbers"):
        read_picture(stored(Image.fromarray(bad), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_ink_told_by_alpha_alone_shows_on_paper(mode):
    """Black where it is opaque, and black where it is not: without paper nothing could be seen."""
    clear = Image.merge("LA", [Image.new("L", (28, 28), 0), Image.fromarray(INK)]).convert(mode)
    assert (read_picture(stored(clear)) == 255 - INK).all()
    assert (read_picture(stored(clear), invert=True) == INK).all()
    white = Image.merge("LA", [Image.new("L", (28, 28), 255), Image.fromarray(INK)]).convert(mode)
    assert (read_picture(stored(white)) == INK).all()


def test_half_transparent_ink_is_half_as_dark():
    half = Image.merge("LA", [Image.new("L", (28, 28), 0), Image.fromarray(INK // 255 * 128)])
    assert read_picture(stored(half))[10, 13] == 127  # 255 (1 - 128 / 255)


def test_a_transparent_colour_of_a_palette_is_paper():
    picture = Image.fromarray(INK // 255).convert("P")
    picture.putpalette([0, 0, 0, 0, 0, 0])
    assert (read_picture(stored(picture, transparency=0)) == 255 - INK).all()


def test_dark_ink_is_recognised_and_light_ink_is_not():
    assert is_dark_ink(255 - INK) and not is_dark_ink(INK)
    assert is_dark_ink(120 - INK // 4) and not is_dark_ink(120 + INK // 4)  # pale, on gray
    assert not is_dark_ink(np.full((28, 28), 255, np.uint8))  # no ink at all


def test_the_command_line_offers_invert_and_takes_it(tmp_path, capsys):
    Image.fromarray(255 - INK).save(tmp_path / "dark.png")
    command = [
        "inpaint",
        "--image",
        str(tmp_path / "dark.png"),
        "--steps",
        "2",
        "--count",
        "1",
        "--method",
        "project",
    ]
    assert main([*command, "--out", str(tmp_path / "a"), "--device", "cpu"]) == 0
    assert "give --invert" in capsys.readouterr().err
    assert main([*command, "--invert", "--out", str(tmp_path / "b"), "--device", "cpu"]) == 0
    assert "note:" not in capsys.readouterr().err
    known = np.asarray(Image.open(tmp_path / "b" / "inpainted.png").convert("L"))[2:30, 2:30]
    assert (known[:, 14:] == INK[:, 14:]).all()  # the half that was known is light ink on dark
