"""The start page: the lecture's tour, in its order, with a small moving picture of each page and what it measures."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from playground.ui.tour import Stop

PICTURES = Path(__file__).with_name("thumbnails")  # made by `python -m benchmarks.pages --thumbnails`
ACROSS = 4  # cards in a row
FIRST = "mixing"  # the address of the page to start with


def home(stops: Sequence[Stop]) -> None:
    """stops: every page but this one, in the lecture's order."""
    st.title("Denoising, from two dimensions to digits", anchor=False)
    st.markdown(
        "A playground for a lecture on denoising-based generative modelling. In two dimensions every quantity has a "
        "closed form, so each page says how far a method is from the truth. On MNIST the same code draws digits: "
        "**a denoiser sees a noise level, a sampler is a step that is walked along a grid of levels.**"
    )
    numbered = list(enumerate(stops, 1))
    for _, stop in numbered:
        if stop.topic.address == FIRST:
            with st.container(key="home-first"):
                st.page_link(
                    stop.page, label=f"**Start here: {stop.topic.title}.** {stop.topic.claim}", icon=None
                )
    for start in range(0, len(numbered), ACROSS):
        for cell, (number, stop) in zip(st.columns(ACROSS), numbered[start:], strict=False):
            with cell.container(border=True, height="stretch", key=f"home-{stop.topic.address}", gap="small"):
                _card(number, stop)


def _card(number: int, stop: Stop) -> None:
    picture = PICTURES / f"{stop.topic.address}.gif"
    if picture.exists():
        st.image(str(picture), alt=f"{stop.topic.title}, in small")
    st.page_link(stop.page, label=f"{number}. {stop.topic.title}")
    st.caption(f"{stop.topic.section}. {stop.topic.blurb}")
