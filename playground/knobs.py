"""Command-line options of an experiment's knobs: their types and first values stand in its frozen dataclass, once.

Pages read the same first values as attributes of the class: `bound(place.number_input, "L", ..., MixingConfig.L)`.
"""

import argparse
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from playground.errors import UserError

C = TypeVar("C")


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
    choices: Mapping[str, Collection[str]] | None = None,
    renamed: Mapping[str, str] | None = None,
    metavar: str | None = None,
) -> None:
    """An option --name for each field in `words`, which say what it is; its type is that of the field's default.

    choices: of the named options.  renamed: option -> field, where the two differ.  metavar: of those with several
    values.  A field that is off takes --name to turn it on; the destination is the option's name.
    """
    for name, help in words.items():
        value = first(config, (renamed or {}).get(name, name))
        about: dict[str, Any] = {"default": value, "help": help}
        if isinstance(value, bool):
            about["action"] = "store_true"
        elif isinstance(value, tuple):
            about |= {"type": type(value[0]), "nargs": "+", "metavar": metavar}
        elif choices and name in choices:
            about["choices"] = list(choices[name])
        else:
            about["type"] = type(value)
        action = parser.add_argument(f"--{name.replace('_', '-')}", **about)
        action.knob = config, (renamed or {}).get(name, name)  # type: ignore[attr-defined]


def config_of(config: type[C], arguments: argparse.Namespace, **more: Any) -> C:
    """The config of a command's options: every field of that name, but for those in `more`."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in more]  # type: ignore[arg-type]
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return config(**{name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}, **more)
