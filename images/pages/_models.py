"""Which model the pages use: the one that came with the project, or one trained here."""

from pathlib import Path

import streamlit as st

from images import runs
from images.evaluate import Yardstick
from images.mnist import Digits, load
from images.model import SHIPPED, Model, best_device, load_model
from playground.progress import duration


def choose_model(label: str = "Model", key: str = "model", described: Model | None = None) -> Model:
    """A box in the sidebar; stops the page with a sentence where there is no model at all.

    described: a model that the sidebar has said everything about already.
    """
    found = {str(run.model): f"run {run.name}" for run in runs.all_runs() if run.model.is_file()}
    choices = ({str(SHIPPED): "the shipped model"} if SHIPPED.is_file() else {}) | found
    if not choices:
        st.info("There is no trained model yet: train one with the button in the sidebar.")
        st.stop()
    path = st.sidebar.selectbox(label, list(choices), format_func=choices.get, key=key)
    model = _loaded(path, Path(path).stat().st_mtime_ns)
    if model is not described:
        st.sidebar.caption(describe(model))
    return model


@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def _loaded(path: str, changed: int) -> Model:
    """Reads the file again when it has changed, as a run's does while it trains."""
    return load_model(path, best_device())


def describe(model: Model) -> str:
    """One line: size, what it has seen, for how long, and where."""
    about = model.about
    return (
        f"{model.parameters:,} parameters; trained on {about['images_seen']:,} images drawn from "
        f"{about['data']['digits']}, in {duration(about['seconds'])} on {about['device']}. "
        f"Samples on {model.device.type}."
    )


@st.cache_resource(show_spinner="Loading the digits")
def digits(split: str) -> Digits:
    """MNIST, loaded once for all sessions."""
    return load(split)


@st.cache_resource(show_spinner="Loading the classifier and the digits")
def yardstick() -> Yardstick:
    """What models are measured with, loaded once for all sessions."""
    return Yardstick.load()
