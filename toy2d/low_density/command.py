"""low-density, low-density-data: the lecture's Problem 1 on the command line."""

import argparse

from playground.knobs import add_options
from toy2d.command import add_told_pi, asked, command, progress, write
from toy2d.low_density.experiment import LowDensityConfig, learn_pair, low_density, sweep
from toy2d.low_density.figures import low_density_charts, panels, sweep_chart


def add(commands: argparse._SubParsersAction) -> None:
    one = command(commands, "low-density", one_command)
    data = command(commands, "low-density-data", data_command)
    for parser in (one, data):
        add_options(
            parser,
            LowDensityConfig,
            renamed={"train_steps": "steps"},
            sigma="the one level, and the lowest of the many",
            width="width of the networks",
            train_steps="training steps of each network",
        )
        add_told_pi(parser, LowDensityConfig)
    add_options(one, LowDensityConfig, points="training points")


def one_command(arguments: argparse.Namespace) -> None:
    config = asked(LowDensityConfig, arguments, steps=arguments.train_steps)
    result = low_density(config, learn_pair(config, progress("training")))
    maps = [
        {
            "map": title, "area_below_10_percent": each.error.area, "mass_below_10_percent": each.error.mass,
            "log10_density": each.error.density_bins, "median_errors": each.error.median_errors,
        }
        for title, each in panels(config, result)
    ]  # fmt: skip
    numbers = {
        "sigmas": result.sigmas,
        "area_by_sigma": result.area,
        "mass_by_sigma": result.mass,
        "maps": maps,
    }
    for title, each in panels(config, result):
        print(f"{title}: {each.error.area:.1%} of the area and {each.error.mass:.1%} of the data below 10 %")
    write(arguments.out, "low-density", config, numbers, low_density_charts(config, result))


def data_command(arguments: argparse.Namespace) -> None:
    config = asked(LowDensityConfig, arguments, steps=arguments.train_steps)
    result = sweep(config, progress("training"))
    for i, points in enumerate(result.points):
        print(f"n = {points:,}: " + "  ".join(f"{name} {area[i]:.1%}" for name, area in result.area.items()))
    write(arguments.out, "low-density-data", config, vars(result), sweep_chart(result))
