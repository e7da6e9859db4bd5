"""python -m toy2d: every experiment of the 2-D wing without the app, as figure, JSON and GIF."""

import sys
from importlib import import_module

from playground import __version__
from playground.cli import Parser, run
from toy2d.topics import TOPICS


def parser() -> Parser:
    top = Parser(
        prog="python -m toy2d", description="The lecture in two dimensions, held against closed forms."
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(title="experiments", required=True, metavar="EXPERIMENT")
    for topic in TOPICS:
        import_module(f"toy2d.{topic.folder}.command").add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    return run(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
