"""The tour: which page comes before and after this one, and what the lecture says there."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from playground.topics import Topic

_TOUR = "playground_tour"  # in the session


@dataclass(frozen=True)
class Stop:
    """One page of the tour and its topic."""

    page: StreamlitPage
    topic: Topic


@dataclass(frozen=True)
class Tour:
    """stops: in the order of the lecture, the start page first.  at: the number of the page that is open."""

    stops: Sequence[Stop]
    at: int

    @property
    def topic(self) -> Topic:
        return self.stops[self.at].topic

    def neighbour(self, by: int) -> Stop:
        """The stop before (-1) or after (1) this one; the tour is a circle."""
        return self.stops[(self.at + by) % len(self.stops)]


def set_out(stops: Sequence[Stop], current: StreamlitPage) -> None:
    """To be called on every run of the app, before the page, with the page that is to run."""
    at = [stop.page.url_path for stop in stops].index(current.url_path)
    st.session_state[_TOUR] = Tour(stops, at)


def tour() -> Tour | None:
    """The tour that this page is part of; None where a page runs by itself, as in a test."""
    found: Tour | None = st.session_state.get(_TOUR)
    return found


def page_at(address: str) -> StreamlitPage | None:
    """The page of an address, for a link to it; None where a page runs by itself."""
    now = tour()
    found = [stop.page for stop in now.stops if stop.page.url_path == address] if now else []
    return found[0] if found else None


def where(now: Tour) -> str:
    """Number, how many, and the lecture's section, as the head of a page says it."""
    return f"{now.at} of {len(now.stops) - 1} · {now.topic.section}"


def presenting() -> bool:
    """Whether the address asks for the picture alone, as large as the window: ?present=1."""
    return st.query_params.get("present") == "1"


def turn(now: Tour) -> None:
    """Links to the page before and the page after; who presents goes on presenting."""
    for by, label, icon in ((-1, "Back", "arrow_back"), (1, "Next", "arrow_forward")):
        stop = now.neighbour(by)
        st.page_link(
            stop.page,
            label=label,
            icon=f":material/{icon}:",
            icon_position="left" if by < 0 else "right",
            help=stop.page.title,
            query_params={"present": "1"} if presenting() else None,
        )
