"""The subcommand claims, the same in both wings: the lecture's claims, measured one after the other."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from playground.claims import Claim, as_json, chosen, measure_each, shown
from playground.cli import ProgressLine
from playground.files import write_result

HELP = "the lecture's claims, each measured: number, interval, verdict"


def add_claims(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", claims: Sequence[Claim], out: str
) -> None:
    """Adds the subcommand, which prints a table of `claims` and writes claims.json below `out`."""
    parser = commands.add_parser("claims", help=HELP, description=HELP)
    parser.set_defaults(run=partial(_measured, claims), writes=["claims"])
    parser.add_argument(
        "--only", type=int, nargs="+", metavar="N", help="these claims, by number (default: all)"
    )
    parser.add_argument("--out", default=out, metavar="DIR", help="where claims.json goes")


def _measured(claims: Sequence[Claim], arguments: argparse.Namespace) -> None:
    asked, line = chosen(claims, arguments.only), ProgressLine()
    outcomes = measure_each(
        asked, lambda done, total, stage="": line(f"measuring: {done / total:.0%}", last=done == total)
    )
    print(shown(asked, outcomes))
    print(write_result(Path(arguments.out) / "claims.json", as_json(asked, outcomes)))
