"""latents: what a code keeps, the latents' scale, and inversion told the mode, on the command line."""

import argparse

from playground.knobs import add_options, config_of
from toy2d.command import progress, write
from toy2d.latents.experiment import COUNTS, SCALES, LatentsConfig, claims, latents, there_and_back
from toy2d.latents.figures import latents_charts

HELP = "what a code keeps, its scale, and inversion told the mode, exact"


def add(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("latents", help=HELP, description=HELP)
    parser.set_defaults(run=run, writes=["latents"])
    add_options(
        parser,
        LatentsConfig,
        weight="what a deviation in y costs beside one in x",
        spread="standard deviation of a mode in x",
        width="standard deviation of a mode in y; the modes are at -1 and 1",
        steps="steps of DDIM in the code",
        points="points shown, and walked up and down",
        seed="seed of all that is random",
    )
    parser.add_argument("--out", default="out", metavar="DIR", help="where the files go")


def run(arguments: argparse.Namespace) -> None:
    config = config_of(LatentsConfig, arguments)
    found = latents(config, progress("scales"))
    ways = there_and_back(config.points, config.seed, progress("walking"))
    print("\n".join(said.replace("**", "") for said in claims(found, ways)))
    numbers = {
        "codes": {n: {"kept": c.kept, "confused": c.confused} for n, c in found.codes.items()},
        "scales": SCALES, "scale_errors": found.scale_errors.tolist(), "steps": COUNTS,
        "x_T_from_the_flow": {", ".join(key): climb.tolist() for key, climb in ways.climbs.items()},
        "from_home": {", ".join(key): trip.tolist() for key, trip in ways.trips.items()},
        "orders_up": {", ".join(key): slope for key, slope in ways.climb_slopes.items()},
        "orders": {", ".join(key): slope for key, slope in ways.slopes.items()}, "variance_left": ways.left,
    }  # fmt: skip
    write(arguments.out, "latents", config, numbers, latents_charts(found, ways))
