"""diffusion: the forward process and the way back, on the command line."""

import argparse

from playground.cli import refuse_idle
from playground.knobs import add_options
from toy2d.command import add_learned, asked, claimed, command, learned, progress, write
from toy2d.diffusion.experiment import DiffusionConfig, diffusion, said
from toy2d.diffusion.figures import diffusion_charts, diffusion_clouds
from toy2d.drawing.clouds import clouds_gif


def add(commands: argparse._SubParsersAction) -> None:
    walk = command(commands, "diffusion", diffusion_command)
    add_options(
        walk,
        DiffusionConfig,
        particles="particles",
        schedule="the noise schedule",
        sampler="the step back",
        eta="DDIM's noise: 0 none, 1 as much as DDPM",
        steps="steps back",
    )
    add_learned(walk, "ddpm")


def diffusion_command(arguments: argparse.Namespace) -> None:
    if arguments.sampler != "ddim":
        refuse_idle(arguments, "eta", f"with --sampler {arguments.sampler}")
    config = asked(DiffusionConfig, arguments)
    result = diffusion(config, learned(arguments, schedule=config.schedule), progress("sampling"))
    numbers = {
        "claims": claimed(*said(config, result)),
        "weights": result.weights, "shares": result.shares, "sliced_wasserstein": result.distance,
        "floor": result.floor,
    }  # fmt: skip
    gif = clouds_gif(diffusion_clouds(config, result))
    write(arguments.out, "diffusion", config, numbers, diffusion_charts(config, result), gif, side=3.2)
