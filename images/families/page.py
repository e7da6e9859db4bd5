"""Page "DDPM and NCSN": the lecture's two families on digits, side by side, by one network or by two."""

import numpy as np
import streamlit as st

from images.generate.experiment import SampleConfig, sample
from images.models import SIGMA_1, SIGMA_L, Model
from images.sampling import ANNEALED, HOLD, Film
from images.ui import choose_model, training_sidebar
from playground.errors import UserError
from playground.gif import gif_bytes, tiled, webp_bytes
from playground.ui.busy import busy
from playground.ui.downloads import download_gif, download_webp
from playground.ui.player import ImagesPanel, player

SHOWN = {"predicted x0": lambda film: film.x0_hats, "x_t": lambda film: film.xs}


def settings(T: int) -> tuple[SampleConfig, SampleConfig]:
    first, second, third, fourth = st.columns([1.4, 2, 1, 1], vertical_alignment="bottom")
    sampler = first.selectbox("On the DDPM side", ("DDPM", "DDPM, beta", "DDIM"), key="f-sampler")
    steps = second.select_slider("Steps for both", [50, 100, 200, 500, 1000], 100, key="f-steps")
    count = int(third.number_input("Digits", 1, 100, 16, key="f-count"))
    seed = int(fourth.number_input("Seed", 0, 2**31 - 1, 0, key="f-seed"))
    return (
        SampleConfig(count, sampler, min(steps, T), seed=seed),
        SampleConfig(count, ANNEALED, steps, seed=seed),
    )


def films(models: tuple[Model, Model], configs: tuple[SampleConfig, SampleConfig]) -> tuple[Film, Film]:
    """The last two films, or new ones when asked for, or at the first visit."""
    made_for = (tuple(model.about for model in models), configs)
    if st.button("Generate", type="primary", icon=":material/play_arrow:") or "films" not in st.session_state:
        made = []
        for model, config in zip(models, configs, strict=True):
            with busy(f"Sampling by {config.sampler}", key=f"families-{len(made)}") as report:
                made.append(sample(model, config, report))
        st.session_state["films"] = made_for, tuple(made)
    shown_for, pair = st.session_state["films"]
    if shown_for != made_for:
        st.caption("The settings have changed since these pictures were made: press Generate for new ones.")
    return pair


def show(ddpm: Film, ncsn: Film) -> None:
    what = st.segmented_control("Show", list(SHOWN), default="predicted x0", key="f-show") or "predicted x0"
    left, right = ([tiled(frame) for frame in SHOWN[what](film)] for film in (ddpm, ncsn))
    player(
        [
            ImagesPanel(f"DDPM: {what}", np.stack(left), ddpm.captions),
            ImagesPanel(f"NCSN, annealed Langevin: {what}", np.stack(right), ncsn.captions),
        ],
        key="families-player",
        fps=12,
        height=420,
    )
    with st.container(horizontal=True):
        download_gif("GIF, DDPM", lambda: gif_bytes(left), "digits-ddpm.gif", "f-gif-1")
        download_gif("GIF, NCSN", lambda: gif_bytes(right), "digits-ncsn.gif", "f-gif-2")
        download_webp("WebP, DDPM", lambda: webp_bytes(left), "digits-ddpm.webp", "f-webp-1")
        download_webp("WebP, NCSN", lambda: webp_bytes(right), "digits-ncsn.webp", "f-webp-2")


def explain() -> None:
    with st.expander("What happens here"):
        _explain()


def _explain() -> None:
    st.latex(
        r"\underbrace{\|\epsilon - \epsilon_\theta(\mathbf{x}_t, t)\|^2}_{\text{DDPM}}"
        r"\qquad \underbrace{\tfrac12\,\sigma_i^2\,\Big\|\mathbf{s}_\theta(\tilde{\mathbf{x}}, \sigma_i) +"
        r"\frac{\tilde{\mathbf{x}}-\mathbf{x}}{\sigma_i^2}\Big\|^2}_{\text{NCSN}}"
    )
    st.markdown(
        'The lecture: "The two approaches are very similar: the learning task is to denoise samples obtained with '
        "different levels of noise.\" With s = -eps / sigma the right loss **is** half the left one. (The lecture's "
        "slide has sigma_i, not its square, below x~ - x.) A network here is told the ratio of signal to noise, not a "
        "timestep, so one network serves both samplers: both sides use the same one until you choose another.\n\n"
        f"The annealed side walks {SIGMA_1:g} to {SIGMA_L:g} in geometric sigmas, {HOLD} Langevin steps at each "
        "(Song and Ermon 2019, Algorithm 1). Its x_t is the digit plus noise far beyond the digit's range, so it is "
        "shown cut off at black and white.\n\n"
        "**Try** 50 and 1000 steps, and a model trained with the NCSN preset on either side. **Look** at the share of "
        "noise below each panel: at which level is it decided which digit it becomes?"
    )


st.title("DDPM and NCSN")
st.markdown("The lecture's two families, side by side on digits: one walks down a schedule, one anneals.")
try:
    first = choose_model("Model, DDPM side", "f-model-1")
    models = first, choose_model("Model, NCSN side", "f-model-2", described=first)
    training_sidebar()
    show(*films(models, settings(models[0].schedule.T)))
    explain()
except UserError as error:
    st.error(str(error))
