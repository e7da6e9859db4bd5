"""claims: the lecture's claims on digits, measured one after the other."""

import argparse
from pathlib import Path

from images.claims.digits import CLAIMS
from playground.claims import as_json, chosen, measure_each, shown
from playground.cli import ProgressLine
from playground.files import write_result

HELP = "the lecture's claims, each measured: number, interval, verdict"


def add(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("claims", help=HELP, description=HELP)
    parser.set_defaults(run=claims_command, writes=["claims"])
    parser.add_argument(
        "--only", type=int, nargs="+", metavar="N", help="these claims, by number (default: all)"
    )
    parser.add_argument("--out", default="out/claims", metavar="DIR", help="where claims.json goes")


def claims_command(arguments: argparse.Namespace) -> None:
    claims, line = chosen(CLAIMS, arguments.only), ProgressLine()
    outcomes = measure_each(
        claims, lambda done, total, stage="": line(f"measuring: {done / total:.0%}", last=done == total)
    )
    print(shown(claims, outcomes))
    print(write_result(Path(arguments.out) / "claims.json", as_json(claims, outcomes)))
