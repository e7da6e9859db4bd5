"""sample: new digits on the command line."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_model_options, add_times, command, model_of, progress, write
from images.generate.experiment import SampleConfig, sample
from playground.cli import refuse_idle
from playground.knobs import add_options, config_of

# --- sample and inpaint -----------------------------------------------------------------------------------


def sample_command(arguments: argparse.Namespace) -> None:
    if arguments.sampler != "DDIM":
        refuse_idle(arguments, "eta", f"with --sampler '{arguments.sampler}'")
    config = config_of(SampleConfig, arguments)
    model = model_of(arguments)
    write(sample(model, config, progress("sampling")), Path(arguments.out), "samples", asdict(config))


def add(commands) -> None:
    from images.generate.films import add as add_films  # it draws what other topics' pages open with

    add_films(commands)
    p = command(commands, "sample", sample_command, "samples")
    add_options(
        p,
        SampleConfig,
        count="how many digits",
        sampler="how to walk back",
        steps="steps from noise to data",
        eta="DDIM's noise, 0 none, 1 DDPM's",
        label="the class to draw, 0 to 9 (needs a model that knows labels)",
        w="classifier-free guidance, 0 none; needs --label",
    )
    add_times(p)
    add_model_options(p, SampleConfig, "out")
