"""likelihood: the log density by the probability-flow ODE on the command line."""

import argparse
import math

from toy2d.command import add_learned, command, learned, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.likelihood.experiment import LikelihoodConfig, likelihood
from toy2d.likelihood.figures import flow_clouds, likelihood_figure


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands, "likelihood", run, "log density by the probability-flow ODE, against the exact one"
    )
    parser.add_argument("--steps", type=int, default=40, help="steps of the ODE")
    parser.add_argument("--sigma-min", type=float, default=0.05, help="sigma / alpha where the flow starts")
    parser.add_argument("--sigma-max", type=float, default=100.0, help="sigma / alpha where it ends")
    parser.add_argument(
        "--samples", type=int, default=500, help="exact samples that the error is averaged over"
    )
    parser.add_argument("--resolution", type=int, default=61, help="points a side of the map")
    add_learned(parser, "ddpm")


def run(arguments: argparse.Namespace) -> None:
    names = ("steps", "sigma_min", "sigma_max", "resolution", "samples", "seed")
    config = LikelihoodConfig(spec(arguments), **{name: getattr(arguments, name) for name in names})
    result = likelihood(config, learned(arguments), progress("following the flow"))
    error = result.errors.total
    print(f"mean |error| of log p: {error:.4f} nats, {error / math.log(2):.4f} bits")
    print("  ".join(f"{part}: {value:.4f}" for part, value in vars(result.errors).items()))
    numbers = {
        "errors_nats": vars(result.errors), "error_bits": error / math.log(2), "nll": result.nll,
        "flow_nll": result.flow_nll, "mass": result.mass, "exact_mass": result.exact_mass,
        "numbers_of_steps": result.numbers, "error_of_steps": result.by_steps, "total": result.total_by_steps,
    }  # fmt: skip
    gif = clouds_gif(flow_clouds(config, result), fps=12)
    write(arguments.out, "likelihood", config, numbers, likelihood_figure(result), gif)
