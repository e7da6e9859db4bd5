"""The results that are shipped beside the networks, computed anew."""

from dataclasses import replace
from typing import Any

import numpy as np

from toy2d.films import made_with
from toy2d.latents.experiment import LatentsConfig, there_and_back
from toy2d.ncsn.experiment import FIRST, WEIGHTS, learn_all, ncsn
from toy2d.shipped import shipped_or_learned

Made = tuple[Any, Any]  # what it was made for, as the page says it, and the result


def three_weights() -> Made:
    """The points that are drawn keep three figures, a quarter of a pixel: half the bytes."""
    found = ncsn(FIRST, learn_all(FIRST, learn=shipped_or_learned))
    runs = {name: replace(run, xs=run.xs.astype(np.float16)) for name, run in found.runs.items()}
    return made_with(FIRST, map(FIRST.learning, WEIGHTS)), replace(found, runs=runs)


def inverted() -> Made:
    made_for = LatentsConfig().points, LatentsConfig().seed
    return made_for, there_and_back(*made_for)


MADE = {"ncsn": three_weights, "latents": inverted}
