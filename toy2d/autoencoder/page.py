"""Page "Denoising autoencoder": trained by the plain loss, held against the optimal denoiser."""

import streamlit as st

from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, on_request, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.autoencoder.experiment import (
    Autoencoder,
    AutoencoderConfig,
    DescentConfig,
    autoencoder,
    descent,
    said,
)
from toy2d.autoencoder.figures import arrows_chart, autoencoder_clouds, descent_chart
from toy2d.net import QUICK, LearnConfig
from toy2d.ui import learned_for, mixture_widgets, show_clouds, told_widget


def settings() -> tuple[AutoencoderConfig, LearnConfig]:
    first, second, third, last = st.columns([1.3, 2, 2, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    form = Form(AutoencoderConfig)
    sigma = form.ask(third.select_slider, "Noise σ", "sigma")
    more = folded("More settings", last)
    network = Form(LearnConfig(steps=QUICK))
    network.ask(more.select_slider, "Training points", "points")
    network.ask(more.select_slider, "Training steps", "steps")
    told_pi = told_widget(more, mixture)
    seed = form.ask(more.number_input, "Seed", "seed")
    learn = network.made(mixture=mixture, objective="dae", sigma=sigma, seed=seed)
    return form.made(mixture=mixture), learn.telling_pi(told_pi)


def numbers(result: Autoencoder) -> None:
    a, b, c, d = st.columns(4)
    a.metric(
        "Loss of the network",
        f"{result.loss:.3f}",
        help="E‖d(x̃) − x‖² on fresh points, both dimensions summed",
    )
    b.metric(
        "Loss of the optimal denoiser", f"{result.optimal_loss:.3f}", help="No denoiser gets below this."
    )
    c.metric(
        "E‖d(x̃) − d*(x̃)‖²", f"{result.excess:.4f}",
        help="Between the network and the optimum, over the noisy points; in expectation the losses' difference.",
    )  # fmt: skip
    d.metric(
        "Relative error of d(x̃) − x̃", f"{result.relative.value:.1%}", help="Root of that over E‖d*(x̃) − x̃‖²"
    )


def smaller_and_smaller(learn: LearnConfig) -> None:
    """The curve over sigmas: six trainings, so only on demand."""
    st.subheader("The error as σ goes down")
    config = DescentConfig(
        learn.mixture, points=learn.points, steps=learn.steps, width=learn.width, seed=learn.seed,
        told_pi=learn.told_pi,
    )  # fmt: skip
    button = f"Train {config.levels} autoencoders, σ from 3 to 0.1"
    if found := on_request("descent", config, descent, "Training", button=button):
        chart(descent_chart(found[1]), "descent-chart")


with page("Denoising autoencoder"):
    tries(__file__)
    config, learn = settings()
    result = autoencoder(config, learned_for(learn))
    above = picture()
    verdict_line(*said(config, result))
    numbers(result)
    *arrows, error = arrows_chart(result)
    with above:
        show_clouds(autoencoder_clouds(config, result), "autoencoder")
        chart(error, "error", tall=True)
    chart(arrows, "arrows")
    smaller_and_smaller(learn)
    explained(__file__)
