"""Page "Latent diffusion": latents on their way from noise, and what they decode to, step by step."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from images.films import kept
from images.latent.experiment import (
    LatentConfig,
    LatentFilm,
    MeasureConfig,
    Measured,
    claims,
    measure,
    sample,
)
from images.metrics.readable import said_of_made
from images.models import Model
from images.ui import (
    choose_model,
    classifier,
    digits,
    guidance_widgets,
    measured_on_request,
    real_clear,
    training_sidebar,
)
from playground.gif import gif_bytes, png_bytes, tiled, webp_bytes
from playground.statistics import ends, interval
from playground.ui.downloads import download_gif, download_png, download_webp
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, on_request, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.signs import typeset
from playground.ui.tries import tries

LARGER = 3  # latents are small; each of their pixels is drawn 3 x 3


def settings(T: int, knows_labels: bool) -> tuple[LatentConfig, DeltaGenerator]:
    """One row above the picture, and its last cell, for the button; a second one where a label can be told."""
    first, second, third, last = st.columns([2, 2, 1.2, 1], vertical_alignment="bottom")
    more = folded("More settings", third)
    form = Form(LatentConfig)
    form.ask(first.select_slider, "Steps", "steps", key="l-steps", most=T)
    form.ask(second.slider, "η", "eta", 0.05, key="l-eta", help="DDIM's noise: 0 none, 1 as much as DDPM")
    form.ask(more.number_input, "Digits", "count", key="l-count")
    form.ask(more.number_input, "Seed", "seed", key="l-seed")
    label, w = guidance_widgets(LatentConfig, "l-") if knows_labels else (None, 0.0)
    return form.made(label=label, w=w), last


def show(found: LatentFilm, config: LatentConfig) -> None:
    sheets = [tiled(frame) for frame in found.film.xs], [tiled(frame) for frame in found.film.x0_hats]
    latents = [tiled(frame.repeat(LARGER, 1).repeat(LARGER, 2)) for frame in found.latents]
    captions = found.film.captions
    player(
        [
            ImagesPanel("the latents, channels side by side", np.stack(latents), captions),
            ImagesPanel("what they decode to", np.stack(sheets[0]), captions),
            ImagesPanel("the predicted latents, decoded", np.stack(sheets[1]), captions),
        ],
        key="latent-player",
        fps=12,
    )
    told = "" if config.label is None else f"-label{config.label}-w{config.w:g}"
    name = f"latent-{config.steps}-seed{config.seed}{told}"
    download_gif("GIF, decoded", lambda: gif_bytes(sheets[0]), f"{name}.gif", "l-gif")
    download_gif("GIF, latents", lambda: gif_bytes(latents), f"{name}-latents.gif", "l-gif-latents")
    download_webp("WebP, decoded", lambda: webp_bytes(sheets[0]), f"{name}.webp", "l-webp")
    download_png("PNG", lambda: png_bytes(sheets[0][-1]), f"{name}.png", "l-png")


def measured(model: Model) -> None:
    measured_on_request(
        "What the latents lose", "latent-measured", "Digits of each", lambda n: (model.about, MeasureConfig(n)),
        lambda wanted, report: measure(model, classifier(), digits("train"), digits("test"), wanted[1], report),
        table, sizes=(200, 500, 1000, 2000), n_key="l-measured",
    )  # fmt: skip


def table(found: Measured) -> None:
    for said in claims(found):
        st.markdown(f"- {typeset(said)}")
    rows = [{"digits": name, "FCD": f"{e.value:.2f}", "95 % interval": ends(e, ".2f")}
            for name, e in found.distances.items()]  # fmt: skip
    for row in rows if found.agreement else ():
        row["read as asked"] = (
            interval(found.agreement[row["digits"]]) if row["digits"] in found.agreement else ""
        )
    st.dataframe(rows, hide_index=True, width="stretch", key="l-table")
    st.markdown(
        f"A latent holds {found.numbers} numbers. Mean squared error of a pixel in [-1, 1], on {found.config.digits:,} "
        f"test digits: **{found.error.value:.4f}** ({ends(found.error, '.4f')}; "
        f"{found.psnr:.1f} dB), by PCA with as many numbers {interval(found.pca, '.4f')}"
        f". Sampling took {found.seconds:.0f} s."
    )


with page("Latent diffusion"):
    tries(__file__)
    model = choose_model(kind="latent", key="latent-model")
    training_sidebar()
    config, place = settings(model.schedule.T, "label" in model.told)
    made_for = (model.about, config)
    shown = on_request(
        "latent-film", made_for, lambda wanted, report: kept("latent", wanted) or sample(model, wanted[1], report),
        "Sampling", button="Generate", first=made_for, place=place,
    )  # fmt: skip
    above = st.container()
    verdict_line(*said_of_made(classifier(), shown[1].film.images, shown[0][1].label, real_clear()))
    with above:
        show(shown[1], shown[0][1])
    measured(model)
    explained(__file__)
