"""table-upsampler: the upsampler told true small digits, and told the decoder's, measured from the pixels."""

import argparse
from pathlib import Path

import torch

from images.command import add_places, command, progress
from images.dalle2.clip_task import SHIPPED
from images.dalle2.experiment import load_stack
from images.dalle2.figures import ways_sheet
from images.dalle2.upsampler_table import SHOWN, Table, UpsamplerConfig, cells, claims, table
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.models import best_device
from playground.charts.on_paper import png
from playground.cli import bare
from playground.files import write_json, write_result
from playground.knobs import add_options, config_of
from playground.tables import markdown_table


def upsampler_command(arguments: argparse.Namespace) -> None:
    config = config_of(UpsamplerConfig, arguments)
    stack = load_stack(arguments.models, arguments.device or best_device())
    found = table(stack, load("test", arguments.data), load_classifier(), config, progress("enlarging"))
    said = bare(claims(found))
    print("\n".join([markdown_table(cells(found)), *said]))
    out = Path(arguments.out)
    sheet = ways_sheet({way: row.images[:SHOWN, 0].numpy() for way, row in found.rows.items()})
    print(write_result(out / "upsampler.png", png(sheet)))
    about = {"config": config, "rows": plain(found), "claims": said}
    print(write_json(out / "upsampler.json", about))


def plain(found: Table) -> dict:
    """As JSON can hold it; a digit's own error is none, and has no PSNR."""
    return {
        way: {
            "fcd": row.fcd,
            "agreement": {name: str(share) for name, share in row.shares.items()},
            "psnr": row.psnr if bool(torch.any(row.errors > 0)) else None,
        }
        for way, row in found.rows.items()
    }


def add_upsampler(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-upsampler."""
    p = command(commands, "table-upsampler", upsampler_command)
    add_options(
        p,
        UpsamplerConfig,
        digits="test digits that are reduced, and whose embeddings are decoded",
        steps="steps of each stage",
        first="number of the first of them",
        seed="noise",
    )
    p.add_argument("--models", default=str(SHIPPED.parent), metavar="DIR", help="folder of the .safetensors")
    add_places(p, "out")
