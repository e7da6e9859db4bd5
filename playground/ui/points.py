"""A canvas on which the viewer paints points of the plane, by clicks and by drags.

Points travel as JSON, a list of [x, y], to three decimals.
"""

import json
from pathlib import Path

import numpy as np
import streamlit as st

from playground.errors import UserError, require, require_range

MOST = 2_000
LONGEST = 20  # characters of a point: "[-9.123,-9.123]," has 16, and a browser may write a digit more
_POINTS = "playground_points"  # in the session: key -> its points as text


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "playground_points",
    html=_asset("points.html"),
    css=_asset("canvas.css") + _asset("points.css"),
    js=_asset("points.js"),
)


def encode_points(points: np.ndarray) -> str:
    """(N, 2) -> JSON."""
    return json.dumps(np.asarray(points, dtype=float).round(3).tolist(), separators=(",", ":"))


def decode_points(text: str, extent: float = 9.0, most: int = MOST) -> np.ndarray:
    """The inverse of encode_points, (N, 2) float32, N from 0 to `most`.  Nothing from a browser is trusted.

    Raises UserError for anything but a list of pairs of numbers within [-extent, extent].
    """
    require(
        not isinstance(text, str)
        or len(text) <= LONGEST * most + 2,  # before it is parsed: a million take seconds
        f"The painted points are {len(text):,} characters; at most {most:,} points are taken: clear some.",
    )
    try:
        plain = json.loads(text)
        points = np.array(plain, dtype=np.float64).reshape(len(plain), 2) if plain else np.zeros((0, 2))
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise UserError("The painted points are not a list of [x, y] pairs: paint them again.") from error
    require(isinstance(plain, list), "The painted points are not a list of [x, y] pairs: paint them again.")
    require(
        len(points) <= most,
        f"There are {len(points):,} painted points; at most {most:,} are taken: clear some.",
    )
    require(
        bool((np.abs(points) <= extent).all()),  # NaN compares False
        f"A painted point lies outside the square from -{extent:g} to {extent:g}: paint it again.",
    )
    return points.astype(np.float32)


def points_canvas(
    *, key: str, default: np.ndarray | None = None, extent: float = 9.0, most: int = MOST, size: int = 380
) -> np.ndarray:
    """Shows the canvas over [-extent, extent]^2 and returns its points, (N, 2) float32.

    `default` are the points at the start, none if None; what was painted stays when the page changes.
    size: edge of the canvas in pixels.  Raises UserError for what is not such points.
    """
    require_range("The size of the canvas", size, 112, 1120)
    kept = st.session_state.setdefault(_POINTS, {})
    kept.setdefault(key, encode_points(np.zeros((0, 2)) if default is None else default))
    painted = (st.session_state.get(key) or {}).get("points")  # None until the browser has sent some
    points = decode_points(
        painted or kept[key], extent, most
    )  # before they are kept: wrong ones must not stay
    if painted:
        kept[key] = painted
    data = {"key": key, "points": kept[key], "extent": extent, "most": most, "size": size}
    _component(key=key, data=data, on_points_change=lambda: None)
    return points
