"""sample: new digits on the command line."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_model_options, add_times, model_of, progress, write
from images.generate.experiment import SampleConfig, sample
from images.sampling import SAMPLERS
from playground.cli import refuse_idle

# --- sample and inpaint -----------------------------------------------------------------------------------


def sample_command(arguments: argparse.Namespace) -> None:
    if arguments.sampler != "DDIM":
        refuse_idle(arguments, "eta", f"with --sampler '{arguments.sampler}'")
    names = ("count", "sampler", "steps", "eta", "seed", "spacing", "label", "w")
    config = SampleConfig(**{name: getattr(arguments, name) for name in names})
    model = model_of(arguments)
    write(sample(model, config, progress("sampling")), Path(arguments.out), "samples", asdict(config))


def add(commands) -> None:
    d, p = SampleConfig(), commands.add_parser("sample", help="new digits from noise")
    p.set_defaults(run=sample_command, writes=["samples"])
    p.add_argument("--count", type=int, default=d.count, help="how many digits")
    p.add_argument("--sampler", choices=SAMPLERS, default=d.sampler, help="how to walk back")
    p.add_argument("--steps", type=int, default=d.steps, help="steps from noise to data")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    add_times(p)
    p.add_argument("--label", type=int, help="the class to draw, 0 to 9 (needs a model that knows labels)")
    p.add_argument("--w", type=float, default=d.w, help="classifier-free guidance, 0 none; needs --label")
    add_model_options(p, "out")
