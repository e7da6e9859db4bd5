"""palette: damaged digits restored and measured, on the command line."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from images.command import progress
from images.data.corruptions import TASKS
from images.data.mnist import load
from images.metrics.evaluate import Yardstick
from images.models import load_model
from images.palette import table_command
from images.palette.experiment import PaletteConfig, measure, restore, sheet_of, verdicts
from images.palette.task import SHIPPED
from playground.devices import device_named
from playground.files import write_result
from playground.gif import png_bytes


def add(commands: argparse._SubParsersAction) -> None:
    table_command.add(commands)
    d, p = (
        PaletteConfig(),
        commands.add_parser("palette", help="damaged digits restored by one network, and measured"),
    )
    p.set_defaults(run=palette_command)
    p.add_argument("--task", choices=TASKS, default=d.task, help="how the digits are damaged")
    p.add_argument("--digits", type=int, default=d.digits, help="held-out digits")
    p.add_argument("--samples", type=int, default=d.samples, help="restorations of each")
    p.add_argument("--steps", type=int, default=d.steps, help="steps of DDIM")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    p.add_argument("--seed", type=int, default=d.seed, help="colours, damage and noise")
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="a model of the preset palette")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    p.add_argument("--out", default="out/palette", metavar="DIR", help="where PNG and JSON go")


def palette_command(arguments: argparse.Namespace) -> None:
    names = ("task", "digits", "samples", "steps", "eta", "seed")
    config = PaletteConfig(**{name: getattr(arguments, name) for name in names})
    device = device_named(arguments.device)
    model = load_model(arguments.model, device)
    found = restore(model, load("test", arguments.data), config, progress("restoring"))
    numbers = measure(found, Yardstick.load(arguments.data, device=device))
    print("\n".join(sentence.replace("**", "") for sentence in verdicts(numbers)))
    out = Path(arguments.out)
    print(write_result(out / f"{config.task}.png", png_bytes(sheet_of(found))))
    about = {"config": asdict(config), **asdict(numbers)}
    print(write_result(out / f"{config.task}.json", json.dumps(about, indent=1).encode()))
