"""Page "Diffusion": data to noise along the schedule, and back by DDPM, DDIM or Heun."""

import streamlit as st

from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, page, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.tries import tries
from toy2d.diffusion.experiment import Diffusion, DiffusionConfig, diffusion, said
from toy2d.diffusion.figures import diffusion_clouds, weights_chart
from toy2d.diffusion.live import ETA_STEP, live_diffusion
from toy2d.ui import mixture_widgets, score_widget, show_clouds, with_score

SAMPLER_NAMES = {
    "ddim": "DDIM (η)",
    "ddpm_tilde": "DDPM, variance β̃",
    "ddpm_beta": "DDPM, variance β",
    "heun": "Heun",
}


def settings() -> tuple[DiffusionConfig, bool]:
    cells = st.columns([1.2, 1.6, 1.4, 1.2, 1.1, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(*cells[:2])
    use_learned = score_widget(cells[4])
    more = folded("More settings", cells[5])
    form = Form(DiffusionConfig)
    sampler = form.ask(more.selectbox, "Back by", "sampler", format_func=SAMPLER_NAMES.get)
    form.ask(more.selectbox, "Schedule", "schedule")
    form.ask(cells[2].select_slider, "Steps", "steps")
    form.ask(
        cells[3].slider, "η", "eta", ETA_STEP, disabled=sampler != "ddim",
        help="DDIM's noise: 0 none, 1 as much as DDPM with β̃",
    )  # fmt: skip
    form.ask(more.number_input, "Particles", "particles")
    form.ask(more.number_input, "Seed", "seed")
    return form.made(mixture=mixture), use_learned


def numbers(config: DiffusionConfig, result: Diffusion) -> None:
    a, b, c = st.columns(3)
    a.metric("Distance to exact samples", f"{result.distance:.3f}",
             help="Sliced Wasserstein-1 distance of the end points to as many exact samples")  # fmt: skip
    b.metric("Floor: two exact samples", f"{result.floor:.3f}")
    if len(result.weights) == 2:
        c.metric("Share in mode 1, and π", f"{result.shares[0]:.3f} / {result.weights[0]:.3f}")


with page("Diffusion"):
    tries(__file__, predict=True)
    config, use_learned = settings()
    answer = predicted(
        "diffusion",
        config,
        f"{config.steps} steps by {SAMPLER_NAMES[config.sampler]}: how far from exact samples do they end? "
        "(The modes' own standard deviation is about 1.)",
        lambda: st.slider("Distance", 0.0, 5.0, 1.0, 0.05, key="diffusion-answer"),
    )
    result = with_score("diffusion", diffusion, config, "ddpm" if use_learned else None, "Sampling")
    moved = None if use_learned else live_diffusion(config)
    above = st.container()
    sentence, outcome = said(config, result)
    verdict_line(f"{sentence} {compared(answer, result.distance)}", outcome)
    numbers(config, result)
    with above:
        show_clouds(diffusion_clouds(config, result), "diffusion", fps=15, live=moved)
    chart(weights_chart(config, result), "weights")
    explained(__file__)
