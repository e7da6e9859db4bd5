"""A wing's command line, which imports the chosen command alone: help costs nothing that it does not need."""

import argparse
import sys
from collections.abc import Callable, Mapping
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


def subcommand(
    added: "argparse._SubParsersAction[argparse.ArgumentParser]",
    listed: Commands,
    name: str,
    run: Callable[[argparse.Namespace], None],
    *writes: str,
) -> argparse.ArgumentParser:
    """The parser of a subcommand that the wing has `listed`, whose line of help it takes from there.

    writes: stems of its results, which are looked at before the work begins (`playground.cli.run`).
    """
    help = next(known[name] for known in listed.values() if name in known)
    parser = added.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run, writes=list(writes))
    return parser


def chosen(argv: list[str] | None) -> str:
    """The first word that is no option: the subcommand, or "" where there is none."""
    given = sys.argv[1:] if argv is None else argv
    return next((word for word in given if not word.startswith("-")), "")
