"""annealing: annealed Langevin dynamics, dissected."""

import argparse

from playground.cli import refuse_idle
from playground.errors import UserError
from playground.knobs import add_options, config_of
from toy2d.annealing.experiment import AnnealingConfig, MapConfig, annealing, annealing_map
from toy2d.annealing.figures import annealing_cloud, map_chart
from toy2d.command import asked, command, progress, write
from toy2d.drawing.clouds import clouds_gif


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "annealing", annealing_command)
    add_options(
        parser,
        AnnealingConfig,
        levels="sigmas are the modes' own standard deviation, or noise added",
        rule="the step: eps sigma_i^2/sigma_L^2; the lecture's sigma_i/sigma_L, without and with eps; "
        "eps (sigma_i^2 + s^2)",
        L="noise levels",
        T="steps at each level",
        eps="the step size's factor",
        sigma_1="the highest level",
        sigma_L="the lowest level, with --levels added",
        particles="particles of each chain",
    )
    axes = {"across": "x", "up": "y"}
    add_options(parser, MapConfig, renamed=axes, across="the map's first axis", up="the map's second axis")
    add_options(parser, MapConfig, xs="its values", metavar="X")
    add_options(parser, MapConfig, ys="its values", metavar="Y")


def annealing_command(arguments: argparse.Namespace) -> None:
    if arguments.levels == "own":
        refuse_idle(arguments, "sigma_L", "with --levels own, where the modes' own width is the lowest level")
    if arguments.rule == "prose":
        refuse_idle(arguments, "eps", "with --rule prose, which knows no eps")
    base = asked(AnnealingConfig, arguments)
    config = config_of(MapConfig, arguments, base=base, x=arguments.across, y=arguments.up)
    numbers, gif = _one(base)
    result = annealing_map(config, progress("walking"))
    for name, values, floor in (
        ("share in a wrong mode", result.weights, result.weights_floor),
        ("sliced distance", result.sliced, result.sliced_floor),
    ):
        print(
            f"{name} (exact samples: {floor:.4f}), a row for each {config.y}, a column for each {config.x}:"
        )
        for y, row in zip(config.ys, values, strict=True):
            print(f"{y:>8g}  " + "  ".join(f"{value:8.4f}" for value in row))
    write(arguments.out, "annealing", config, numbers | vars(result), map_chart(config, result), gif, side=5)


def _one(base: AnnealingConfig) -> tuple[dict, bytes | None]:
    """The chain of the options themselves; where it diverges there is a line about it and nothing to animate."""
    try:
        result = annealing(base, progress("sampling"))
    except UserError as error:
        print(error)
        return {"diverged": str(error)}, None
    found, floor = vars(result.distances), vars(result.floor)
    for name, value in found.items():
        print(f"{name}: {value:.4f}   (exact samples: {floor[name]:.4f})")
    return {"distances": found, "floor": floor}, clouds_gif([annealing_cloud(base, result)])
