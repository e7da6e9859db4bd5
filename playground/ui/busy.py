"""Long work on a page: a bar, the time left, and a way to stop."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from playground.progress import Report, TimeLeft, duration

T = TypeVar("T")


@contextmanager
def busy(verb: str, *, key: str, delay: float = 0.3) -> Iterator[Report]:
    """Yields report(done, total, stage), to be called often; it draws at most ten times a second.

    The time left is that of the stage, from its own pace since its first report.

    A click on Stop reruns the page, and Streamlit ends the running script at the next drawing: nothing that the
    work has not returned is kept.  Work shorter than `delay` seconds shows nothing, so quick pages do not flicker.
    """
    place = st.empty()
    start, drawn = time.perf_counter(), 0.0
    bar, pace = None, TimeLeft()

    def report(done: int, total: int, stage: str = "") -> None:
        nonlocal bar, drawn
        now = time.perf_counter()
        left = pace.left(stage, done, total, now)
        if now - start < delay or now - drawn < 0.1 or not 0 < done < total:
            return
        drawn = now
        if bar is None:
            wide, narrow = place.container().columns([6, 1], vertical_alignment="center")
            bar = wide.empty()
            narrow.button("Stop", key=f"{key}-stop", icon=":material/stop:", width="stretch")
        what = f"{verb}, {stage}" if stage else verb
        after = "" if left is None else f", about {duration(left)} left"
        bar.progress(done / total, f"{what}: {done:,} of {total:,}{after}")

    try:
        yield report
    finally:
        place.empty()


def kept(key: str, made_for: Any, make: Callable[[], T]) -> T:
    """The session's last result under this key while what it was made for stays; else a new one, from `make`."""
    if st.session_state.get(key, (None,))[0] != made_for:
        st.session_state[key] = made_for, make()
    return st.session_state[key][1]
