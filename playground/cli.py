"""What both command lines share: readable help, one line and exit status 2 for bad input, and a last net."""

import argparse
import io
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from playground.errors import UserError
from playground.files import require_folder, require_replaceable


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default where there is one worth showing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, argparse.SUPPRESS):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Shows defaults in --help, answers bad options in one line without the usage text, and takes finite numbers only.

    What it parses knows which options were given: `arguments.given`, a set of their destinations.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _Defaults, **options})
        self.register("type", float, _finite)
        self.register("type", int, _whole)
        self._seen: set[str] = set()

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(_short(message).split())}; see {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._seen = set()
        namespace, rest = super().parse_known_args(args, namespace)
        namespace.given = getattr(namespace, "given", frozenset()) | self._seen  # a subcommand's come first
        return namespace, rest

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        self._seen.add(action.dest)  # called for what stands on the command line, not for defaults
        return super()._get_values(action, arg_strings)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number: choose one")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text[:20]}... has {len(text)} digits: choose a smaller number")
    return value


def _short(message: str) -> str:
    return message if len(message) <= 400 else f"{message[:300]} ... {message[-80:]}"


def refuse_idle(arguments: argparse.Namespace, names: str, because: str) -> None:
    """Raises UserError where one of the options (destinations, in one string) was given.

    Called where they would do nothing: whoever gives an option must see that it counts, or be told.
    """
    idle = [name for name in names.split() if name in getattr(arguments, "given", ())]
    if idle:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in idle)
        raise UserError(
            f"{words} would do nothing {because}: leave {'it' if len(idle) == 1 else 'them'} out."
        )


def run(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> int:
    """Parses, calls the subcommand's `run` (set by `set_defaults`), and returns the exit status."""
    _print_anything()
    arguments = parser.parse_args(argv)
    command: Callable[[argparse.Namespace], None] = arguments.run
    try:
        _check_out(arguments)
        command(arguments)
    except UserError as error:
        print(f"{parser.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as of `... | head`: who read has gone, and nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        print(f"{parser.prog}: {_unexpected(error)}", file=sys.stderr)
        return 1
    return 0


def _print_anything() -> None:
    """A path or a name that the console has no letters for is printed with escapes; it must not stop the work."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _check_out(arguments: argparse.Namespace) -> None:
    """--out DIR before the work: it can be written in, and the results (`writes`, by stem) replace nobody's files."""
    out = getattr(arguments, "out", None)
    if out is None:
        return
    require_folder(out)
    for stem in getattr(arguments, "writes", ()):
        for suffix in (".json", ".png", ".gif"):
            require_replaceable(Path(out) / f"{stem}{suffix}")


def bare(sentences: Iterable[str]) -> list[str]:
    """The sentences of a page for a terminal: without the signs that make words bold."""
    return [sentence.replace("**", "") for sentence in sentences]


def say(text: str) -> None:
    """Prints a line; without a reader any more (a closed terminal) it is lost, and the work goes on."""
    with suppress(OSError):
        print(text, flush=True)


def _unexpected(error: Exception) -> str:
    """A line about an error that nobody foresaw; the traceback goes to a file, for a report."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "the memory ran out: ask for fewer images, particles or points, or a smaller batch."
    words = " ".join(str(error).split())
    what = f"{type(error).__name__}: {words[:200]}" if words else type(error).__name__
    details = "".join(traceback.format_exception(error))
    try:
        handle, path = tempfile.mkstemp(prefix="denoising-playground-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.argv}\n{details}")
    except OSError:
        return f"an unexpected error ({what}), and its details could not be written anywhere."
    return f"an unexpected error ({what}); its details are in {path}: please report it with that file."


class ProgressLine:
    """One line on a terminal that overwrites itself; elsewhere a line every ten seconds."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream, self.live = stream, stream.isatty()
        self.every, self._last = (0.2 if self.live else 10.0), 0.0

    def __call__(self, text: str, *, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._last < self.every:
            return
        self._last = now
        start, end = ("\r\x1b[K", "\n" if last else "") if self.live else ("", "\n")
        with suppress(OSError):  # the terminal may have been closed; the work goes on
            print(start + text, end=end, file=self.stream, flush=True)
