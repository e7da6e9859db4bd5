"""The one kind of error a user is meant to read: it names the value, the rule and the remedy."""

import math


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
        rule = f"strictly between {low:,g} and {high:,g}" if open_ends else f"from {low:,g} to {high:,g}"
        raise UserError(f"{name} is {value:,g}; it must lie {rule}: choose a value in that range.")
