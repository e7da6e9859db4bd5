"""What every page is made of: one line of title and claim, a place for progress, settings in the address, results kept.

A page is `with page("Title"):` around

    reading widgets with `in_url`: the one main control in sight, all others in `folded`;
    computing with `cached` or `on_request`;
    drawing: a place for the picture with its play bar, `verdict_line`, the picture itself, and everything else below.

So title, main control, picture, play bar and verdict are in sight together at 1280 x 800: the player leaves room for
the verdict, downloads go to the head (`saving`).  Whatever raises UserError in it becomes a sentence on the page.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.errors import UserError
from playground.progress import Report
from playground.ui.address import from_address
from playground.ui.busy import allow, busy, progress_in, was_stopped
from playground.ui.downloads import saved_in
from playground.ui.signs import typeset
from playground.ui.tour import presenting, tour, turn, where

T = TypeVar("T")
K = TypeVar("K")
H = TypeVar("H", bound=Hashable)

SHARED = {"mixture", "pi", "model"}  # settings that a viewer takes along from page to page
CHANGED = "The settings have changed: press the button to run with them. Below is the run before."
RUN = ":material/play_arrow:"
SIGNS = {"holds": "check_circle", "does not hold": "cancel", "cannot be told": "help"}
MOST_SHARED = 30  # results that sessions share; networks of the plane are some 100 KiB each
_SETTINGS = "playground_settings"  # in the session


@contextmanager
def page(title: str) -> Iterator[None]:
    """Title and claim on one line, with room for the progress of work; a UserError within becomes a sentence.

    The claim is the lecture's, as the page's topic has it; a page that runs alone, as in a test, has none.
    """
    _enter(title)
    now = tour()
    if presenting():
        st.html(Path(__file__).with_name("present.css"))
    with st.container(key="page-head", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="page-title", width="content", gap=None):
            st.title(title, width="content", anchor=False)
            if now:
                st.caption(where(now), width="content")
        with st.container(key="page-claim"):
            st.markdown(now.topic.claim if now else "")
        work = st.container(key="page-work", gap=None)
        downloads = st.container(key="page-save", width="content")
        if now:
            with st.container(key="page-turn", horizontal=True, width="content", gap="small"):
                turn(now)
    with progress_in(work), saved_in(downloads):
        try:
            yield
        except UserError as error:
            st.error(str(error))


# --- the layout: what stands below the picture, and what is folded ---------------------------------------------


def picture() -> DeltaGenerator:
    """The place, `with picture():`, of what is looked at: a player or a sheet, and beside it the charts drawn after it.

    They stand there where the window has room: a panel is no wider than it may be high, so a wide one has.

    A chart takes longer than a sentence: a page whose slider is to answer at once keeps the place, says its verdict and
    its numbers, and draws then.
    """
    return st.container(key="page-picture", horizontal=True, gap="medium")


def verdict_line(sentence: str, outcome: str = "") -> None:
    """The sentence made from the result, directly below the picture; its place is always two lines high.

    outcome: "holds", "does not hold" or "cannot be told" at its start (playground.statistics.verdict) picks the sign.
    """
    with st.container(key="page-verdict", gap=None):
        st.markdown(f"{_sign(outcome)} {typeset(sentence)}".strip())


def _sign(outcome: str) -> str:
    for start, icon in SIGNS.items():
        if outcome.startswith(start):
            return f":material/{icon}: **{outcome}.**"
    return ""


def folded(label: str, place: Any = st) -> DeltaGenerator:
    """Where the controls go that are not the main one: a button that opens them over the page, so nothing moves."""
    found: DeltaGenerator = place.popover(label, icon=":material/tune:", width="stretch")
    return found


def explained(page_file: str, name: str = "explained.md", more: str = "") -> None:
    """What is folded at a page's end: the Markdown file that lies beside it, and what was counted only now.

    Formulas stand between two lines of $$.
    """
    text = Path(page_file).with_name(name).read_text(encoding="utf-8").rstrip()
    with st.expander("What happens here"):
        st.markdown(f"{text} {more}".rstrip())


# --- results --------------------------------------------------------------------------------------------------


def cached(key: str, made_for: K, make: Callable[[K, Report], T], verb: str) -> T:
    """The session's last result while what it was made for stays; else a new one, by make(made_for, report).

    After a Stop nothing is made for these settings until the viewer asks: the page says so and ends here.
    """
    if st.session_state.get(key, (None,))[0] != made_for:
        with busy(verb, key=f"{key}-run", made_for=made_for) as report:
            made = make(made_for, report)
        st.session_state[key] = made_for, made
    found: T = st.session_state[key][1]
    return found


@st.cache_resource
def _shared() -> dict[tuple[str, Hashable], Any]:
    """What sessions share, the one used last at the end."""
    return {}


def is_shared(key: str, made_for: Hashable) -> bool:
    """Whether `shared` has this already."""
    return (key, made_for) in _shared()


def shared(key: str, made_for: H, make: Callable[[H, Report], T], verb: str) -> T:
    """As `cached`, but for all sessions together, and for the last MOST_SHARED of all: trained networks, above all."""
    store = _shared()
    try:
        found: T = store.pop((key, made_for))
    except KeyError:
        with busy(verb, key=key, made_for=made_for) as report:
            found = make(made_for, report)
    store[key, made_for] = found
    for old in list(store)[:-MOST_SHARED]:
        store.pop(old, None)
    return found


@overload
def on_request(
    key: str, made_for: K, make: Callable[[K, Report], T], verb: str, *, button: str, icon: str = RUN, first: K,
    changed: str | None = CHANGED, place: Any = st,
) -> tuple[K, T]: ...  # fmt: skip


@overload
def on_request(
    key: str, made_for: K, make: Callable[[K, Report], T], verb: str, *, button: str, icon: str = RUN,
    first: None = None, changed: str | None = CHANGED, place: Any = st,
) -> tuple[K, T] | None: ...  # fmt: skip


def on_request(
    key: str,
    made_for: K,
    make: Callable[[K, Report], T],
    verb: str,
    *,
    button: str,
    icon: str = RUN,
    first: K | None = None,
    changed: str | None = CHANGED,
    place: Any = st,
) -> tuple[K, T] | None:
    """Runs make(made_for, report) when the button is pressed; until then shows the last run and what it was made for.

    first: what to make at the first visit, without being asked; None: nothing, and None comes back.
    changed: the sentence for settings that are not those of the run shown; None where the page says it itself.
    """
    pressed = place.button(button, type="primary", icon=icon, key=f"{key}-go")
    work = f"{key}-run"
    if pressed:
        allow(work)
    note = (
        None if first is None else _note(key)
    )  # before it is needed: a place that comes later moves all below it
    shown = st.session_state.get(key)
    wanted = made_for if pressed else first if shown is None else None
    stopped = was_stopped(work)
    if wanted is not None and not stopped and (shown is None or shown[0] != wanted):
        with busy(verb, key=work, made_for=wanted) as report:
            made = make(wanted, report)
        st.session_state[key] = shown = wanted, made
    if stopped:
        with note or _note(key):
            st.info(f"Stopped. Press **{button}** to run.", icon=":material/stop_circle:")
        if shown is None and first is not None:
            st.stop()
    elif shown is not None and shown[0] != made_for and changed:
        with note or nullcontext():
            st.caption(changed)
    return shown


def _note(key: str) -> DeltaGenerator:
    """A place in the bar above, where the page's work shows its progress, too: what is said there moves nothing."""
    return st.container(key=f"page-note-{key}")


# --- settings -------------------------------------------------------------------------------------------------


@dataclass
class _Settings:
    """What this session's viewer has set: on each page, and on all of them together."""

    page: str = ""
    drawn: set[str] = field(default_factory=set)  # of this visit to the page
    own: dict[str, dict[str, Any]] = field(default_factory=dict)  # page -> key -> value
    first: dict[tuple[str, str], Any] = field(default_factory=dict)  # what a page opened with
    shared: dict[str, Any] = field(default_factory=dict)


def _settings() -> _Settings:
    settings: _Settings = st.session_state.setdefault(_SETTINGS, _Settings())
    return settings


def _enter(title: str) -> None:
    settings = _settings()
    if settings.page != title:
        settings.page, settings.drawn = title, set()


def in_url(widget: Any, label: str, *args: Any, key: str, **options: Any) -> Any:
    """A widget whose value stands in the page's address, under its key, and is remembered for the next visit.

    Two pages may use one key: each has a value of its own, but for the SHARED ones.
    """
    settings = _settings()
    own = settings.own.setdefault(settings.page, {})
    if key not in settings.drawn:
        settings.drawn.add(key)
        _restore(settings, key, _choices(args, options))
    value = from_address(widget, label, *args, key=key, **options)
    own[key] = value
    if key in SHARED:
        changed = value != settings.first.setdefault((settings.page, key), value)
        if changed or key in settings.shared or key in st.query_params:
            settings.shared[key] = value
    return value


def one_of(
    place: Any, label: str, names: Sequence[str] | Mapping[str, str], *, key: str, default: str = "", **options: Any
) -> str:  # fmt: skip
    """One of a few names, always, from a row of segments in the page's address; default: the first of them.

    names: or what each is called on the page.
    """
    shown = {"format_func": names.get} if isinstance(names, Mapping) else {}
    known = list(names)
    chosen: str = in_url(
        place.segmented_control, label, known, key=key, default=default or known[0], required=True, **shown, **options
    )  # fmt: skip
    return chosen


def put(values: Mapping[str, Any]) -> None:
    """Sets `in_url` widgets of this page, drawn now or not.  For callbacks, which run before any is drawn."""
    settings = _settings()
    settings.own.setdefault(settings.page, {}).update(values)
    settings.shared.update({key: value for key, value in values.items() if key in SHARED})
    for key, value in values.items():
        st.session_state[key] = value


def _choices(args: Sequence[Any], options: dict[str, Any]) -> list[Any] | None:
    """The options of a widget that has some."""
    given = options.get("options", args[0] if args else None)
    return list(given) if isinstance(given, (list, tuple)) else None


def _restore(settings: _Settings, key: str, choices: list[Any] | None) -> None:
    """At the first drawing of a visit: the address decides, then what was set before; never another page's value."""
    if key in st.query_params:
        return
    shared = settings.shared if key in SHARED else {}
    for known in (shared, settings.own.get(settings.page, {})):
        if key in known and _possible(known[key], choices):
            st.session_state[key] = known[key]
            return
    if any(key in others for title, others in settings.own.items() if title != settings.page):
        st.session_state.pop(key, None)


def _possible(value: Any, choices: list[Any] | None) -> bool:
    if choices is None:
        return True
    return all(one in choices for one in (value if isinstance(value, list) else [value]))
