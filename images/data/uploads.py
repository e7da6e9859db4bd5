"""Pictures from outside: a file that a user names or uploads becomes a 28 x 28 image, or a clear refusal."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from playground.errors import UserError, require

SIDE = 28
LARGEST = 4096  # pixels a side; beyond it a small file can unpack to gigabytes


def read_picture(file: str | Path | BinaryIO, *, fit: bool = False, invert: bool = False) -> np.ndarray:
    """-> (28, 28) uint8, ink light on dark as in MNIST.

    fit: shrink or enlarge a picture of another size, centred, instead of refusing it.  invert: dark ink on
    light paper was given.  Raises UserError for what is no picture or has the wrong size.
    """
    name = getattr(file, "name", file)
    try:
        picture = Image.open(file)
        require(
            max(picture.size) <= LARGEST,
            f"{name} is {picture.width} x {picture.height} pixels; at most {LARGEST} a side are read: shrink it.",
        )
        picture = ImageOps.exif_transpose(picture).convert("L")
    except FileNotFoundError as error:
        raise UserError(f"There is no picture at {name}: check the name.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{name} is not a picture that can be read: give a PNG or a JPEG.") from error
    if fit:
        picture = ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.LANCZOS, color=_paper(picture))
    require(
        picture.size == (SIDE, SIDE),
        f"{name} is {picture.width} x {picture.height} pixels; the model works on {SIDE} x {SIDE}: "
        "resize it, or choose to fit it.",
    )
    return np.asarray(ImageOps.invert(picture) if invert else picture).copy()


def _paper(picture: Image.Image) -> int:
    """The gray of the border's median pixel: what a picture is padded with."""
    pixels = np.asarray(picture)
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))
