"""table-z: diffusion autoencoders with a z of different sizes, side by side."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from images.command import add_places, command, progress
from images.data.mnist import load
from images.diffusion_autoencoder.sizes import READ, Size, SizesConfig, claims, measure
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import load_classifier
from images.models import load_model
from playground.cli import bare
from playground.devices import device_named
from playground.files import write_json
from playground.knobs import add_options
from playground.statistics import interval, interval_of_mean
from playground.tables import markdown_table


def sizes_command(arguments: argparse.Namespace) -> None:
    config = SizesConfig(arguments.digits, arguments.draws, arguments.steps, arguments.seed)
    device = device_named(arguments.device)
    models = {str(path): load_model(path, device) for path in arguments.models}
    training, test = load("train", arguments.data), load("test", arguments.data)
    found = measure(models, load_classifier(), training, test, config, progress("measuring"))
    said = bare(claims(found))
    print("\n".join([markdown(found), *said]))
    rows = {
        name: {
            "size": row.size,
            "left": interval_of_mean(row.left),
            "kept": interval_of_mean(row.kept),
            "probes": row.probes,
            "lead": row.lead,
            "explained": {view: es for view, es in row.explained.items()},
        }
        for name, row in found.items()
    }
    about = {"config": config, "rows": rows, "claims": said}
    print(write_json(Path(arguments.out) / "table-z.json", about))


def markdown(found: Mapping[str, Size]) -> str:
    """The table as docs/training.md has it."""
    rows = [
        {
            "size of z": str(row.size),
            "variance that x_T decides": interval(interval_of_mean(row.left), ".2f"),
            "class kept": interval(interval_of_mean(row.kept), ".2f"),
            "class off z": interval(row.probes["z"]),
            "off PCA": interval(row.probes["PCA"]),
        } | {
            f"R² of {of}: z, PCA": ", ".join(f"{row.explained[view][of].value:.2f}" for view in ("z", "PCA"))
            for of in READ
        }
        for row in found.values()
    ]  # fmt: skip
    return markdown_table(rows)


def add_sizes(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-z."""
    p = command(commands, "table-z", sizes_command)
    p.add_argument(
        "--models",
        nargs="+",
        default=[str(SHIPPED)],
        metavar="FILE",
        help="diffusion autoencoders, a size of z each",
    )
    add_options(
        p, SizesConfig, digits="test digits", draws="x_T for each", steps="steps of DDIM", seed="noise"
    )
    add_places(p, "out", "the JSON goes")
