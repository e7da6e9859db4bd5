"""Page "Inpainting in 2-D": one coordinate is seen, the other filled in, and the exact answer is known."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.progress import Report, turn_of
from playground.steps import VARIANCE_SIGNS
from playground.tables import markdown_table
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, on_request, one_of, page, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.tries import tries
from toy2d.inpainting.experiment import PAIR, InpaintConfig, Inpainting, inpainting
from toy2d.inpainting.figures import (
    NAMES,
    coordinate,
    filled_chart,
    inpainting_clouds,
    low_chart,
    named,
    narrowing_chart,
    narrowing_verdict,
    said,
    shares_chart,
)
from toy2d.inpainting.sweeps import Narrowing, Shares, narrowing, over_observations, over_resamplings
from toy2d.presets import MixtureSpec
from toy2d.ui import NAMES as MIXTURES
from toy2d.ui import in_url, preset_widget, show_clouds

CHOICES = {PAIR: "leaning pair", **MIXTURES}


def settings() -> InpaintConfig:
    a, b, c, last = st.columns([1.3, 1, 3, 1], vertical_alignment="bottom")
    mixture = preset_widget(a, PAIR, CHOICES)
    known = one_of(b, "Known is", ["x", "y"], key="known", default="xy"[InpaintConfig.known])
    form = Form(InpaintConfig)
    form.ask(c.slider, f"The observation: {known} =", "value", 0.1)
    more = folded("More settings", last)
    one_weight = mixture != PAIR and not MixtureSpec(mixture).has_pi
    form.ask(more.slider, "π, weight of the first mode", "pi", 0.01, disabled=one_weight)
    form.ask(
        more.slider, "Modes apart in x, half of it", "lean", 0.1, disabled=mixture != PAIR,
        help="0: x tells nothing about y. 6: x decides the mode.",
    )  # fmt: skip
    _ask_methods(form, more)
    return form.made(mixture=mixture, known="xy".index(known))


def _ask_methods(form: Form[InpaintConfig], place: DeltaGenerator) -> None:
    """What the methods do, beside what they see."""
    form.ask(place.slider, "ζ, the gradient's step (DPS)", "zeta", 0.05)
    form.ask(place.select_slider, "RePaint: resamplings r", "resamplings", key="r")
    form.ask(place.number_input, "its jump", "jump")
    form.ask(place.select_slider, "Steps", "steps")
    form.ask(
        place.selectbox, "Variance", "variance", format_func=VARIANCE_SIGNS.get,
        help="the noise of DDPM's step: β̃ is the smaller one, β the larger",
    )  # fmt: skip
    form.ask(place.number_input, "Particles", "particles")
    form.ask(place.number_input, "Seed", "seed")


def numbers(config: InpaintConfig, result: Inpainting) -> None:
    cells = st.columns(len(result.runs) + 1)
    cells[0].metric(f"Truth: P({coordinate(config)} < 0)", f"{result.low:.3f}")
    cells[0].caption("in closed form")
    for cell, run in zip(cells[1:], result.runs, strict=True):
        cell.metric(NAMES[run.name], f"{run.low:.3f}")
        cell.caption("95 % band {:.3f} to {:.3f}".format(*run.low_band))


def animation(config: InpaintConfig, result: Inpainting) -> None:
    shown = in_url(
        st.pills, "Animated", list(NAMES), key="animated", default=["replacement", "repaint", "dps"],
        selection_mode="multi", format_func=NAMES.get,
    )  # fmt: skip
    if shown:
        show_clouds(inpainting_clouds(config, result, shown), "inpainting-2d", fps=15)


def table(config: InpaintConfig, result: Inpainting) -> None:
    k, u = "xy"[config.known], coordinate(config)
    columns = (
        "",
        f"distance of {u} to the exact conditional",
        f"variance of {u} above 0",
        f"{k} is off by",
        "calls",
    )
    lines = [
        (named(run.name, config), f"{run.distance:.3f}", f"{run.above:.2f} ± {1.96 * run.above_se:.2f}",
         f"{run.off:.3f}", f"{run.calls:,}")
        for run in result.runs
    ]  # fmt: skip
    lines.append(
        ("exact: two samples (the floor); closed form", f"{result.floor:.3f}", f"{result.above:.2f}", "0", "")
    )
    st.markdown(markdown_table([dict(zip(columns, line, strict=True)) for line in lines]))
    st.caption(
        "Distance: Wasserstein-1 on the line. Variance: of the particles above 0, with a 95 % interval. Off by: root "
        "mean square. Calls: of the denoiser, for a particle."
    )


def swept(config: InpaintConfig, report: Report) -> tuple[Shares, Shares, Narrowing]:
    """Every observation, then RePaint with more resamplings, then with both of DDPM's variances."""
    return (
        over_observations(config, report=turn_of(report, 0, 3)),
        over_resamplings(config, report=turn_of(report, 1, 3)),
        narrowing(config, report=turn_of(report, 2, 3)),
    )


def sweeps(config: InpaintConfig) -> None:
    st.subheader("Every observation, and more resamplings")
    found = on_request(
        "inpainting-2d-swept",
        config,
        swept,
        "Moving the observation, then resampling",
        button="Measure them",
        changed=None,
    )
    if found is None or found[0] != config:
        st.caption(
            "The observation from -3 to 3, 200 particles each, and r from 1 to 40 at the one above: about 10 s."
        )
        return
    moved, more, narrow = found[1]
    chart(shares_chart(config, moved, f"observed {'xy'[config.known]}"), "moved")
    chart(shares_chart(config, more, "resamplings r", log=True), "more")
    st.markdown(narrowing_verdict(config, narrow))
    chart(narrowing_chart(config, narrow), "narrow")


with page("Inpainting in 2-D"):
    tries(__file__, predict=True)
    config = settings()
    answer = predicted(
        "inpainting-2d",
        config,
        f"Which share of the completions by replacement has {coordinate(config)} below 0?",
        lambda: st.slider("Share", 0.0, 1.0, 0.5, 0.01, key="inpainting-2d-answer"),
    )
    result = cached("inpainting-2d", config, inpainting, "Sampling")
    above = st.container()
    share = next(run.low for run in result.runs if run.name == "replacement")
    sentence, outcome = said(config, result)
    verdict_line(f"{sentence} {compared(answer, float(share))}", outcome)
    numbers(config, result)
    with above:
        animation(config, result)
    chart(filled_chart(config, result), "filled")
    chart(low_chart(config, result), "low")
    table(config, result)
    sweeps(config)
    explained(__file__)
