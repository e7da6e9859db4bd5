"""Widgets of an experiment's knobs: first values, limits and choices are those of its frozen dataclass."""

from collections.abc import Sequence
from typing import Any

from playground.knobs import first, kind, known, limits
from playground.ui.page import bound


def ask(
    widget: Any, label: str, config: type, name: str, *steps: Any, key: str, at: Any = None,
    among: Sequence[Any] | None = None, most: float | None = None, **options: Any,
) -> Any:  # fmt: skip
    """The value of the knob `name` of a config's class, from a widget that stands in the page's address.

    widget: of a place, such as place.number_input.  steps: what follows the first value, such as a slider's step.
    at: a config whose value the page begins with, where that is not the class's own.  among: the values offered, by
    a select_slider.  most: the largest that the page offers, where it offers less than the command line.
    """
    value = first(config, name) if at is None else getattr(at, name)
    if names := known(config, name):
        return bound(widget, label, list(names), index=names.index(value), key=key, **options)
    number = kind(config, name)
    low, high = (number(end) for end in limits(config, name))
    high = high if most is None else min(high, number(most))
    if among is None:
        return number(bound(widget, label, low, high, min(value, high), *steps, key=key, **options))
    offered = [number(one) for one in among if low <= one <= high]
    return number(bound(widget, label, offered, value=min(value, high), key=key, **options))
