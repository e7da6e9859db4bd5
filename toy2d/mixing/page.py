"""Page "Mixing": plain Langevin dynamics forgets the modes' weights, annealed Langevin dynamics finds them."""

import numpy as np
import streamlit as st

from playground.statistics import wilson
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, page, picture, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.tries import tries
from toy2d.distances import total_variation
from toy2d.mixing.experiment import Mixing, MixingConfig, mixing, said
from toy2d.mixing.figures import mixing_clouds, shares_chart
from toy2d.mixing.live import live_mixing
from toy2d.ui import in_url, mixture_widgets, score_widget, show_clouds, with_score

START_NAMES = {"square": "uniform on [-8, 8]²", "mode": "all at the last mode", "data": "at the data"}
LEVEL_NAMES = {"own": "the modes' own std (as the paper ran it)", "added": "noise that is added"}


def settings() -> tuple[MixingConfig, bool]:
    first, second, third, fourth, last = st.columns([1.3, 2.2, 1.2, 1, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    use_learned = score_widget(third)
    noise = in_url(
        fourth.toggle,
        "Noise $z_t$",
        MixingConfig.noise,
        key="z",
        help="Off: gradient ascent on the log density.",
    )
    with folded("The chains", last):
        config = _chains(mixture, noise)
    return config, use_learned


def _chains(mixture, noise: bool) -> MixingConfig:
    form = Form(MixingConfig)
    form.ask(st.selectbox, "σ is", "levels", format_func=LEVEL_NAMES.get)
    form.ask(st.number_input, "Levels L", "L")
    form.ask(st.number_input, "Steps at each, T", "T", help="Plain: L × T steps. The paper has T = 100.")
    form.ask(
        st.number_input, "Step size a", "step_size", 0.01, key="a", format="%.3f",
        help="a of x + (a/2) s + √a z, in units of the narrowest mode's variance at the level. Above 4 it diverges.",
    )  # fmt: skip
    form.ask(st.selectbox, "Start", "start", format_func=START_NAMES.get)
    form.ask(st.number_input, "Highest σ", "sigma_1")
    form.ask(st.number_input, "Particles", "particles")
    form.ask(st.number_input, "Seed", "seed")
    return form.made(mixture=mixture, noise=noise, frames=60)


def expected(config: MixingConfig) -> float | None:
    """What the viewer says, where the switch is on: before anything is computed."""
    return predicted(
        "mixing",
        config,
        f"Where does plain Langevin end: which share of its particles is in mode 1, whose weight is "
        f"{float(config.mixture.build().log_weights[0].exp()):.2f}?",
        # not at one half, which is the answer for far modes: who just presses the button has not predicted it
        lambda: st.slider("Share of mode 1", 0.0, 1.0, 0.0, 0.01, key="mixing-answer"),
    )


def numbers(config: MixingConfig, result: Mixing) -> None:
    two = len(result.weights) == 2
    cells = st.columns(3)
    if two:
        cells[0].metric("π, the true weight of mode 1", f"{result.weights[0]:.3f}")
    else:
        cells[0].metric("Modes", len(result.weights))
    for cell, name, chain in zip(
        cells[1:], ("Plain", "Annealed"), (result.plain, result.annealed), strict=True
    ):
        share = chain.shares[-1, 0] if two else total_variation(chain.shares[-1], result.weights)
        what = "share in mode 1" if two else "share in a wrong mode"
        cell.metric(f"{name}: {what}", f"{share:.3f}")
        if two:
            low, high = wilson(np.array(share), config.particles)
            cell.caption(f"95 % band {low:.3f} to {high:.3f} ({config.particles:,} particles)")


def without_noise(config: MixingConfig, result: Mixing) -> str:
    """What the chains did without z_t: how many modes each ends in, and where the annealed one does."""
    if config.noise:
        return ""
    plain, annealed = ((chain.shares[-1] > 0).sum() for chain in (result.plain, result.annealed))
    top = int(result.annealed.shares[-1].argmax())
    return (
        f" Here the plain chain ends in {plain} of {len(result.weights)} modes, the annealed chain in {annealed}: "
        f"{result.annealed.shares[-1][top]:.1%} of its particles are in mode {top + 1}, whose weight is "
        f"{result.weights[top]:.3f}."
    )


def explain(config: MixingConfig, result: Mixing) -> None:
    explained(__file__, more=without_noise(config, result))


with page("Mixing"):
    tries(__file__, predict=True)
    config, use_learned = settings()
    answer = expected(config)
    result = with_score("mixing", mixing, config, "ncsn" if use_learned else None, "Sampling")
    above = picture()
    sentence, outcome = said(config, result)
    verdict_line(f"{sentence} {compared(answer, float(result.plain.shares[-1, 0]))}", outcome)
    numbers(config, result)
    with above:
        show_clouds(
            mixing_clouds(config, result), "mixing", live=None if use_learned else live_mixing(config)
        )
        chart(shares_chart(config, result), "shares", tall=True)
    explain(config, result)
