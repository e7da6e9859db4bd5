"""latent-table: pixels against latents, by multiply-adds, training, sampling and distance."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_places, command, progress
from images.data.mnist import load
from images.latent.autoencoder_task import LATENT
from images.latent.table import Table, TableConfig, claims, table, trainings_claim
from images.metrics.classifier import load_classifier
from images.models import SHIPPED, load_model
from playground.cli import bare
from playground.devices import device_named
from playground.errors import require
from playground.files import write_json
from playground.knobs import add_options, config_of
from playground.statistics import interval
from playground.tables import markdown_table


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(TableConfig, arguments)
    device, files, base = device_named(arguments.device), arguments.models or [], arguments.against or []
    require(
        not base or len(files) == len(base) > 1,
        f"{len(files)} models are set against {len(base)}: give as many with --models as with --against, two or more.",
    )
    named = (
        {str(path): path for path in [*files, *base]}
        if files
        else {"pixels, shipped": SHIPPED, "f = 4, shipped": LATENT}
    )
    models = {name: load_model(path, device) for name, path in named.items()}
    training, test = load("train", arguments.data), load("test", arguments.data)
    found = table(models, load_classifier(), training, test, config, progress("drawing"))
    said = bare(claims(found))
    print("\n".join([markdown(found), *said]))
    if base:
        said.append(trainings_claim(found, files, base).replace("**", ""))
        print(said[-1])
    about = {**asdict(found), "claims": said}
    print(write_json(Path(arguments.out) / "latent-table.json", about))


def markdown(found: Table) -> str:
    """The table as docs/training.md has it."""
    rows = [
        {
            "": name,
            "numbers": str(row.numbers),
            "parameters": f"{row.parameters / 1000:.0f} k",
            "multiply-adds": f"{row.million_macs:.1f} M",
            "trained, images/s": f"{row.images_per_second:,.0f}" if row.images_per_second else "",
            "s for 100 digits": f"{row.seconds.value:.2f}",
            "FCD": interval(row.generated, ".2f"),
            "of reconstructions": interval(row.rebuilt, ".2f"),
        }
        for name, row in found.rows.items()
    ]
    return markdown_table(rows)


def add_table(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand latent-table."""
    p = command(commands, "latent-table", table_command)
    p.add_argument(
        "--models", nargs="+", metavar="FILE", help="models of digits and of latents; without it the shipped"
    )
    p.add_argument(
        "--against", nargs="+", metavar="FILE", help="trainings of the same seeds; compares all pairs as one"
    )
    add_options(
        p,
        TableConfig,
        digits="digits drawn by each",
        steps="steps of DDIM",
        speed="seconds each trains, to be timed; 0: none",
        seed="noise, and which real digits are the floor",
    )
    add_places(p, "out", "the JSON goes")
