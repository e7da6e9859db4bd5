"""mixing: plain and annealed Langevin dynamics on the command line."""

import argparse

import numpy as np

from playground.cli import refuse_idle
from playground.statistics import wilson
from toy2d.command import add_learned, command, learned, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing.figures import mixing_clouds, mixing_figure
from toy2d.starts import STARTS


def add(commands: argparse._SubParsersAction) -> None:
    mix = command(
        commands, "mixing", mixing_command, "plain and annealed Langevin dynamics, shares against pi"
    )
    mix.add_argument("--particles", type=int, default=2_000, help="particles in each chain")
    mix.add_argument("--levels", choices=("own", "added"), default="own",
                     help="sigmas: the modes' own standard deviation, as the paper ran it, or noise added")  # fmt: skip
    mix.add_argument("--L", type=int, default=10, help="noise levels")
    mix.add_argument("--T", type=int, default=100, help="steps at each level")
    mix.add_argument("--sigma-1", type=float, default=20.0, help="the highest level")
    mix.add_argument("--sigma-L", type=float, default=0.1, help="the lowest level, with --levels added")
    mix.add_argument("--step-size", type=float, default=0.1,
                     help="a of x + (a/2) score + sqrt(a) z, as a share of a mode's variance")  # fmt: skip
    mix.add_argument("--start", choices=list(STARTS), default="square", help="where the particles start")
    mix.add_argument("--no-noise", action="store_true", help="take z away: gradient ascent")
    add_learned(mix, "ncsn")


def mixing_command(arguments: argparse.Namespace) -> None:
    names = ("levels", "L", "T", "sigma_1", "sigma_L", "step_size", "start", "particles", "seed")
    if arguments.levels == "own":
        refuse_idle(arguments, "sigma_L", "with --levels own, where the modes' own width is the lowest level")
    config = MixingConfig(
        spec(arguments), noise=not arguments.no_noise, **{name: getattr(arguments, name) for name in names}
    )
    result = mixing(config, learned(arguments), progress("sampling"))
    numbers = {"weights": result.weights}
    for name, chain in (("plain", result.plain), ("annealed", result.annealed)):
        low, high = wilson(chain.shares[-1], config.particles)
        numbers[name] = {"shares": chain.shares[-1], "low": low, "high": high, "over_time": chain.shares}
        print(f"{name}: {_with_bands(chain.shares[-1], low, high)}")
    print(f"true weights: {' '.join(f'{w:.4f}' for w in result.weights)}")
    gif = clouds_gif(mixing_clouds(config, result))
    write(arguments.out, "mixing", config, numbers, mixing_figure(config, result), gif)


def _with_bands(shares: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    return "  ".join(f"{s:.4f} ({a:.4f} to {b:.4f})" for s, a, b in zip(shares, low, high, strict=True))
