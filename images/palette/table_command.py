"""palette-table: regression, generalist, specialists and what knows nothing of holes, on the same damaged digits."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_places, command, progress
from images.data.mnist import load
from images.metrics.evaluate import Yardstick
from images.models import SHIPPED, load_model
from images.palette.figures import table_chart
from images.palette.table import FILES, TASKS, TableConfig, claims, markdown, needed, table
from playground.charts.on_paper import on_paper, png
from playground.cli import bare, refuse_idle
from playground.devices import device_named
from playground.errors import require
from playground.files import write_json, write_result
from playground.knobs import add_options, config_of


def add(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "palette-table", table_command, *[f"palette-table-{task}" for task in TASKS])
    add_options(
        p,
        TableConfig,
        task="how the digits are damaged",
        digits="held-out digits",
        samples="K, samples of each by the generalist",
        steps="steps of DDIM with eta = 1",
        seed="colours, damage and noise",
    )
    for name, path in FILES.items():
        p.add_argument(
            f"--{name}-model", default=str(path), metavar="FILE", help=f"the checkpoint called {name}"
        )
    p.add_argument(
        "--model", default=str(SHIPPED), metavar="FILE", help="a model that knows nothing of holes"
    )
    add_places(p, "out/palette")


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(TableConfig, arguments)
    device = device_named(arguments.device)
    idle = [name for name in FILES if name not in needed(config.task)]
    refuse_idle(arguments, " ".join(f"{name}_model" for name in idle), f"with --task {config.task}")
    specialist = Path(getattr(arguments, f"{config.task}_model"))
    require(
        specialist.is_file(),
        f"There is no specialist for {config.task} in {specialist}: train one with 'python -m images train --preset "
        f"palette --using {config.task} --images 30000' and name it with --{config.task}-model.",
    )
    models = {name: load_model(getattr(arguments, f"{name}_model"), device) for name in needed(config.task)}
    yardstick = Yardstick.load(arguments.data, device=device)
    plain, digits = load_model(arguments.model, device), load("test", arguments.data)
    found = table(models, plain, yardstick, digits, config, progress("restoring"))
    said = bare(claims(found))
    print("\n".join([markdown(found), *said]))
    out, stem = Path(arguments.out), f"palette-table-{config.task}"
    print(write_result(out / f"{stem}.png", png(on_paper(table_chart(found), 6))))
    rows = {
        row.name: {"psnr": row.psnr, "fcd": row.fcd, "read": row.read, "seconds": row.seconds}
        for row in found.rows.values()
    }
    about = {"config": config, "rows": rows, "floor": found.floor, "claims": said}
    about["zeta"] = found.zeta and asdict(found.zeta)
    print(write_json(out / f"{stem}.json", about))
