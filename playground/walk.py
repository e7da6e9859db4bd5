"""The one sampling loop, and what listens to it.

`walk` yields states; progress bars, early stopping, animation, export and metrics consume them, and the
mathematics knows none of those.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from playground.denoisers import Denoiser
from playground.errors import UserError, require
from playground.levels import Level, gaussian, randn_like
from playground.progress import Report
from playground.steps import Step


@dataclass(frozen=True, eq=False)
class State:
    """Where a walk stands.  x, x0_hat: (B, *D); x0_hat is the estimate that led to x.

    It is None where nothing was denoised: at the start, and where RePaint's grid climbs.
    """

    index: int
    x: Tensor
    level: Level
    x0_hat: Tensor | None


def walk(step: Step, denoise: Denoiser, x: Tensor, grid: Sequence[Level], rng: Generator) -> Iterator[State]:
    """Walks `step` along the grid of levels from x (B, *D) and yields the start, too: n steps, n + 1 states."""
    require(
        len(grid) >= 2, f"The grid has {len(grid)} level; a walk needs two or more: take at least one step."
    )
    noise = gaussian(rng)
    distinct = {id(level): level for level in grid}  # annealing holds each level for many steps
    moved = {name: level.to(x) for name, level in distinct.items()}
    grid = [moved[id(level)] for level in grid]
    yield State(0, x, grid[0], None)
    for index, (here, there) in enumerate(pairwise(grid), start=1):
        with torch.no_grad():  # not around the generator, which would enter it and leave it at a higher price
            x, x0_hat = step(denoise, x, here, there, noise)
        yield State(index, x, there, x0_hat)


def starting_noise(shape: tuple[int, ...], level: Level, rng: Generator, data_std: float = 1.0) -> Tensor:
    """Where a walk down a schedule starts: N(0, alpha**2 * data_std**2 + sigma**2), centred (B, *D) noise.

    For DDPM's last level this is N(0, I) to within alpha_bar_T; the data's mean is taken as zero.
    """
    like = torch.empty(shape, device=rng.device)
    std = ((level.alpha * data_std) ** 2 + level.sigma**2).sqrt().to(like)
    return std * randn_like(like, rng)


def final(states: Iterable[State]) -> Tensor:
    """The last x of a walk, (B, *D)."""
    for state in states:  # noqa: B007  not unpacked: all states at once would fill the memory
        pass
    return state.x


def watched(states: Iterable[State], report: Report, total: int) -> Iterator[State]:
    """Passes the states of a walk of `total` steps on, and reports each."""
    for state in states:
        report(state.index, total)
        yield state


BOUND = 1e6  # a coordinate beyond it: the walk has diverged
EVERY = 10  # states between two looks: a look costs as much as a small step


def checked(states: Iterable[State], bound: float = BOUND, every: int = EVERY) -> Iterator[State]:
    """Passes states on, and stops with a clear sentence when the walk diverges; looks at every tenth and the last."""
    state = None
    for state in states:
        if state.index % every == 0:
            _refuse_divergence(state, bound)
        yield state
    if state is not None:
        _refuse_divergence(state, bound)


def diverged(x: Tensor, parts: int = 1, bound: float = BOUND) -> Tensor:
    """Which of so many walks side by side are lost: (parts * B, *D) -> (parts,) bool."""
    largest = x.detach().abs().reshape(parts, -1).amax(1)
    return ~(largest <= bound)  # NaN compares False, so it is lost, too


def _refuse_divergence(state: State, bound: float) -> None:
    largest = float(state.x.abs().amax())  # NaN compares False, so it is refused, too
    if not largest <= bound:
        raise UserError(
            f"The walk diverged: after {state.index} steps a coordinate reached {largest:.3g} "
            f"(allowed: {bound:.0g}). Choose a smaller step size."
        )
