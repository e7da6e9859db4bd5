"""Page "Problem 1: low density": a score learned at one small noise level, and at many."""

import streamlit as st

from playground.statistics import interval, verdict
from playground.ui.busy import Report, busy
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, on_request, page, shared, verdict_line
from playground.ui.tries import tries
from toy2d.low_density.experiment import (
    CLAIMS,
    COUNTS,
    REPEATS,
    TRAINED,
    LowDensity,
    LowDensityConfig,
    learn_pair,
    low_density,
    repeats,
    said,
    sweep,
)
from toy2d.low_density.figures import by_density_chart, by_sigma_chart, maps_chart, sweep_chart
from toy2d.net import Learned
from toy2d.shipped import shipped_or_learned
from toy2d.ui import mixture_widgets, told_widget


def settings() -> LowDensityConfig:
    first, second, third, last = st.columns([1.3, 2, 2, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    form = Form(LowDensityConfig)
    form.ask(third.select_slider, "Small noise σ", "sigma")
    more = folded("More settings", last)
    form.ask(more.select_slider, "Training points n", "points")
    form.ask(more.select_slider, "Network width", "width")
    form.ask(more.select_slider, "Training steps", "steps")
    told_pi = told_widget(more, mixture)
    form.ask(more.number_input, "Seed", "seed")
    return form.made(mixture=mixture, told_pi=told_pi)


def measured(config: LowDensityConfig, report: Report) -> LowDensity:
    return low_density(config, networks_for(config))


def networks_for(config: LowDensityConfig) -> dict[str, Learned]:
    """Both networks: those that were trained before, where only the π that they are told has changed."""
    made_for = tuple(config.learning(name).training for name in TRAINED)
    networks = shared(
        "low-density-networks", made_for, lambda _, report: learn_pair(config, report, shipped_or_learned),
        "Training both networks",
    )  # fmt: skip
    return {name: network.of(config.mixture) for name, network in networks.items()}


def numbers(config: LowDensityConfig, result: LowDensity) -> None:
    a, b, c, d = st.columns(4)
    a.metric("One level: good area", f"{result.one.error.area:.1%}",
             help=f"Share of the square where the relative error at σ = {config.sigma:g} is below 10 %")  # fmt: skip
    b.metric("One level: data in it", f"{result.one.error.mass:.1%}")
    c.metric("Many levels, same σ: good area", f"{result.many.error.area:.1%}")
    c.caption(f"data in it: {result.many.error.mass:.1%}")
    d.metric(f"Many levels, σ = {result.high_sigma:.2g}: good area", f"{result.high.error.area:.1%}",
             help="At the level where it is largest")  # fmt: skip


def more_seeds(config: LowDensityConfig) -> None:
    """One pair of networks proves nothing: whether the claims hold is decided over seeds."""
    if st.button(f"Is it luck? Train {REPEATS} pairs", key="seeds"):
        with busy("Training", key="seeds-run") as report:
            st.session_state["low-density-seeds"] = config, repeats(config, report)
        st.rerun()  # the sentence above was drawn before
    made_for, result = st.session_state.get("low-density-seeds", (None, None))
    if result is None:
        st.caption("These are two networks of one seed.")
        return
    told = [
        f"- {CLAIMS[name]}: by {interval(d, '+.1%')}, **{verdict(d, f'{REPEATS} seeds')}**"
        for name, d in result.differences().items()
    ]
    changed = "" if made_for == config else " The settings have changed since."
    st.markdown(f"Over {REPEATS} seeds, 95 % intervals.{changed}\n" + "\n".join(told))


def more_data(config: LowDensityConfig) -> None:
    """Twelve trainings, so only on demand."""
    st.subheader("Does more data close the hole?")
    button = f"Train both for n = {COUNTS[0]:,} to {COUNTS[-1]:,}"
    if found := on_request("low-density-sweep", config, sweep, "Training", button=button):
        chart(sweep_chart(found[1]), "sweep-chart")


with page("Problem 1: low density"):
    tries(__file__)
    config = settings()
    result = cached("low-density", config, measured, "Measuring both networks")
    above = st.container()
    made_for, over_seeds = st.session_state.get("low-density-seeds", (None, None))
    verdict_line(*said(config, result, over_seeds if made_for == config else None))
    numbers(config, result)
    with above:
        chart(maps_chart(config, result), "maps", alone=True)
    more_seeds(config)
    left, right = st.columns(2)
    with left:
        st.subheader("Against the density")
        chart(by_density_chart(config, result), "by-density")
    with right:
        st.subheader("Against the noise")
        chart(by_sigma_chart(config, result), "by-sigma")
    more_data(config)
    explained(__file__)
