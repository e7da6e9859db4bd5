"""What is kept of a walk: the frames that a page animates, a GIF shows, a metric reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.errors import require
from playground.levels import Level
from playground.walk import State


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Frames of a walk, on the CPU.  xs, x0_hats: (F, B, *D); levels and indices: F entries.

    Where a state has no estimate the last one is repeated (at the start, the first one).  A walk that only
    climbs to more noise makes no estimates: x0_hats is None there.
    """

    xs: Tensor
    x0_hats: Tensor | None
    levels: tuple[Level, ...]
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.xs)


def frames_of(steps: int, frames: int) -> frozenset[int]:
    """Which of the states 0..steps to keep for about `frames` frames, evenly spread, both ends included."""
    return frozenset(round(i) for i in torch.linspace(0, steps, min(frames, steps + 1)).tolist())


def collect(
    states: Iterable[State], keep: frozenset[int] | None = None, samples: int | None = None
) -> Trajectory:
    """Runs a walk to its end and keeps the states whose index is in `keep` (None: all), the first `samples`."""
    xs, x0_hats, levels, indices = [], [], [], []
    estimate = None
    for state in states:
        estimate = estimate if state.x0_hat is None else state.x0_hat
        if keep is None or state.index in keep:
            xs.append(state.x[:samples].cpu())
            x0_hats.append(None if estimate is None else estimate[:samples].cpu())
            levels.append(state.level)
            indices.append(state.index)
    require(
        len(xs) >= 2, "The trajectory keeps fewer than two frames; it needs a start and an end: keep more."
    )
    first = next((x0_hat for x0_hat in x0_hats if x0_hat is not None), None)
    estimates = None if first is None else torch.stack([first if hat is None else hat for hat in x0_hats])
    return Trajectory(torch.stack(xs), estimates, tuple(levels), tuple(indices))


def recorded(
    states: Iterable[State], keep: frozenset[int] | None, samples: int | None = None
) -> tuple[Trajectory, Tensor]:
    """Runs a walk to its end: the kept frames of its first `samples`, and the last x of all, (B, *D)."""
    last: list[Tensor] = []

    def noting() -> Iterator[State]:
        for state in states:
            last[:] = [state.x]
            yield state

    return collect(noting(), keep, samples), last[0]
