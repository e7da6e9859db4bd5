"""inverse: y = A x + noise, by regression and by samples, with the posterior in closed form."""

import argparse

from playground.claims import in_words
from playground.knobs import add_options
from toy2d.command import asked, command, printed, progress, write
from toy2d.inverse_problems.experiment import InverseConfig, claims, inverse
from toy2d.inverse_problems.figures import inverse_charts


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "inverse", inverse_command)
    parser.set_defaults(mixture="ring")
    add_options(
        parser,
        InverseConfig,
        seen="what is measured of a point",
        noise="its noise, a standard deviation",
        value="the measurement that is drawn",
        problems="points and their measurements",
        samples="samples of each",
        steps="steps of the walks",
        zeta="DPS's step",
    )


def inverse_command(arguments: argparse.Namespace) -> None:
    config = asked(InverseConfig, arguments)
    found = inverse(config, progress("sampling"))
    numbers = {
        "methods": found.methods, "least": found.least, "least_in_closed_form": found.closed,
        "first_step_off": found.first, "between": found.between,
        "claims": printed(map(in_words, claims(config, found))),
    }  # fmt: skip
    write(arguments.out, "inverse", config, numbers, inverse_charts(config, found))
