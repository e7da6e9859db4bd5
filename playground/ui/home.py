"""The start page: what there is, and where."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage

Section = Sequence[tuple[StreamlitPage, str]]  # pages, each with one line on what it shows


def home(sections: Mapping[str, Section]) -> None:
    st.title("Denoising, from two dimensions to digits")
    st.markdown(
        "A playground for a lecture on denoising-based generative modelling. In two dimensions every quantity has a "
        "closed form, so each page says how far a method is from the truth. On MNIST the same code draws digits: "
        "**a denoiser sees a noise level, a sampler is a step that is walked along a grid of levels.**"
    )
    for name, pages in sections.items():
        st.subheader(name)
        cells = st.columns(3)
        for i, (page, blurb) in enumerate(pages):
            with cells[i % 3].container(border=True, height="stretch"):
                st.page_link(page)
                st.caption(blurb)
