"""Page "DDPM against NCSN": each family's network with the other's sampler."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.progress import Report, turn_of
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, on_request, one_of, page, shared, verdict_line
from playground.ui.tries import tries
from toy2d.ddpm_and_ncsn.experiment import FIRST, SAMPLERS, Families, FamiliesConfig, said, two_families
from toy2d.ddpm_and_ncsn.figures import (
    MEASURES,
    SAMPLER_NAMES,
    TRAINED_NAMES,
    distance_chart,
    families_clouds,
    learned_chart,
    networks_of,
)
from toy2d.ddpm_and_ncsn.told_figures import told_rows, verdict
from toy2d.ddpm_and_ncsn.told_noise import Told, ToldConfig, told_noise
from toy2d.ncsn.experiment import learn_each
from toy2d.net import Learned, learn
from toy2d.presets import MixtureSpec
from toy2d.shipped import shipped_or_learned
from toy2d.ui import distance_table, in_url, mixture_widgets, show_clouds


def settings() -> tuple[FamiliesConfig, DeltaGenerator]:
    """One row above the picture, and its last cell, for the button."""
    first, second, third, last, button = st.columns([1.2, 1.6, 1.6, 1.1, 1.1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    form = Form(FIRST)
    form.ask(
        third.select_slider, "Training steps of each network", "train_steps",
        help="2,000 take about 20 seconds for the two.",
    )  # fmt: skip
    more = folded("The samplers", last)
    form.ask(more.number_input, "Langevin: T", "T", help="Steps at each of ten levels, 20 to 0.1.")
    form.ask(more.number_input, "DDPM, DDIM: steps", "steps")
    form.ask(more.selectbox, "DDPM's schedule", "schedule")
    form.ask(more.number_input, "Particles", "particles")
    inside = in_url(
        more.toggle, "Shared levels only", FIRST.inside, key="inside",
        help="DDPM's schedule reaches noise far above and below what NCSN was trained on; off: all of it is walked.",
    )  # fmt: skip
    return form.made(mixture=mixture, inside=inside), button


def result_for(config: FamiliesConfig, button: DeltaGenerator) -> tuple[FamiliesConfig, Families]:
    """The last result; a new one on the first visit, and when the button is pressed."""
    return on_request(
        "families",
        config,
        lambda config, report: two_families(config, networks_for(config), report),
        "Sampling",
        button="Train both",
        icon=":material/model_training:",
        first=replace(FIRST, mixture=config.mixture),
        place=button,
    )


def networks_for(config: FamiliesConfig) -> dict[str, Learned]:
    """Both networks: those of the run before, where only the sampling has changed."""
    learning = config.learning()
    return shared(
        "families-networks",
        tuple(learning.values()),
        lambda _, report: learn_each(learning, report, shipped_or_learned),
        "Training two networks",
    )


def outcome(config: FamiliesConfig, result: Families) -> None:
    a, b = st.columns([3, 1.6], vertical_alignment="bottom")
    networks = networks_of(result)
    called = {name: TRAINED_NAMES[name] for name in networks}
    trained = one_of(a, "Animated: the network", called, key="shown", default=networks[-1])
    rescaled = in_url(
        b.toggle, "Show $x_t/α$", False, key="rescaled", help="NCSN's view for all three panels."
    )
    above = st.container()
    verdict_line(*said(config, result))
    with above:
        show_clouds(families_clouds(config, result, trained, rescaled), "two-families", fps=15)
    left, right = st.columns(2)
    with left:
        measure = in_url(st.selectbox, "Bars show", list(MEASURES), key="measure", format_func=MEASURES.get)
        chart(distance_chart(result, measure), "bars")
    with right:
        st.subheader("What each has learned")
        chart(learned_chart(result), "learned")
    rows = {
        f"{SAMPLER_NAMES[sampler]}, {TRAINED_NAMES[name]}": result.runs[name, sampler].distances
        for sampler in SAMPLERS for name in networks
    }  # fmt: skip
    distance_table(rows, result.floor, "table", "sampler, network")


def both_told(config: ToldConfig, report: Report) -> Told:
    """A network trained for the page's mixture, then both chains with it and with the exact score."""
    network = learn(config.learning(), turn_of(report, 0, 2)).denoise
    return told_noise(config, {"ncsn": network}, turn_of(report, 1, 2))


def told(mixture: MixtureSpec) -> None:
    """The digits' page "DDPM and NCSN" has the same comparison in 784 dimensions."""
    with st.expander("Told $σ_i$, told the noise that is there: does it matter here?"):
        st.markdown(
            "After $T$ steps at a level, annealed Langevin has more noise left than $\\sigma_i$, which it tells the "
            "network: a variance of $v\\,\\sigma_i^2$ with $v \\leftarrow (1 - c/2)^2 v + c$ at every step and $v "
            "\\leftarrow v\\,(\\sigma_i/\\sigma_{i+1})^2$ between levels. On digits a network told $\\sigma_i$ "
            "leaves the shell that it has learned, and draws badly. Here the same chain of the page's mixture, "
            "20 levels from 30 to 0.01, runs told either, with the exact score and with a network."
        )
        a, b = st.columns([1, 2], vertical_alignment="bottom")
        hold = a.number_input("Steps at each of 20 levels", 1, 100, 5, key="told-hold")
        config = ToldConfig(mixture, hold=int(hold), train_steps=1_000, repeats=4)
        found = on_request("told", config, both_told, "Training, then sampling", button="Run both", place=b)
        if found is not None:
            result = found[1]
            st.markdown(verdict(result))
            st.dataframe(told_rows(result), hide_index=True, width="stretch", key="told-table")


with page("DDPM against NCSN"):
    tries(__file__)
    config, button = settings()
    outcome(*result_for(config, button))
    explained(__file__)
    told(config.mixture)
