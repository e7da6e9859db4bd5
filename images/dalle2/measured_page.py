"""What the page "DALL-E 2" measures on request: ways to tell a caption, guidance, the upsampler, and binding."""

from collections.abc import Callable

import streamlit as st

from images.dalle2 import upsampler_table
from images.dalle2.agreement import Share
from images.dalle2.claims import WAYS, Claims, ClaimsConfig, claims, fresh
from images.dalle2.experiment import Stack
from images.dalle2.guidance_experiment import (
    BY_CLIP,
    ITSELF,
    SIGNS,
    STRENGTHS,
    Guidance,
    GuidanceConfig,
    guidance,
)
from images.dalle2.noisy_clip_task import load_noisy_clip
from images.data.captions import ATTRIBUTES
from images.data.scenes import EXAMPLES, parse
from images.models import best_device
from images.scenes.experiment import Binding, ScenesConfig, SceneStack, binding, drawing, load_scenes
from images.scenes.experiment import claims as scene_claims
from images.training.tasks import sheet
from images.ui import classifier, digits, measured_on_request, table_and_claims
from playground.ui.page import cached, in_url, one_of

COUNT = 10  # scenes of each way
GUIDED = {ITSELF: "by itself, w", BY_CLIP: "by a noise-aware CLIP, s"}


@st.cache_resource(show_spinner=False)
def scene_stack() -> SceneStack:
    return load_scenes(device=best_device())


def ways_to_tell(stack: Callable[[], Stack]) -> None:
    """The shares of digits that are what was asked, a row for each way to tell the decoder a caption."""
    measured_on_request(
        "What the prior is for", "dalle2-ways", "Captions, those of as many test digits",
        lambda n: ClaimsConfig(n, first=fresh(digits("test"), n)),
        lambda wanted, report: claims(stack(), digits("test"), classifier(), wanted, report),
        lambda found: table_and_claims(_ways(found), "ways-table", found.verdicts), n_key="ways-n",
        note="Each way draws a digit for the same captions from the same noise, judged from the pixels.",
    )  # fmt: skip


def _ways(found: Claims) -> list[dict[str, str]]:
    def told(share: Share) -> str:
        low, high = share.interval
        return f"{share.value:.0%} ({low:.0%} to {high:.0%})"

    return [
        {"told to the decoder": way, **{name: told(shares[name]) for name in (*ATTRIBUTES, "all")},
         "which is": WAYS.get(way, "")}
        for way, shares in found.shares.items()
    ]  # fmt: skip


def guided(stack: Callable[[], Stack]) -> None:
    """The decoder guided harder and harder: agreement, recall, the spread of what is left open, CLIP's score."""
    st.subheader("Guidance of the decoder")
    by = one_of(st, "Guided", GUIDED, key="guided-by", default=ITSELF)

    def make(wanted: tuple[str, GuidanceConfig], report) -> Guidance:
        noisy = load_noisy_clip(stack().clip, device=best_device()) if wanted[0] == BY_CLIP else None
        return guidance(stack(), digits("test"), classifier(), wanted[0], wanted[1], noisy, report)

    measured_on_request(
        "", "dalle2-guided", "Digits at each strength", lambda n: (by, GuidanceConfig(n, STRENGTHS[by])), make,
        lambda found: table_and_claims(_guided(found), "guided-table", found.verdicts), n_key="guided-n",
        verb="Guiding",
        note="Captions say class and thickness; width and slant are left open, and should stay as varied.",
    )  # fmt: skip


def _guided(found: Guidance) -> list[dict[str, str]]:
    return [
        {
            SIGNS[found.by]: f"{row.strength:g}", "as asked": str(row.shares["all"]), "recall": str(row.recall),
            "spread of width": f"{row.width:.2f}", "of slant": f"{row.slant:.2f}",
            "CLIP's score": f"{row.scores.mean():.3f}",
        }
        for row in found.rows
    ]  # fmt: skip


def small_told(stack: Callable[[], Stack]) -> None:
    """The upsampler told true small digits and the decoder's, a row for each way."""
    measured_on_request(
        "What of the whole does the upsampler lose?", "dalle2-upsampler", "Test digits, reduced and decoded",
        upsampler_table.UpsamplerConfig,
        lambda wanted, report: upsampler_table.table(stack(), digits("test"), classifier(), wanted, report),
        lambda found: table_and_claims(
            upsampler_table.cells(found), "upsampler-table", upsampler_table.claims(found)
        ),
        n_key="upsampler-n", verb="Enlarging",
        note="The same digits, embeddings and noise; the small digit is the true one or the decoder's.",
    )  # fmt: skip


def scenes_bound() -> None:
    """Two digits in two colours: real scenes, and what is decoded from their embeddings, with and without words."""
    st.subheader("Binding: which colour belongs to which digit?")
    text = in_url(st.text_input, "Caption of a scene", EXAMPLES[0], key="scene-caption")
    parse(text)  # refused in a sentence before anything is drawn
    stack = scene_stack()

    def make(_, report):
        return drawing(stack, digits("test"), text, COUNT, ScenesConfig()).flatten(0, 1)

    pictures = cached("scene", (text,), make, "Drawing scenes")
    st.image(
        sheet(pictures, COUNT).repeat(2, 0).repeat(2, 1),
        caption=f"from the top: real, {', '.join(stack.ways)}",
        alt=f"scenes of two digits for: {text}",
    )
    measured_on_request(
        "", "dalle2-scenes", "Scenes", ScenesConfig,
        lambda wanted, report: binding([stack], digits("test"), classifier(), wanted, report),
        lambda found: table_and_claims(_scenes(found), "scenes-table", scene_claims(found)),
        sizes=(50, 100, 200), n_key="scenes-n", verb="Drawing scenes",
        note="Four scenes have the same words; only their order says which is meant. `table-scenes` takes more.",
    )  # fmt: skip


def _scenes(found: Binding) -> list[dict[str, str]]:
    rows = []
    for way, k in found.kept.items():
        N = len(k.whole)
        parts, whole = (Share(int(of.sum()), N) for of in (k.parts, k.whole))
        bound_ = str(k.bound_of_parts) if k.parts.any() else "none"
        rows.append(
            {"told": way, "all parts": str(parts), "bound, of these": bound_, "whole scene": str(whole)}
        )
    return rows
