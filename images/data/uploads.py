"""Pictures from outside: a file that a user names or uploads becomes a 28 x 28 image, or a clear refusal."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from playground.errors import UserError, require

SIDE = 28
LARGEST = 4096  # pixels a side; beyond it a small file can unpack to gigabytes
WHITE = 255


def read_picture(file: str | Path | BinaryIO, *, fit: bool = False, invert: bool = False) -> np.ndarray:
    """-> (28, 28) uint8, ink light on dark as in MNIST.

    What is transparent is laid on paper that its ink shows on; more than 8 bits of gray are scaled by the
    picture's own range.  `is_dark_ink` tells whether `invert` should be offered.

    fit: shrink or enlarge a picture of another size, centred, instead of refusing it.  invert: dark ink on
    light paper was given.  Raises UserError for what is no picture or has the wrong size.
    """
    name = getattr(file, "name", file)
    picture = _opened(file, name)
    if fit:
        picture = ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.LANCZOS, color=_paper(picture))
    require(
        picture.size == (SIDE, SIDE),
        f"{name} is {picture.width} x {picture.height} pixels; the model works on {SIDE} x {SIDE}: "
        "resize it, or choose to fit it.",
    )
    return np.asarray(ImageOps.invert(picture) if invert else picture).copy()


def is_dark_ink(image: np.ndarray) -> bool:
    """Whether (H, W) uint8 shows dark ink on light paper: its border, and most of it, are lighter than the middle
    of its range.  One gray value all over shows no ink at all.
    """
    middle = (float(image.min()) + float(image.max())) / 2
    return _paper(Image.fromarray(image)) > middle and float(np.median(image)) > middle


def _opened(file: str | Path | BinaryIO, name: object) -> Image.Image:
    """The picture upright, in 8 bits of gray, without transparency."""
    try:
        picture = Image.open(file)
        require(
            max(picture.size) <= LARGEST,
            f"{name} is {picture.width} x {picture.height} pixels; at most {LARGEST} a side are read: shrink it.",
        )
        # Pillow keeps the high byte of deep colours, and cuts deep gray off at 255: the file's own mode is the only
        # trace that is left of the first.
        deep = ";16" in repr(picture.tile) or picture.mode.startswith(("I", "F"))
        return _on_paper(ImageOps.exif_transpose(picture), deep)
    except FileNotFoundError as error:
        raise UserError(f"There is no picture at {name}: check the name.") from error
    except UserError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{name} is not a picture that can be read: give a PNG or a JPEG.") from error


def _on_paper(picture: Image.Image, deep: bool) -> Image.Image:
    """Any mode -> "L".  A drawing may be told by its alpha alone: the paper is chosen to differ from its ink."""
    gray, alpha = _gray_and_alpha(picture)
    if deep:
        gray = _scaled(gray, alpha > 0)
    if (alpha < 1).any():
        ink = float((gray * alpha).sum() / max(alpha.sum(), 1e-9))
        gray = alpha * gray + (1 - alpha) * (WHITE if ink < WHITE / 2 else 0)
    return Image.fromarray(gray.round().astype(np.uint8))


def _gray_and_alpha(picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """-> gray values as they are in the file, and alpha in [0, 1]: both (H, W) float64."""
    if picture.mode.startswith(("I", "F")):
        gray = np.asarray(picture).astype(np.float64)
        return gray, (gray != picture.info.get("transparency")).astype(np.float64)
    if picture.has_transparency_data:
        layers = np.asarray(picture.convert("RGBA").convert("LA"), dtype=np.float64)
        return layers[..., 0], layers[..., 1] / WHITE
    gray = np.asarray(picture.convert("L"), dtype=np.float64)
    return gray, np.ones_like(gray)


def _scaled(gray: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Gray of any depth -> [0, 255] by the range of what is seen: a deep picture may use few of its 65,536 values.

    One value all over has no range, and becomes black.
    """
    shown = gray[seen]
    require(
        bool(np.isfinite(shown).all()),
        "The picture has gray values that are not finite numbers: save it as a PNG of 8 or 16 bits.",
    )
    low, high = (shown.min(), shown.max()) if shown.size else (0.0, 0.0)
    return (
        np.clip((gray - low) / max(high - low, 1e-300) * WHITE, 0, WHITE)
        if high > low
        else np.zeros_like(gray)
    )


def _paper(picture: Image.Image) -> int:
    """The gray of the border's median pixel: what a picture is padded with."""
    pixels = np.asarray(picture)
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))
