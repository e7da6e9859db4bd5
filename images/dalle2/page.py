"""Page "DALL-E 2": a caption becomes a digit, and each stage can be seen at work."""

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from images.dalle2.agreement import Share, agreement, measured, said_of_drawn
from images.dalle2.clip_task import SHIPPED, embedded, load_clip
from images.dalle2.experiment import DrawConfig, Drawing, Stack, draw, for_file, load_stack
from images.dalle2.frames import embeddings_as_pictures, in_stages
from images.dalle2.measured_page import guided, scenes_bound, small_told, ways_to_tell
from images.data.captions import EXAMPLES, KNOWN, parse
from images.films import kept
from images.models import best_device
from images.networks.clip import cosines
from images.ui import classifier, digits
from playground.gif import gif_bytes, png_bytes, tiled
from playground.ui.downloads import download_gif, download_png
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, in_url, on_request, one_of, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

NEAREST = 8
REAL = 500  # test digits that drawn ones are held to
COLUMNS = 4  # of digits


@st.cache_resource(show_spinner=False)
def stack() -> Stack:
    return load_stack(SHIPPED.parent, best_device())


@st.cache_resource(show_spinner="Embedding test digits")
def test_embeddings() -> torch.Tensor:
    """Of the first 2,000 test digits, (2000, D)."""
    return embedded(load_clip(SHIPPED, best_device()), digits("test").images[:2000])


def choose_caption(box: DeltaGenerator, examples: DeltaGenerator) -> str:
    """A box for a caption, and examples to click."""

    def take(example: str) -> None:
        st.session_state["caption"] = example

    caption = in_url(
        box.text_input,
        "Caption",
        EXAMPLES[0],
        key="caption",
        help=f"It knows these words: {', '.join(KNOWN)}.",
    )
    for example in EXAMPLES:
        examples.button(example, on_click=take, args=(example,), type="tertiary", key=f"example-{example}")
    return caption


def settings() -> tuple[DrawConfig, DeltaGenerator]:
    """One row above the picture, and its last cell, for the button."""
    box, examples, second, third, last = st.columns([2, 1.3, 1.6, 1.3, 1], vertical_alignment="bottom")
    caption = choose_caption(box, folded("Examples", examples))
    more = folded("More settings", third)
    form = Form(DrawConfig)
    form.ask(more.number_input, "Digits", "count")
    form.ask(second.slider, "w of the decoder", "w", 0.5, help="guidance; 0 is the conditional model")
    form.ask(more.slider, "w of the prior", "prior_w", 0.5)
    form.ask(more.select_slider, "Steps of each stage", "steps")
    form.ask(more.number_input, "Seed", "seed")
    return form.made(caption=caption), last


def show(config: DrawConfig, drawing: Drawing) -> None:
    above = st.container()
    verdict_line(*said(config, drawing))
    embeddings = embeddings_as_pictures(drawing.embeddings, drawing.z_t)
    panels, captions = in_stages([embeddings, drawing.smalls, drawing.larges], config.steps)
    rows = -(-config.count // COLUMNS)
    columns = (-(-(config.count + 1) // rows), COLUMNS, COLUMNS)  # one embedding more, in as many rows
    sheets = [
        np.stack([tiled(frame, columns=across) for frame in panel])
        for panel, across in zip(panels, columns, strict=True)
    ]
    titles = (
        "prior: the caption's embedding, then images'",
        "decoder: 14 x 14, told embedding and caption",
        "upsampler: 28 x 28, told the small digit",
    )
    with above:
        player(
            [ImagesPanel(title, sheet, captions) for title, sheet in zip(titles, sheets, strict=True)],
            key="dalle2-player", fps=8,
        )  # fmt: skip
    name = f"{config.caption.replace(' ', '-')}-seed{config.seed}"
    download_gif("GIF", lambda: gif_bytes(list(sheets[2])), f"{name}.gif", "gif")
    download_png("PNG", lambda: png_bytes(sheets[2][-1]), f"{name}.png", "png")


@st.cache_data(max_entries=20, show_spinner=False)
def fitting(codes: tuple[int, ...]) -> Share:
    """Of the first test digits: which of them a caption of these codes is true of, though nobody asked for it."""
    real = digits("test").images[:REAL]
    asked = torch.tensor([codes]).expand(len(real), 4)
    return agreement(measured(classifier(), real, asked), asked)["all"]


def said(config: DrawConfig, drawing: Drawing) -> tuple[str, str]:
    """What was asked, and how much of it is there, measured on the pixels."""
    codes = tuple(parse(config.caption).codes)
    asked = torch.tensor([codes]).expand(config.count, 4)
    shares = agreement(measured(classifier(), torch.tensor(drawing.images)[:, None], asked), asked)
    return said_of_drawn(shares, fitting(codes))


def nearest(drawing: Drawing) -> None:
    """The real digits whose embeddings are nearest to the first one that was drawn, and to the caption's."""
    z = torch.tensor(np.stack([drawing.embeddings[-1, 0], drawing.z_t])).to(test_embeddings())
    scores = cosines(z, test_embeddings()).cpu()
    images = digits("test").images[:, 0].numpy()
    for column, row, label in zip(
        st.columns(2), scores, ("drawn by the prior (the first digit's)", "of the caption"), strict=True
    ):
        best = row.topk(NEAREST)
        near = tiled(images[best.indices.numpy()], columns=NEAREST)
        column.image(near, width=340, alt=f"real digits nearest to the embedding {label}")
        column.caption(f"Nearest to the embedding {label}: cosine {float(best.values[0]):.2f} at best.")


def explain() -> None:
    explained(__file__)
    with st.expander("Real digits that lie near"):
        nearest(st.session_state["drawing"][1])


with page("DALL-E 2"):
    tries(__file__)
    config, place = settings()
    run = on_request(
        "drawing",
        config,
        lambda wanted, report: kept("dalle2", for_file(wanted)) or draw(stack(), wanted, report),
        "Drawing",
        button="Draw",
        first=config,
        place=place,
    )
    if run is not None:
        show(*run)
        explain()
    parts = {
        "what the prior is for": lambda: ways_to_tell(stack),
        "guidance": lambda: guided(stack),
        "the upsampler": lambda: small_told(stack),
        "binding in scenes": scenes_bound,
    }
    parts[one_of(st, "Measured", list(parts), key="measured")]()
