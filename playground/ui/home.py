"""The start page: the lecture's tour, in its order, with what each page measures."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from playground.ui.tour import Stop


def home(stops: Sequence[Stop]) -> None:
    """stops: every page but this one, in the lecture's order."""
    st.title("Denoising, from two dimensions to digits", anchor=False)
    st.markdown(
        "A playground for a lecture on denoising-based generative modelling. In two dimensions every quantity has a "
        "closed form, so each page says how far a method is from the truth. On MNIST the same code draws digits: "
        "**a denoiser sees a noise level, a sampler is a step that is walked along a grid of levels.**"
    )
    for section, pages in groupby(enumerate(stops, 1), key=lambda pair: pair[1].topic.section):
        st.subheader(section, anchor=False)
        cells = st.columns(3)
        for i, (number, stop) in enumerate(pages):
            with cells[i % 3].container(border=True, height="stretch"):
                st.page_link(stop.page, label=f"{number}. {stop.topic.title}")
                st.caption(stop.topic.blurb)
