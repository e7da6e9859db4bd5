"""low-density, low-density-data: the lecture's Problem 1 on the command line."""

import argparse

from toy2d.command import command, progress, spec, write
from toy2d.low_density.experiment import LowDensityConfig, learn_pair, low_density, sweep
from toy2d.low_density.figures import low_density_figure, panels, sweep_figure


def add(commands: argparse._SubParsersAction) -> None:
    one = command(
        commands, "low-density", one_command, "a score learned at one noise level, and at many: its error"
    )
    data = command(commands, "low-density-data", data_command, "the same for 100 to 30,000 training points")
    one.add_argument("--points", type=int, default=10_000, help="training points")
    for parser in (one, data):
        parser.add_argument(
            "--sigma", type=float, default=0.5, help="the one level, and the lowest of the many"
        )
        parser.add_argument("--width", type=int, default=96, help="width of the networks")
        parser.add_argument("--train-steps", type=int, default=1_500, help="training steps of each network")


def _config(arguments: argparse.Namespace, **options) -> LowDensityConfig:
    return LowDensityConfig(
        spec(arguments), arguments.sigma, width=arguments.width, steps=arguments.train_steps, seed=arguments.seed,
        **options,
    )  # fmt: skip


def one_command(arguments: argparse.Namespace) -> None:
    config = _config(arguments, points=arguments.points)
    result = low_density(config, learn_pair(config, progress("training")))
    numbers = {"sigmas": result.sigmas, "area_by_sigma": result.area, "mass_by_sigma": result.mass}
    numbers["maps"] = [
        {
            "map": title, "area_below_10_percent": each.error.area, "mass_below_10_percent": each.error.mass,
            "log10_density": each.error.density_bins, "median_errors": each.error.median_errors,
        }
        for title, each in panels(config, result)
    ]  # fmt: skip
    for title, each in panels(config, result):
        print(f"{title}: {each.error.area:.1%} of the area and {each.error.mass:.1%} of the data below 10 %")
    write(arguments.out, "low-density", config, numbers, low_density_figure(config, result))


def data_command(arguments: argparse.Namespace) -> None:
    config = _config(arguments)
    result = sweep(config, progress("training"))
    for i, points in enumerate(result.points):
        print(f"n = {points:,}: " + "  ".join(f"{name} {area[i]:.1%}" for name, area in result.area.items()))
    write(arguments.out, "low-density-data", config, vars(result), sweep_figure(result))
