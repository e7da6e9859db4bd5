"""mixing: plain and annealed Langevin dynamics on the command line."""

import argparse
from typing import Any

import numpy as np

from playground.cli import refuse_idle
from playground.knobs import add_options
from playground.statistics import wilson
from toy2d.command import add_learned, asked, command, learned, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing.figures import mixing_charts, mixing_clouds


def add(commands: argparse._SubParsersAction) -> None:
    mix = command(commands, "mixing", mixing_command)
    add_options(
        mix,
        MixingConfig,
        particles="particles in each chain",
        levels="sigmas: the modes' own standard deviation, as the paper ran it, or noise added",
        L="noise levels",
        T="steps at each level",
        sigma_1="the highest level",
        sigma_L="the lowest level, with --levels added",
        step_size="a of x + (a/2) score + sqrt(a) z, as a share of a mode's variance",
        start="where the particles start",
    )
    mix.add_argument("--no-noise", action="store_true", help="take z away: gradient ascent")
    add_learned(mix, "ncsn")


def mixing_command(arguments: argparse.Namespace) -> None:
    if arguments.levels == "own":
        refuse_idle(arguments, "sigma_L", "with --levels own, where the modes' own width is the lowest level")
    config = asked(MixingConfig, arguments, noise=not arguments.no_noise)
    result = mixing(config, learned(arguments), progress("sampling"))
    numbers: dict[str, Any] = {"weights": result.weights}
    for name, chain in (("plain", result.plain), ("annealed", result.annealed)):
        low, high = wilson(chain.shares[-1], config.particles)
        numbers[name] = {"shares": chain.shares[-1], "low": low, "high": high, "over_time": chain.shares}
        print(f"{name}: {_with_bands(chain.shares[-1], low, high)}")
    print(f"true weights: {' '.join(f'{w:.4f}' for w in result.weights)}")
    gif = clouds_gif(mixing_clouds(config, result))
    write(arguments.out, "mixing", config, numbers, mixing_charts(config, result), gif)


def _with_bands(shares: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    return "  ".join(f"{s:.4f} ({a:.4f} to {b:.4f})" for s, a, b in zip(shares, low, high, strict=True))
