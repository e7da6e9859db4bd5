"""Whether a decoder keeps which colour belongs to which digit, with the caption's words and with the embedding alone.

What is drawn is judged from its pixels: each half by the metrics' classifier, which guides nothing, and by the colour
of its ink.  Ramesh et al. (2022), Section 7: decoded embeddings mix up objects and attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from images.dalle2.agreement import Share
from images.dalle2.clip_task import mark_of
from images.data.mnist import Digits
from images.data.scenes import COLOURS, captions_of, drawn, parse, scene_of, scenes
from images.metrics.classifier import Classifier, features
from images.models import Model, load_model
from images.networks.clip import Clip
from images.scenes.clip_task import SHIPPED as CLIP
from images.scenes.clip_task import caption_of, embedded, load_scene_clip
from images.scenes.decoder_task import KIND
from images.scenes.decoder_task import SHIPPED as DECODER
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import (
    Difference,
    difference_of_shares,
    equals,
    interval,
    interval_of_mean,
    verdict,
)
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk, watched

REAL = "real scenes (floor)"
ALONE, BOTH, WORDS_ALONE = "embedding alone", "embedding and words", "words alone"
WAYS = {
    ALONE: ("vector",),
    BOTH: ("vector", "tokens"),
    WORDS_ALONE: ("tokens",),
}  # what a decoder that learned from both is told: the embedding of a real scene, the words of its caption
ONLY_WORDS, ONLY_EMBEDDING = "learned from words only", "learned from embeddings only"
LEARNED: dict[str, dict[str, tuple[str, ...]]] = {
    "both": WAYS,
    "words": {ONLY_WORDS: ("tokens",)},
    "embedding": {ONLY_EMBEDDING: ("vector",)},
}
OF_A_BAG = ", a bag's"  # CLIP's text encoder knew no order of words
BATCH = 250


@dataclass(frozen=True)
class ScenesConfig(Knobs):
    """count: scenes of held-out digits; steps: of DDIM."""

    count: int = knob(400, 10, 10_000, "The number of scenes")
    steps: int = knob(20, 1, 1_000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class SceneStack:
    clip: Clip
    decoder: Model

    @property
    def ways(self) -> dict[str, tuple[str, ...]]:
        """What the decoder may be told, by the name that its rows have."""
        told = self.decoder.about.get("config", {}).get("told", "both")
        after = OF_A_BAG if self.clip.a_bag else ""
        return {name + after: names for name, names in LEARNED[told].items()}


def load_scenes(
    clip: str | Path = CLIP, decoder: str | Path = DECODER, device: torch.device | str = "cpu"
) -> SceneStack:
    """Raises UserError where a file is missing, of another kind, or the decoder built on another CLIP."""
    net, model = load_scene_clip(clip, device), load_model(decoder, device)
    require(
        model.config.kind == KIND and model.about.get("clip") == mark_of(net),
        f"{decoder} is no decoder that was trained with {clip}: train one with 'python -m images train --preset "
        f"{KIND} --using {clip}'.",
    )
    return SceneStack(net, model)


# --- what is seen -----------------------------------------------------------------------------------------------


def seen(classifier: Classifier, x: Tensor) -> Tensor:
    """The codes of what is seen in scenes (N, 3, 28, 28) in [-1, 1]: colour and digit of each half, (N, 4)."""
    light = ((x.float().cpu().clamp(-1, 1) + 1) / 2)[:, :, 7:21]
    read = [_half(classifier, half) for half in light.split(14, dim=3)]
    return torch.stack([code for pair in read for code in pair], 1)


def _half(classifier: Classifier, light: Tensor) -> tuple[Tensor, Tensor]:
    """The colour that the ink's direction in RGB is nearest to, and the digit that the ink is read as, (N,) each."""
    inks = torch.tensor(list(COLOURS.values()))
    colour = F.normalize(light.sum((2, 3)), dim=1) @ F.normalize(inks, dim=1).T
    nearest = inks[colour.argmax(1)]
    amount = torch.einsum("nchw,nc->nhw", light, nearest) / nearest.square().sum(1)[:, None, None]
    large = F.interpolate(amount.clamp(0, 1)[:, None], scale_factor=2, mode="bilinear", align_corners=False)
    return colour.argmax(1), features(classifier, (large * 255).round().to(torch.uint8)).classes


@dataclass(frozen=True, eq=False)
class Kept:
    """Of each scene, (N,) bool.  parts: both colours and both digits are there, wherever; bound: and each digit has its
    own colour; whole: and each stands on its own side.
    """

    parts: Tensor
    bound: Tensor
    whole: Tensor

    @property
    def bound_of_parts(self) -> Share:
        """How often colours and digits go together, where all are there: one half by chance."""
        return Share(int(self.bound.sum()), int(self.parts.sum()))


def kept(codes: Tensor, asked: Tensor) -> Kept:
    """Codes (N, 4) of what is seen, and of what was asked; these have two colours and two digits that differ."""
    turned = codes[:, [2, 3, 0, 1]]
    colours, digits = (
        codes[:, k].sort(1).values.eq(asked[:, k].sort(1).values).all(1) for k in ([0, 2], [1, 3])
    )
    whole = (codes == asked).all(1)
    return Kept(colours & digits, whole | (turned == asked).all(1), whole)


# --- the measurement --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Binding:
    """way -> what was kept, and the pictures (N, 3, 28, 28); REAL first, then the ways of every stack."""

    config: ScenesConfig
    kept: dict[str, Kept]
    pictures: dict[str, Tensor]

    def whole_apart(self, more: str, less: str) -> Difference:
        """How much more often one way draws the whole scene: the mean of paired differences."""
        return interval_of_mean(self.kept[more].whole.double() - self.kept[less].whole.double())

    def bound_apart(self, more: str, less: str) -> Difference | None:
        """How much more often one way binds, among scenes whose parts are all there; None where there are none."""
        a, b = (self.kept[name].bound_of_parts for name in (more, less))
        return difference_of_shares(a.value, a.n, b.value, b.n) if a.n and b.n else None


def binding(
    stacks: Sequence[SceneStack], digits: Digits, classifier: Classifier, config: ScenesConfig,
    report: Report = silent,
) -> Binding:  # fmt: skip
    """Scenes of two digits and two colours that differ, decoded from their own embeddings, from the same noise.

    Raises UserError where two decoders learned from the same, with CLIPs of one kind.
    """
    jobs = [(stack, way) for stack in stacks for way in stack.ways]
    twice = {way for _, way in jobs if sum(way == other for _, other in jobs) > 1}
    require(not twice, f"Two decoders have the rows {', '.join(sorted(twice))}: give one of each kind.")
    rng = seeded(config.seed)
    x, asked = drawn(digits.images, digits.labels, config.count, rng, unlike=True)
    captions = captions_of(asked, rng)
    pictures = {REAL: x}
    for turn, (stack, way) in enumerate(jobs):
        part = turn_of(report, turn, len(jobs))
        pictures[way] = decoded(stack, x, captions, way, config, part)
    return Binding(
        config, {way: kept(seen(classifier, made), asked) for way, made in pictures.items()}, pictures
    )


def decoded(
    stack: SceneStack, x: Tensor, captions: Tensor, way: str, config: ScenesConfig, report: Report = silent
) -> Tensor:
    """One scene for each of x (N, 3, 28, 28) and captions (N, LENGTH), told what the way says; on the CPU."""
    model, made = stack.decoder, []
    rng, grid = (
        seeded(config.seed + 1, model.device),
        model.schedule.grid(min(config.steps, model.schedule.T)),
    )
    parts = list(zip(x.split(BATCH), captions.split(BATCH), strict=True))
    for number, (some, words) in enumerate(parts):
        caption = caption_of(stack.clip, words.to(model.device))
        known = {"vector": embedded(stack.clip, some), "tokens": caption["tokens"]}
        parts_told: dict[str, Any] = {name: known[name] for name in stack.ways[way]}
        told = model.denoise.given(**parts_told)
        start = starting_noise((len(some), *model.shape), grid[0], rng)
        states = checked(walk(ddim(0.0), model.within(told), start, grid, rng))
        made.append(final(watched(states, turn_of(report, number, len(parts)), len(grid) - 1)).cpu())
    return torch.cat(made)


def drawing(stack: SceneStack, digits: Digits, text: str, count: int, config: ScenesConfig) -> Tensor:
    """Rows of `count` scenes for a caption: real ones, and those decoded from them by each way.

    -> (rows, count, 3, 28, 28).  Raises UserError for a caption that is none.
    """
    caption, rng = torch.tensor([parse(text).codes]), seeded(config.seed)
    asked = scene_of(caption).expand(count, 4)
    chosen = [
        torch.stack([_one_of(digits, int(asked[0, k]), rng) for k in (1, 3)]) for _ in range(count)
    ]  # (2, 28, 28) each
    x = scenes(torch.stack(chosen), asked)
    captions = caption.expand(count, -1)
    return torch.stack([x, *(decoded(stack, x, captions, way, config) for way in stack.ways)])


def _one_of(digits: Digits, label: int, rng: torch.Generator) -> Tensor:
    places = (digits.labels == label).nonzero()[:, 0]
    return digits.images[places[torch.randint(len(places), (1,), generator=rng)]][0, 0]


# what words are said to be better than, for networks that learned from both and from one only
COMPARED = (
    (BOTH, ALONE), (ONLY_WORDS, ONLY_EMBEDDING), (ONLY_WORDS, ONLY_EMBEDDING + OF_A_BAG),
    (ONLY_EMBEDDING, ONLY_EMBEDDING + OF_A_BAG),
)  # fmt: skip


def claims(found: Binding) -> list[str]:
    """What words add, and whether an embedding binds at all, each with its numbers."""
    said = []
    for more, less in COMPARED:
        if {more, less} <= set(found.kept):
            said += _apart(found, more, less)
    for way in (ALONE, ALONE + OF_A_BAG, ONLY_EMBEDDING, ONLY_EMBEDDING + OF_A_BAG):
        if way in found.kept and (share := found.kept[way].bound_of_parts).n:
            chance = equals(0.5, Difference(share.value, *share.interval))
            said.append(f"**The {way} binds by chance, one half:** {share}: {chance}.")
    return said


def _apart(found: Binding, more: str, less: str) -> list[str]:
    N = f"N = {len(found.kept[REAL].whole):,} scenes"
    whole, bound = found.whole_apart(more, less), found.bound_apart(more, less)
    said = [
        f"**Whole scenes, {more} against {less}:** {interval(whole, '+.1%')}; that they are more {verdict(whole, N)}; "
        f"{N}, the same scenes and noise, one training."
    ]
    if bound is not None:
        said.append(
            f"**Bound, where all parts are there, {more} against {less}:** {interval(bound, '+.1%')}; that it is more "
            f"often {verdict(bound, N)}; {found.kept[more].bound_of_parts} against {found.kept[less].bound_of_parts}."
        )
    return said


def readable(found: Binding) -> str:
    """A line for each way."""
    lines = [f"{'':40}{'all parts there':>40}{'bound, of these (chance 1/2)':>40}{'whole scene':>40}"]
    for way, kept_ in found.kept.items():
        N = len(kept_.whole)
        bound = str(kept_.bound_of_parts) if kept_.parts.any() else "none"
        parts, whole = (Share(int(of.sum()), N) for of in (kept_.parts, kept_.whole))
        lines.append(f"{way:40}{parts!s:>40}{bound:>40}{whole!s:>40}")
    return "\n".join(lines)
