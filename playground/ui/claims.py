"""The lecture, claim by claim: what it says, how each claim came out here, and the page that shows it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import streamlit as st

from playground.claims import Claim, Outcome, chosen, measure_each
from playground.topics import SECTIONS
from playground.ui.busy import allow, busy, was_stopped
from playground.ui.page import SIGNS, page
from playground.ui.signs import typeset
from playground.ui.tour import tour

Wings = Mapping[str, Sequence[Claim]]
Kept = Mapping[str, Mapping[int, Outcome]]
TITLE = "The lecture, claim by claim"
NOT_YET = "not yet measured"


def claims_page(
    wings: Callable[[], Wings],
    may_measure: Callable[[], bool] = lambda: True,
    before: Callable[[Wings], Kept] = lambda wings: {},
) -> None:
    """wings: each one's claims by its name; a function, because it imports all experiments.

    may_measure: whether there are buttons for it; not where the app serves others, who share the machine.
    before: how claims came out when this version was made, shown until they are measured here.
    """
    with page(TITLE):
        found = wings()
        known = {wing: before(found).get(wing, {}) for wing in found}
        for (wing, claims), place in zip(found.items(), st.columns(len(found)), strict=True):
            with place:
                _measured(wing, claims, known[wing], may_measure())
        rows = [
            (claim, _outcomes(wing).get(i), known[wing].get(i))
            for wing, claims in found.items()
            for i, claim in enumerate(claims, 1)
        ]
        rows.sort(key=lambda row: SECTIONS.index(row[0].section))
        for section, group in groupby(rows, key=lambda row: row[0].section):
            st.subheader(section, anchor=False)
            for row in group:
                _row(*row)


def _outcomes(wing: str) -> dict[int, Outcome]:
    """What this session has measured, by the claim's number."""
    found: dict[int, Outcome] = st.session_state.setdefault(f"claims-{wing}", {})
    return found


def _measured(wing: str, claims: Sequence[Claim], known: Mapping[int, Outcome], may: bool) -> None:
    """The button that measures a wing; what was found before a Stop is kept, and the next press goes on from there."""
    outcomes, work = _outcomes(wing), f"claims-{wing}-run"
    left = {number: claim for number, claim in chosen(claims, None).items() if number not in outcomes}
    pressed = may and st.button(
        f"Measure all: {wing}", key=f"claims-{wing}-go", type="primary", icon=":material/play_arrow:",
        disabled=not left, width="stretch",
    )  # fmt: skip
    if pressed:
        allow(work)
        with busy(f"Measuring {wing}", key=work, made_for=wing) as report:
            measure_each(left, report, keep=outcomes.__setitem__)
        st.rerun()  # the button above was drawn before
    stopped = " Stopped: press the button to go on." if was_stopped(work) else ""
    st.caption(f"{_counted({**known, **outcomes}, len(outcomes), len(claims))}{stopped}")


def _counted(shown: Mapping[int, Outcome], here: int, total: int) -> str:
    """How those shown came out, and which of them were measured in this session."""
    counts = {sign: sum(found.verdict.startswith(sign) for found in shown.values()) for sign in SIGNS}
    told = ", ".join(f"{sign}: {count}" for sign, count in counts.items() if count)
    then = "as they came out when this version was made"
    if not here:
        where = f"Shown {then}." if shown else f"0 of {total} measured."
    else:
        where = f"{here} of {total} measured here{f'; the others {then}' if len(shown) > here else ''}."
    return f"{told}. {where}" if told else where


def _row(claim: Claim, measured: Outcome | None, before: Outcome | None) -> None:
    outcome = measured or before
    says, where, came_out = st.columns([3, 1.4, 4.4], vertical_alignment="top")
    says.markdown(typeset(claim.says))
    with where:
        _link(claim.page)
    if outcome is None:
        came_out.caption(f"{NOT_YET} · `{claim.command}`")
    else:
        sign = next((icon for start, icon in SIGNS.items() if outcome.verdict.startswith(start)), "help")
        mark = " :small[Measured here.]" if measured else ""
        came_out.markdown(f":material/{sign}: **{outcome.verdict}.** {typeset(outcome.words)}{mark}")


def _link(address: str) -> None:
    """To the page at this address; its address alone where there is no tour, as in a test."""
    now = tour()
    stop = next((stop for stop in now.stops if stop.topic.address == address), None) if now else None
    if stop is None:
        st.caption(address)
    else:
        st.page_link(stop.page, label=stop.topic.title)
