"""Animated WebPs: read back by Pillow, frame by frame, with their times and their pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from playground.errors import UserError
from playground.gif import webp_bytes


def shown(data: bytes) -> list[tuple[int, np.ndarray]]:
    """What a viewer shows: (milliseconds, RGB pixels) of each frame."""
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "WEBP"
    frames = []
    for i in range(getattr(picture, "n_frames", 1)):
        picture.seek(i)
        picture.load()  # the time is known only then
        frames.append((picture.info["duration"], np.array(picture.convert("RGB"))))
    return frames


@pytest.fixture
def grey():
    return np.random.default_rng(0).integers(0, 256, (7, 20, 30), dtype=np.uint8)


@pytest.mark.parametrize("colours", [1, 3])
def test_frames_come_back_pixel_by_pixel_grey_or_in_colour(colours):
    frames = np.random.default_rng(0).integers(0, 256, (7, 20, 30, colours), dtype=np.uint8)
    back = shown(webp_bytes(list(frames.squeeze(-1) if colours == 1 else frames)))
    assert len(back) == 7
    for (_, pixels), frame in zip(back, frames, strict=True):
        assert pixels.shape == (20, 30, 3)
        assert (pixels == frame).all()  # grey is three equal colours


@pytest.mark.parametrize("fps, delay", [(10, 100), (15, 67), (25, 40), (60, 17), (0.5, 2000)])
def test_frames_last_as_long_as_asked_in_milliseconds(grey, fps, delay):
    times = [milliseconds for milliseconds, _ in shown(webp_bytes(grey, fps=fps, hold=1.5))]
    assert times == [delay] * 6 + [delay + 1500]


def test_it_repeats_for_ever_and_has_the_frames_size(grey):
    picture = Image.open(io.BytesIO(webp_bytes(grey)))
    assert picture.info["loop"] == 0 and picture.size == (30, 20) and picture.is_animated


def test_what_is_shown_at_every_moment_is_right_where_frames_repeat(grey):
    """The writer stores equal neighbours once, and small changes as differences."""
    a, b = grey[0], grey[0].copy()
    b[3, 4] ^= 1
    order = [a, a, a, b, b, a, a]
    timeline = [
        pixels for time, pixels in shown(webp_bytes(order, fps=10, hold=0.3)) for _ in range(time // 100)
    ]
    expected = [*order, a, a, a]  # and the last is held for three more
    assert len(timeline) == len(expected)
    assert all((pixels == frame[..., None]).all() for pixels, frame in zip(timeline, expected, strict=True))


def test_a_picture_that_never_changes_is_a_still_one(grey):
    ((_, pixels),) = shown(webp_bytes([grey[0]] * 3))
    assert (pixels == grey[0][..., None]).all()


@pytest.mark.parametrize(
    "options", [{"frames": []}, {"fps": 0}, {"fps": 61}, {"fps": float("nan")}, {"hold": -1}]
)
def test_impossible_webps_are_refused(grey, options):
    with pytest.raises(UserError):
        webp_bytes(**{"frames": grey, **options})
