"""Page "Train": the run that is on, or the newest: loss, samples on the way, settings."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import streamlit as st

from images.train.figures import loss_chart
from images.train.looks import look_of
from images.training import runs
from images.training.presets import PRESETS
from images.training.speed import OFFERED, Measuring
from images.ui import LABELS, digits, start_training, training_sidebar
from playground.progress import duration
from playground.ui.charts import chart
from playground.ui.page import explained, in_url, page, verdict_line
from playground.ui.tour import page_at
from playground.ui.tries import tries

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


def strip(run: runs.Run) -> None:
    """A film strip from the averaged weights, always of the same noise, so that only the training changes it."""
    paths = run.previews()
    if not paths:
        st.caption("The first samples appear after a few seconds.")
        return
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(STRIP, len(paths))).astype(int)]
    for cell, path in zip(st.columns(STRIP), chosen, strict=False):
        cell.image(str(path), caption=after(path), width="stretch", alt=f"samples {after(path)}")


def after(preview: Path) -> str:
    return f"after step {runs.step_of(preview):,}"


def said(run: runs.Run) -> str:
    """Where the run is, from its own report."""
    status = run.status()
    if "step" not in status:
        return f"Run {run.name}: {status['state']}."
    seen = status["step"] * run.config.batch
    told = f"Run {run.name} has seen {seen:,} images in {duration(status.get('seconds', 0))}, loss {status['loss']:.3f}"
    left = status.get("seconds_left")
    if left and status["state"] in runs.LIVE:
        return f"{told}; {duration(left)} are left."
    return f"{told}; it is {status['state']}."


def onward(run: runs.Run) -> None:
    """From a run that has a model to its digits: one click."""
    if not run.model.is_file() or run.config.task != "digits":
        return
    generate = page_at("generate")
    if generate is None:
        st.caption("Its digits are on the page Generate.")
        return
    st.page_link(
        generate, label="Generate with this run", icon=":material/auto_awesome:",
        query_params={"model": f"run {run.name}"},
    )  # fmt: skip


def live(name: str) -> None:
    run = runs.Run(runs.root() / name)
    strip(run)
    verdict_line(said(run))
    onward(run)
    headline(run)
    rows = run.log()
    if len(rows) > 1:
        chart(loss_chart(rows), "loss", 320)


# --- presets: what they look like, how long they take here -----------------------------------------------------


@st.cache_resource
def measuring() -> Measuring:
    return Measuring()


def offers() -> None:
    """Each preset's digits, and its minutes on this machine; the first call draws, the second begins to measure."""
    speeds, busy = measuring(), runs.live_run() is not None
    known = speeds.found()
    seen = st.session_state.setdefault("train-offered", 0)
    st.session_state["train-offered"] = seen + 1
    if busy:
        speeds.stop()
    elif seen:
        speeds.start()
    for cell, preset in zip(st.columns(len(OFFERED)), OFFERED, strict=True):
        with cell:
            offer(preset, known.get(preset), speeds.is_over, busy)


def offer(preset: str, speed: float | None, over: bool, busy: bool) -> None:
    config = PRESETS[preset]
    look = look_of(preset)
    if look:
        with st.container(key=f"look-{preset}"):
            st.image(
                str(look[0]), width="stretch", alt=f"digits of the preset {LABELS[preset]}, drawn {look[1]}"
            )
    took = f"{config.images:,} images, {'not' if over or busy else 'being'} measured"
    if speed:
        took = f"**about {duration(config.images / speed)}** here, at {speed:,.0f} images/s"
    with st.container(key=f"took-{preset}"):
        st.markdown(f"**{LABELS.get(preset, preset)}**  \n{took}")
    if not runs.readonly() and st.button("Start", key=f"offer-{preset}", disabled=busy, width="stretch"):
        start_training(config)
    if look:
        st.markdown(f":small[Above: drawn {look[1]}.]")


def contents() -> None:
    tries(__file__)
    training_sidebar()
    found = runs.all_runs()
    if not found:
        st.fragment(offers, run_every=None if measuring().is_over else 1.0)()
        verdict_line(
            "No run yet: press Start below a preset. The minutes are measured on this machine, a second each."
        )
        st.caption(f"Data: {digits('train').source}. Runs are kept in {runs.root()}.")
        explained(__file__)
        return
    name = in_url(st.selectbox, "Run", [run.name for run in found], key="run")
    run = runs.Run(runs.root() / name)
    if not run.is_sound:
        st.error(f'{run.status()["message"]} The page "Runs and metrics" deletes it.')
        return
    is_live = run.status()["state"] in runs.LIVE
    st.fragment(live, run_every=2.0 if is_live else None)(name)
    with st.expander("Another run: what the presets look like, and how long they take here"):
        st.fragment(offers, run_every=None if is_live or measuring().is_over else 1.0)()
    with st.expander("Settings of this run"):
        st.json(asdict(run.config))
    st.caption(f"Data: {digits('train').source}. Runs are kept in {runs.root()}.")
    explained(__file__)


with page("Train"):
    contents()
