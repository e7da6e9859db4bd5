"""Page "Autoencoder and latents": digits, their latents, and what comes back, at f = 2, 4 and 8."""

import math

import numpy as np
import streamlit as st

from images.autoencoders import losses
from images.autoencoders.experiment import (
    CRITIC,
    SHIPPED,
    SQUARED,
    MeasureConfig,
    Measured,
    ShowConfig,
    Shown,
    claims,
    for_file,
    measure,
    said,
    settled,
    show,
    straight,
)
from images.films import kept
from images.metrics.pca import Basis
from images.networks.autoencoder import Autoencoder
from images.ui import classifier, digits, measured_on_request, training_sidebar
from playground.gif import enlarged, png_bytes, tiled
from playground.progress import Report, turn_of
from playground.statistics import ends
from playground.ui.downloads import download_png
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, one_of, page, verdict_line
from playground.ui.tour import presenting
from playground.ui.tries import tries

MOST_NUMBERS = 256  # of f = 2: 16 x 16 x 1


@st.cache_resource(show_spinner=False)
def loaded(which: str) -> Autoencoder:
    return settled(SHIPPED[which], digits("train"))


@st.cache_resource(show_spinner=False)
def basis() -> Basis:
    """PCA of all training digits, with as many numbers as the largest latents have: smaller ones are its first."""
    return straight(digits("train"), MOST_NUMBERS)


def shown(config: ShowConfig) -> Shown:
    return show(loaded(config.which), digits("train"), digits("test"), config, basis())


def settings() -> ShowConfig:
    first, second, third = st.columns([3, 1, 1], vertical_alignment="bottom")
    which = one_of(first, "Lengths divided by", list(SHIPPED), key="a-f", default=SQUARED)
    form = Form(ShowConfig)
    form.ask(
        second.number_input, "First test digit", "first", 10, key="a-first", most=len(digits("test")) - 10
    )
    form.ask(third.number_input, "Seed of the noise", "seed", key="a-seed")
    return form.made(which=which)


def pictures(found: Shown) -> None:
    rows = (
        ("the digits", found.images),
        (f"what {found.numbers} numbers bring back", found.rebuilt),
        (f"what PCA with {found.numbers} numbers brings back", found.pca),
        ("what noise decodes to: no diffusion has made latents of it", found.noise),
    )
    left, right = st.columns([6, 1] if presenting() else [3, 2], gap="medium")
    for name, images in rows:
        left.image(enlarged(tiled(images, columns=10), 2), caption=name, width="stretch", alt=name)
    count, tall, wide = found.latents.shape
    scale = max(1, 48 // tall)
    across = math.ceil(
        math.sqrt(count * tall / wide)
    )  # the sheet is wider than high: the verdict stays in sight
    right.image(
        tiled(found.latents.repeat(scale, 1).repeat(scale, 2), columns=across),
        caption="the latents, channels side by side, zero in the middle of the grays",
        width="stretch",
        alt="the latents, channels side by side",
    )
    sheet = tiled(np.concatenate([images for _, images in rows]), columns=10)
    download_png("PNG", lambda: png_bytes(enlarged(sheet)), "autoencoder.png", "a-png")


def measured() -> None:
    measured_on_request(
        "Measured on held-out digits", "autoencoders-measured", "Digits of each", MeasureConfig, both,
        lambda found: table(*found), sizes=(200, 500, 1000, 2000), n_key="a-measured",
    )  # fmt: skip


def both(wanted: MeasureConfig, report: Report) -> tuple[Measured, losses.Compared]:
    """All of them by themselves, and the critic's against the squared error's."""
    nets, (first, second) = {name: loaded(name) for name in SHIPPED}, (turn_of(report, k, 2) for k in (0, 1))
    found = measure(nets, classifier(), digits("train"), digits("test"), wanted, first)
    pair = nets[CRITIC], nets[SQUARED]
    return found, losses.compare([pair], classifier(), digits("test"), wanted, second)[0]


def table(found: Measured, critics: losses.Compared) -> None:
    for claim in claims(found):
        st.markdown(f"- {claim}")
    st.markdown(
        "**With a perceptual loss and a critic of patches**, against squared error alone, both f = 4:"
    )
    for claim in losses.claims(critics, f"N = {found.config.digits:,}, one training each"):
        st.markdown(f"- {claim}")
    columns = {
        "psnr": "PSNR, dB",
        "pca": "PCA, dB",
        "rebuilt": "FCD, rebuilt",
        "noise": "FCD, noise",
        "gray": "gray",
    }
    rows = [
        {"": name, "numbers": row.numbers}
        | {
            title: f"{(e := getattr(row, what)).value:.2f} ({ends(e, '.2f')})"
            for what, title in columns.items()
        }
        for name, row in found.rows.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="a-table")
    st.caption(
        f"Floor of the distance {found.floor.value:.2f}, of the digits untouched "
        f"{found.untouched.value:.2f}; share of gray pixels in real digits {found.gray.value:.2f}: "
        "blur makes more. One training each."
    )


with page("Autoencoder and latents"):
    tries(__file__)
    training_sidebar()
    config = settings()
    found = cached(
        "autoencoder-shown",
        config,
        lambda _, report: kept("autoencoders", for_file(digits("test"), config)) or shown(config),
        "Encoding",
    )
    above = st.container()
    verdict_line(*said(found))
    with above:
        pictures(found)
    measured()
    explained(__file__)
