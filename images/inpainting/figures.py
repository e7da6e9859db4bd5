"""Inpainting's table, drawn."""

import numpy as np

from images.inpainting.table import MASKS, Row, Table
from playground.charts import Axis, Bars, Chart, Mark, Points, Rule, estimated, grouped
from playground.colors import PALETTE, TRUTH
from playground.statistics import interval
from playground.tables import markdown_table


def table_charts(found: Table) -> list[Chart]:
    """How often each method is read right, mask by mask; beside it how far apart its completions lie."""
    damaged = [found.floors[mask].value for mask in MASKS]
    read: list[Mark] = [
        *_bars(found, "read"),
        Points(np.arange(len(MASKS)), damaged, "the damaged digit", TRUTH, 40, "stroke"),
        Rule(found.truth.value, "the whole digit", color=TRUTH, dash="dot"),
    ]
    masks = Axis(names=list(MASKS))
    share = Axis(f"read as its class, N = {found.config.digits:,}", range=(0, 1.05), percent=True)
    apart = Axis("std of two completions, gray values", zero=True)
    return [Chart("", masks, share, read), Chart("", masks, apart, _bars(found, "apart"))]


def _bars(found: Table, measure: str) -> list[Bars]:
    """Side by side at each mask, a bar for each method."""
    methods = dict.fromkeys(row.method for row in found.rows)
    marks = {
        method: estimated(getattr(row, measure) for row in found.rows if row.method == method)
        for method in methods
    }
    heights, intervals = ({m: mark[of] for m, mark in marks.items()} for of in ("y", "interval"))
    return grouped(heights, PALETTE[: len(heights)], intervals=intervals)


def markdown(found: Table) -> str:
    """Both tables for a page or a terminal."""
    filled = [_cells(row, "mask", "known kept", f"{row.exact:.0%}") for row in found.rows]
    name = "rms of A x - y, over the noise"
    inverse = [_cells(row, "problem", name, f"{row.residual:.2f}") for row in found.inverse]
    return f"{markdown_table(filled, words=2)}\n\n{markdown_table(inverse, words=2)}"


def _cells(row: Row, problem: str, name: str, value: str) -> dict[str, str]:
    read, apart = interval(row.read, ".1%"), interval(row.apart, ".0f")
    return {problem: row.problem, "method": row.method, "read right": read, "std, gray values": apart,
            name: value, "seconds": f"{row.seconds:.1f}"}  # fmt: skip
