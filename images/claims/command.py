"""claims: the lecture's claims on digits, measured one after the other."""

import argparse

from images.claims.digits import CLAIMS
from playground.claims_command import add_claims


def add(commands: argparse._SubParsersAction) -> None:
    add_claims(commands, CLAIMS, "out/claims")
