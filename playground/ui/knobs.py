"""Widgets of an experiment's knobs: first values, limits and choices are those of its frozen dataclass."""

from typing import Any

from playground.knobs import first, kind, known, limits
from playground.ui.page import in_url


def ask(
    widget: Any, label: str, config: Any, name: str, *steps: Any, key: str,
    least: float | None = None, most: float | None = None, **options: Any,
) -> Any:  # fmt: skip
    """The value of the knob `name`, from a widget that stands in the page's address.

    widget: of a place, such as place.number_input; a select_slider where the knob says which values a page offers.
    config: the knob's class, or one of its configs where the page begins with other values.  steps: what follows the
    first value, such as a slider's step.  least, most: what the page's model or data allow, where they allow less;
    all other limits are the knob's.
    """
    owner, value = (
        (config, first(config, name)) if isinstance(config, type) else (type(config), getattr(config, name))
    )
    if names := known(owner, name):
        return in_url(widget, label, list(names), index=names.index(value), key=key, **options)
    found, number = limits(owner, name), kind(owner, name)
    low, high = found.page
    low, high = (
        number(low if least is None else max(low, least)),
        number(high if most is None else min(high, most)),
    )
    if not found.among:
        return number(in_url(widget, label, low, high, min(value, high), *steps, key=key, **options))
    offered = [number(one) for one in found.among if low <= one <= high]
    return number(in_url(widget, label, offered, value=min(value, high), key=key, **options))
