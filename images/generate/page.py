"""Page "Generate": digits from noise, step by step, x_t beside the predicted x0."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from images.films import kept
from images.generate.experiment import SampleConfig, sample
from images.metrics.readable import said_of_made
from images.sampling import ANNEALED, AS_WRITTEN, DDPM_BETA, Film
from images.ui import choose_model, classifier, guidance_widgets, real_clear, sampler_name, training_sidebar
from playground.gif import enlarged, gif_bytes, png_bytes, tiled, webp_bytes
from playground.ui.downloads import download_gif, download_png, download_webp
from playground.ui.knobs import Form
from playground.ui.page import folded, on_request, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

# What a step of each sampler is, in terms of eq. 12, which is DDIM's.
RULES = {
    "DDIM": "eq. 12, with $\\sigma_t = \\eta \\tilde\\beta_t^{1/2}$",
    "DDPM": "eq. 12 with η = 1: the noise has the variance $\\tilde\\beta_t$",
    DDPM_BETA: "the mean of DDPM's step and more noise, of variance $\\beta_t$; that is eq. 12 for no η",
    "Heun": "eq. 12 with η = 0, then corrected by what the model says at the level reached: two calls a step",
    "DPM-Solver++": "eq. 12 with η = 0, and a predicted $x_0$ that is extrapolated from the last two",
    "predictor-corrector": "a step of DDPM, then one of Langevin dynamics at the level reached",
    ANNEALED: "x + (a/2) score + √a z at each of NCSN's levels, told the noise that is there; not eq. 12",
    AS_WRITTEN: "the same updates, but the network is told $σ_i$, as Algorithm 1 has it; not eq. 12",
}


def settings(T: int, knows_labels: bool) -> tuple[SampleConfig, DeltaGenerator]:
    """The widgets, and the place for the button: one row, directly above the picture."""
    first, second, third, fourth, last = st.columns([1.4, 2, 1.8, 1.3, 1.1], vertical_alignment="bottom")
    more = folded("More settings", fourth)
    form = Form(SampleConfig.quick())
    sampler = form.ask(first.selectbox, "Sampler", "sampler", format_func=sampler_name)
    form.ask(second.select_slider, "Steps", "steps", most=T)
    eta = form.ask(
        third.slider, "η", "eta", 0.05, disabled=sampler != "DDIM",
        help="DDIM's noise: 0 none, 1 as much as DDPM",
    )  # fmt: skip
    form.ask(more.number_input, "Digits", "count")
    form.ask(more.number_input, "Seed", "seed")
    label, w = guidance_widgets(SampleConfig) if knows_labels else (None, 0.0)
    return form.made(eta=eta if sampler == "DDIM" else 0.0, label=label, w=w), last


def film_for(model, config: SampleConfig, place: DeltaGenerator) -> tuple[tuple, Film]:
    """The last film and what it was made for, or a new one when asked for, or at the first visit."""
    made_for = (model.about, config)
    return on_request(
        "film",
        made_for,
        lambda made_for, report: kept("generate", made_for) or sample(model, config, report),
        "Sampling",
        button="Generate",
        first=made_for,
        place=place,
    )


def show(film: Film, config: SampleConfig) -> None:
    sheets = [tiled(frame) for frame in film.xs], [tiled(frame) for frame in film.x0_hats]
    player(
        [
            ImagesPanel("x_t, the walk from noise to data", np.stack(sheets[0]), film.captions),
            ImagesPanel("the x0 predicted at that step", np.stack(sheets[1]), film.captions),
        ],
        key="generate-player",
        fps=12,
    )
    name = f"digits-{config.sampler.lower().replace(', ', '-')}-{config.steps}-seed{config.seed}"

    download_gif("GIF", lambda: gif_bytes(film.pairs()), f"{name}.gif", "gif-x")
    download_webp("WebP", lambda: webp_bytes(film.pairs()), f"{name}.webp", "webp-x")
    download_png("PNG", lambda: png_bytes(enlarged(sheets[0][-1])), f"{name}.png", "png")


def explain() -> None:
    with st.expander("What happens here"):
        st.markdown(
            'A step of DDIM and DDPM is the lecture\'s "Another form for the DDPM generation step" (Song et al. 2021, '
            "eq. 12):"
        )
        st.latex(
            r"\mathbf{x}_{t-1} = \sqrt{\bar\alpha_{t-1}}\underbrace{\left(\frac{\mathbf{x}_t - \sqrt{1-\bar\alpha_t}\,"
            r"\epsilon_\theta}{\sqrt{\bar\alpha_t}}\right)}_{\text{predicted } \mathbf{x}_0}"
            r" + \sqrt{1-\bar\alpha_{t-1}-\sigma_t^2}\,\epsilon_\theta + \sigma_t \epsilon_t"
        )
        st.markdown("\n".join(f"- **{sampler_name(sampler)}**: {rule}." for sampler, rule in RULES.items()))
        st.markdown(
            "The right panel shows that predicted $x_0$. At first it is a blur, the mean of all digits that could have "
            "led to this noise; then it decides. **Try** 10 steps by DDIM with η = 0 and with η = 1, and by "
            "DDPM, β: the last one, σ̂ in the lecture's Table 1, leaves too much noise in the image. "
            "The page Table 1 measures them all."
        )


with page("Generate"):
    tries(__file__)
    model = choose_model()
    training_sidebar()
    config, place = settings(model.schedule.T, "label" in model.told)
    made_for, film = film_for(model, config, place)
    above = st.container()
    words, outcome = said_of_made(classifier(), film.images, made_for[1].label, real_clear())
    verdict_line(f"{words} {sampler_name(made_for[1].sampler)}, {made_for[1].steps} steps.", outcome)
    with above:
        show(film, made_for[1])
    explain()
