"""Page "Inpaint": paint a hole into a digit and see several ways to fill it."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from images.data.uploads import is_dark_ink, read_picture
from images.films import kept
from images.inpainting.experiment import (
    FIRST_DIGIT,
    METHODS,
    InpaintConfig,
    image_key,
    inpaint,
    left_half,
    said_of_completions,
)
from images.inpainting.figures import markdown
from images.inpainting.table import Table, TableConfig, claims, sheet_of, table
from images.metrics.readable import clear, read
from images.models import Model, load_model
from images.palette.task import SHIPPED as PALETTE
from images.sampling import Film
from images.ui import choose_model, classifier, digits, training_sidebar
from playground.gif import enlarged, gif_bytes, png_bytes, tiled, webp_bytes
from playground.progress import Report
from playground.ui.downloads import download_gif, download_png, download_webp
from playground.ui.knobs import Form
from playground.ui.mask import mask_canvas
from playground.ui.page import explained, folded, in_url, on_request, one_of, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.predict import compared, predicted
from playground.ui.tries import tries

HELP = {
    "RePaint": "re-noises the known part at every step, and climbs back to let the hole agree with it",
    "re-noise": "re-noises the known part at every step, once: quick, but edges may not match",
    "project": "replaces the known part of the predicted $x_0$ at every step",
    "DPS": "moves against the gradient of the distance to the known part: it is followed, not pinned",
}


def choose_image() -> tuple[np.ndarray, int | None]:
    """A test digit (or, without MNIST's files, a packaged one) and its class, or a picture: (28, 28) uint8."""
    test = digits("test")
    names = {"test digit": test.called.removesuffix("s"), "upload": "upload"}
    source = one_of(st, "Image", names, key="source")
    if source == "upload":
        return _uploaded(test.called), None
    st.session_state.setdefault("digit", FIRST_DIGIT)
    number, another = st.columns([1, 1], vertical_alignment="bottom")
    if another.button("Another", icon=":material/shuffle:", width="stretch"):
        st.session_state["digit"] = int(np.random.default_rng().integers(len(test)))
    index = in_url(number.number_input, f"Number, 0 to {len(test) - 1:,}", 0, len(test) - 1, key="digit")
    st.caption(f"A {int(test.labels[index])}; {test.source}. {test.caution}")
    return test.images[index, 0].numpy(), int(test.labels[index])


def _uploaded(instead: str) -> np.ndarray:
    file = st.file_uploader(
        "A picture of 28 x 28 pixels", type=["png", "jpg", "jpeg", "bmp", "gif"], key="upload"
    )
    left, right = st.columns(2)
    fit = left.checkbox("Fit to 28 x 28", key="fit")
    invert = right.checkbox("Dark ink", key="invert", help="MNIST is light ink on dark paper: turned around")
    if file is None:
        st.info(f"Choose a picture, or go back to the {instead}.")
        st.stop()
    image = read_picture(file, fit=fit, invert=invert)
    if is_dark_ink(image):
        offer, button = st.columns([3, 2], vertical_alignment="center")
        offer.caption("This is dark ink on light paper; the model draws light ink on dark.")
        turn = {"invert": not invert}  # a callback: a widget's own value cannot be set after it was drawn
        button.button(
            "Turn it around", icon=":material/invert_colors:", on_click=st.session_state.update, args=(turn,)
        )
    return image


def settings(T: int) -> tuple[InpaintConfig, DeltaGenerator]:
    """One row above the pictures, and its last cell, for the button."""
    cells = st.columns([1.2, 1.6, 1.6, 1.2, 1], vertical_alignment="bottom")
    more = folded("More settings", cells[3])
    method = in_url(
        cells[0].selectbox, "Method", METHODS, key="method", help="; ".join(f"{m} {HELP[m]}" for m in METHODS)
    )
    form = Form(InpaintConfig)
    form.ask(cells[1].select_slider, "Steps", "steps", key="in-steps", most=T)
    form.ask(
        cells[2].slider, "Resamplings r", "resamplings",
        disabled=method != "RePaint", help="how often RePaint walks each level; r = 1 is plain re-noising",
    )  # fmt: skip
    form.ask(more.slider, "η", "eta", 0.05, key="in-eta", help="DDIM's noise: 0 none, 1 as much as DDPM")
    form.ask(more.number_input, "Images", "count", key="completions")
    form.ask(more.number_input, "Seed", "seed", key="in-seed")
    return form.made(method=method), cells[4]


def show(film: Film, image: np.ndarray, hole: np.ndarray) -> None:
    columns = max(1, round(len(film.images) ** 0.5))
    sheets = [[tiled(frame, columns) for frame in frames] for frames in (film.xs, film.x0_hats)]
    player(
        [
            ImagesPanel("x_t, with the known part re-noised", np.stack(sheets[0]), film.captions),
            ImagesPanel("the predicted x0", np.stack(sheets[1]), film.captions),
        ],
        key="inpaint-player",
        fps=15,
    )
    name = f"inpainted-{image_key(image, hole)}"

    download_gif("GIF", lambda: gif_bytes(film.pairs(columns)), f"{name}.gif", "in-gif")
    download_webp("WebP", lambda: webp_bytes(film.pairs(columns)), f"{name}.webp", "in-webp")
    download_png("PNG", lambda: png_bytes(enlarged(sheets[0][-1])), f"{name}.png", "in-png")


def completed(
    model: Model,
    image: np.ndarray,
    label: int | None,
    hole: np.ndarray,
    config: InpaintConfig,
    place: DeltaGenerator,
    answer: int | None,
) -> None:
    """The last completions, or new ones when asked for, or at the first visit."""
    made_for = (model.about, config, image_key(image, hole))
    _, found = on_request(
        "completed",
        made_for,
        lambda made_for, report: (
            kept("inpaint", made_for) or inpaint(model, image, hole, config, report),
            image,
            hole,
            label,
        ),
        "Inpainting",
        button="Inpaint",
        icon=":material/brush:",
        first=made_for,
        place=place,
    )
    film, image, hole, label = found
    above = st.container()
    seen = read(classifier(), film.images)
    sure = clear(classifier(), film.images)
    words, outcome = said_of_completions(film.images, seen, sure, image, hole, label)
    verdict_line(f"{words} {_answered(answer, seen, label)}".strip(), outcome)
    with above:
        show(film, image, hole)


def _answered(answer: int | None, seen: np.ndarray, label: int | None) -> str:
    return "" if label is None else compared(answer, int((seen == label).sum()))


def measured(model: Model, seed: int) -> None:
    """All methods on the same held-out digits, a few of them here; the command line takes more."""
    st.subheader("Every method on the same digits")
    first, second = st.columns([1, 3], vertical_alignment="bottom")
    count = in_url(first.selectbox, "Digits", (5, 10, 20, 50), index=1, key="table-digits")
    wanted = TableConfig(int(count), steps=20, seed=seed)

    def make(made_for: tuple, report: Report) -> Table:
        palette = load_model(PALETTE, model.device)
        return table(model, palette, classifier(), digits("test"), made_for[1], report, digits("train"))

    found = on_request(
        "inpaint-table", (model.about, wanted), make, "Inpainting", button="Measure", place=second
    )
    if found is None:
        st.caption(
            "Is the true class read, how far apart are two completions, is the known part kept; and DPS on "
            "down-sampling, blur and noise. About a minute for 10 digits; `python -m images inpaint-table` takes 500."
        )
        return
    for sentence in claims(found[1]):
        st.markdown(sentence)
    st.image(
        enlarged(sheet_of(found[1]), 2),
        caption="For each mask: what is seen; " + ", ".join((*METHODS, "Palette")),
        alt="completions by each method",
    )
    st.markdown(markdown(found[1]))


def contents() -> None:
    model = choose_model()
    training_sidebar()
    config, place = settings(model.schedule.T)
    left, right = st.columns([3, 5], gap="medium")
    with left:
        image, label = choose_image()
        hole = mask_canvas(image, key="hole", default=left_half(), size=280)
    with right:
        answer = (
            predicted(
                "inpaint",
                (config, image_key(image, hole), label),
                f"{config.count} completions by {config.method}: how many are read as the digit that it was?",
                lambda: st.slider("Completions", 0, config.count, config.count // 2, key="inpaint-answer"),
            )
            if label is not None
            else None
        )
        completed(model, image, label, hole, config, place, answer)
    measured(model, config.seed)
    explained(__file__)


with page("Inpaint"):
    tries(__file__, predict=True)
    contents()
