"""The knobs of an experiment: first values, limits and what they are called stand in its frozen dataclass, once.

    @dataclass(frozen=True)
    class MixingConfig(Knobs):
        L: int = knob(10, 1, 1_000, "The number of levels L")
        start: str = choice("square", STARTS, "The start")

The dataclass refuses what lies outside, the command's options are made from it (`add_options`), and pages read the same
first values as attributes of the class, the same limits by `limits`.
"""

import argparse
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from playground.errors import UserError, require_known, require_range, require_whole

C = TypeVar("C")
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Limits:
    """low <= value <= high, or strictly between with open_ends; called: its name in a sentence."""

    low: float
    high: float
    called: str
    open_ends: bool
    whole: bool


def knob(
    value: T, low: float, high: float, called: str, *, open_ends: bool = False, whole: bool = False
) -> T:
    """A field of numbers with its first value and limits; where that is whole, so is every other.

    A first value of None may stay; whole says then that a number must be.
    """
    limits = Limits(low, high, called, open_ends, whole or isinstance(value, int))
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
            elif known := field.metadata.get("known"):
                require_known(known[1], value, known[0])


def _check(value: Any, within: Limits) -> None:
    if within.whole:
        require_whole(within.called, value, int(within.low), int(within.high))
    else:
        require_range(within.called, value, within.low, within.high, open_ends=within.open_ends)


def limits(config: type, name: str) -> tuple[float, float]:
    """The least and the largest value of a knob.  Raises UserError for a field that has none."""
    for field in dataclasses.fields(config):
        if field.name == name and "limits" in field.metadata:
            found: Limits = field.metadata["limits"]
            return found.low, found.high
    raise UserError(f"{config.__name__} states no limits for {name}: make its field a knob.")


def first(config: type, name: str) -> Any:
    """The value that a field of a config begins with.  Raises UserError for a field without one."""
    for field in dataclasses.fields(config):
        if field.name == name and field.default is not dataclasses.MISSING:
            return field.default
    raise UserError(f"{config.__name__} states no first value for {name}: give its field a default.")


def add_options(
    parser: argparse.ArgumentParser,
    config: type,
    words: Mapping[str, str],
    *,
    renamed: Mapping[str, str] | None = None,
    metavar: str | None = None,
) -> None:
    """An option --name for each field in `words`, which say what it is; its type is that of the field's default.

    renamed: option -> field, where the two differ.  metavar: of those with several values.  A field that is off takes
    --name to turn it on; the destination is the option's name.
    """
    for name, help in words.items():
        field = (renamed or {}).get(name, name)
        value, known = first(config, field), _known(config, field)
        about: dict[str, Any] = {"default": value, "help": help}
        if isinstance(value, bool):
            about["action"] = "store_true"
        elif isinstance(value, tuple):
            about |= {"type": type(value[0]), "nargs": "+", "metavar": metavar}
        elif known:
            about["choices"] = list(known)
        else:
            about["type"] = type(value)
        action = parser.add_argument(f"--{name.replace('_', '-')}", **about)
        action.knob = config, field  # type: ignore[attr-defined]


def _known(config: type, name: str) -> Collection[str]:
    """What a field may name, where it is a choice."""
    return next(
        (
            f.metadata["known"][0]
            for f in dataclasses.fields(config)
            if f.name == name and "known" in f.metadata
        ),
        (),
    )


def config_of(config: type[C], arguments: argparse.Namespace, **more: Any) -> C:
    """The config of a command's options: every field of that name, but for those in `more`."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in more]  # type: ignore[arg-type]
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return config(**{name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}, **more)
