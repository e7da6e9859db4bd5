"""field, mixing, diffusion, train: the first pages on the command line."""

import argparse
from pathlib import Path

import numpy as np

from playground.levels import SCHEDULES
from toy2d.clouds import clouds_gif
from toy2d.commands.subcommand import add_learned, command, learned, progress, spec, write
from toy2d.experiments.diffusion import SAMPLERS, DiffusionConfig, diffusion
from toy2d.experiments.field import FieldConfig, score_field
from toy2d.experiments.mixing import STARTS, MixingConfig, mixing
from toy2d.experiments.statistics import wilson
from toy2d.net import OBJECTIVES, LearnConfig, learn
from toy2d.pictures import diffusion_clouds, diffusion_figure, field_figure, mixing_clouds, mixing_figure


def add(commands: argparse._SubParsersAction) -> None:
    field = command(
        commands, "field", field_command, "the score as arrows; exact, and learned with --learned"
    )
    field.add_argument("--sigma", type=float, default=1.0, help="noise at which the score is taken")
    add_learned(field, "ncsn")

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

    walk = command(
        commands, "diffusion", diffusion_command, "the forward process and back by DDPM, DDIM or Heun"
    )
    walk.add_argument("--particles", type=int, default=2_000, help="particles")
    walk.add_argument("--schedule", choices=list(SCHEDULES), default="linear", help="the noise schedule")
    walk.add_argument("--sampler", choices=list(SAMPLERS), default="ddim", help="the step back")
    walk.add_argument("--eta", type=float, default=0.0, help="DDIM's noise: 0 none, 1 as much as DDPM")
    walk.add_argument("--steps", type=int, default=50, help="steps back")
    add_learned(walk, "ddpm")

    train = command(commands, "train", train_command, "train a score and keep it in a file for --model")
    train.add_argument(
        "--objective", choices=list(OBJECTIVES), default="ncsn", help="what the network is taught"
    )
    train.add_argument("--sigma", type=float, default=1.0, help="the one level of dsm")
    train.add_argument("--points", type=int, default=10_000, help="training points")
    train.add_argument("--train-steps", type=int, default=2_000, help="training steps")


def field_command(arguments: argparse.Namespace) -> None:
    config = FieldConfig(spec(arguments), arguments.sigma)
    result = score_field(config, learned(arguments))
    numbers = {} if result.error is None else {
        "area_below_10_percent": result.error.area, "mass_below_10_percent": result.error.mass
    }  # fmt: skip
    for name, value in numbers.items():
        print(f"{name}: {value:.3f}")
    write(arguments.out, "field", config, numbers, field_figure(result))


def mixing_command(arguments: argparse.Namespace) -> None:
    names = ("levels", "L", "T", "sigma_1", "sigma_L", "step_size", "start", "particles", "seed")
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


def diffusion_command(arguments: argparse.Namespace) -> None:
    names = ("schedule", "sampler", "eta", "steps", "particles", "seed")
    config = DiffusionConfig(spec(arguments), **{name: getattr(arguments, name) for name in names})
    result = diffusion(config, learned(arguments, schedule=config.schedule), progress("sampling"))
    numbers = {
        "weights": result.weights, "shares": result.shares, "sliced_wasserstein": result.distance,
        "floor": result.floor,
    }  # fmt: skip
    print(
        f"sliced Wasserstein distance to exact samples: {result.distance:.4f}; of two exact samples: {result.floor:.4f}"
    )
    gif = clouds_gif(diffusion_clouds(config, result))
    write(arguments.out, "diffusion", config, numbers, diffusion_figure(config, result), gif)


def train_command(arguments: argparse.Namespace) -> None:
    config = LearnConfig(
        spec(arguments), arguments.objective, sigma=arguments.sigma, points=arguments.points,
        steps=arguments.train_steps, seed=arguments.seed,
    )  # fmt: skip
    print(learn(config, progress("training")).save(Path(arguments.out) / "score.safetensors"))
