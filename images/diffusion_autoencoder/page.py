"""Page "Diffusion autoencoder": a digit as z and x_T, and what they bring back."""

import numpy as np
import streamlit as st

from images.diffusion_autoencoder import drawing
from images.diffusion_autoencoder.claims import claims
from images.diffusion_autoencoder.experiment import ReconstructConfig, Reconstruction, reconstruct, said
from images.diffusion_autoencoder.figures import z_chart
from images.diffusion_autoencoder.measure import MeasureConfig, Measured, measure
from images.films import kept
from images.models import Model, load_model
from images.ui import choose_model, classifier, digits, measured_on_request, training_sidebar
from playground.gif import gif_bytes, png_bytes, tiled, webp_bytes
from playground.progress import Report
from playground.statistics import ends, interval
from playground.tables import markdown_table
from playground.ui.charts import chart
from playground.ui.downloads import download_gif, download_png, download_webp
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, in_url, on_request, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.signs import typeset
from playground.ui.tries import tries


def settings(T: int) -> tuple[int, ReconstructConfig]:
    first, third, fourth, fifth = st.columns([1, 2, 1, 1], vertical_alignment="bottom")
    most = len(digits("test")) - 1
    one = in_url(first.number_input, "Test digit", 0, most, 0, key="d-one")
    form = Form(ReconstructConfig)
    form.ask(third.select_slider, "Steps, up and down", "steps", key="d-steps", most=T)
    form.ask(fourth.number_input, "Random $x_T$", "count", key="d-count")
    form.ask(fifth.number_input, "Seed", "seed", key="d-seed")
    return int(one), form.made()


def show(image: np.ndarray, found: Reconstruction, config: ReconstructConfig) -> None:
    left, right = st.columns([2, 5], gap="medium")
    with left:
        x_T = np.clip(127.5 + found.x_T * 51, 0, 255).astype(np.uint8)  # 2.5 standard deviations to each end
        for column, picture, words in zip(
            st.columns(2),
            (image, x_T),
            ("the digit", f"its own $x_T$, std {found.x_T.std():.2f}"),
            strict=True,
        ):
            column.image(
                np.kron(picture, np.ones((5, 5), np.uint8)), caption=words, width="stretch", alt=words
            )
        chart(z_chart(found.z), "z-chart", 170)
        st.caption(
            f"z, {len(found.z)} numbers. $x_T$ of a real digit is shorter than noise, which has std 1."
        )
    frames = [tiled(frame, columns=3) for frame in found.film.xs]
    with right:
        player(
            [
                ImagesPanel(
                    "x_t: first from its own x_T, then random", np.stack(frames), found.film.captions
                ),
                ImagesPanel(
                    "the predicted x0",
                    np.stack([tiled(f, columns=3) for f in found.film.x0_hats]),
                    found.film.captions,
                ),
            ],
            key="reconstruct-player",
            fps=12,
        )
        download_gif("GIF", lambda: gif_bytes(frames), "reconstructed.gif", "d-gif")
        download_webp("WebP", lambda: webp_bytes(frames), "reconstructed.webp", "d-webp")
        download_png("PNG", lambda: png_bytes(frames[-1]), "reconstructed.png", "d-png")


# --- new digits ---------------------------------------------------------------------------------------------


def new_digits(model: Model, config: ReconstructConfig) -> None:
    st.subheader("Draw new digits")
    z_prior = choose_model("Prior of z", key="z-prior-model", kind="z-prior")
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    n = in_url(left.selectbox, "Digits to measure with", [200, 500, 1000], index=1, key="d-drawn")
    found = on_request(
        "dae-drawn",
        (model.about, z_prior.about, drawing.DrawConfig(24, 50, config.steps, config.seed)),
        lambda wanted, report: drawing.draw(model, z_prior, wanted[2], report),
        "Drawing",
        button="Draw",
        icon=":material/casino:",
        place=right,
    )
    if found is None:
        st.caption("z from a small denoiser of z, $x_T$ from noise; nothing of a digit goes in.")
        return
    film = found[1].film
    frames = [tiled(frame, columns=8) for frame in film.xs]
    panel = ImagesPanel("new digits: z from its prior, x_T from noise", np.stack(frames), film.captions)
    player([panel], key="drawn-player", fps=12, height=300)
    download_png("PNG", lambda: png_bytes(frames[-1]), "from-z.png", "d-drawn-png")
    judged = on_request(
        "dae-quality",
        (model.about, z_prior.about, drawing.QualityConfig(int(n), 50, config.steps, config.seed)),
        lambda wanted, report: drawing.quality(
            model, z_prior, classifier(), digits("train"), digits("test"), wanted[2], report
        ),
        "Measuring",
        button="Measure new digits",
        icon=":material/straighten:",
    )
    if judged is not None:
        for claim in drawing.claims(judged[1]):
            st.markdown(f"- {typeset(claim)}")
        rows = [
            {"z": way, "FCD": f"{e.value:.2f}", "95 % interval": ends(e, ".2f")}
            for way, e in judged[1].distances.items()
        ]
        st.markdown(typeset(markdown_table(rows)))


# --- measured -----------------------------------------------------------------------------------------------


def measured(model: Model) -> None:
    def make(wanted: tuple[dict, MeasureConfig], report: Report) -> Measured:
        told_nothing = load_model(device=model.device)
        return measure(model, told_nothing, classifier(), digits("train"), digits("test"), wanted[1], report)

    measured_on_request(
        "Measured", "dae-measured", "Test digits",
        lambda n: (model.about, MeasureConfig(n, pairs=min(20, n // 2))), make, tables, n_key="d-measured",
    )  # fmt: skip


def tables(found: Measured) -> None:
    for claim in claims(found):
        st.markdown(f"- {typeset(claim)}")
    rows = [{"from": name, "steps": f"{steps or ''}", "mean squared error": f"{e.value:.1e}",
             "95 % interval": ends(e, ".1e")} for (name, steps), e in found.errors.items()]  # fmt: skip
    st.markdown(typeset(markdown_table(rows)))
    st.markdown(
        "The longest of ten steps over the mean one, in the "
        "classifier's features (1 is even): "
        + ", ".join(f"{name} {interval(e, '.2f')}" for name, e in found.uneven.items())
        + f"; {found.config.pairs} pairs."
    )


with page("Diffusion autoencoder"):
    tries(__file__)
    model = choose_model(kind="diffusion-autoencoder", key="dae-model")
    training_sidebar()
    one, config = settings(model.schedule.T)
    image = digits("test").images[one, 0].numpy()
    found = cached(
        "reconstructed",
        (model.about, one, config),
        lambda _, report: (
            kept("autoencode", (model.about, image, config)) or reconstruct(model, image, config, report)
        ),
        "Reconstructing",
    )
    above = st.container()
    verdict_line(*said(found))
    with above:
        show(image, found, config)
    new_digits(model, config)
    measured(model)
    explained(__file__)
