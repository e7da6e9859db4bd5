"""CLIPs compared on the same test digits: what counts as a positive, and whether the text encoder knows an order.

Every kind is trained at several seeds, so two spreads are told apart: that over digits, of these very networks, and
that over trainings, which says whether another seed would have it the other way round.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from images.dalle2.clip_experiment import told_rightly
from images.dalle2.clip_task import KIND
from images.data.captions import ATTRIBUTES
from images.data.mnist import Digits
from images.networks.clip import Clip, ClipConfig
from images.networks.files import load_net
from playground.errors import UserError, require
from playground.progress import Report, silent
from playground.statistics import Difference, interval, interval_of_mean, mean_difference, verdict

EVERY, OWN, BAG = "every true caption", "plain InfoNCE", "bag of words"


@dataclass(frozen=True, eq=False)
class Trained:
    """A CLIP as its file describes it; length: images that it was trained for."""

    name: str
    seed: int
    length: int
    clip: Clip


def read(path: str | Path, device: torch.device | str = "cpu") -> Trained:
    """Raises UserError for a file that holds no CLIP, or does not say how it was trained."""
    clip, about = load_net(path, KIND, ClipConfig, "CLIP of this version", device)
    try:
        config = about["config"]
        name = OWN if config.get("positives", "true") == "own" else BAG if clip.a_bag else EVERY
        return Trained(name, int(config["seed"]), int(config["images"]), clip)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not say how it was trained: name a run's model.safetensors.") from error


@dataclass(frozen=True, eq=False)
class ClipTable:
    """right: kind -> attribute -> (seeds, N) bool, whether each digit's nearest caption is true of it."""

    right: dict[str, dict[str, Tensor]]
    seeds: tuple[int, ...]
    length: int

    @property
    def N(self) -> int:
        return next(iter(self.right[EVERY].values())).shape[1]

    def over_digits(self, attribute: str, other: str) -> Difference:
        """How much more often EVERY is right than another kind: these networks, other digits.

        Of each digit the mean over seeds, then the mean of paired differences.
        """
        mine, its = (self.right[name][attribute].double().mean(0) for name in (EVERY, other))
        return interval_of_mean(mine - its)

    def over_trainings(self, attribute: str, other: str) -> Difference | None:
        """The same with the interval of other trainings: Student's, paired by seed; None for one seed."""
        if len(self.seeds) < 2:
            return None
        mine, its = (self.right[name][attribute].double().mean(1).numpy() for name in (EVERY, other))
        return mean_difference(mine, its)


def clip_table(trained: list[Trained], digits: Digits, report: Report = silent) -> ClipTable:
    """Raises UserError unless EVERY and another kind are there, all at the same seeds and of the same length."""
    kinds = {each.name: sorted(one.seed for one in trained if one.name == each.name) for each in trained}
    require(
        EVERY in kinds and len(kinds) > 1,
        f"The files hold {', '.join(kinds) or 'nothing'}: name some of the preset clip and of clip-own or clip-bag.",
    )
    seeds = kinds[EVERY]
    require(
        all(of == seeds for of in kinds.values()) and len(set(seeds)) == len(seeds),
        f"The seeds are {kinds}: train every kind once at each seed.",
    )
    lengths = sorted({each.length for each in trained})
    require(
        len(lengths) == 1,
        f"They were trained for {lengths} images: train all for as many, with --images {lengths[0]}.",
    )
    found: dict[str, list[dict[str, Tensor]]] = {name: [] for name in kinds}
    for turn, each in enumerate(sorted(trained, key=lambda one: one.seed)):
        report(turn, len(trained), f"{each.name}, seed {each.seed}")
        found[each.name].append(told_rightly(each.clip, digits))
    report(len(trained), len(trained))
    right = {
        name: {a: torch.stack([one[a] for one in ones]) for a in ATTRIBUTES} for name, ones in found.items()
    }
    return ClipTable(right, tuple(seeds), lengths[0])


def claims(found: ClipTable) -> list[str]:
    """That counting every true caption is better than either way, attribute by attribute; judged over trainings."""
    N, S = f"N = {found.N:,} test digits", len(found.seeds)
    said = []
    for other in (name for name in found.right if name != EVERY):
        for attribute in ATTRIBUTES:
            digits, trainings = found.over_digits(attribute, other), found.over_trainings(attribute, other)
            judged = digits if trainings is None else trainings
            over = (
                "one training each"
                if trainings is None
                else f"{interval(trainings, '+.2%')} over {S} trainings"
            )
            said.append(
                f"**{attribute}: {EVERY} is right more often than {other}**: {interval(digits, '+.2%')} over digits, "
                f"{over}: {verdict(judged, f'{S} trainings')}; {N}, {found.length:,} images each."
            )
    return said


def readable(found: ClipTable) -> str:
    """A line for each kind: the share of digits that are told rightly, seed by seed."""
    seeds = ", ".join(map(str, found.seeds))
    lines = [
        f"{'right, of seeds ' + seeds:26}" + "".join(f"{name:>{9 * len(found.seeds)}}" for name in ATTRIBUTES)
    ]
    for name, right in found.right.items():
        cells = (
            "".join(f"{share:>9.2%}" for share in right[a].double().mean(1).tolist()) for a in ATTRIBUTES
        )
        lines.append(f"{name:26}" + "".join(cells))
    return "\n".join(lines)
