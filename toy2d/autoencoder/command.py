"""autoencoder, autoencoder-sigmas: the denoising autoencoder on the command line."""

import argparse

from toy2d.autoencoder.experiment import AutoencoderConfig, DescentConfig, autoencoder, descent
from toy2d.autoencoder.figures import arrows_figure, autoencoder_clouds, descent_figure
from toy2d.command import command, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.net import LearnConfig, learn


def add(commands: argparse._SubParsersAction) -> None:
    one = command(commands, "autoencoder", one_command, "a denoising autoencoder beside the optimal denoiser")
    one.add_argument("--sigma", type=float, default=1.0, help="the noise")
    many = command(commands, "autoencoder-sigmas", many_command, "the autoencoder's error as sigma goes down")
    many.add_argument("--sigma-1", type=float, default=3.0, help="the highest sigma")
    many.add_argument("--sigma-L", type=float, default=0.1, help="the lowest sigma")
    many.add_argument("--levels", type=int, default=6, help="how many sigmas, each with a network of its own")
    for parser in (one, many):
        parser.add_argument("--points", type=int, default=10_000, help="training points")
        parser.add_argument("--train-steps", type=int, default=1_500, help="training steps of each network")


def one_command(arguments: argparse.Namespace) -> None:
    config = AutoencoderConfig(spec(arguments), arguments.sigma, seed=arguments.seed)
    learning = LearnConfig(
        config.mixture, "dae", sigma=config.sigma, points=arguments.points, steps=arguments.train_steps,
        seed=arguments.seed,
    )  # fmt: skip
    result = autoencoder(config, learn(learning, progress("training")))
    names = ("loss", "optimal_loss", "excess", "relative")
    numbers = {name: getattr(result, name) for name in names} | {
        "area_below_10_percent": result.field.error.area
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.4f}")
    gif = clouds_gif(autoencoder_clouds(config, result))
    write(arguments.out, "autoencoder", config, numbers, arrows_figure(result), gif)


def many_command(arguments: argparse.Namespace) -> None:
    config = DescentConfig(
        spec(arguments), arguments.sigma_1, arguments.sigma_L, arguments.levels, arguments.points,
        arguments.train_steps, seed=arguments.seed,
    )  # fmt: skip
    result = descent(config, progress("training"))
    for row in zip(result.sigmas, result.smoothing, result.learning, result.total, strict=True):
        print("sigma {:.3f}: smoothing {:.4f}  learning {:.4f}  total {:.4f}".format(*row))
    write(arguments.out, "autoencoder-sigmas", config, vars(result), descent_figure(result))
