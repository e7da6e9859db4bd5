"""Long work on a page: a bar, the time left, and a way to stop that stays stopped."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.progress import Report, TimeLeft, duration

_STOPPED = "playground_stopped"  # in the session: key of the work -> what it was made for
_place: ContextVar[DeltaGenerator | None] = ContextVar("place of the progress bar", default=None)


@contextmanager
def progress_in(place: DeltaGenerator) -> Iterator[None]:
    """All work within shows its progress there, so that nothing else on the page moves."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


@contextmanager
def busy(verb: str, *, key: str, made_for: Any = None, delay: float = 0.3) -> Iterator[Report]:
    """Yields report(done, total, stage), to be called often; it draws at most ten times a second.

    The time left is that of the stage, from its own pace since its first report.  Work shorter than `delay` seconds
    shows nothing, so quick pages do not flicker.

    A click on Stop reruns the page, and Streamlit ends the running script at the next drawing, as it does when the
    tab is closed: nothing that the work has not returned is kept.  Where the page would begin work that was stopped
    with the same `made_for` again, it says that it was stopped, offers to run it, and ends there.
    """
    _ask_again(verb, key, made_for)
    place = (_place.get() or st).empty()
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
            wide, narrow = place.container().columns([5, 2], vertical_alignment="center", gap="small")
            bar = wide.empty()
            narrow.button(
                "Stop", key=f"{key}-stop", icon=":material/stop:", width="stretch",
                on_click=_stop, args=(key, made_for),
            )  # fmt: skip
        what = f"{verb}, {stage}" if stage else verb
        after = "" if left is None else f", about {duration(left)} left"
        bar.progress(done / total, f"{what}: {done:,} of {total:,}{after}")

    try:
        yield report
    finally:
        place.empty()


# --- stopped work ---------------------------------------------------------------------------------------------


def was_stopped(key: str) -> bool:
    """Whether the viewer has stopped this work and has not asked for it since."""
    return key in st.session_state.get(_STOPPED, {})


def allow(key: str) -> None:
    """Forgets that this work was stopped."""
    st.session_state.get(_STOPPED, {}).pop(key, None)


def _stop(key: str, made_for: Any) -> None:
    st.session_state.setdefault(_STOPPED, {})[key] = made_for


def _ask_again(verb: str, key: str, made_for: Any) -> None:
    """Ends the page here where this work has been stopped, but for a sentence and a button; new settings run."""
    stopped = st.session_state.get(_STOPPED, {})
    if key not in stopped:
        return
    if made_for is None or stopped[key] != made_for:
        allow(key)
        return
    st.info(f"{verb}: stopped. Nothing has been computed for these settings.", icon=":material/stop_circle:")
    st.button(
        "Run", key=f"{key}-again", type="primary", icon=":material/play_arrow:", on_click=allow, args=(key,)
    )
    st.stop()
