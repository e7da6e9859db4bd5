"""The one kind of error a user is meant to read, and the rules that all configurations share.

A sentence names the value, the rule and the remedy.  The dataclasses of both wings call these, so a command line,
a page's field and an address meet the same rules.
"""

import math
import numbers
import re
from collections.abc import Collection
from typing import Any

SEEDS = (0, 2**31 - 1)  # what the pages' number fields can hold; beyond 2**64 torch refuses, too
SIGMAS = (1e-4, 1e5)  # their squares and the squares' ratios stay within float32
NAME = 64  # characters of a run's name
RESERVED = {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)}


class UserError(ValueError):
    """Shown as `st.error` in the app; one line and exit status 2 on a command line."""


def require(condition: bool, sentence: str) -> None:
    """Raises UserError(sentence) unless the condition holds."""
    if not condition:
        raise UserError(sentence)


def require_range(name: str, value: float, low: float, high: float, *, open_ends: bool = False) -> None:
    """Raises UserError unless low <= value <= high (or strictly between, with open_ends)."""
    inside = _is_number(value) and (low < value < high if open_ends else low <= value <= high)
    if not inside:
        rule = ("strictly between {} and {}" if open_ends else "from {} to {}").format(
            _plain(low), _plain(high)
        )
        raise UserError(f"{name} is {_plain(value)}; it must lie {rule}: choose a value in that range.")


def require_whole(name: str, value: int, low: int, high: int) -> None:
    """Raises UserError unless the value is a whole number from low to high; 2.0, True and "2" are none."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    require(whole, f"{name} is {_plain(value)}; it must be a whole number: choose one.")
    require_range(name, value, low, high)


def require_seed(seed: int) -> None:
    """Raises UserError unless a generator can be seeded so on every page and command line."""
    require_whole("The seed", seed, *SEEDS)


def seed_beside(seed: int, i: int) -> int:
    """A seed for the i-th of several runs: seed + i, which starts again at 0 after the last one."""
    return (seed + i) % (SEEDS[1] + 1)


def require_sigma(name: str, sigma: float) -> None:
    """Raises UserError unless sigma is a noise level that float32 can divide by and square."""
    require_range(name, sigma, *SIGMAS)


def require_known(name: str, value: str, known: Collection[str]) -> None:
    """Raises UserError unless the value is one of the known names."""
    found = isinstance(value, str) and value in known
    require(found, f"{name} is {_plain(value)}; known are {', '.join(known)}: choose one of these.")


def require_folder_name(name: str) -> None:
    """Raises UserError unless a folder can have this name on Linux, macOS and Windows."""
    short = name if len(name) <= NAME else f"{name[:20]}... ({len(name)} characters)"
    require(
        re.fullmatch(rf"\w([\w .-]{{0,{NAME - 2}}}[\w-])?", name) is not None,
        f"The name {short!r} cannot be a folder's: use up to {NAME} letters, digits, spaces, dots and dashes, "
        "with a letter or digit first and no dot or space last.",
    )
    require(
        name.split(".")[0].strip().upper() not in RESERVED,
        f"The name {name!r} belongs to a device on Windows: choose another, for example {name + '-1'!r}."
        if "." not in name
        else f"The name {name!r} belongs to a device on Windows: choose another first word.",
    )


def _is_number(value: Any) -> bool:
    """Whether it is a finite number; whole numbers of any size are, though no float can hold them."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return isinstance(value, numbers.Integral) or math.isfinite(value)


def _plain(value: Any) -> str:
    """1000000 -> "1,000,000", which `:g` would write as 1e+06; what is no number is quoted, shortened."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        words = repr(value)
        return words if len(words) <= 60 else words[:57] + "..."
    if isinstance(value, numbers.Integral):
        value = int(value)
        return f"{value:,d}" if abs(value) < 10**15 else f"about {'-' * (value < 0)}10^{_digits(value) - 1}"
    return f"{value:,g}"


def _digits(value: int) -> int:
    """How many decimal digits; Python refuses to write out more than some thousands."""
    return int(math.log10(2) * (abs(value).bit_length() - 1)) + 1
