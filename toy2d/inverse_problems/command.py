"""inverse: y = A x + noise, by regression and by samples, with the posterior in closed form."""

import argparse
from dataclasses import asdict

from toy2d.command import command, progress, spec, write
from toy2d.inverse_problems.experiment import OPERATORS, InverseConfig, claims, inverse
from toy2d.inverse_problems.figures import inverse_figure


def add(commands: argparse._SubParsersAction) -> None:
    d = InverseConfig()
    parser = command(
        commands, "inverse", inverse_command, "inverse problems: regression, samples, the factor of two"
    )
    parser.set_defaults(mixture="ring")
    parser.add_argument("--seen", choices=list(OPERATORS), default=d.seen, help="what is measured of a point")
    parser.add_argument("--noise", type=float, default=d.noise, help="its noise, a standard deviation")
    parser.add_argument("--value", type=float, default=d.value, help="the measurement that is drawn")
    parser.add_argument("--problems", type=int, default=d.problems, help="points and their measurements")
    parser.add_argument("--samples", type=int, default=d.samples, help="samples of each")
    parser.add_argument("--steps", type=int, default=d.steps, help="steps of the walks")
    parser.add_argument("--zeta", type=float, default=d.zeta, help="DPS's step")


def inverse_command(arguments: argparse.Namespace) -> None:
    names = ("seen", "noise", "value", "problems", "samples", "steps", "zeta", "seed")
    config = InverseConfig(spec(arguments), **{name: getattr(arguments, name) for name in names})
    found = inverse(config, progress("sampling"))
    said = [sentence.replace("**", "") for sentence in claims(config, found)]
    print("\n".join(said))
    numbers = {
        "methods": [asdict(method) for method in found.methods], "least": asdict(found.least),
        "least_in_closed_form": found.closed, "first_step_off": found.first, "between": asdict(found.between),
        "claims": said,
    }  # fmt: skip
    write(arguments.out, "inverse", config, numbers, inverse_figure(config, found))
