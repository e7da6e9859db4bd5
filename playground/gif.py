"""Frames to GIF and WebP, through Pillow directly: many times faster and smaller than a plotter's writer."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from playground.errors import require, require_range

LONGEST_HOLD = 600.0  # seconds; a GIF counts a frame's hundredths in 16 bits, up to 655


def gif_bytes(
    frames: Sequence[np.ndarray],
    fps: float = 15,
    hold: float = 1.5,
    colors: int = 64,
    palette: np.ndarray | None = None,
) -> bytes:
    """An endless GIF.  frames: (H, W) grey or (H, W, 3) RGB uint8, all alike; `hold` seconds on the last.

    palette: (N, 3) uint8, N at most 256; the frames (H, W) then hold numbers of its colours.

    GIF counts in hundredths of a second, and viewers slow anything below two of them down.
    """
    require(len(frames) > 0, "A GIF was asked for with no frames; it needs at least one: keep more frames.")
    require(
        0 < fps <= 50,
        f"The GIF's speed is {fps:g} frames per second; viewers show from 1 to 50: choose that.",
    )
    require_range("The GIF's hold of its last frame, in seconds,", hold, 0, LONGEST_HOLD)
    delay = max(20, round(100 / fps) * 10)
    images = [Image.fromarray(frame) for frame in frames]
    if palette is not None:
        for image in images:
            image.putpalette(palette.tobytes())  # grey levels become numbers of colours
    elif images[0].mode == "RGB":
        shared = _shared_palette(images, colors)
        images = [image.quantize(palette=shared, dither=Image.Dither.NONE) for image in images]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=[delay] * (len(images) - 1) + [delay + round(hold * 100) * 10],
        loop=0,
        disposal=1,
    )
    return buffer.getvalue()


def _shared_palette(images: list[Image.Image], colors: int) -> Image.Image:
    """One palette for all frames, so colours do not flicker.

    Where all frames together have few enough colours, each is kept, however rare; else the median cut of eight frames,
    both ends included.
    """
    few: set[Any] = set()  # RGB triples
    for image in images:
        found = image.getcolors(colors)
        few = few | {color for _, color in found} if found is not None else few
        if found is None or len(few) > colors:
            return _median_cut(images, colors)
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for color in sorted(few) for value in color])
    return palette


def _median_cut(images: list[Image.Image], colors: int) -> Image.Image:
    last = len(images) - 1
    chosen = [images[i] for i in sorted({round(last * k / 7) for k in range(8)})]
    width, height = chosen[0].size
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, image in enumerate(chosen):
        strip.paste(image, (0, row * height))
    return strip.quantize(colors=colors, method=Image.Quantize.MEDIANCUT)


def enlarged(sheet: np.ndarray, scale: int = 4) -> np.ndarray:
    """(H, W) -> (scale * H, scale * W), each pixel a square: a digit of 28 pixels becomes 112."""
    return sheet.repeat(scale, axis=0).repeat(scale, axis=1)


def beside(*sheets: np.ndarray, gap: int = 16, background: int = 255) -> np.ndarray:
    """(H, W_i) of one height -> (H, sum of W_i + gaps), from left to right."""
    blank = np.full((len(sheets[0]), gap), background, sheets[0].dtype)
    parts = [part for sheet in sheets for part in (blank, sheet)][1:]
    return np.concatenate(parts, axis=1)


def webp_bytes(frames: Sequence[np.ndarray], fps: float = 15, hold: float = 1.5) -> bytes:
    """An endless animated WebP, without loss.  frames, hold: as in `gif_bytes`.

    Against a GIF it keeps every colour, counts in milliseconds, and takes less room.
    """
    require(len(frames) > 0, "A WebP was asked for with no frames; it needs at least one: keep more frames.")
    require(
        0 < fps <= 60,
        f"The WebP's speed is {fps:g} frames per second; viewers show from 1 to 60: choose that.",
    )
    require_range("The WebP's hold of its last frame, in seconds,", hold, 0, LONGEST_HOLD)
    delay = round(1000 / fps)
    images = [Image.fromarray(frame).convert("RGB") for frame in frames]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=images[1:],
        duration=[delay] * (len(images) - 1) + [delay + round(1000 * hold)],
        loop=0,
        lossless=True,
    )
    return buffer.getvalue()


def png_bytes(frame: np.ndarray) -> bytes:
    """(H, W) or (H, W, 3) uint8 -> PNG."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def tiled(images: np.ndarray, columns: int | None = None, gap: int = 2, background: int = 128) -> np.ndarray:
    """(B, H, W) or (B, H, W, 3) uint8 -> one sheet (rows * H + gaps, columns * W + gaps), row by row."""
    B, H, W, *channels = images.shape
    columns = columns or max(1, round(B**0.5))
    rows = -(-B // columns)
    size = rows * (H + gap) + gap, columns * (W + gap) + gap, *channels
    sheet = np.full(size, background, np.uint8)
    for i, image in enumerate(images):
        y, x = gap + (i // columns) * (H + gap), gap + (i % columns) * (W + gap)
        sheet[y : y + H, x : x + W] = image
    return sheet
