"""likelihood: the log density by the probability-flow ODE on the command line."""

import argparse
import math

from playground.knobs import add_options
from toy2d.command import add_learned, asked, claimed, command, learned, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.likelihood.experiment import LikelihoodConfig, likelihood, said
from toy2d.likelihood.figures import flow_clouds, likelihood_charts


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "likelihood", run)
    add_options(
        parser,
        LikelihoodConfig,
        steps="steps of the ODE",
        sigma_min="sigma / alpha where the flow starts",
        sigma_max="sigma / alpha where it ends",
        samples="exact samples that the error is averaged over",
        resolution="points a side of the map",
    )
    add_learned(parser, "ddpm")


def run(arguments: argparse.Namespace) -> None:
    config = asked(LikelihoodConfig, arguments)
    result = likelihood(config, learned(arguments), progress("following the flow"))
    error = result.errors.total
    claim = claimed(*said(config, result))
    print("  ".join(f"{part}: {value:.4f}" for part, value in vars(result.errors).items()))
    numbers = {
        "claims": claim, "errors_nats": vars(result.errors), "error_bits": error / math.log(2), "nll": result.nll,
        "flow_nll": result.flow_nll, "mass": result.mass, "exact_mass": result.exact_mass,
        "numbers_of_steps": result.numbers, "error_of_steps": result.by_steps, "total": result.total_by_steps,
    }  # fmt: skip
    gif = clouds_gif(flow_clouds(config, result), fps=12)
    write(arguments.out, "likelihood", config, numbers, likelihood_charts(result), gif)
