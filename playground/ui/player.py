"""An animation player for pages: panels side by side, in step, drawn on canvas in the browser.

One rerun of the page sends one block of bytes: a JSON header, then the frames as small integers.  Playing,
stepping and scrubbing happen in the browser and never rerun the page.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from playground.colors import PALETTE
from playground.errors import require, require_range
from playground.ui.tour import presenting

LAST = 65534  # the quantised coordinate of the upper limit
OUTSIDE = 65535  # both coordinates of a point that is not drawn

Limits = tuple[float, float, float, float]  # xmin, xmax, ymin, ymax
Add = Callable[[np.ndarray], list[int]]  # appends an array to the block -> [offset, length in bytes]


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "playground_player",
    html=asset("player.html"),
    css=asset("player.css"),
    js="".join(map(asset, ("panels.js", "live_chain.js", "held.js", "live.js", "player.js"))),
)


@dataclass(frozen=True, eq=False)
class PointsPanel:
    """Moving points in the plane, with axes of equal aspect.

    xs: (T, B, 2), one cloud per frame; points outside the limits, NaN among them, are not drawn.
    labels: (B,) or (T, B), whole numbers from 0 to 255 that choose the colour from PALETTE.
    captions: one per frame, or None.  label_names: the legend, in the order of the colours.
    background: (H, W) in [0, 1], drawn faintly; value [i, j] belongs to the i-th of H evenly spaced ys from
    ymin to ymax and the j-th of W evenly spaced xs, as np.meshgrid lays them out.
    trails: show the recent paths of up to 150 points at first; the viewer can switch them.

    Raises UserError where shapes or limits do not fit together.
    """

    title: str
    xs: np.ndarray
    _: KW_ONLY
    limits: Limits
    labels: np.ndarray | None = None
    captions: tuple[str, ...] | None = None
    background: np.ndarray | None = None
    trails: bool = False
    label_names: tuple[str, ...] = ()
    x_title: str = ""
    y_title: str = ""

    def __post_init__(self) -> None:
        shape = np.shape(self.xs)
        require(
            len(shape) == 3 and shape[0] > 0 and shape[2] == 2,
            f"The points of panel {self.title!r} have shape {shape}; give them as (frames, points, 2).",
        )
        _require_captions(self.title, self.captions, frames=shape[0])
        xmin, xmax, ymin, ymax = self.limits
        require(
            bool(np.isfinite(self.limits).all()) and xmin < xmax and ymin < ymax,
            f"The limits of panel {self.title!r} are {self.limits}; give finite xmin < xmax, ymin < ymax.",
        )
        require(
            self.labels is None or np.asarray(self.labels).shape in (shape[1:2], shape[:2]),
            f"The labels of panel {self.title!r} have shape {np.asarray(self.labels).shape}, the points {shape}; "
            "give one for each point, or one for each point of each frame.",
        )
        require(
            self.background is None
            or (np.ndim(self.background) == 2 and min(np.asarray(self.background).shape) > 1),
            f"The background of panel {self.title!r} has shape {np.asarray(self.background).shape}; "
            "give a grid of (H, W), at least 2 x 2.",
        )

    def _described(self, add: Add) -> dict[str, Any]:
        labels = None if self.labels is None else np.asarray(self.labels)
        grid = None if self.background is None else np.clip(np.nan_to_num(self.background), 0, 1)
        return {
            "kind": "points",
            "title": self.title,
            "shape": np.shape(self.xs)[:2],
            "xs": add(quantised(self.xs, self.limits)),
            "limits": [float(limit) for limit in self.limits],
            "labels": None if labels is None else add(labels.astype(np.uint8)),
            "labelsMove": labels is not None and labels.ndim == 2,
            "labelNames": self.label_names,
            "captions": self.captions,
            "background": None if grid is None else add(np.rint(255 * grid).astype(np.uint8)),
            "backgroundShape": None if grid is None else grid.shape,
            "trails": self.trails,
            "xTitle": self.x_title,
            "yTitle": self.y_title,
        }


@dataclass(frozen=True, eq=False)
class ImagesPanel:
    """Images that change, such as a sheet of digits already tiled.  frames: (T, H, W) uint8, 0 is black.

    Raises UserError for any other shape or type, or where the captions are not one per frame.
    """

    title: str
    frames: np.ndarray
    captions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        frames = np.asarray(self.frames)
        require(
            frames.ndim == 3 and frames.size > 0 and frames.dtype == np.uint8,
            f"The frames of panel {self.title!r} are {frames.dtype} of shape {frames.shape}; "
            "give them as uint8 of shape (frames, height, width).",
        )
        _require_captions(self.title, self.captions, frames=len(frames))

    def _described(self, add: Add) -> dict[str, Any]:
        return {
            "kind": "images",
            "title": self.title,
            "shape": np.shape(self.frames),
            "frames": add(np.asarray(self.frames)),
            "captions": self.captions,
        }


Panel = PointsPanel | ImagesPanel


def _require_captions(title: str, captions: Sequence[str] | None, frames: int) -> None:
    require(
        captions is None or len(captions) == frames,
        f"Panel {title!r} has {len(captions or ())} captions for {frames} frames; give one per frame, or None.",
    )


def quantised(xs: np.ndarray, limits: Limits) -> np.ndarray:
    """Coordinates in steps of 1/65534 of the range, OUTSIDE where not drawn.  (T, B, 2) -> uint16."""
    low = np.array(limits[::2], dtype=np.float32)
    high = np.array(limits[1::2], dtype=np.float32)
    unit = (np.asarray(xs, dtype=np.float32) - low) / (high - low)
    inside = ((unit >= 0) & (unit <= 1)).all(axis=-1, keepdims=True)  # (T, B, 1); NaN is not inside
    return np.where(inside, np.rint(np.where(inside, unit, 0) * LAST), OUTSIDE).astype("<u2")


def packed(panels: Sequence[Panel], **settings: Any) -> bytes:
    """The block sent to the browser: header length (uint32), JSON header, then the arrays that it names.

    The header's hash covers the panels and not the settings: only new panels send the player back to frame 0.
    """
    chunks: list[bytes] = []

    def add(array: np.ndarray) -> list[int]:
        offset = sum(map(len, chunks))
        chunks.append(np.ascontiguousarray(array).tobytes())
        return [offset, len(chunks[-1])]

    described = [panel._described(add) for panel in panels]
    body = b"".join(chunks)
    digest = hashlib.blake2b(json.dumps(described).encode() + body, digest_size=16).hexdigest()
    header = json.dumps({**settings, "hash": digest, "palette": PALETTE, "panels": described}).encode()
    return struct.pack("<I", len(header)) + header + body


def player(
    panels: Sequence[Panel],
    *,
    key: str,
    fps: int = 20,
    height: int = 900,
    autoplay: bool = True,
    loop: bool = True,
    live: Mapping[str, Any] | None = None,
) -> None:
    """Shows the panels with one set of controls: `fps` frames a second at speed 1, at most `height` pixels.

    Panels with fewer frames are spread over the length of the longest.  Position, speed and trails outlive
    reruns; changed panels start from frame 0.  No panel plays by itself where the viewer prefers less motion.

    live: what the browser itself computes and draws while a slider is held (live_chain.js): "sliders", by key None for
    that of a first weight, or the walks of its places; "mixture", "weights"; "panels", one walk a panel or None;
    "particles" and "seed".

    Raises UserError for no panel, or fps and height out of range.
    """
    require(len(panels) > 0, "The player has no panel to show; give it at least one.")
    require_range("Frames a second", fps, 1, 60)
    require_range("The height of a panel", height, 120, 2000)
    settings = {"key": key, "fps": fps, "height": height, "autoplay": autoplay, "loop": loop, "live": live}
    settings["present"] = presenting()
    _component(key=key, data=packed(panels, **settings))
