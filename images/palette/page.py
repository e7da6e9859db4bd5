"""Page "Palette": choose the damage, see what is told, the regression, and several restorations of it."""

import streamlit as st

from images.films import kept
from images.models import Model, best_device, load_model
from images.palette.experiment import (
    FIRST,
    PaletteConfig,
    Restored,
    for_file,
    from_bytes,
    measure,
    restore,
    said,
    sheet_of,
    verdicts,
)
from images.palette.table import FILES, Table, TableConfig, available, claims, markdown, needed, table
from images.ui import choose_model, classifier, digits, training_sidebar, yardstick
from playground.gif import enlarged, png_bytes
from playground.progress import Report
from playground.ui.downloads import download_png
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, in_url, on_request, one_of, page, picture, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.sheet import sheet
from playground.ui.tries import tries

NAMES = {
    "colourisation": "colour",
    "inpainting": "a hole",
    "uncropping": "a side",
    "jpeg": "JPEG",
}


def settings() -> PaletteConfig:
    first, second, third, fourth = st.columns([3, 2, 1, 1], vertical_alignment="bottom")
    task = one_of(first, "Damage", NAMES, key="task", default=FIRST.task)
    form = Form(FIRST)
    form.ask(second.select_slider, "Steps", "steps")
    form.ask(third.number_input, "First digit", "first", 10)
    form.ask(fourth.number_input, "Seed", "seed")
    return form.made(task=task)


def restored(model: Model, config: PaletteConfig) -> Restored:
    test = digits("test")

    def make(_, report: Report) -> Restored:
        known = kept("palette", for_file(model, test, config))
        return restore(model, test, config, report) if known is None else from_bytes(known, test, config)

    return cached("palette", (model.about, config), make, "Restoring")


def show(made: Restored) -> None:
    rows = sheet_of(made)
    sheet(
        rows,
        "Rows from the top: ten held-out digits; what the network is told; its first step from pure noise, the "
        "regression; four restorations",
    )
    download_png("PNG", lambda: png_bytes(enlarged(rows)), "palette.png", "palette-png")


def measured(model: Model, config: PaletteConfig) -> None:
    st.subheader("Measured on held-out digits")
    count = in_url(st.selectbox, "Digits", (50, 100, 200, 500), key="count")
    wanted = PaletteConfig(config.task, int(count), 4, config.steps, seed=config.seed)

    def make(made_for: tuple, report: Report) -> list[str]:
        found: Restored = restore(model, digits("test"), made_for[1], report)
        return verdicts(measure(found, classifier()))

    found = on_request("palette-measured", (model.about, wanted), make, "Measuring", button="Measure")
    for sentence in (
        found[1] if found else ["Regression against samples: the factor of two, PSNR, and what is read."]
    ):
        st.markdown(sentence)


def against_others(config: PaletteConfig) -> None:
    """A regression network, specialists and methods that know nothing of holes, on the same few digits."""
    st.subheader("Compared with networks trained for one thing")
    if config.task not in available():
        st.caption(f"There are networks to compare with for {', '.join(available())}: choose one of these.")
        return
    first, second = st.columns([1, 3], vertical_alignment="bottom")
    count = in_url(first.selectbox, "Digits", (20, 50, 100, 200), key="table-digits")
    wanted = TableConfig(config.task, int(count), steps=config.steps, seed=config.seed)

    def make(made_for: TableConfig, report: Report) -> Table:
        chosen = {name: FILES[name] for name in needed(made_for.task)}
        models = {name: load_model(path, best_device()) for name, path in chosen.items()}
        return table(models, load_model(device=best_device()), yardstick(), digits("test"), made_for, report)

    found = on_request("palette-table", wanted, make, "Comparing", button="Compare", place=second)
    if found is None:
        st.caption(
            "The networks, 30,000 images each: PSNR, Fréchet distance, what is read, and each claim's verdict."
        )
        return
    for sentence in claims(found[1]):
        st.markdown(sentence)
    st.markdown(markdown(found[1]))


with page("Palette"):
    tries(__file__, predict=True)
    model = choose_model(key="palette-model", kind="palette")
    training_sidebar()
    config = settings()
    answer = predicted(
        "palette",
        config,
        "Where the picture is missing: how many times the squared error of the regression has a sample?",
        lambda: st.slider("Times", 0.5, 4.0, 1.0, 0.1, key="palette-answer"),
    )
    above = picture()
    made = restored(model, config)
    found = measure(made, classifier())
    words, outcome = said(found)
    verdict_line(f"{words} {compared(answer, found.ratio)}".strip(), outcome)
    with above:
        show(made)
        with st.container():
            measured(model, config)
    against_others(config)
    explained(__file__)
