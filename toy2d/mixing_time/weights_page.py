"""The view "Weight recovered" of the page "Mixing time": a sweep over π in one figure."""

import streamlit as st

from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, on_request, verdict_line
from toy2d.mixing_time.figures import recovery_chart
from toy2d.mixing_time.recovery import Recovery, RecoveryConfig, recovery, said

STARTS = {"square": "uniform on [-8, 8]²", "mode": "all at the last mode", "data": "at the data"}
QUICK = RecoveryConfig((0.1, 0.3, 0.5, 0.7, 0.9), T=20)


def weights_view() -> None:
    """Raises UserError for settings out of range."""
    found = _result_for(_settings())
    chart(recovery_chart(found), "recovery", 460)
    verdict_line(*said(found))
    explained(__file__, "weights.md")


def _settings() -> RecoveryConfig:
    a, b, c, d, e = st.columns([1.6, 1, 1, 1, 1], vertical_alignment="bottom")
    form = Form(RecoveryConfig)
    form.ask(a.selectbox, "Start", "start", format_func=STARTS.get)
    form.ask(b.number_input, "Levels L", "L")
    form.ask(c.number_input, "Steps at each, T", "T", help="Plain Langevin takes L × T steps.")
    form.ask(d.number_input, "Repeats", "repeats", help="Independent runs at each π")
    form.ask(e.number_input, "Seed", "seed", key="seed2")
    return form.made()


def _result_for(config: RecoveryConfig) -> Recovery:
    """A quick look on the first visit; the settings' own sweep after the button."""
    shown, found = on_request(
        "recovery", config, recovery, "Sampling", button="Sweep π", first=QUICK, changed=None
    )
    if shown != config:
        st.caption(f"Shown: {len(shown.pis)} weights, L = {shown.L}, T = {shown.T}, {STARTS[shown.start]}. "
                   "Press the button for the settings above.")  # fmt: skip
    return found
