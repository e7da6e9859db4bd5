"""table1: the lecture's table on the command line."""

import argparse
from pathlib import Path

from images.command import StageLine, add_measured_options, add_times, command, model_of
from images.metrics.estimates import FCD
from images.metrics.evaluate import Yardstick
from images.metrics.report import interval_text, number_text
from images.table1.experiment import ETAS, STEPS, Cell, TableConfig, TableProgress, ahead, fill, lowest, tied
from playground.cli import ProgressLine
from playground.knobs import add_options, config_of
from playground.progress import duration
from playground.statistics import interval

# --- table1 -----------------------------------------------------------------------------------------------


def add(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "table1", table1_command)
    add_options(p, TableConfig, samples="digits in each cell")
    etas, steps = " ".join(ETAS), " ".join(map(str, STEPS))
    add_options(p, TableConfig, etas=f"from 0 to 1, or sigma-hat (default: {etas})", metavar="ETA")
    add_options(p, TableConfig, steps=f"numbers of steps (default: {steps})", metavar="S")
    add_times(p)
    add_measured_options(p, TableConfig, "out/table1")


def table1_command(arguments: argparse.Namespace) -> None:
    config = config_of(TableConfig, arguments)
    model, line, stages = model_of(arguments), ProgressLine(), StageLine()
    yardstick = Yardstick.load(arguments.data, stages, model.device)

    def show(progress: TableProgress) -> None:
        eta, steps = progress.cell
        left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
        line(f"eta {eta}, S = {steps}: {progress.done / progress.total:.0%} of what was missing{left}")

    cells = fill(model, config, yardstick, Path(arguments.out), show)
    line("all cells are filled", last=True)
    print("\n".join([*_table(cells, config), *filter(None, [yardstick.test.caution])]))


def told_lead(column: list[Cell]) -> str:
    """How clearly the first of a column of `lowest` leads the second: their difference, with its interval."""
    lead = ahead(column[0].metrics[FCD], column[1].metrics[FCD])
    ties = ", ".join(cell.eta for cell in tied(column)) or "none"
    return f"{column[0].eta} is lower than {column[1].eta} by {interval(lead, '.2f')}; not beaten: {ties}"


def _table(cells: list[Cell], config: TableConfig) -> list[str]:
    """The Frechet distances as text, and which eta is lowest in each column."""
    values = {(cell.eta, cell.steps): cell.metrics[FCD].value for cell in cells}
    etas, columns = (list(dict.fromkeys(axis)) for axis in zip(*config.cells, strict=True))
    lines = [
        f"{FCD}, {config.samples:,} samples",
        "eta".ljust(12) + "".join(f"{f'S = {s}':>12}" for s in columns),
    ]
    for eta in etas:
        lines.append(eta.ljust(12) + "".join(f"{number_text(values[eta, s]):>12}" for s in columns))
    lines.append("lowest".ljust(12) + "".join(f"{column[0].eta:>12}" for column in lowest(cells).values()))
    lines += [
        f"S = {steps}: {told_lead(column)}" for steps, column in lowest(cells).items() if len(column) > 1
    ]
    floor = cells[0].floors[FCD]
    return [
        *lines,
        f"floor, {config.samples:,} real digits: {number_text(floor.value)} ({interval_text(floor)})",
    ]
