"""Widgets of an experiment's knobs: first values, limits and choices are those of its frozen dataclass."""

from collections.abc import Sequence
from typing import Any

from playground.knobs import first, kind, known, limits
from playground.ui.page import in_url


def ask(
    widget: Any, label: str, config: Any, name: str, *steps: Any, key: str,
    among: Sequence[Any] | None = None, least: float | None = None, most: float | None = None, **options: Any,
) -> Any:  # fmt: skip
    """The value of the knob `name`, from a widget that stands in the page's address.

    widget: of a place, such as place.number_input.  config: the knob's class, or one of its configs where the page
    begins with other values.  steps: what follows the first value, such as a slider's step.  among: the values offered,
    by a select_slider.  least, most: where the page offers less than the command line.
    """
    owner, value = (
        (config, first(config, name)) if isinstance(config, type) else (type(config), getattr(config, name))
    )
    if names := known(owner, name):
        return in_url(widget, label, list(names), index=names.index(value), key=key, **options)
    number, (low, high) = kind(owner, name), limits(owner, name)
    low, high = (
        number(max(low, low if least is None else least)),
        number(min(high, high if most is None else most)),
    )
    if among is None:
        return number(in_url(widget, label, low, high, min(value, high), *steps, key=key, **options))
    offered = [number(one) for one in among if low <= one <= high]
    return number(in_url(widget, label, offered, value=min(value, high), key=key, **options))
