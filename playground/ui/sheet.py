"""A sheet of pictures: as large as the window allows with the page's verdict below it."""

import numpy as np
import streamlit as st

SMALLEST = 1200  # pixels across that the browser is given at least, so that it only makes them smaller


def sheet(image: np.ndarray, caption: str) -> None:
    """Shows image, (H, W) or (H, W, 3) uint8, enlarged by a whole factor; in a `picture`, charts stand beside it."""
    times = max(1, -(-SMALLEST // image.shape[1]))
    large = image.repeat(times, 0).repeat(times, 1)
    with st.container(key="page-sheet"):
        st.image(large, caption=caption, width="stretch", alt=caption)
