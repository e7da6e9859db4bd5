"""GIFs: read back by Pillow, frame by frame, with their times and their pixels."""

import io
import math
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from playground.errors import UserError
from playground.gif import beside, enlarged, gif_bytes, png_bytes, tiled, webp_bytes


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def shown(data: bytes) -> list[tuple[int, np.ndarray]]:
    """What a viewer shows: (milliseconds, RGB pixels) of each frame."""
    gif = opened(data)
    frames = []
    for i in range(gif.n_frames):
        gif.seek(i)
        frames.append((gif.info["duration"], np.array(gif.convert("RGB"))))
    return frames


@pytest.fixture
def grey():
    return np.random.default_rng(0).integers(0, 256, (7, 20, 30), dtype=np.uint8)


def test_grey_frames_come_back_pixel_by_pixel(grey):
    frames = shown(gif_bytes(grey))
    assert len(frames) == 7
    for (_, pixels), frame in zip(frames, grey, strict=True):
        assert pixels.shape == (20, 30, 3)
        assert (pixels == frame[..., None]).all()


def test_a_slowly_changing_picture_comes_back_pixel_by_pixel():
    """Each frame differs in one pixel, which tempts a writer to store differences only; the values too."""
    frames = np.zeros((50, 16, 16), np.uint8)
    for i in range(1, 50):
        frames[i] = frames[i - 1]
        frames[i, i // 16, i % 16] = 5 * i
    for (_, pixels), frame in zip(shown(gif_bytes(frames)), frames, strict=True):
        assert (pixels == frame[..., None]).all()


@pytest.mark.parametrize("fps, delay", [(10, 100), (15, 70), (25, 40), (50, 20), (1, 1000)])
def test_frames_last_as_long_as_asked_in_hundredths_of_a_second(grey, fps, delay):
    """15 per second is 66.7 ms, and a GIF knows 60 or 70; the last frame is held longer."""
    times = [milliseconds for milliseconds, _ in shown(gif_bytes(grey, fps=fps, hold=1.5))]
    assert times == [delay] * 6 + [delay + 1500]


def test_a_gif_repeats_for_ever_and_has_the_frames_size(grey):
    gif = opened(gif_bytes(grey))
    assert gif.info["loop"] == 0 and gif.size == (30, 20)


def test_identical_frames_keep_their_time_and_their_place(grey):
    """Pillow stores equal neighbours once: what is shown at every moment must stay the same."""
    a, b = grey[:2]
    order = [a, a, a, b, b, a, a]
    frames = shown(gif_bytes(order, fps=10, hold=0.3))
    timeline = [pixels for time, pixels in frames for _ in range(time // 100)]
    expected = [*order, a, a, a]  # and the last is held for three more
    assert len(timeline) == len(expected)
    assert all((pixels == frame[..., None]).all() for pixels, frame in zip(timeline, expected, strict=True))


@pytest.mark.parametrize("count", [1, 3])
def test_a_picture_that_never_changes_is_a_gif_of_one_frame(grey, count):
    """Its time is kept, too."""
    ((time, pixels),) = shown(gif_bytes([grey[0]] * count, fps=10, hold=1.0))
    assert time == 100 * count + 1000
    assert (pixels == grey[0][..., None]).all()


def test_few_colours_are_kept_exactly_and_many_are_close():
    # Okabe-Ito's blue, orange and green on white, as the plots have them
    colours = np.array([[255, 255, 255], [0, 114, 178], [213, 94, 0], [0, 158, 115]], np.uint8)
    flat = colours[np.random.default_rng(0).integers(0, 4, (5, 20, 30))]
    for (_, pixels), frame in zip(shown(gif_bytes(flat)), flat, strict=True):
        assert (pixels == frame).all()
    ramp = np.linspace(0, 255, 30).astype(np.uint8)
    smooth = np.stack([*np.broadcast_arrays(ramp[:, None], ramp, np.uint8(128))], -1)
    ((_, pixels),) = shown(gif_bytes([smooth], colors=64))
    # 64 colours for a square: 8 x 8 cells of 32 values, in each of which a pixel is 8 off on average
    assert np.abs(pixels[..., :2].astype(int) - smooth[..., :2]).mean() < 12


def test_a_colour_that_comes_and_goes_is_in_the_palette():
    """It is in a few frames only, neither the first, the middle nor the last."""
    colours = np.array([[255, 255, 255], [0, 114, 178], [213, 94, 0]], np.uint8)
    frames = [np.tile(colours[i], (8, 8, 1)) for i in [0] * 20 + [1] * 20 + [0] * 20 + [2] * 20 + [0] * 20]
    assert [tuple(pixels[0, 0]) for _, pixels in shown(gif_bytes(frames))] == [
        tuple(colours[i]) for i in (0, 1, 0, 2, 0)
    ]


def test_a_colour_has_one_value_in_all_frames():
    """One palette: a still background does not flicker while something moves over it."""
    # far more than 64 colours, so that many must share one
    background = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    frames = np.stack([background] * 6)
    for i in range(6):
        frames[i, 18:22, 6 * i : 6 * i + 4] = [213, 94, 0]
    for (_, before), (_, after) in pairwise(shown(gif_bytes(frames))):
        assert (before[:18] == after[:18]).all() and (before[22:] == after[22:]).all()


@pytest.mark.parametrize(
    "options", [{"frames": []}, {"fps": 0}, {"fps": 51}, {"fps": float("nan")}, {"hold": -1}]
)
def test_impossible_gifs_are_refused(grey, options):
    with pytest.raises(UserError):
        gif_bytes(**{"frames": grey, **options})


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
def test_a_png_comes_back_exactly(shape):
    frame = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert (np.array(opened(png_bytes(frame))) == frame).all()


@pytest.mark.parametrize(
    "count, columns, rows_and_columns",
    [(6, 3, (2, 3)), (7, 3, (3, 3)), (16, None, (4, 4)), (1, None, (1, 1))],
)
def test_a_sheet_holds_every_image_in_reading_order(count, columns, rows_and_columns):
    H, W, gap = 5, 4, 2
    images = np.random.default_rng(0).integers(0, 128, (count, H, W), dtype=np.uint8)
    sheet = tiled(images, columns, gap, background=200)
    rows, columns = rows_and_columns
    assert sheet.shape == (rows * (H + gap) + gap, columns * (W + gap) + gap)
    for i, image in enumerate(images):
        y, x = gap + i // columns * (H + gap), gap + i % columns * (W + gap)
        assert (sheet[y : y + H, x : x + W] == image).all()
    assert (sheet == 200).sum() == sheet.size - images.size  # and nothing else


def test_rare_colours_are_kept_where_all_are_few():
    """Twenty white frames with a red square in one: white, red, white, and of exactly these colours."""
    frames = [np.full((32, 32, 3), 255, np.uint8) for _ in range(20)]
    frames[9][4:6, 4:6] = (255, 0, 0)
    image = Image.open(io.BytesIO(gif_bytes(frames)))
    assert image.n_frames == 3  # like frames are joined
    image.seek(1)
    assert image.convert("RGB").getpixel((4, 4)) == (255, 0, 0)
    assert image.convert("RGB").getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize("write", [gif_bytes, webp_bytes])
@pytest.mark.parametrize("hold", [-0.1, 601.0, 1e300, math.nan, math.inf])
def test_a_hold_out_of_range_is_refused(write, hold):
    with pytest.raises(UserError, match="hold of its last frame"):
        write([np.zeros((4, 4), np.uint8)] * 2, hold=hold)


def test_the_longest_hold_is_written():
    frames = [np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)]
    image = Image.open(io.BytesIO(gif_bytes(frames, fps=10, hold=600)))
    image.seek(1)
    assert image.info["duration"] == 600_100


def test_downloads_have_112_pixels_a_digit_side_by_side():
    digit = np.arange(784, dtype=np.uint8).reshape(28, 28)
    sheet = enlarged(digit)
    assert (
        sheet.shape == (112, 112) and (sheet[::4, ::4] == digit).all() and (sheet[3::4, 3::4] == digit).all()
    )
    pair = beside(sheet, 255 - sheet, gap=16)
    assert (
        pair.shape == (112, 240) and (pair[:, :112] == sheet).all() and (pair[:, 128:] == 255 - sheet).all()
    )
    assert (pair[:, 112:128] == 255).all()


def test_a_clouds_legend_stands_beside_the_picture_once():
    """Nothing within the axes changes for a legend, and panels that share one are given it once."""
    from toy2d.drawing.clouds import LEFT, SIDE, Cloud, clouds_gif

    xs, labels = np.zeros((1, 2, 2)), np.array([0, 1], np.uint8)
    plain, named = (Cloud("a", xs, labels, ("t",), label_names=names) for names in ((), ("mode 1", "mode 2")))
    files = (clouds_gif(clouds) for clouds in ([plain], [named], [named] * 2))
    bare, one, two = (np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files)
    assert (one[:, : LEFT + SIDE] == bare[:, : LEFT + SIDE]).all()
    assert one.shape[1] > bare.shape[1] and two.shape[1] == one.shape[1] + bare.shape[1]
    assert len(np.unique(one[:, bare.shape[1] :].reshape(-1, 3), axis=0)) > 2
