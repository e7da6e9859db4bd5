"""Page "Variations and in between": digits of one embedding, the way between two, and what an embedding keeps."""

import numpy as np
import streamlit as st

from images.dalle2.between_measure import BetweenConfig, claims, measure_between
from images.dalle2.clip_task import SHIPPED
from images.dalle2.experiment import DrawConfig, Drawing, Stack, between, load_stack, variations
from images.dalle2.frames import steps_shown
from images.films import kept
from images.metrics.readable import clear, read, said_of_class
from images.models import best_device
from images.ui import classifier, digits, measured_on_request, training_sidebar
from images.variations.experiment import FIRST, LEAST, ORIGINAL, SpreadConfig, Spreads, for_file, spreads
from playground.gif import gif_bytes, png_bytes, tiled
from playground.statistics import FAILS, HOLDS, interval
from playground.ui.downloads import download_gif, download_png
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, in_url, one_of, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

VARY, BETWEEN = "variations of one", "between two"


@st.cache_resource(show_spinner=False)
def stack() -> Stack:
    return load_stack(SHIPPED.parent, best_device())


def settings() -> tuple[str, int, int, DrawConfig]:
    one, two, three, five, last = st.columns([2.7, 1, 1, 1.6, 1.3], vertical_alignment="bottom")
    more = folded("More settings", last)
    kind = one_of(one, "Digits that are", [VARY, BETWEEN], key="v-kind")
    most = len(digits("test")) - 1
    first = in_url(two.number_input, "Test digit", 0, most, ORIGINAL, key="v-digit")
    other = in_url(three.number_input, "and", 0, most, 25, key="v-other", disabled=kind == VARY)
    form = Form(FIRST)
    form.ask(more.number_input, "Digits", "count", key="v-count", least=LEAST)
    form.ask(five.slider, "w of the decoder", "w", 0.5, key="v-w", help="guidance; 0 none")
    form.ask(more.number_input, "Seed", "seed", key="v-seed")
    return kind, int(first), int(other), form.made()


def made(kind: str, first: int, other: int, config: DrawConfig) -> Drawing:
    images = digits("test").images

    def make(_, report) -> Drawing:
        if kind == VARY:
            known = kept("variations", for_file(images[first], config))
            return known or variations(stack(), images[first], config, report)
        return between(stack(), images[first], images[other], config, report)

    return cached("varied", (kind, first, other if kind == BETWEEN else 0, config), make, "Drawing")


def show(kind: str, first: int, other: int, drawing: Drawing, steps: int) -> None:
    """The walk to the digits, with the real ones before and, between two, after them."""
    images, frames = digits("test").images.numpy(), len(drawing.larges)
    ends = [images[first]] if kind == VARY else [images[first], images[other]]
    real = [np.repeat(end[None], frames, 0) for end in ends]  # (F, 1, 28, 28) each
    whole = np.concatenate([real[0], drawing.larges, *real[1:]], 1)
    columns = 4 if kind == VARY else whole.shape[1]
    sheets = [tiled(frame, columns=columns) for frame in whole]
    smalls = [tiled(frame, columns=4) for frame in drawing.smalls]
    captions = tuple(steps_shown(steps, frames))
    title = "the real digit first, then its variations" if kind == VARY else "real, what lies between, real"
    panels = [ImagesPanel(title, np.stack(sheets), captions)]
    if kind == VARY:
        panels.insert(
            0, ImagesPanel("decoder: 14 x 14, told the embedding alone", np.stack(smalls), captions)
        )
    player(panels, key="v-player", fps=8)
    if kind == BETWEEN:
        st.caption(
            "Embeddings at equal angles on the arc from one digit's to the other's, all decoded from the same noise: "
            "what changes is what CLIP sees. The GIF goes along the arc."
        )
    along = [frame.repeat(4, 0).repeat(4, 1) for frame in whole[-1]]
    name = f"variations-{first}" if kind == VARY else f"between-{first}-{other}"
    download_gif("GIF", lambda: gif_bytes(sheets if kind == VARY else along), f"{name}.gif", "v-gif")
    download_png("PNG", lambda: png_bytes(sheets[-1]), f"{name}.png", "v-png")


def said(kind: str, first: int, drawing: Drawing) -> tuple[str, str]:
    """Whether variations keep the class, and what lies between two are digits: of these, for they share their noise."""
    seen = read(classifier(), drawing.images)
    if kind == BETWEEN:
        sure = clear(classifier(), drawing.images)
        return (
            f"Claim: between two digits lie digits. The metrics' classifier is sure of {sure.sum()} of these "
            f"{len(sure)}; from one end to the other they are read as {', '.join(map(str, seen))}."
        ), f"{HOLDS if sure.all() else FAILS} on this way"
    return said_of_class(seen, int(digits("test").labels[first]), "of the original")


def measured() -> None:
    measured_on_request(
        "What varies, and what stays", "v-measured", "Originals, 8 variations each", SpreadConfig,
        lambda wanted, report: spreads(stack(), digits("test"), classifier(), wanted, report), table,
        sizes=(10, 20, 50), index=0, n_key="v-originals", verb="Varying",
        note="The spread of each attribute within variations, beside its spread among real digits.",
    )  # fmt: skip


def measured_way() -> None:
    measured_on_request(
        "How even is the way?", "v-way", "Pairs of digits", BetweenConfig,
        lambda wanted, report: measure_between(stack(), digits("test"), classifier(), wanted, report),
        lambda found: st.markdown("\n\n".join(claims(found))),
        sizes=(10, 20, 50), index=0, n_key="v-pairs", verb="Walking in between",
        note="CLIP's arc beside blending pixels, judged by the metrics' classifier, pair by pair.",
    )  # fmt: skip


def table(found: Spreads) -> None:
    rows = [
        {
            "what": name,
            "over that of all digits": interval(spread.of_all, ".2f"),
            "over that of one class": interval(spread.of_class, ".2f"),
            "less than in a class": found.verdicts[name],
        }
        for name, spread in found.spreads.items()
    ]
    st.dataframe(rows, hide_index=True, key="v-table", width="stretch")
    d = found.forgotten
    st.markdown(
        f"Standard deviation within variations over that among real digits: 0 is all kept, 1 nothing. The class is "
        f"kept in {found.same_class}. Claim: what CLIP was never told, it forgets, so the picture as a whole spreads "
        f"more than what captions tell, each over its spread in a class: by {interval(d, '.2f')}"
        f": **{found.verdict}**."
    )


with page("Variations and in between"):
    tries(__file__)
    training_sidebar()
    kind, first, other, config = settings()
    drawing = made(kind, first, other, config)
    above = st.container()
    verdict_line(*said(kind, first, drawing))
    with above:
        show(kind, first, other, drawing, config.steps)
    if kind == VARY:
        measured()
    else:
        measured_way()
    explained(__file__)
