"""table-z: diffusion autoencoders with a z of different sizes, side by side."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from images.command import add_places, progress
from images.data.mnist import load
from images.diffusion_autoencoder.sizes import READ, Size, SizesConfig, claims, measure
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import load_classifier
from images.models import load_model
from playground.devices import device_named
from playground.files import write_result
from playground.knobs import add_options
from playground.statistics import interval, interval_of_mean


def sizes_command(arguments: argparse.Namespace) -> None:
    config = SizesConfig(arguments.digits, arguments.draws, arguments.steps, arguments.seed)
    device = device_named(arguments.device)
    models = {str(path): load_model(path, device) for path in arguments.models}
    training, test = load("train", arguments.data), load("test", arguments.data)
    found = measure(models, load_classifier(), training, test, config, progress("measuring"))
    said = [sentence.replace("**", "") for sentence in claims(found)]
    print("\n".join([markdown(found), *said]))
    rows = {
        name: {
            "size": row.size,
            "left": asdict(interval_of_mean(row.left)),
            "kept": asdict(interval_of_mean(row.kept)),
            "probes": {view: asdict(e) for view, e in row.probes.items()},
            "lead": asdict(row.lead),
            "explained": {
                view: {of: asdict(e) for of, e in es.items()} for view, es in row.explained.items()
            },
        }
        for name, row in found.items()
    }
    about = {"config": asdict(config), "rows": rows, "claims": said}
    print(write_result(Path(arguments.out) / "table-z.json", json.dumps(about, indent=1).encode()))


def markdown(found: Mapping[str, Size]) -> str:
    """The table as docs/training.md has it."""
    lines = [
        "| size of z | variance that x_T decides | class kept | class off z | off PCA | "
        + " | ".join(f"R² of {of}: z, PCA" for of in READ) + " |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in found.values():
        left, kept = (interval(interval_of_mean(v), ".2f") for v in (row.left, row.kept))
        read = " | ".join(interval(row.probes[view]) for view in ("z", "PCA"))
        r2 = " | ".join(
            f"{row.explained['z'][of].value:.2f}, {row.explained['PCA'][of].value:.2f}" for of in READ
        )
        lines.append(f"| {row.size} | {left} | {kept} | {read} | {r2} |")
    return "\n".join(lines)


def add_sizes(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-z."""
    p = commands.add_parser("table-z", help="what x_T decides and what z tells, by the size of z")
    p.set_defaults(run=sizes_command)
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
