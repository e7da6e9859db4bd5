"""table-variations: what varies among digits of one embedding, and what stays, attribute by attribute."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_places, command, progress
from images.dalle2.clip_task import SHIPPED
from images.dalle2.experiment import load_stack
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.models import best_device
from images.variations.experiment import SpreadConfig, Spreads, spreads
from playground.files import write_json
from playground.knobs import add_options, config_of
from playground.statistics import interval


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(SpreadConfig, arguments)
    stack = load_stack(arguments.models, arguments.device or best_device())
    digits = load("test", arguments.data)
    found = spreads(stack, digits, load_classifier(), config, progress("varying"))
    print("\n".join(readable(found)))
    path = Path(arguments.out) / "variations-spread.json"
    print(write_json(path, plain(found)))


def readable(found: Spreads) -> list[str]:
    """A line for each attribute, and the verdicts."""
    lines = [f"{'spread within variations over that':24}{'of all digits':>26}{'of one class':>26}"]
    for name, spread in found.spreads.items():
        cells = (interval(e, ".2f") for e in (spread.of_all, spread.of_class))
        texts = "".join(f"{cell:>26}" for cell in cells)
        lines.append(f"{name:24}{texts}  less than in a class: {found.verdicts[name]}")
    d = found.forgotten
    return [
        *lines,
        f"class kept: {found.same_class}",
        f"the picture spreads more than what captions tell, by {interval(d, '.2f')}: {found.verdict}",
    ]


def plain(found: Spreads) -> dict:
    return {
        "config": found.config,
        "spreads": found.spreads,
        "verdicts": found.verdicts,
        "class kept": str(found.same_class),
        "picture above told": asdict(found.forgotten) | {"verdict": found.verdict},
    }


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-variations."""
    p = command(commands, "table-variations", table_command)
    add_options(
        p,
        SpreadConfig,
        originals="test digits that are varied",
        count="variations of each",
        w="guidance of the decoder, 0 none",
        steps="steps of each stage",
        seed="noise",
    )
    p.add_argument("--models", default=str(SHIPPED.parent), metavar="DIR", help="folder of the .safetensors")
    add_places(p, "out", "the JSON goes")
