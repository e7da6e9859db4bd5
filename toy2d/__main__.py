"""python -m toy2d: every experiment of the 2-D wing without the app, as figure, JSON and GIF."""

import os
import sys

# Before torch is loaded: its threads sleep while they wait.  Spinning ones stop each other where cores are busy.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

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
