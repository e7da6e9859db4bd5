"""What the browser needs to run a page's exact chains while a slider is dragged: numbers alone.

The formulas of steps and the levels stay with the engine.  Every step here is affine in x, in what drives it (the score
or x0_hat) and in its noise z; so it is asked for its three factors once, and the browser (playground/ui/live_chain.js)
repeats x <- keep * x + push * drive(x) + noise * z.
"""

from collections.abc import Mapping, Sequence
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

Move = list[float]  # alpha, sigma, keep, push, noise, times


class _Probe:
    """A denoiser, and a score, that a step sees in the first of three coordinates alone."""

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return xt.new_tensor([1.0, 0.0, 0.0]).expand_as(xt)

    score = __call__


def factors(step: Step, here: Level, there: Level) -> Tensor:
    """(n, 3): push, keep and noise of a step that is affine, xs = push * drive + keep * xt + noise * z.

    here, there: n levels each, (n, 1).  The drive, x and z are the three unit vectors.
    """
    _, x, z = torch.eye(3, dtype=torch.float64)
    n = here.sigma.numel()
    xs, _ = step(_Probe(), x.expand(n, 3), here, there, lambda like: z.expand(n, 3))
    return xs


def moves(step: Step, grid: Sequence[Level]) -> list[Move]:
    """The walk along a grid as moves, each with how many times it is repeated: held levels are one move."""
    pairs: list[tuple[Level, Level, int]] = []
    for here, there in pairwise(grid):
        same = bool(pairs) and pairs[-1][0] is here and pairs[-1][1] is there
        times = pairs.pop()[2] + 1 if same else 1
        pairs.append((here, there, times))
    start, end = _column([here for here, _, _ in pairs]), _column([there for _, there, _ in pairs])
    push, keep, noise = factors(step, start, end).T
    repeats = torch.tensor([times for _, _, times in pairs], dtype=torch.float64)
    table = torch.stack([start.alpha[:, 0], start.sigma[:, 0], keep, push, noise, repeats], 1)
    return [[float(f"{number:.6g}") for number in row] for row in table.tolist()]


def _column(levels: Sequence[Level]) -> Level:
    """Levels as one, (n, 1)."""
    alpha, sigma = (
        torch.stack([torch.as_tensor(getattr(level, name), dtype=torch.float64) for level in levels])[:, None]
        for name in ("alpha", "sigma")
    )
    return Level(alpha, sigma)


@dataclass(frozen=True)
class LiveWalk:
    """One panel: drive, "score" or "x0"; the start; the moves; what is drawn, "x" or "drive" (the predicted x0)."""

    drive: str
    start: dict[str, Any]
    moves: list[Move]
    drawn: str = "x"

    @property
    def steps(self) -> int:
        return int(sum(move[5] for move in self.moves))


@dataclass(frozen=True)
class Places:
    """A slider whose every place is a walk of its own, that all panels with a walk take.

    low, step: the slider's number at its first place, and from place to place; names: what the caption says.
    """

    low: float
    step: float
    moves: list[list[Move]]
    names: list[str]


def start_named(name: str, mixture: Mixture) -> dict[str, Any]:
    """One of toy2d.starts, in plain numbers."""
    starts: dict[str, dict[str, Any]] = {
        "square": {"kind": "uniform", "half": SQUARE},
        "mode": {"kind": "point", "at": mixture.means[-1].tolist()},
        "data": {"kind": "data"},
    }
    return starts[name]


def live(
    mixture: Mixture, walks: Sequence[LiveWalk | None], seed: int, sliders: Mapping[str, Places | None]
) -> dict[str, Any] | None:
    """For the player: what it draws while one of the sliders, by their keys, is dragged.

    walks: one a panel; None: that panel stays.  sliders: None for that of π, the first of two weights.
    None comes back where the walks would take a browser too long; so does a place of a slider.
    """
    walking = [walk for walk in walks if walk is not None]

    def takes_too_long(steps: float) -> bool:
        return mixture.K * PARTICLES * steps > MOST_WORK

    if takes_too_long(sum(walk.steps for walk in walking)):
        return None
    panels = [
        walk and {"what": walk.drive, "start": walk.start, "moves": walk.moves, "drawn": walk.drawn}
        for walk in walks
    ]
    return {
        "sliders": {key: places and _described(places, len(walking), takes_too_long)
                    for key, places in sliders.items()},
        "mixture": described_mixture(mixture), "weights": mixture.log_weights.exp().tolist(), "panels": panels,
        "particles": PARTICLES, "seed": seed,
    }  # fmt: skip


def _described(places: Places, panels: int, takes_too_long) -> dict[str, Any]:
    known = [
        None if takes_too_long(panels * sum(move[5] for move in walk)) else walk for walk in places.moves
    ]
    return {"low": places.low, "step": places.step, "moves": known, "names": places.names}


def described_mixture(mixture: Mixture) -> dict[str, Any]:
    """Means, and of each covariance the unit eigenvectors and eigenvalues."""
    values, vectors = torch.linalg.eigh(mixture.covariances.double())
    return {
        "means": mixture.means.tolist(),
        "axes": vectors.transpose(1, 2).tolist(),  # one eigenvector a row
        "variances": values.tolist(),
    }
