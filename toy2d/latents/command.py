"""latents: what a code keeps, the latents' scale, and inversion told the mode, on the command line."""

import argparse
from collections.abc import Mapping
from typing import Any

from playground.claims import in_words
from playground.commands import subcommand
from playground.knobs import add_options, config_of
from toy2d.command import add_seed_and_out, printed, progress, write
from toy2d.latents.experiment import COUNTS, SCALES, LatentsConfig, claims, latents, there_and_back
from toy2d.latents.figures import latents_charts
from toy2d.topics import COMMANDS


def add(commands: argparse._SubParsersAction) -> None:
    parser = subcommand(commands, COMMANDS, "latents", run, "latents")
    add_options(
        parser,
        LatentsConfig,
        weight="what a deviation in y costs beside one in x",
        spread="standard deviation of a mode in x",
        width="standard deviation of a mode in y; the modes are at -1 and 1",
        steps="steps of DDIM in the code",
        points="points shown, and walked up and down",
    )
    add_seed_and_out(parser)


def run(arguments: argparse.Namespace) -> None:
    config = config_of(LatentsConfig, arguments)
    found = latents(config, progress("scales"))
    ways = there_and_back(config.points, config.seed, progress("walking"))
    numbers = {
        "claims": printed(map(in_words, claims(found, ways))),
        "codes": {n: {"kept": c.kept, "confused": c.confused} for n, c in found.codes.items()},
        "scales": SCALES, "scale_errors": found.scale_errors, "steps": COUNTS,
        "x_T_from_the_flow": _joined(ways.climbs), "from_home": _joined(ways.trips),
        "orders_up": _joined(ways.climb_slopes), "orders": _joined(ways.slopes), "variance_left": ways.left,
    }  # fmt: skip
    write(arguments.out, "latents", config, numbers, latents_charts(found, ways))


def _joined(found: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    return {", ".join(key): value for key, value in found.items()}
