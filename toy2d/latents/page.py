"""Page "Latents in the plane": two modes in one number, the scale of latents, and inversion told the mode."""

import streamlit as st

from playground.progress import Report
from playground.ui.charts import chart
from playground.ui.knobs import ask
from playground.ui.page import cached, page, verdict_line
from playground.ui.tries import Try, tries
from toy2d.films import kept
from toy2d.latents.experiment import (
    Latents,
    LatentsConfig,
    ThereAndBack,
    claims,
    latents,
    there_and_back,
)
from toy2d.latents.figures import codes_charts, curves_charts


def settings() -> LatentsConfig:
    first, second, third, fourth, fifth = st.columns([2, 1.5, 1.5, 2, 1], vertical_alignment="bottom")
    weight = ask(first.select_slider, "Weight of y", LatentsConfig, "weight", key="weight")
    spread = ask(second.slider, "Spread in x", LatentsConfig, "spread", 0.5, key="spread")
    width = ask(third.slider, "Width in y", LatentsConfig, "width", 0.05, key="width")
    steps = ask(fourth.select_slider, "Steps in the code", LatentsConfig, "steps", key="steps")
    seed = ask(fifth.number_input, "Seed", LatentsConfig, "seed", key="seed")
    return LatentsConfig(weight, spread, width, steps, seed=seed)


def ways_for(points: int, seed: int, report: Report) -> ThereAndBack:
    """Those that the page opens with were made before; they take a second."""
    found: ThereAndBack | None = kept("latents", (points, seed))
    return found or there_and_back(points, seed, report)


def show(found: Latents, ways: ThereAndBack) -> None:
    first, *others = claims(found, ways)
    chart(codes_charts(found), "codes")
    verdict_line(first)
    chart(curves_charts(found, ways), "curves")
    for said in others:
        st.markdown(f"- {said}")
    left = ways.left
    st.caption(
        "Variance that the decoder must still draw, on the lecture's two modes, both coordinates summed: "
        f"{left['nothing']:.1f} told nothing, {left['x']:.1f} told x, {left['the mode']:.1f} told the mode."
    )


def explain() -> None:
    with st.expander("What happens here"):
        st.markdown(
            "**A code of one number.** PCA keeps what varies most, and that is x; the two modes, which a person would "
            "see, lie in y. A loss that weighs y more, as a perceptual loss weighs what people see, keeps them. "
            "Both are closed forms: the regression of x on the code, and Bayes' error on its law.\n\n"
            "**The scale.** The code's law is a mixture, so its denoiser is exact at every scale c. The schedule was "
            "made for data of variance one: for large c the signal $\\bar\\alpha_T c$ is left at the end, where the "
            "walk starts from N(0, 1) all the same; for small c all structure hides below the last few levels, which "
            "few steps jump over. So latents are divided by their standard deviation.\n\n"
            "**There and back**, on the lecture's two modes. Told nothing, the flow bends where it chooses between "
            "them. Told the mode, each conditional is one Gaussian, whose flow is *linear* in $x_t$: hardly anything "
            "is left for the steps to get wrong, and for Heun nothing. That is why a diffusion autoencoder inverts in "
            "few steps.\n\n"
            "**Try** weights on both sides of 2.9: the code changes from x to y at once."
        )


with page(
    "Latents in the plane", "Which number of two to keep, at which scale, and what z does for the way back?"
):
    tries(
        Try(
            "Show the failure",
            "PCA's own weight of y: the code keeps the variance and loses the modes.",
            {"weight": 1.0},
        ),
        Try("Mend it", "y counts ten times: the code tells the modes.", {"weight": 10.0}),
        Try("Few steps", "Five steps in the code: how much does its scale matter?", {"steps": 5}),
    )
    config = settings()
    found = cached("latents", config, lambda report: latents(config, report), "Walking")
    # apart, because neither the code nor its scale changes anything in it
    walked = config.points, config.seed
    ways = cached("latents-ways", walked, lambda report: ways_for(*walked, report), "There and back")
    show(found, ways)
    explain()
