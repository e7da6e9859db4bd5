"""Page "Latents in the plane": two modes in one number, the scale of latents, and inversion told the mode."""

import streamlit as st

from playground.claims import in_words
from playground.progress import Report
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, page, verdict_line
from playground.ui.signs import typeset
from playground.ui.tries import tries
from toy2d.films import kept
from toy2d.latents.experiment import Latents, LatentsConfig, ThereAndBack, claims, latents, there_and_back
from toy2d.latents.figures import codes_charts, curves_charts


def settings() -> LatentsConfig:
    first, second, third, fourth, fifth = st.columns([2, 1.5, 1.5, 2, 1], vertical_alignment="bottom")
    form = Form(LatentsConfig)
    form.ask(first.select_slider, "Weight of y", "weight")
    form.ask(second.slider, "Spread in x", "spread", 0.5)
    form.ask(third.slider, "Width in y", "width", 0.05)
    form.ask(fourth.select_slider, "Steps in the code", "steps")
    form.ask(fifth.number_input, "Seed", "seed")
    return form.made()


def ways_for(points_and_seed: tuple[int, int], report: Report) -> ThereAndBack:
    """Those that the page opens with were made before; they take a second."""
    found: ThereAndBack | None = kept("latents", points_and_seed)
    return found or there_and_back(*points_and_seed, report)


def show(found: Latents, ways: ThereAndBack) -> None:
    first, *others = claims(found, ways)
    above = st.container()
    verdict_line(first.words, first.verdict)
    with above:
        chart(codes_charts(found), "codes", alone=True)
    chart(curves_charts(found, ways), "curves")
    for said in others:
        st.markdown(f"- {typeset(in_words(said))}")
    left = ways.left
    st.caption(
        "Variance that the decoder must still draw, on the lecture's two modes, both coordinates summed: "
        f"{left['nothing']:.1f} told nothing, {left['x']:.1f} told x, {left['the mode']:.1f} told the mode."
    )


with page("Latents in the plane"):
    tries(__file__)
    config = settings()
    found = cached("latents", config, latents, "Walking")
    # apart, because neither the code nor its scale changes anything in it
    ways = cached("latents-ways", (config.points, config.seed), ways_for, "There and back")
    show(found, ways)
    explained(__file__)
