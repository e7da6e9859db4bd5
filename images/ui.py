"""Which model the pages use: the one that came with the project, or one trained here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from images.data.mnist import Digits, load
from images.metrics.classifier import Classifier, load_classifier
from images.metrics.evaluate import Yardstick
from images.metrics.readable import clear
from images.models import SHIPPED_MODELS, Model, best_device, kind_of, load_model, told_of
from images.training import job, records, runs
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from playground.errors import UserError
from playground.progress import Report, duration
from playground.ui.knobs import ask
from playground.ui.page import in_url, on_request, one_of
from playground.ui.signs import typeset

T = TypeVar("T")
K = TypeVar("K")


def measured_on_request(
    heading: str,
    key: str,
    label: str,
    made_for: Callable[[int], K],
    make: Callable[[K, Report], T],
    show: Callable[[T], object],
    *,
    sizes: Sequence[int] = (20, 50, 100, 200),
    index: int = 1,
    n_key: str,
    verb: str = "Measuring",
    note: str = "",
) -> None:
    """Below a heading, if any: a box of how many digits, a button that measures on them, and the last result as
    `show` draws it, or before the first the note.

    made_for: from that number to the settings of one measurement.  key, n_key: of the result, and of the box.
    """
    if heading:
        st.subheader(heading)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    n = in_url(left.selectbox, label, list(sizes), index=index, key=n_key)
    found = on_request(
        key, made_for(int(n)), make, verb, button="Measure", icon=":material/straighten:", place=right
    )
    if found is not None:
        show(found[1])
    elif note:
        st.caption(note)


def table_and_claims(rows: Sequence[Mapping[str, Any]], key: str, sentences: Iterable[str] = ()) -> None:
    """A table of all rows, and each sentence below it."""
    st.dataframe(rows, hide_index=True, key=key, width="stretch")
    for sentence in sentences:
        st.markdown(typeset(sentence))


def choose_model(
    label: str = "Model",
    key: str = "model",
    described: Model | None = None,
    kind: str = "digits",
    needs: str = "",
) -> Model:
    """A box in the sidebar with the models of one kind; stops the page with a sentence where there is none.

    described: a model that the sidebar has said everything about already
    needs:     a condition that the model must know, such as "label"
    """
    found = {str(run.model): f"run {run.name}" for run in runs.all_runs() if kind_of(run.model) == kind}
    choices = {str(path): name for path, name in SHIPPED_MODELS.items() if kind_of(path) == kind} | found
    if needs:
        choices = {path: name for path, name in choices.items() if needs in told_of(path)}
    if not choices:
        st.info("There is no trained model yet: train one with the button in the sidebar.")
        st.stop()
    path = in_url(st.sidebar.selectbox, label, list(choices), format_func=choices.get, key=key)
    model = _loaded(path, Path(path).stat().st_mtime_ns)
    if model is not described:
        st.sidebar.caption(describe(model))
    return model


@st.cache_resource(max_entries=4, show_spinner=False)
def _loaded(path: str, changed: int) -> Model:
    """Reads the file again when it has changed, as a run's does while it trains."""
    return load_model(path, best_device())


def describe(model: Model) -> str:
    """One line: size, what it has seen, for how long, and where."""
    about, words = model.about, [f"{model.parameters:,} parameters"]
    data = about.get("data")  # a file may be of another version, and lack what is said here
    if records.is_number(about.get("images_seen")):
        words.append(f"trained on {about['images_seen']:,} images")
    if isinstance(data, dict) and data.get("digits"):
        words.append(f"drawn from {data['digits']}")
    if records.is_number(about.get("seconds")):
        words.append(f"in {duration(about['seconds'])} on {records.device_of(about)}")
    return f"{', '.join(words)}. Samples on {model.device.type}."


@st.cache_resource(show_spinner=False)
def digits(split: str) -> Digits:
    """MNIST, loaded once for all sessions."""
    return load(split)


@st.cache_resource(show_spinner=False)
def classifier() -> Classifier:
    """What reads digits, where no distances are measured, loaded once for all sessions."""
    return load_classifier()


@st.cache_resource(show_spinner="Reading real digits")
def real_clear(n: int = 500) -> np.ndarray:
    """Which of the first test digits the classifier is sure about: what digits of a page are held to."""
    return clear(classifier(), digits("test").images[:n])


@st.cache_resource(show_spinner=False)
def yardstick() -> Yardstick:
    """What models are measured with, loaded once for all sessions."""
    return Yardstick.load()


IDLE = 30.0  # seconds between two looks where nothing trains here: each is a run of the page's script
_REFUSED = "train-refused"  # in the session: why a training did not start
LABELS = {
    "look": "a first look",
    "cpu-quick": "quick",
    "cpu": "good",
    "labelled-quick": "told labels, quick",
    "labelled": "told labels",
    "guide": "a guide: a classifier of noised digits",
    "guide-clean": "a guide that knows clean digits only",
    "palette": "Palette: told a damaged picture",
    "clip": "DALL-E 2: CLIP",
    "clip-own": "CLIP with its own loss, to compare",
    "clip-bag": "CLIP that reads a bag of words, to compare",
    "noisy-clip": "DALL-E 2: a CLIP of noised digits",
    "prior": "DALL-E 2: the prior",
    "ar-prior": "DALL-E 2: the autoregressive prior",
    "decoder": "DALL-E 2: the decoder",
    "upsampler": "DALL-E 2: the upsampler",
    "scene-clip": "scenes of two digits: CLIP",
    "scene-clip-bag": "CLIP of scenes that reads a bag of words, to compare",
    "scene-decoder": "scenes of two digits: the decoder",
    "scene-words": "a decoder of scenes that is told words alone, to compare",
    "scene-embedding": "a decoder of scenes that is told the embedding alone, to compare",
    "diffusion-autoencoder": "a diffusion autoencoder",
    "z-prior": "a prior of its z",
    "perception": "the classifier of the perceptual loss",
    "autoencoder-f4": "an autoencoder, f = 4",
    "autoencoder-f2": "an autoencoder, f = 2",
    "autoencoder-f8": "an autoencoder, f = 8",
    "autoencoder-f4-perceptual": "the same, features compared",
    "autoencoder-f4-adversarial": "and patches judged by a critic",
    "latent-f4": "diffusion in its latents",
    "latent-f4-labelled": "diffusion in its latents, told labels",
    "latent-f2": "diffusion in latents of f = 2",
    "latent-f8": "diffusion in latents of f = 8",
    "ncsn": "NCSN's network and loss",
    "gpu-minute": "a minute on a GPU",
    "gpu": "best, on a GPU",
}


def sampler_name(sampler: str) -> str:
    """As a page writes it; a command line and an address have letters that a keyboard has."""
    return sampler.replace("beta", "β")


def guidance_widgets(config: type, prefix: str = "") -> tuple[int | None, float]:
    """The class that the model is told, and how much it is guided towards it.

    config: the experiment's, whose w it is; prefix: of the two widgets' keys.
    """
    first, second = st.columns([3, 2], vertical_alignment="bottom")
    chosen = one_of(first, "Label", ["none", *map(str, range(10))], key=f"{prefix}label")
    w = ask(
        second.slider, "Guidance w", config, "w", 0.25, key=f"{prefix}w", disabled=chosen == "none",
        help="The lecture's w: $(1 + w)\\,ε(x_t, c) - w\\,ε(x_t)$; 0 is the conditional model.",
    )  # fmt: skip
    return (None, 0.0) if chosen == "none" else (int(chosen), float(w))


def training_sidebar() -> None:
    """Draws the training controls in the sidebar; they refresh themselves while a run is on."""
    if runs.readonly():
        st.sidebar.caption("Training, renaming and deleting are switched off on this server.")
        return
    live = runs.live_run() is not None
    with st.sidebar:
        # Without a run it still looks now and then: another tab or a command line may have started one.
        st.fragment(_controls, run_every=1.0 if live else IDLE)(live)


def _controls(was_live: bool) -> None:
    run = runs.live_run()
    if (run is not None) != was_live:
        st.rerun()  # the whole page: its models and its refresh rate have changed
    st.subheader("Train on MNIST")
    if refused := st.session_state.get(_REFUSED):  # it outlives the redraws, until the next attempt
        st.error(refused)
    if run is None:
        _idle()
    else:
        show_progress(run)
        if st.button("Stop", icon=":material/stop:", width="stretch", key="train-stop"):
            _try(run.ask_to_stop)
        if (silence := run.silence()) > runs.SILENT:
            _hanging(run, silence)


def _hanging(run: runs.Run, silence: float) -> None:
    st.warning(
        f"No word from the training for {duration(silence)}: its process may hang. End it, then go on from the last "
        "checkpoint."
    )
    if st.button("End its process", icon=":material/cancel:", width="stretch", key="train-kill"):
        run.kill()


def show_progress(run: runs.Run) -> None:
    """Bar, time left, speed and loss of a live run."""
    status = run.status()
    if status["state"] == "starting" or "step" not in status:
        st.progress(0.0, status.get("message") or "starting")
        return
    st.progress(status["step"] / status["steps"], f"about {duration(status.get('seconds_left', 0))} left")
    st.caption(
        f"step {status['step']:,} of {status['steps']:,}, loss {status['loss']:.3f}, "
        f"{status['images_per_second']:,.0f} images/s on {status.get('device', 'this machine')}"
    )


def _idle() -> None:
    latest = next(iter(runs.all_runs()), None)
    if latest is not None:
        _last_run(latest)
    names = list(PRESETS)
    preset = st.selectbox(
        "Preset",
        names,
        names.index("cpu-quick"),
        format_func=lambda name: LABELS.get(name, name),
        key="train-preset",
    )
    config = PRESETS[preset]
    thousands = st.number_input(
        "Length, thousand images", 1, 100_000, config.images // 1000, key=f"train-images-{preset}",
        help="How many training images are shown in all. The time left appears after the first steps.",
    )  # fmt: skip
    left, right = st.columns(2)
    batch = left.number_input("Batch", 1, 8192, config.batch, key=f"train-batch-{preset}")
    lr = right.number_input("Learning rate", 1e-5, 1.0, config.lr, format="%.5f", key=f"train-lr-{preset}")
    if st.button("Start training", type="primary", icon=":material/play_arrow:", width="stretch"):
        start_training(config, images=int(thousands) * 1000, batch=int(batch), lr=lr)


def _last_run(run: runs.Run) -> None:
    """What became of the newest run, and a button to go on with it."""
    status = run.status()
    if status["state"] in ("failed", "died", runs.DAMAGED):
        st.error(f"Run {run.name}: {status.get('message')}")
    elif "step" in status:
        st.caption(f"Run {run.name} {status['state']} at step {status['step']:,} of {status['steps']:,}.")
    if run.can_go_on and st.button("Go on with it", icon=":material/resume:", width="stretch"):
        _try(lambda: job.start(name=run.name))


def start_training(config: TrainConfig, **changes: Any) -> None:
    """A run of these settings, in a process of its own; a refusal is shown in the sidebar.  The page runs again."""
    _try(lambda: job.start(with_changes(config, **changes)))


def _try(action) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        action()
    except UserError as error:
        st.session_state[_REFUSED] = str(error)
    st.rerun()
