"""inpaint-table: every way of inpainting on the same digits and masks, measured, on the command line."""

import argparse
from pathlib import Path
from typing import Any

from images.command import add_places, command, progress
from images.data.mnist import load
from images.inpainting.figures import markdown, table_charts
from images.inpainting.table import Row, Table, TableConfig, claims, sheet_of, table
from images.metrics.classifier import load_classifier
from images.models import SHIPPED, load_model
from images.palette.task import SHIPPED as PALETTE
from playground.charts.on_paper import on_paper, png
from playground.cli import bare
from playground.devices import device_named
from playground.files import write_json, write_result
from playground.gif import png_bytes
from playground.knobs import add_options, config_of


def add(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "inpaint-table", table_command, "inpaint-table", "inpaint-sheet")
    add_options(
        p,
        TableConfig,
        digits="held-out digits, completed twice each",
        steps="steps of DDIM with eta = 1",
        resamplings="RePaint's r",
        zeta="DPS's step (default: chosen on training digits)",
        seed="noise",
    )
    p.add_argument(
        "--model", default=str(SHIPPED), metavar="FILE", help="a model that knows nothing of holes"
    )
    p.add_argument("--palette", default=str(PALETTE), metavar="FILE", help="a model of the preset palette")
    add_places(p, "out/inpainting")


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(TableConfig, arguments)
    device = device_named(arguments.device)
    models = load_model(arguments.model, device), load_model(arguments.palette, device)
    training = load("train", arguments.data) if config.zeta is None else None
    judge, test = load_classifier(device=device), load("test", arguments.data)
    found = table(*models, judge, test, config, progress("inpainting"), training)
    print(markdown(found))
    print("\n".join(bare(claims(found))))
    out = Path(arguments.out)
    print(write_result(out / "inpaint-table.png", png(on_paper(table_charts(found), 5))))
    print(write_result(out / "inpaint-sheet.png", png_bytes(sheet_of(found))))
    print(write_json(out / "inpaint-table.json", plain(found)))


def plain(found: Table) -> dict[str, Any]:
    def row_of(row: Row) -> dict[str, Any]:
        return {
            "problem": row.problem, "method": row.method, "read": row.read, "apart": row.apart,
            "exact": row.exact, "residual": row.residual, "seconds": row.seconds,
        }  # fmt: skip

    return {
        "config": found.config,
        "rows": [row_of(row) for row in found.rows],
        "inverse": [row_of(row) for row in found.inverse],
        "damaged": found.floors,
        "whole": found.truth,
        "zetas": found.zetas,
        "claims": claims(found),
    }
