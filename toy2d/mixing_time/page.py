"""Page "Mixing time": how long plain Langevin dynamics would need, and what weight it finds before that."""

import dataclasses
import math
from typing import Any

import streamlit as st

from playground.progress import duration
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, on_request, one_of, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.mixing_time.experiment import (
    Crossing,
    CrossingConfig,
    Sweep,
    SweepConfig,
    crossing,
    said,
    sweep,
    times,
)
from toy2d.mixing_time.figures import crossing_cloud, relaxation_chart, times_chart
from toy2d.mixing_time.recovery import DISTANCE
from toy2d.mixing_time.weights_page import weights_view
from toy2d.ui import show_clouds

VIEWS = {"time": "Time between two modes", "weights": "Weight recovered"}
FINE: dict[str, Any] = {  # the sweep after a click: more distances, ten times the work
    "distances": (0.4, *(0.5 + 0.25 * i for i in range(20))),
    "measured_at": tuple(0.75 + 0.25 * i for i in range(10)),
    "particles": 2_000,
    "longest": 4_000,
}
YEAR = 365.25 * 86_400
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def settings() -> CrossingConfig:
    a, b, c, last = st.columns([2, 2, 1, 1], vertical_alignment="bottom")
    form = Form(CrossingConfig)
    form.ask(a.slider, "Distance d of the modes at (d, d) and (-d, -d)", "distance", 0.05, key="d")
    form.ask(b.slider, "π, weight of the first mode", "pi", 0.01)
    form.ask(c.number_input, "Step size a", "step_size", 0.01, key="a", help="a of x + (a/2) s + √a z")
    more = folded("More settings", last)
    form.ask(more.number_input, "Particles from each mode", "particles")
    form.ask(more.number_input, "Most steps", "longest", 100)
    form.ask(more.number_input, "Seed", "seed")
    return form.made()


def sweep_for(config: CrossingConfig) -> Sweep:
    """A coarse sweep at once; after the button a fine one, which stays until π or the step size changes."""
    quick = SweepConfig(config.pi, config.step_size, measured_at=(1.0, 1.5, 2.0))
    fine = dataclasses.replace(quick, seed=config.seed, **FINE)
    if st.session_state.get("sweep", (None,))[0] not in (quick, fine):
        st.session_state.pop("sweep", None)
    return on_request(
        "sweep", fine, sweep, "Sweeping the distance", button="Measure at ten distances", icon=":material/timer:",
        first=quick, changed=None,
    )[1]  # fmt: skip


def numbers(config: CrossingConfig, result: Crossing) -> None:
    a, b, c, d = st.columns(4)
    seen, told = result.measured, result.times
    a.metric("Measured crossings", "none" if math.isnan(seen.steps) else f"{told_steps(seen.steps)} steps")
    error = f"± {told_steps(seen.error)}; " if not math.isnan(seen.steps) else "too few for a time; "
    a.caption(f"{error}{seen.changed:,} of {2 * config.particles:,} changed modes")
    b.metric("Spectral gap of the chain", f"{told_steps(told.gap)} steps")
    c.metric("Kramers, barrier integrated", f"{told_steps(told.kramers)} steps")
    one_mode = math.isnan(told.eyring_kramers)
    d.metric("Eyring-Kramers", "no saddle" if one_mode else f"{told_steps(told.eyring_kramers)} steps")
    paper = times(config.pi, DISTANCE, config.step_size)[0].gap
    st.markdown(
        f"At **the paper's distance, {DISTANCE:g},** this chain forgets its start after **{told_steps(paper)} steps**. "
        f"These {2 * config.particles:,} particles took {1e3 * result.seconds:.2g} ms a step here, so that would be "
        f"**{told_time(paper * result.seconds)}**."
    )


def told_steps(steps: float) -> str:
    """A number that stands in a metric, too, which sets no formulas."""
    if steps < 1e6:
        return f"{steps:,.0f}"
    mantissa, exponent = f"{steps:.2e}".split("e+")
    return f"{mantissa}·10{exponent.lstrip('0').translate(RAISED)}"


def told_time(seconds: float) -> str:
    return duration(seconds) if seconds < 86_400 else f"{seconds / YEAR:,.2g} years"


with page("Mixing time"):
    tries(__file__)
    view = one_of(st, "View", VIEWS, key="view", label_visibility="collapsed")
    if view == "time":
        config = settings()
        result = cached("crossing", config, crossing, "Walking")
        above = picture()
        verdict_line(*said(config, result))
        numbers(config, result)
        with above:
            show_clouds([crossing_cloud(config, result)], "crossing")
            chart(relaxation_chart(config, result), "relaxation", tall=True)
        st.subheader("As the modes are moved apart")
        chart(times_chart(sweep_for(config), config.distance), "times", 400)
        explained(__file__)
    else:
        weights_view()
