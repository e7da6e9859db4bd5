"""claims: the lecture's claims in the plane, measured one after the other."""

import argparse

from playground.claims_command import add_claims
from toy2d.claims.plane import CLAIMS


def add(commands: argparse._SubParsersAction) -> None:
    add_claims(commands, CLAIMS, "out")
