"""Page "Fewer steps": eta against the number of steps, the deterministic flow, and modern solvers."""

import streamlit as st

from playground.levels import AUTHORS, EVEN, SCHEDULES
from playground.ui.busy import Report
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, one_of, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.few_steps.experiment import STEPS, FewSteps, FewStepsConfig, few_steps, last_noises, said
from toy2d.few_steps.figures import MEASURES, cost_chart, paths_chart, solver_chart, table_chart, trip_clouds
from toy2d.few_steps.flow import SOLVERS, FlowConfig, Orders, RoundTrip, orders, paths, round_trip
from toy2d.ui import in_url, mixture_widgets, score_widget, show_clouds, with_score

SPACED = {EVEN: "even: T, ..., 0", AUTHORS: "DDIM's authors: ..., 1 + T/S, 1, 0"}
ALL_STEPS = (2, *STEPS, 200, 500, 1000)


def settings() -> tuple[FewStepsConfig, bool]:
    first, second, third, last = st.columns([1.3, 2.2, 1.2, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    use_learned = score_widget(third)
    more = folded("More settings", last)
    schedule = in_url(more.selectbox, "Schedule", list(SCHEDULES), key="schedule")
    steps = in_url(more.multiselect, "Steps S", list(ALL_STEPS), default=list(FewStepsConfig.steps), key="S")
    spacing = in_url(more.selectbox, "Times", list(SPACED), key="times", format_func=SPACED.get)
    form = Form(FewStepsConfig)
    form.ask(more.number_input, "Samples a cell, × 6", "particles")
    form.ask(more.number_input, "Seed", "seed")
    config = form.made(mixture=mixture, schedule=schedule, steps=tuple(sorted(steps)), spacing=spacing)
    return config, use_learned


def measured(config: FlowConfig, report: Report) -> tuple[RoundTrip, Orders]:
    """Both measurements on the exact flow."""
    return round_trip(config, report=report), orders(config, report)


def table(config: FewStepsConfig, result: FewSteps, measure: str) -> None:
    left, right = st.columns([1.15, 1])
    with left:
        chart(table_chart(config, result, measure), "table", 380)
    with right:
        chart(cost_chart(result, measure), "cost", 380)
    if any(S > 1 for S in config.steps):
        with st.expander("What the lecture's σ̂ row is made of"):
            st.markdown(LAST_NOISE)
            st.dataframe(last_noise_rows(config), hide_index=True, width="stretch")


LAST_NOISE = (
    "The step to clean data adds no noise, and takes away about as much as the level that it leaves should have: what "
    "the last step but one adds beyond that stays in the samples. The lecture's numbers come from the times 1, 1 + T/S,"
    " 1 + 2T/S, ...: their last level but one is $t = 1$, with hardly any noise, and σ̂ adds the noise of a "
    "step of full length. Evenly spread times end with such a step, from a level whose noise is of the size of "
    "what was added. Modes in the plane are as wide as what is left over, so the choice of times hardly moves their "
    "distances; pixels of digits, which are black or white, show it (page Table 1)."
)


def last_noise_rows(config: FewStepsConfig) -> list[dict]:
    """One row for each spacing and number of steps, as deviations."""
    steps = [S for S in config.steps if S > 1]
    return [
        {"times": SPACED[name], "S": S, "σ̂ adds": round(added, 3), "the level has": round(has, 3),
         "times too much": round(added / has, 1)}
        for name, noises in last_noises(config).items()
        for S, (added, has) in zip(steps, noises, strict=True)
    ]  # fmt: skip


def crossing(pi: float) -> None:
    st.subheader("Deterministic paths do not cross")
    a, b = st.columns(2, vertical_alignment="bottom")
    eta = in_url(a.slider, "η on the right", 0.05, 1.0, 0.5, 0.05, key="eta")
    steps = in_url(b.select_slider, "Steps of the paths", [2, 5, 10, 20, 50, 100], value=50, key="path_steps")
    panels = {"η = 0": paths(pi, 0.0, steps), f"η = {eta:g}": paths(pi, eta, steps)}
    for cell, (name, path) in zip(st.columns(2), panels.items(), strict=True):
        cell.metric(f"{name}: pairs that changed places", f"{path.swaps:,}",
                    help="Over all steps, of the 780 pairs of 40 paths; modes at ±5 on the line")  # fmt: skip
    chart(paths_chart(panels), "paths")


def solvers(trip: RoundTrip, converged: Orders) -> None:
    st.subheader("Orders of convergence")
    for cell, name, order in zip(st.columns(3), SOLVERS, converged.orders, strict=True):
        cell.metric(f"{name}: measured order", f"{order:.2f}")
    chart(solver_chart(converged, "median error at the end"), "orders")


with page("Fewer steps"):
    tries(__file__)
    config, use_learned = settings()
    above, below, flow = picture(), st.container(), st.container()
    st.subheader("η and the number of steps")
    measure = one_of(st, "Measure", MEASURES, key="measure", default="sliced")
    result = with_score("few-steps", few_steps, config, "ddpm" if use_learned else None, "Filling the table")
    if measure != "log_likelihood":
        with below:
            verdict_line(*said(config, result, measure))
    flow_config = FlowConfig(config.mixture, config.schedule, seed=config.seed)
    trip, converged = cached("flow", flow_config, measured, "Following the flow")
    with above:
        show_clouds(trip_clouds(flow_config, trip), "few-steps", fps=10)
        chart(solver_chart(trip, "RMS error of the round trip"), "trip", tall=True)
    with flow:
        solvers(trip, converged)
    table(config, result, measure)
    crossing(config.mixture.pi)
    explained(__file__)
