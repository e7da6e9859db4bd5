"""What pages of the plane open with, made before, where computing it takes seconds.

`python -m toy2d.shipped` makes the files again; a test holds them to what is computed today.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playground import films
from playground.films import content
from toy2d.net import LearnConfig
from toy2d.shipped import ALL, path_of

FILMS = Path(__file__).parent / "shipped" / "films"
# What a file may hold beside arrays, lists and texts, and where it is: imported when a file has it.
RESULTS = {
    "Ncsn": "toy2d.ncsn.experiment",
    "Weighted": "toy2d.ncsn.experiment",
    "Distances": "toy2d.distances",
    "ThereAndBack": "toy2d.latents.experiment",
}


def kept(name: str, made_for: Any) -> Any | None:
    """The result in the file of that name, where it was made for exactly this; else None."""
    return films.kept(FILMS / f"{name}.npz", made_for, RESULTS)


def made_with(config: Any, learned: Iterable[LearnConfig]) -> tuple[Any, tuple[str, ...]]:
    """What a result was made for: its settings, and the shipped networks of these trainings, as they are today."""
    wanted = list(learned)
    return config, content(*(path_of(name) for name, one in ALL.items() if one in wanted))
