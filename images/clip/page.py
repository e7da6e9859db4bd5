"""Page "CLIP": digits and captions on one sphere: search by text, cosines, classes without a classifier, the gap."""

import streamlit as st
import torch

from images.clip.figures import clouds_chart, matrix_chart
from images.dalle2.agreement import CHANCE, Share
from images.dalle2.clip_experiment import Clouds, Gap, ZeroShot, for_file, found, measured, similarity
from images.dalle2.clip_task import SHIPPED, embedded, load_clip
from images.data.captions import EXAMPLES, KNOWN, codes_of, parse, true_of
from images.data.mnist import Digits
from images.films import kept
from images.networks.clip import Clip
from images.ui import digits, training_sidebar
from playground.gif import png_bytes, tiled
from playground.progress import Report
from playground.statistics import difference_of_shares, ends, interval, verdict
from playground.ui.charts import chart
from playground.ui.downloads import download_png
from playground.ui.page import explained, in_url, on_request, page, verdict_line
from playground.ui.tries import tries

SEARCHED = 2000  # test digits
FEW = 25  # digits found that are shown five in a row


@st.cache_resource(show_spinner=False)
def clip() -> Clip:
    return load_clip(SHIPPED)


@st.cache_resource(show_spinner="Embedding test digits")
def searched() -> tuple[Digits, torch.Tensor, torch.Tensor]:
    """The first test digits, their embeddings (N, D) and all that is true of them (N, 4)."""
    test = digits("test")
    few = test.part(0, SEARCHED)
    return few, embedded(clip(), few.images), codes_of(few.images, few.labels)


def search() -> None:
    """A caption, and the digits whose embeddings lie nearest to it."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    caption = in_url(
        left.text_input, "Caption", EXAMPLES[0], key="c-caption",
        help=f"It knows these words: {', '.join(KNOWN)}.",
    )  # fmt: skip
    count = int(in_url(right.number_input, "Digits", 1, 60, 20, key="c-count"))
    codes = torch.tensor(parse(caption).codes)
    few, z_i, true = searched()
    nearest = found(clip(), z_i, codes, count).cpu()
    right_ones = true_of(codes[None], true)[:, 0]
    share, all_true = Share(int(right_ones[nearest].sum()), count), Share(int(right_ones.sum()), len(few))
    sheet = tiled(few.images[nearest, 0].numpy(), columns=5 if count <= FEW else 10)
    large = sheet.repeat(3, 0).repeat(3, 1)
    st.image(large, width="stretch", caption="nearest first, row by row", alt="the digits that were found")
    more = difference_of_shares(share.value, share.n, all_true.value, all_true.n)
    verdict_line(
        f"The caption fits **{share.hits} of these {count}**, {share}, as read from pixels; of all {len(few):,} digits "
        f"it fits {all_true.value:.1%}.",
        verdict(more, f"N = {count}"),
    )
    download_png("PNG", lambda: png_bytes(sheet), f"{caption.replace(' ', '-')}.png", "c-png")


def cosines_of() -> None:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    full = in_url(
        left.radio, "Captions", ["a zero to a nine", "their own, in full"], horizontal=True, key="c-captions"
    )
    skipped = int(
        in_url(
            right.number_input,
            "Pass over",
            0,
            800,
            0,
            key="c-others",
            help="digits of each class, to see others",
        )
    )
    matched = similarity(clip(), digits("test"), full != "a zero to a nine", skipped)
    best = matched.cosines.argmax(1)
    hits = Share(int(matched.true[torch.arange(10), best].sum()), 10)
    chart(matrix_chart(matched), "c-matrix", 430)
    st.markdown(f"The nearest of the ten captions is true of **{hits.hits} of 10** digits: {hits}.")


def without_a_classifier() -> None:
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    n = int(in_url(left.selectbox, "Test digits", [500, 2000, 10_000], index=1, key="c-n"))

    def make(n: int, report: Report) -> tuple[ZeroShot, Clouds, Gap]:
        few = digits("test").part(0, n)
        return kept("clip", for_file(few)) or measured(clip(), few, report)

    made = on_request("clip-measured", n, make, "Measuring", button="Measure", place=right, first=n)
    if made is None:
        return
    zero, seen, apart = made[1]
    table, picture = st.columns(2)
    rows = [
        {"what": name, "right": f"{s.value:.1%}", "95 % interval": f"{s.interval[0]:.1%} to {s.interval[1]:.1%}",
         "chance": f"{CHANCE[name]:.0%}", "N": f"{s.n:,}"}
        for name, s in zero.shares.items()
    ]  # fmt: skip
    table.markdown("**Zero-shot**: the nearest caption of each kind, no classifier trained")
    table.dataframe(rows, hide_index=True, key="c-zero-shot")
    d, f = apart.distance, apart.floor
    table.markdown(
        f"**The gap.** Claim: captions do not lie where their images do. The centres are {d.value:.2f} apart "
        f"({ends(d, '.2f')}), those of two halves of the images {interval(f, '.2f')}"
        f": **{apart.verdict}**. The nearer centre tells image from text in {apart.told_apart} of the "
        "other half. So a caption's embedding cannot take the place of an image's, and a prior is needed."
    )
    with picture:
        chart(clouds_chart(seen), "c-clouds", 430)


with page("CLIP"):
    tries(__file__)
    training_sidebar()
    one, two = st.columns(2)
    with one:
        search()
    with two:
        cosines_of()
    without_a_classifier()
    explained(__file__)
