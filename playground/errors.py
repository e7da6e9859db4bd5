"""The one kind of error a user is meant to read: it names the value, the rule and the remedy."""

import math
from collections.abc import Collection


class UserError(ValueError):
    """Shown as `st.error` in the app; one line and exit status 2 on a command line."""


def require(condition: bool, sentence: str) -> None:
    """Raises UserError(sentence) unless the condition holds."""
    if not condition:
        raise UserError(sentence)


def require_range(name: str, value: float, low: float, high: float, *, open_ends: bool = False) -> None:
    """Raises UserError unless low <= value <= high (or strictly between, with open_ends)."""
    inside = low < value < high if open_ends else low <= value <= high
    if not (math.isfinite(value) and inside):
        rule = ("strictly between {} and {}" if open_ends else "from {} to {}").format(
            _plain(low), _plain(high)
        )
        raise UserError(f"{name} is {_plain(value)}; it must lie {rule}: choose a value in that range.")


def require_known(name: str, value: str, known: Collection[str]) -> None:
    """Raises UserError unless the value is one of the known names."""
    require(value in known, f"{name} is {value!r}; known are {', '.join(known)}: choose one of these.")


def _plain(value: float) -> str:
    """1000000 -> "1,000,000", which `:g` would write as 1e+06."""
    return f"{value:,d}" if isinstance(value, int) else f"{value:,g}"
