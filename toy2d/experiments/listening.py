"""Progress of work that is made of calls of a denoiser."""

from collections.abc import Callable
from itertools import count

from torch import Tensor

from playground.denoisers import Denoiser
from playground.levels import Level
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
