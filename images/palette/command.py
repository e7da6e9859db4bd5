"""palette: damaged digits restored and measured, on the command line."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_places, command, progress
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.models import load_model
from images.palette import table_command
from images.palette.experiment import PaletteConfig, measure, restore, sheet_of, verdicts
from images.palette.task import SHIPPED
from playground.cli import bare
from playground.devices import device_named
from playground.files import write_json, write_result
from playground.gif import png_bytes
from playground.knobs import add_options, config_of


def add(commands: argparse._SubParsersAction) -> None:
    table_command.add(commands)
    p = command(commands, "palette", palette_command)
    add_options(
        p,
        PaletteConfig,
        task="how the digits are damaged",
        digits="held-out digits",
        samples="restorations of each",
        steps="steps of DDIM",
        eta="DDIM's noise, 0 none, 1 DDPM's",
        seed="colours, damage and noise",
    )
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="a model of the preset palette")
    add_places(p, "out/palette")


def palette_command(arguments: argparse.Namespace) -> None:
    config = config_of(PaletteConfig, arguments)
    device = device_named(arguments.device)
    model = load_model(arguments.model, device)
    found = restore(model, load("test", arguments.data), config, progress("restoring"))
    numbers = measure(found, load_classifier(device=device))
    print("\n".join(bare(verdicts(numbers))))
    out = Path(arguments.out)
    print(write_result(out / f"{config.task}.png", png_bytes(sheet_of(found))))
    about = {"config": config, **asdict(numbers)}
    print(write_json(out / f"{config.task}.json", about))
