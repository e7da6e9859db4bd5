"""Page "Score fields": density, exact and learned scores, and where the learned one cannot be trusted."""

import streamlit as st

from playground.ui.charts import chart
from playground.ui.knobs import Form, ask
from playground.ui.live_field import live_field
from playground.ui.page import explained, folded, one_of, page, verdict_line
from playground.ui.tries import tries
from toy2d.drawing.fields import field_chart
from toy2d.net import LearnConfig
from toy2d.score_fields.experiment import SIGMAS, Field, FieldConfig, said, score_field
from toy2d.score_fields.figures import error_by_density_chart
from toy2d.score_fields.live import live_fields
from toy2d.shipped import told
from toy2d.ui import learned_for, mixture_widgets, told_widget

TAUGHT = {"none": "none", "dsm": "at this σ", "ncsn": "at all σ", "told": "at all σ, longest"}


def settings() -> tuple[FieldConfig, LearnConfig | None]:
    first, second, third, last = st.columns([1.3, 2, 2, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    sigma = ask(third.select_slider, "Noise σ", FieldConfig, "sigma")
    more = folded("More settings", last)
    taught = one_of(
        more, "Learned score: trained", TAUGHT, key="taught", default="told",
        help="At all σ, longest: one network that comes with the app. It is told σ and π, and saw 200,000 points of "
        "mixtures of every π. The others are trained here, from the points below.",
    )  # fmt: skip
    ready = taught == "told" and mixture.has_pi
    form = Form(LearnConfig)
    form.ask(more.select_slider, "Training points", "points", disabled=ready)
    told_pi = told_widget(more, mixture, disabled=ready or not mixture.has_pi)
    form.ask(more.number_input, "Seed", "seed")
    field = FieldConfig(mixture, sigma)
    if taught == "none" or sigma == 0:
        if taught != "none":
            st.caption("At σ = 0 only the exact score is shown: a denoiser defines none there.")
        return field, None
    if ready:
        return field, told(mixture, "ncsn")
    one_level = taught == "dsm"
    taught_by = {"objective": "dsm", "sigma": sigma} if one_level else {"objective": "ncsn", "sigma": 1.0}
    return field, form.made(mixture=mixture, **taught_by).telling_pi(told_pi)


def numbers(result: Field) -> None:
    a, b, c = st.columns(3)
    a.metric("Area with an error below 10 %", f"{result.error.area:.1%}", help="of the square shown")
    b.metric(
        "Data in that area", f"{result.error.mass:.1%}", help="the probability of the square's good part"
    )
    sparse, dense = result.error.median_errors[0], result.error.median_errors[-1]
    c.metric("Median error: sparsest / densest bin", f"{sparse:.2f} / {dense:.3f}")


with page("Score fields"):
    tries(__file__)
    config, learn = settings()
    network = None if learn is None else learned_for(learn)
    result = score_field(config, network)
    above = st.container()
    if result.judged is not None:
        verdict_line(*said(config, result.judged))
        numbers(result)
    with above:
        chart(field_chart(result), "field", alone=True)
        live_field(live_fields(config, network, SIGMAS, "field"), "live-field")
    if result.judged is not None:
        st.subheader("The error against the density")
        chart(error_by_density_chart(result), "by-density")
    explained(__file__)
