"""Download buttons whose files are made only when somebody asks for them; in a page's head, where there is one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_head: ContextVar[list[DeltaGenerator] | None] = ContextVar("place of the downloads", default=None)


@contextmanager
def saved_in(place: DeltaGenerator) -> Iterator[None]:
    """All downloads within go into one menu there, which appears with the first of them."""
    token = _head.set([place])
    try:
        yield
    finally:
        _head.reset(token)


def saving() -> DeltaGenerator:
    """Where a download's button belongs: the menu of the page, or here, where there is no page."""
    places = _head.get()
    if places is None:
        return st.container()
    if len(places) == 1:
        places.append(places[0].popover("Save", icon=":material/download:"))
    return places[1]


def download_gif(label: str, make: Callable[[], bytes], filename: str, key: str) -> None:
    """A button that calls `make` for the bytes of a GIF at the click, and only then; no rerun follows.

    `make` runs off the page's thread and may only compute: Streamlit commands in it have no effect.  What it
    raises goes to the server's log, and the button says that the file could not be made.
    """
    _download(label, make, filename, key, mime="image/gif")


def download_webp(label: str, make: Callable[[], bytes], filename: str, key: str) -> None:
    """The same for an animated WebP."""
    _download(label, make, filename, key, mime="image/webp")


def download_png(label: str, make: Callable[[], bytes], filename: str, key: str) -> None:
    """The same for a PNG."""
    _download(label, make, filename, key, mime="image/png")


def _download(label: str, make: Callable[[], bytes], filename: str, key: str, *, mime: str) -> None:
    saving().download_button(
        label, make, filename, mime, key=key, on_click="ignore", icon=":material/download:"
    )
