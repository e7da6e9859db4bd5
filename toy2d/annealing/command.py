"""annealing: annealed Langevin dynamics, dissected."""

import argparse
import dataclasses

import numpy as np

from playground.cli import refuse_idle
from playground.errors import UserError
from toy2d.annealing.experiment import AXES, RULES, AnnealingConfig, MapConfig, annealing, annealing_map
from toy2d.annealing.figures import annealing_cloud, annealing_figure
from toy2d.command import command, progress, spec, write
from toy2d.drawing.clouds import clouds_gif


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands, "annealing", annealing_command, "annealed Langevin: L, T, eps, sigma_1 against errors"
    )
    parser.add_argument("--levels", choices=("own", "added"), default="own",
                        help="sigmas are the modes' own standard deviation, or noise added")  # fmt: skip
    parser.add_argument("--rule", choices=list(RULES), default="algorithm1",
                        help="the step: eps sigma_i^2/sigma_L^2; the lecture's sigma_i/sigma_L, without and with eps; "
                        "eps (sigma_i^2 + s^2)")  # fmt: skip
    parser.add_argument("--L", type=int, default=10, help="noise levels")
    parser.add_argument("--T", type=int, default=100, help="steps at each level")
    parser.add_argument("--eps", type=float, default=0.1, help="the step size's factor")
    parser.add_argument("--sigma-1", type=float, default=20.0, help="the highest level")
    parser.add_argument("--sigma-L", type=float, default=0.1, help="the lowest level, with --levels added")
    parser.add_argument("--particles", type=int, default=1_000, help="particles of each chain")
    parser.add_argument("--across", choices=AXES, default="L", help="the map's first axis")
    parser.add_argument("--xs", type=float, nargs="+", default=(3, 10, 30), metavar="X", help="its values")
    parser.add_argument("--up", choices=AXES, default="eps", help="the map's second axis")
    parser.add_argument(
        "--ys", type=float, nargs="+", default=(0.03, 0.1, 0.3), metavar="Y", help="its values"
    )


def annealing_command(arguments: argparse.Namespace) -> None:
    names = ("levels", "rule", "L", "T", "eps", "sigma_1", "sigma_L", "particles", "seed")
    if arguments.levels == "own":
        refuse_idle(arguments, "sigma_L", "with --levels own, where the modes' own width is the lowest level")
    if arguments.rule == "prose":
        refuse_idle(arguments, "eps", "with --rule prose, which knows no eps")
    base = AnnealingConfig(spec(arguments), **{name: getattr(arguments, name) for name in names})
    config = MapConfig(base, arguments.across, arguments.up, tuple(arguments.xs), tuple(arguments.ys))
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
    numbers |= {
        "weights": _known(result.weights), "sliced": _known(result.sliced),
        "weights_floor": result.weights_floor, "sliced_floor": result.sliced_floor,
    }  # fmt: skip
    write(arguments.out, "annealing", config, numbers, annealing_figure(config, result), gif)


def _one(base: AnnealingConfig) -> tuple[dict, bytes | None]:
    """The chain of the options themselves; where it diverges there is a line about it and nothing to animate."""
    try:
        result = annealing(base, progress("sampling"))
    except UserError as error:
        print(error)
        return {"diverged": str(error)}, None
    found, floor = dataclasses.asdict(result.distances), dataclasses.asdict(result.floor)
    for name, value in found.items():
        print(f"{name}: {value:.4f}   (exact samples: {floor[name]:.4f})")
    return {"distances": found, "floor": floor}, clouds_gif([annealing_cloud(base, result)])


def _known(values: np.ndarray) -> list[list[float | None]]:
    """JSON has no infinity: a chain that diverged is null."""
    return [[float(value) if np.isfinite(value) else None for value in row] for row in values]
