"""Widgets of an experiment's knobs: first values, limits and choices are those of its frozen dataclass."""

import dataclasses
from typing import Any, Generic, TypeVar, cast

from playground.knobs import Knobs, first, kind, known, limits
from playground.ui.page import in_url

C = TypeVar("C", bound=Knobs)


def ask(
    widget: Any, label: str, config: Any, name: str, *steps: Any, key: str = "",
    least: float | None = None, most: float | None = None, **options: Any,
) -> Any:  # fmt: skip
    """The value of the knob `name`, from a widget that stands in the page's address.

    widget: of a place, such as place.number_input; a select_slider where the knob says which values a page offers.
    config: the knob's class, or one of its configs where the page begins with other values.  steps: what follows the
    first value, such as a slider's step.  key: the widget's; empty: the knob's name.  least, most: what the page's
    model or data allow, where they allow less; all other limits are the knob's.
    """
    key = key or name
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


class Form(Generic[C]):
    """The knobs of one config, asked one after the other, wherever they stand; then the config of all answers.

    begins: the config's class, or one of its configs where the page begins with other values.
    """

    def __init__(self, begins: type[C] | C) -> None:
        self.begins, self.answers = begins, dict[str, Any]()

    def ask(self, widget: Any, label: str, name: str, *steps: Any, **options: Any) -> Any:
        """As `ask`, of this form's config."""
        self.answers[name] = answer = ask(widget, label, self.begins, name, *steps, **options)
        return answer

    def made(self, **others: Any) -> C:
        """Others, and what was asked beside them; all else is as it begins."""
        values = {**self.answers, **others}
        if isinstance(self.begins, type):
            return self.begins(**values)
        made: C = dataclasses.replace(cast(Any, self.begins), **values)
        return made
