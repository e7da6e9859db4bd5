"""Widgets whose values stand in the page's address, and addresses that hold what no widget takes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def from_address(widget: Callable[..., Any], label: str, *args: Any, key: str, **options: Any) -> Any:
    """A widget bound to the address under its key.  What it cannot take there is passed over, and said so.

    The saying is a toast: it stays until it is closed, and nothing on the page moves for it.
    """
    given = [] if key in st.session_state else st.query_params.get_all(key)
    refused = st.session_state.setdefault(_REFUSED, {})
    if key not in refused and any(_unreadable(text) for text in given):
        # Streamlit fails on infinities, and takes "nothing" even where an option is required: start without it.
        refused[key] = given
        del st.query_params[key]
        st.rerun()
    value = widget(label, *args, key=key, bind="query-params", **options)
    given = refused.pop(key, given)
    format_func = options.get("format_func", str)
    if given and not stands_for(given, value, format_func):
        shown = _short(", ".join(given))
        taken = ", ".join(map(str, value)) if isinstance(value, list) else format_func(value)
        st.toast(
            f"The address has {key}={shown}, which “{label}” does not take: {taken} is used.",
            icon=":material/link_off:", duration="infinite",
        )  # fmt: skip
    return value


_REFUSED = "playground_refused"  # in the session, from a run to the rerun: key -> what the address had


def _unreadable(text: str) -> bool:
    """Nothing, or a number without end: no widget here takes these."""
    try:
        return not text or not math.isfinite(float(text))
    except ValueError:
        return False


def stands_for(given: Sequence[str], value: Any, format_func: Callable[[Any], str] = str) -> bool:
    """Whether a widget's value is what the address asked for."""
    if isinstance(value, (list, tuple)):
        return len(given) == len(value) and all(
            stands_for([g], v, format_func)
            for g, v in zip(sorted(given), sorted(value, key=str), strict=True)
        )
    text = given[-1]
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if text in (str(value), format_func(value)):
        return True
    try:
        return math.isclose(float(text), float(value), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError, OverflowError):
        return False


def _short(text: str, most: int = 40) -> str:
    """No address can fill the page, nor draw on it: what is left of Markdown's signs is text."""
    cut = text if len(text) <= most else f"{text[:most]}…"
    return "".join(f"\\{c}" if c in "\\`*_[]{}<>#$:~|!" else c for c in cut) or "(nothing)"
