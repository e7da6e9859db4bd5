"""autoencoder, autoencoder-sigmas: the denoising autoencoder on the command line."""

import argparse
from typing import Any

from playground.knobs import add_options
from toy2d.autoencoder.experiment import AutoencoderConfig, DescentConfig, autoencoder, descent, said
from toy2d.autoencoder.figures import arrows_chart, autoencoder_clouds, descent_chart
from toy2d.command import add_told_pi, add_training, asked, claimed, command, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.net import LearnConfig, learn


def add(commands: argparse._SubParsersAction) -> None:
    one = command(commands, "autoencoder", one_command)
    add_options(one, AutoencoderConfig, sigma="the noise")
    add_training(one)
    add_told_pi(one, LearnConfig)
    many = command(commands, "autoencoder-sigmas", many_command)
    add_options(
        many,
        DescentConfig,
        sigma_1="the highest sigma",
        sigma_L="the lowest sigma",
        levels="how many sigmas, each with a network of its own",
        points="training points",
        train_steps="training steps of each network",
        renamed={"train_steps": "steps"},
    )
    add_told_pi(many, DescentConfig)


def one_command(arguments: argparse.Namespace) -> None:
    config = asked(AutoencoderConfig, arguments)
    learning = LearnConfig(
        config.mixture, "dae", sigma=config.sigma, points=arguments.points, steps=arguments.train_steps,
        seed=arguments.seed,
    ).telling_pi(arguments.told_pi)  # fmt: skip
    result = autoencoder(config, learn(learning, progress("training")).of(config.mixture))
    names = ("loss", "optimal_loss", "excess")
    numbers: dict[str, Any] = {name: getattr(result, name) for name in names} | {
        "area_below_10_percent": result.field.error.area
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.4f}")
    numbers["relative"] = result.relative
    numbers["claims"] = claimed(*said(config, result))
    gif = clouds_gif(autoencoder_clouds(config, result))
    write(arguments.out, "autoencoder", config, numbers, arrows_chart(result), gif)


def many_command(arguments: argparse.Namespace) -> None:
    config = asked(DescentConfig, arguments, steps=arguments.train_steps)
    result = descent(config, progress("training"))
    for row in zip(result.sigmas, result.smoothing, result.learning, result.total, strict=True):
        print("sigma {:.3f}: smoothing {:.4f}  learning {:.4f}  total {:.4f}".format(*row))
    write(arguments.out, "autoencoder-sigmas", config, vars(result), descent_chart(result))
