"""Page "Guidance on digits": the ten classes from the same noise at several strengths, and what that costs."""

from dataclasses import replace

import numpy as np
import streamlit as st

from images.films import kept
from images.guidance.experiment import (
    FIRST,
    SCALES,
    WEIGHTS,
    GuidanceConfig,
    Sweep,
    by_guide,
    by_guide_stochastic,
    classifier_free,
    sweep,
    the_ten,
    verdicts,
)
from images.guidance.figures import accuracy_chart, sweep_charts
from images.guidance.task import SHIPPED, SHIPPED_CLEAN, accuracy_by_level, load_guide
from images.metrics.readable import read
from images.models import Model
from images.ui import choose_model, classifier, digits, training_sidebar, yardstick
from playground.gif import enlarged, png_bytes, tiled
from playground.progress import Report
from playground.solvers import dpmpp_2m
from playground.statistics import difference_of_shares, verdict
from playground.ui.charts import chart
from playground.ui.downloads import download_png
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, in_url, on_request, page, picture, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.sheet import sheet
from playground.ui.tries import tries

BY = {
    "itself": "without a classifier: (1 + w) ε(x, c) - w ε(x)",
    "guide": "by a classifier of noised digits, DDIM's form",
    "guide, stochastic": "by the same, the stochastic form",
    "clean guide": "by a classifier of clean digits only, DDIM's form",
    "clean guide, stochastic": "by that one, the stochastic form",
}
GUIDES = {"guide": SHIPPED, "clean guide": SHIPPED_CLEAN}


@st.cache_resource(show_spinner=False)
def guide_of(name: str):
    return load_guide(GUIDES[name])


def settings() -> tuple[str, GuidanceConfig]:
    first, second, fourth, fifth, third = st.columns([3, 2, 1, 1, 1], vertical_alignment="bottom")
    by = in_url(first.selectbox, "Guided", list(BY), key="by", format_func=BY.get)
    form = Form(FIRST if by == "itself" else GuidanceConfig)
    if by == "itself":
        form.ask(second.select_slider, "Steps of DPM-Solver++", "steps")
    else:
        form.ask(second.select_slider, "Steps", "steps", key="guide-steps")
    form.ask(third.number_input, "Seed", "seed")
    says = "Guidance only at levels of more noise than the first and no more than the second; 10,000 is above all."
    low = form.ask(fourth.number_input, "Above σ/α", "low", help=says, format="%g")
    form.ask(fifth.number_input, "Up to σ/α", "high", least=low, help=says, format="%g")
    strengths = WEIGHTS if by == "itself" else SCALES
    return by, form.made(strengths=strengths)


def guided_by(model: Model, by: str):
    if by == "itself":
        return classifier_free(model, dpmpp_2m)
    name, _, form = by.partition(", ")
    return (by_guide_stochastic if form else by_guide)(model, guide_of(name))


def guided_ten(model: Model, by: str, config: GuidanceConfig) -> tuple[np.ndarray, tuple[str, str]]:
    """One row for each strength, the classes 0 to 9 across, and what is read in them; asks for a prediction first."""
    strengths = config.strengths
    answer = predicted(
        "digits-guidance",
        (model.about, by, config),
        f"The strongest pull, {strengths[-1]:g}: how many of the ten digits are read as the class asked for?",
        lambda: st.slider("Of ten", 0, 10, 5, key="digits-guidance-answer"),
    )

    def make(_, report: Report) -> np.ndarray:
        known = kept("guidance", (model.about, by, config))
        return the_ten(model, guided_by(model, by), config, report) if known is None else known

    images = cached("guided-ten", (model.about, by, config), make, "Guiding")
    seen = read(classifier(), images).reshape(len(strengths), 10)
    return images, said_of_ten(seen, strengths, sign_of(by), answer)


def sign_of(by: str) -> str:
    """What the strength is called."""
    return "w" if by == "itself" else "s"


def show(images: np.ndarray, by: str, strengths: tuple[float, ...]) -> None:
    tiles = tiled(images, columns=10)
    rows = ", ".join(f"{s:g}" for s in strengths)
    sheet(
        tiles, f"0 to 9, each from its own noise, the same in every row; {sign_of(by)} from the top: {rows}"
    )
    download_png("PNG", lambda: png_bytes(enlarged(tiles)), "guided.png", "guided-png")


def said_of_ten(
    seen: np.ndarray, strengths: tuple[float, ...], sign: str, answer: int | None
) -> tuple[str, str]:
    """seen (strengths, 10): the class read in each picture; whether the strongest pull has more right."""
    right = (seen == np.arange(10)).sum(1)
    more = difference_of_shares(right[-1] / 10, 10, right[0] / 10, 10)
    told = ", ".join(f"{n} at {sign} = {s:g}" for n, s in zip(right, strengths, strict=True))
    words = f"Of ten digits, read as the class asked for: {told}. {compared(answer, int(right[-1]))}"
    return words.strip(), verdict(more, "N = 10")


def measured(model: Model, by: str, chosen: GuidanceConfig) -> None:
    st.subheader("Measured")
    samples = in_url(st.selectbox, "Digits at each strength", (100, 200, 500, 1000), key="samples")
    config = replace(chosen, samples=int(samples))

    def make(wanted, report: Report) -> Sweep:
        guide = None if by == "itself" else guide_of(by.partition(", ")[0])
        return sweep(model, guided_by(model, by), yardstick(), wanted[2], guide, report)

    found = on_request("guided", (model.about, by, config), make, "Measuring", button="Measure")
    if found is None:
        st.caption(
            "Agreement with the label, distance and variety against the strength; about a minute for 100 digits."
        )
        return
    for sentence in verdicts(found[1]):
        st.markdown(sentence)
    chart(sweep_charts(found[1], "w" if by == "itself" else "s"), "guided-chart", 380)


@st.cache_data(show_spinner="Reading noised digits")
def accuracies() -> tuple[dict[str, dict[int, float]], int]:
    """Of both guides at every level, over a thousand test digits."""
    few = digits("test").part(0, 1_000)
    names = {"guide": "noised digits", "clean guide": "clean digits only"}
    return {words: accuracy_by_level(guide_of(name), few) for name, words in names.items()}, len(few)


def by_level() -> None:
    """What each guide knows of noised digits: the one that saw none is asked about points that it never met."""
    st.subheader("What the guides know, level by level")
    curves, N = accuracies()
    chart(accuracy_chart(curves, N), "guides-chart", 300)


with page("Guidance on digits"):
    tries(__file__, predict=True)
    by, config = settings()
    # a classifier guides a model that was never told a label: that is what it is for
    model = (
        choose_model(key="guided-model", needs="label")
        if by == "itself"
        else choose_model(key="unguided-model")
    )
    training_sidebar()
    above = picture()
    images, told = guided_ten(model, by, config)
    verdict_line(*told)
    with above:
        show(images, by, config.strengths)
        with st.container():
            measured(model, by, config)
    if by != "itself":
        by_level()
    explained(__file__)
