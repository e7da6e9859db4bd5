"""Progress of long work: one kind of report, the parts of a whole, and the time left.

Work calls report(done, total) and knows nothing of bars, pages or terminals.  Whoever does not care passes `silent`.
`playground.walk.watched` reports the states of a walk, `playground.denoisers.counted` the calls of a denoiser.
"""

from collections.abc import Callable
from itertools import count
from typing import Protocol


class Report(Protocol):
    """done of total pieces of work; stage: what is being done, where the work has stages."""

    def __call__(self, done: int, total: int, stage: str = "") -> None: ...


def silent(done: int, total: int, stage: str = "") -> None:
    """Ignores progress reports; the default."""


def part_of(report: Report, before: int, total: int) -> Report:
    """The report of one piece of work among several: `before` units of `total` are done already."""
    return lambda done, _total, stage="": report(before + done, total, stage)


def turn_of(report: Report, turn: int, turns: int) -> Report:
    """The report of one of `turns` turns that count as much as each other, whatever each counts in."""
    return lambda done, total, stage="": report(turn * total + done, turns * total, stage)


def ticker(report: Report, total: int) -> Callable[[], None]:
    """Each call of the answer is one more of `total` pieces of work, and is reported."""
    calls = count(1)
    return lambda: report(next(calls), total)


class TimeLeft:
    """How long a stage of some work still takes, by its pace since its first report."""

    def __init__(self) -> None:
        self._stage: str | None = None
        self._done, self._at = 0, 0.0

    def left(self, stage: str, done: int, total: int, now: float) -> float | None:
        """Seconds; None at a stage's first report, and before anything was done since."""
        if stage != self._stage or done < self._done:
            self._stage, self._done, self._at = stage, done, now
        if done == self._done:
            return None
        return (now - self._at) / (done - self._done) * (total - done)


def duration(seconds: float) -> str:
    """75 -> "1 min 15 s"."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
