"""Page "Train": the run that is on, or the newest: loss, samples on the way, settings."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import streamlit as st

from images.train.figures import loss_chart
from images.training import runs
from images.ui import digits, training_sidebar
from playground.progress import duration
from playground.ui.charts import chart
from playground.ui.page import bound, page

STRIP = 5  # pictures in the film strip, from the first to the newest


def headline(run: runs.Run) -> None:
    status = run.status()
    state = status["state"]
    st.markdown(f"Run **{run.name}**: {state}. {status.get('message') or ''}")
    if "step" not in status:
        return
    cells = st.columns(4)
    cells[0].metric("Step", f"{status['step']:,} / {status['steps']:,}")
    cells[1].metric("Loss", f"{status['loss']:.4f}")
    cells[2].metric("Images per second", f"{status['images_per_second']:,.0f}")
    left = status.get("seconds_left")
    cells[3].metric("Time left", duration(left) if left and state in runs.LIVE else "none")


def previews(run: runs.Run) -> None:
    """A film strip from the averaged weights, always of the same noise, so that only the training changes it."""
    paths = run.previews()
    if not paths:
        st.caption("The first samples appear after a few seconds.")
        return
    st.markdown("Samples on the way (20 DDIM steps from the same noise)")
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(STRIP, len(paths))).astype(int)]
    for cell, path in zip(st.columns(STRIP), chosen, strict=False):
        cell.image(str(path), caption=after(path), width="stretch")


def after(preview: Path) -> str:
    return f"after step {runs.step_of(preview):,}"


def live(name: str) -> None:
    run = runs.Run(runs.root() / name)
    headline(run)
    previews(run)
    rows = run.log()
    if len(rows) > 1:
        chart(loss_chart(rows), "loss", 320)


def explain() -> None:
    with st.expander("What happens here"):
        st.markdown("A digit, a level and a noise are drawn, and the network is to find the noise again:")
        st.latex(
            r"L = E_{\mathbf{x}_0, t, \epsilon}\left[w_t\,\|\epsilon - \epsilon_\theta(\mathbf{x}_t, t)\|^2\right],"
            r"\qquad \mathbf{x}_t = \sqrt{\bar\alpha_t}\,\mathbf{x}_0 + \sqrt{1 - \bar\alpha_t}\,\epsilon"
        )
        st.markdown(
            "The lecture's training procedure of DDPM (Ho et al. 2020, eq. 14) has w = 1 and t uniform. The first "
            "three presets take flow matching's w = (1 + sigma / alpha)² (Lipman et al. 2023), and draw "
            "log(sigma / alpha) from N(0, 1) (Esser et al. 2024): most training goes to the middle levels, where "
            "a digit gets its shape, and least to the last traces of noise, where nothing visible is decided. The "
            "network itself answers with v, from which noise and digit both follow at every level "
            "(Salimans and Ho 2022). Samples come from an average of the weights over the last thousand steps.\n\n"
            "**Try** stopping the run and going on: it continues as if nothing had happened. **Look** at the samples: "
            "strokes come first, whole digits later, while the loss seems to stand still."
        )


def contents() -> None:
    training_sidebar()
    st.caption(f"Data: {digits('train').source}. Runs are kept in {runs.root()}.")
    found = runs.all_runs()
    if not found:
        st.info("No run yet: choose a length in the sidebar and press Start training.")
        return
    name = bound(st.selectbox, "Run", [run.name for run in found], key="run")
    run = runs.Run(runs.root() / name)
    if not run.is_sound:
        st.error(f'{run.status()["message"]} The page "Runs and metrics" deletes it.')
        return
    is_live = run.status()["state"] in runs.LIVE
    st.fragment(live, run_every=2.0 if is_live else None)(name)
    with st.expander("Settings of this run"):
        st.json(asdict(run.config))
    explain()


with page(
    "Train",
    "The network learns to predict the noise in a noised digit. Start, stop and go on in the sidebar.",
):
    contents()
