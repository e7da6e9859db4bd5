"""What the browser needs to run a page's exact chains while a slider is dragged: numbers alone.

The formulas of steps and the levels stay with the engine.  Every step here is affine in x, in what drives it (the score
or x0_hat) and in its noise z; so it is asked for its three factors once, and the browser (playground/ui/live_chain.js)
repeats x <- keep * x + push * drive(x) + noise * z.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from playground.levels import Level
from playground.steps import Step
from toy2d.mixture import Mixture
from toy2d.starts import SQUARE

PARTICLES = 300
MOST_WORK = 1.5e6  # modes x particles x steps: about 60 ms in a browser


class _Probe:
    """A denoiser, and a score, of which a step sees 1 in the first row alone."""

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return xt.new_tensor([[1.0], [0.0], [0.0]])

    score = __call__


def factors(step: Step, here: Level, there: Level) -> tuple[float, float, float]:
    """(keep, push, noise) of a step that is affine: xs = keep * xt + push * drive + noise * z."""
    xt = torch.tensor([[0.0], [1.0], [0.0]], dtype=torch.float64)
    z = torch.tensor([[0.0], [0.0], [1.0]], dtype=torch.float64)
    xs, _ = step(_Probe(), xt, here.to(xt), there.to(xt), lambda x: z)
    push, keep, noise = xs[:, 0].tolist()
    return keep, push, noise


def moves(step: Step, grid: Sequence[Level]) -> list[dict[str, float]]:
    """The walk along a grid as moves, each with how many times it is repeated: held levels are one move."""
    found: list[dict[str, float]] = []
    known: dict[tuple[int, int], dict[str, float]] = {}
    for here, there in pairwise(grid):
        pair = id(here), id(there)
        if pair not in known:
            keep, push, noise = factors(step, here, there)
            level = {"alpha": float(here.alpha), "sigma": float(here.sigma)}
            known[pair] = {**level, "keep": keep, "push": push, "noise": noise}
        if found and known[pair].items() <= found[-1].items():
            found[-1]["times"] += 1
        else:
            found.append({**known[pair], "times": 1})
    return found


@dataclass(frozen=True)
class LiveWalk:
    """One panel: drive, "score" or "x0"; the start; the moves; what is drawn, "x" or "drive" (the predicted x0)."""

    drive: str
    start: dict[str, Any]
    moves: list[dict[str, float]]
    drawn: str = "x"

    @property
    def steps(self) -> int:
        return int(sum(move["times"] for move in self.moves))


def start_named(name: str, mixture: Mixture) -> dict[str, Any]:
    """One of toy2d.starts, in plain numbers."""
    return {
        "square": {"kind": "uniform", "half": SQUARE},
        "mode": {"kind": "point", "at": mixture.means[-1].tolist()},
        "data": {"kind": "data"},
    }[name]


def live(
    mixture: Mixture, walks: Sequence[LiveWalk | None], seed: int, slider: str = "pi"
) -> dict[str, Any] | None:
    """For the player: what it draws while the slider of that key is dragged.

    walks: one a panel; None: that panel stays.  None comes back where the walks would take a browser too long.
    """
    steps = sum(walk.steps for walk in walks if walk is not None)
    if mixture.K != 2 or mixture.K * PARTICLES * steps > MOST_WORK:
        return None
    panels = [
        walk and {"what": walk.drive, "start": walk.start, "moves": walk.moves, "drawn": walk.drawn}
        for walk in walks
    ]
    described = described_mixture(mixture)
    return {"slider": slider, "mixture": described, "panels": panels, "particles": PARTICLES, "seed": seed}


def described_mixture(mixture: Mixture) -> dict[str, Any]:
    """Means, and of each covariance the unit eigenvectors and eigenvalues."""
    values, vectors = torch.linalg.eigh(mixture.covariances.double())
    return {
        "means": mixture.means.tolist(),
        "axes": vectors.transpose(1, 2).tolist(),  # one eigenvector a row
        "variances": values.tolist(),
    }
