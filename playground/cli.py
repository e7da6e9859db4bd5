"""What both command lines share: readable help, and one line and exit status 2 for bad input."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn, TextIO

from playground.errors import UserError


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default where there is one worth showing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, argparse.SUPPRESS):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Shows defaults in --help, and answers bad options in one line, without the usage text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _Defaults, **options})

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def run(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> int:
    """Parses, calls the subcommand's `run` (set by `set_defaults`), and returns the exit status."""
    arguments = parser.parse_args(argv)
    command: Callable[[argparse.Namespace], None] = arguments.run
    try:
        command(arguments)
    except UserError as error:
        print(f"{parser.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped", file=sys.stderr)
        return 130
    return 0


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
        print(start + text, end=end, file=self.stream, flush=True)
