"""The knobs of an experiment: first values, limits and what they are called stand in its frozen dataclass, once.

    @dataclass(frozen=True)
    class MixingConfig(Knobs):
        L: int = knob(10, 1, 1_000, "The number of levels L", page=(1, 200))
        start: str = choice("square", STARTS, "The start")

The dataclass refuses what lies outside, the command's options are made from it (`add_options`), and pages read the same
first values as attributes of the class, the same limits by `limits`, or the narrower ones that a knob has for them.
"""

import argparse
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from playground.errors import UserError, require_known, require_range, require_whole

C = TypeVar("C")
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Limits:
    """low <= value <= high, or strictly between with open_ends; called: its name in a sentence.

    page: the least and the largest value that a page offers; among: the values that it offers, where these are few.
    """

    low: float
    high: float
    called: str
    open_ends: bool
    whole: bool
    page: tuple[float, float]
    among: tuple[float, ...]


def knob(
    value: T, low: float, high: float, called: str, *, open_ends: bool = False, whole: bool = False,
    page: tuple[float, float] | None = None, among: Sequence[float] = (),
) -> T:  # fmt: skip
    """A field of numbers with its first value and limits; where that is whole, so is every other.

    A first value of None may stay; whole says then that a number must be.  page, among: as in `Limits`, where a page
    offers less than the command line: so that it answers soon, or because a slider has room for so much.
    """
    limits = Limits(
        low, high, called, open_ends, whole or isinstance(value, int), page or (low, high), tuple(among)
    )
    found: T = dataclasses.field(default=value, metadata={"limits": limits})
    return found


def choice(value: str, known: Collection[str], called: str) -> str:
    """A field that names one of the known."""
    found: str = dataclasses.field(default=value, metadata={"known": (tuple(known), called)})
    return found


class Knobs:
    """A frozen dataclass whose fields are checked, in their order; more rules follow in its own __post_init__."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            if found := field.metadata.get("limits"):
                _check(value, found)
            elif named := field.metadata.get("known"):
                require_known(named[1], value, named[0])


def _check(value: Any, within: Limits) -> None:
    if within.whole:
        require_whole(within.called, value, int(within.low), int(within.high))
    else:
        require_range(within.called, value, within.low, within.high, open_ends=within.open_ends)


def limits(config: type, name: str) -> Limits:
    """The limits of a knob.  Raises UserError for a field that has none."""
    found: Limits | None = _field(config, name).metadata.get("limits")
    if found is None:
        raise UserError(f"{config.__name__} states no limits for {name}: make its field a knob.")
    return found


def known(config: type, name: str) -> tuple[str, ...]:
    """What a field may name, in order; () where it is no choice."""
    found: tuple[str, ...] = _field(config, name).metadata.get("known", ((), ""))[0]
    return found


def first(config: type, name: str) -> Any:
    """The value that a field of a config begins with.  Raises UserError for a field without one."""
    field = _field(config, name)
    if field.default is dataclasses.MISSING:
        raise UserError(f"{config.__name__} states no first value for {name}: give its field a default.")
    return field.default


def kind(config: type, name: str) -> type:
    """int or float, as a knob's values are; of another field, the type of its first value."""
    found: Limits | None = _field(config, name).metadata.get("limits")
    if found is None:
        return type(first(config, name))
    return int if found.whole else float


def _field(config: type, name: str) -> "dataclasses.Field[Any]":
    for field in dataclasses.fields(config):
        if field.name == name:
            return field
    raise UserError(f"{config.__name__} has no field {name}: name one that it has.")


def add_options(
    parser: argparse.ArgumentParser,
    config: type,
    /,
    *,
    renamed: Mapping[str, str] | None = None,
    metavar: str | None = None,
    given: bool = True,
    **words: str,
) -> None:
    """An option --name for each field in `words`, which say what it is; its type is that of the field's default.

    renamed: option -> field, where the two differ.  metavar: of those with several values.  A field that is off takes
    --name to turn it on; the destination is the option's name.  given False: what is left out is None: something
    else says it, such as a preset.
    """
    for name, help in words.items():
        field = (renamed or {}).get(name, name)
        value, names = first(config, field), known(config, field)
        about: dict[str, Any] = {"default": value if given else None, "help": help}
        if isinstance(value, bool):
            about["action"] = "store_true"
        elif isinstance(value, tuple):
            about |= {"type": type(value[0]), "nargs": "+", "metavar": metavar}
        elif names:
            about["choices"] = list(names)
        else:
            about["type"] = kind(config, field)
        action = parser.add_argument(f"--{name.replace('_', '-')}", **about)
        action.knob = config, field  # type: ignore[attr-defined]


def config_of(config: type[C], arguments: argparse.Namespace, **more: Any) -> C:
    """The config of a command's options: every field of that name, but for those in `more`."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in more]  # type: ignore[arg-type]
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return config(**{name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}, **more)
