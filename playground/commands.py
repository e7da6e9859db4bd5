"""A wing's command line, which imports the chosen command alone: help costs nothing that it does not need."""

import sys
from collections.abc import Mapping
from importlib import import_module

from playground import __version__
from playground.cli import Parser

Commands = Mapping[str, Mapping[str, str]]  # folder -> its subcommands and what each does


def parser_of(
    wing: str, description: str, commands: Commands, title: str, metavar: str, wanted: str | None
) -> Parser:
    """The parser of `python -m wing`, with each folder's command.py added to it.

    wanted: the one subcommand whose module is imported, the others being names with a line of help; "" for none of
    them, and None for all.  A name that is not listed is looked for in all, too.
    """
    listed = wanted is None or not wanted or any(wanted in known for known in commands.values())
    top = Parser(prog=f"python -m {wing}", description=description)
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    added = top.add_subparsers(
        dest="command", title=title, required=True, parser_class=Parser, metavar=metavar
    )
    for folder, known in commands.items():
        if wanted is None or wanted in known or not listed:
            import_module(f"{wing}.{folder}.command").add(added)
        else:
            for name, help in known.items():
                added.add_parser(name, help=help)
    return top


def chosen(argv: list[str] | None) -> str:
    """The first word that is no option: the subcommand, or "" where there is none."""
    given = sys.argv[1:] if argv is None else argv
    return next((word for word in given if not word.startswith("-")), "")
