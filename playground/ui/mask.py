"""A canvas on which the viewer paints the part of an image that is to be filled in.

A mask travels as text: its pixels row by row, eight to a byte, the first in the highest bit, in hexadecimal.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from playground.errors import UserError, require, require_range

SHAPE = (28, 28)
_MASKS = "playground_masks"  # in the session: key -> its mask as text; None -> the one painted last


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "playground_mask",
    html=_asset("mask.html"),
    css=_asset("canvas.css") + _asset("mask.css"),
    js=_asset("mask.js"),
)


def encode_mask(mask: np.ndarray) -> str:
    """A boolean mask as text, two hexadecimal digits for eight pixels.  (H, W) -> 196 digits for 28 x 28."""
    return np.packbits(np.asarray(mask, dtype=bool)).tobytes().hex()


def decode_mask(text: str, shape: Sequence[int] = SHAPE) -> np.ndarray:
    """The inverse of encode_mask.  Raises UserError for anything but its hexadecimal digits."""
    size = int(np.prod(shape))
    digits = 2 * -(-size // 8)
    if not isinstance(text, str) or not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", text):
        given = f"{len(text)} characters" if isinstance(text, str) else type(text).__name__
        raise UserError(
            f"The mask is {given}; one of {' x '.join(map(str, shape))} pixels is written as {digits} "
            "hexadecimal digits: paint it again."
        )
    bits = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return np.unpackbits(bits, count=size).astype(bool).reshape(shape)


def mask_canvas(
    image: np.ndarray, *, key: str, default: np.ndarray | None = None, size: int = 336
) -> np.ndarray:
    """Shows the image and returns the painted mask: (28, 28) uint8 -> (28, 28) bool, True where unknown.

    `default` is the mask at the start, nothing painted if None.  What was painted stays when the image or the
    page changes; a new key starts from what was painted last.  size: edge of the canvas in pixels.

    Raises UserError for an image or default of another shape or type, and for a mask that is not one.
    """
    image = np.asarray(image)
    require(
        image.shape == SHAPE and image.dtype == np.uint8,
        f"The image is {image.dtype} of shape {image.shape}; the canvas takes uint8 of shape {SHAPE}.",
    )
    require(
        default is None or np.asarray(default).shape == SHAPE,
        f"The default mask has shape {np.asarray(default).shape}; it must have the image's shape {SHAPE}.",
    )
    require_range("The size of the canvas", size, 112, 1120)
    masks = st.session_state.setdefault(_MASKS, {})
    unpainted = encode_mask(np.zeros(SHAPE) if default is None else default)
    masks.setdefault(key, masks.get(None, unpainted))
    painted = (st.session_state.get(key) or {}).get("mask")  # None until the browser has sent one
    mask = decode_mask(painted or masks[key])  # before it is kept: a wrong one must not outlive this run
    if painted and painted != masks[key]:
        masks[key] = masks[None] = painted
    data = {"key": key, "image": image.tobytes().hex(), "mask": masks[key], "size": size}
    _component(key=key, data=data, on_mask_change=lambda: None)
    return mask
