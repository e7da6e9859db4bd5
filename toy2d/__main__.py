"""python -m toy2d: every experiment of the 2-D wing without the app, as figure, JSON and GIF."""

import sys

from playground.cli import Parser, run
from playground.commands import chosen, parser_of
from toy2d.topics import COMMANDS


def parser(wanted: str | None = None) -> Parser:
    """wanted: as in `playground.commands.parser_of`."""
    about = "The lecture in two dimensions, held against closed forms."
    return parser_of("toy2d", about, COMMANDS, "experiments", "EXPERIMENT", wanted)


def main(argv: list[str] | None = None) -> int:
    return run(parser(chosen(argv)), argv)


if __name__ == "__main__":
    sys.exit(main())
