"""Page "Palette's twin": a part of a point is seen; regression and samples of the posterior, with the truth at hand."""

import streamlit as st

from playground.claims import in_words
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, page, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.tries import tries
from toy2d.inverse_problems.experiment import InverseConfig, claims, inverse
from toy2d.inverse_problems.figures import means_chart, plane_chart
from toy2d.presets import MixtureSpec
from toy2d.ui import preset_widget

SEEN = {
    "x": "x alone: a hole",
    "y": "y alone: a hole",
    "sum": "their sum: gray of colours",
    "both": "both, noisy",
}


def settings() -> InverseConfig:
    a, b, c, d, e = st.columns([1.3, 1.4, 1.6, 1.2, 0.8], vertical_alignment="bottom")
    preset = preset_widget(a, "ring")
    form = Form(InverseConfig)
    form.ask(b.selectbox, "Seen is", "seen", format_func=SEEN.get)
    form.ask(c.slider, "The measurement drawn, y =", "value", 0.5)
    form.ask(d.select_slider, "Its noise", "noise")
    form.ask(e.number_input, "Seed", "seed")
    pi = st.session_state.get("pi", 0.8)
    return form.made(mixture=MixtureSpec(preset, pi))


with page("Palette's twin"):
    tries(__file__, predict=True)
    config = settings()
    answer = predicted(
        "inverse",
        config,
        "A sample of the posterior: how many times the regression's squared error has it?",
        lambda: st.slider("Times", 0.5, 4.0, 1.0, 0.1, key="inverse-answer"),
    )
    found = cached("inverse", config, inverse, "Sampling")
    left, right = st.columns(2)
    first, *others = claims(config, found)
    verdict_line(f"{first.words} {compared(answer, found.methods[0].ratio.value)}", first.verdict)
    with left:
        chart(plane_chart(config, found), "inverse-plane", alone=True)
    with right:
        chart(means_chart(found), "inverse-means", alone=True)
    for sentence in others:
        st.markdown(in_words(sentence))
    explained(__file__)
