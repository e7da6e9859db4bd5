"""Progress of work that is made of calls of a denoiser, and what is kept of a walk while it is listened to."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from torch import Tensor

from playground.denoisers import Denoiser
from playground.levels import Level
from playground.trajectory import Trajectory, collect
from playground.walk import State
from toy2d.net import Report


def ticking(report: Report | None, total: int) -> Callable[[], None]:
    """Each call is one more of `total` pieces of work, and is reported."""
    calls = count(1)

    def tick() -> None:
        if report is not None:
            report(next(calls), total)

    return tick


def listened(denoise: Denoiser, tick: Callable[[], None]) -> Denoiser:
    """The same denoiser; each call ticks."""

    def listening(xt: Tensor, level: Level) -> Tensor:
        tick()
        return denoise(xt, level)

    return listening


def filmed(
    states: Iterable[State], keep: frozenset[int], samples: int, report: Callable[[int], None] | None = None
) -> tuple[Trajectory, Tensor]:
    """Runs a walk to its end: the frames of its first `samples`, and the last x of all, (B, *D).

    Calls report(steps done) after each state.
    """
    last: list[Tensor] = []

    def listening() -> Iterator[State]:
        for state in states:
            last[:] = [state.x]
            if report is not None:
                report(state.index)
            yield state

    return collect(listening(), keep, samples), last[0]
