"""python -m toy2d: every experiment of the 2-D wing without the app, as figure, JSON and GIF."""

import sys
from importlib import import_module

from playground import __version__
from playground.cli import Parser, run
from toy2d.topics import COMMANDS


def parser(wanted: str | None = None) -> Parser:
    """wanted: the one subcommand whose module is imported, the others being names with a line of help; None: all."""
    top = Parser(
        prog="python -m toy2d", description="The lecture in two dimensions, held against closed forms."
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(title="experiments", required=True, metavar="EXPERIMENT")
    for folder, known in COMMANDS.items():
        if wanted is None or wanted in known:
            import_module(f"toy2d.{folder}.command").add(commands)
        else:
            for name, help in known.items():
                commands.add_parser(name, help=help)
    return top


def main(argv: list[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else argv
    return run(parser(next((word for word in given if not word.startswith("-")), "")), argv)


if __name__ == "__main__":
    sys.exit(main())
