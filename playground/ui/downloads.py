"""Download buttons whose files are made only when somebody asks for them."""

from collections.abc import Callable

import streamlit as st


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
    st.download_button(label, make, filename, mime, key=key, on_click="ignore", icon=":material/download:")
