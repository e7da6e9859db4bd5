"""own-data: the exact optimum for finite data beside a network trained on them."""

import argparse
from typing import Any

from playground.cli import refuse_idle
from playground.commands import subcommand
from playground.errors import UserError
from playground.knobs import add_options, config_of
from playground.statistics import told_share
from toy2d.command import add_seed_and_out, progress, write
from toy2d.datasets import DATASETS, LONGEST_TEXT, fitted, parse_csv
from toy2d.drawing.clouds import clouds_gif
from toy2d.own_data.experiment import OwnDataConfig, Points, own_data, train_network
from toy2d.own_data.figures import own_data_charts, own_data_clouds
from toy2d.topics import COMMANDS


def add(commands: argparse._SubParsersAction) -> None:
    parser = subcommand(commands, COMMANDS, "own-data", own_data_command, "own-data")
    add_seed_and_out(parser)
    parser.add_argument(
        "--data", choices=list(DATASETS), default=OwnDataConfig.source, help="a named data set"
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="points of your own, two numbers a row, instead of --data"
    )
    add_options(
        parser,
        OwnDataConfig,
        n="training points of the named data set",
        threshold="a copy is nearer than this share of the typical distance",
        train_steps="training steps",
        width="width of the network",
        steps="sampling steps",
        eta="the sampler's noise: 0 DDIM, 1 DDPM",
        particles="samples of each",
    )


def read_points(path: str) -> Points:
    """The points of a CSV file, fitted into the square.  Raises UserError for one that cannot be read."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(LONGEST_TEXT + 1)  # of more, enough to be refused
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} could not be read ({error}): name a text file with two numbers a row."
        ) from error
    points, _ = fitted(parse_csv(text))
    return tuple((float(x), float(y)) for x, y in points)


def own_data_command(arguments: argparse.Namespace) -> None:
    if arguments.csv:
        refuse_idle(arguments, "data n", "beside --csv, which brings its own points")
    source, given = ("csv", read_points(arguments.csv)) if arguments.csv else (arguments.data, ())
    config = config_of(OwnDataConfig, arguments, source=source, given=given)
    network = train_network(config, progress("training"))
    result = own_data(config, network, progress("sampling"))
    assert result.network is not None
    numbers: dict[str, Any] = {"typical_distance": result.typical, "fresh_copies": result.fresh_copies}
    numbers["floor"] = result.floor
    for name, run in (("optimum", result.optimum), ("network", result.network)):
        numbers[name] = {"copies": run.copies, "to_fresh": run.to_fresh}
        print(f"{name}: {told_share(run.copies, config.particles)} of the samples copy a training point")
    by_chance = "training points" if config.given else "fresh data"
    print(f"{by_chance}: {told_share(result.fresh_copies, len(result.reference))}")
    gif = clouds_gif(own_data_clouds(config, result), fps=15)
    write(arguments.out, "own-data", config, numbers, own_data_charts(config, result), gif)
