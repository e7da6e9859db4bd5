"""Inpainting's table, drawn."""

import numpy as np
from matplotlib.figure import Figure

from images.inpainting.table import MASKS, Row, Table
from playground.colors import PALETTE, TRUTH


def table_figure(found: Table) -> Figure:
    """How often each method is read right, mask by mask; beside it how far apart its completions lie."""
    figure = Figure((11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    methods = list(dict.fromkeys(row.method for row in found.rows))
    at, width = np.arange(len(MASKS)), 0.8 / len(methods)
    for k, method in enumerate(methods):
        rows = [row for row in found.rows if row.method == method]
        place = at + (k - (len(methods) - 1) / 2) * width
        for ax, estimates in ((left, [r.read for r in rows]), (right, [r.apart for r in rows])):
            values = [e.value for e in estimates]
            reach = [[e.value - e.low for e in estimates], [e.high - e.value for e in estimates]]
            ax.bar(place, values, width, yerr=reach, capsize=2, label=method, color=PALETTE[k])
    left.plot(
        at, [found.floors[m].value for m in MASKS], "_", color="black", ms=30, label="the damaged digit"
    )
    left.axhline(found.truth.value, color=TRUTH, ls=":", label="the whole digit")
    left.set(ylabel=f"read as its class, N = {found.config.digits:,}", ylim=(0, 1.05))
    right.set(ylabel="std of two completions, gray values")
    for ax in (left, right):
        ax.set_xticks(at, list(MASKS))
    left.legend(fontsize="x-small", ncols=2, loc="lower left")
    return figure


def markdown(found: Table) -> str:
    """Both tables for a page or a terminal."""
    lines = [
        "| mask | method | read right | std, gray values | known kept | seconds |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    lines += [_line(row, f"{row.exact:.0%}") for row in found.rows]
    lines += ["", "| problem | method | read right | std, gray values | rms of A x - y, over the noise | seconds |",
              "|:--|:--|--:|--:|--:|--:|"]  # fmt: skip
    lines += [_line(row, f"{row.residual:.2f}") for row in found.inverse]
    return "\n".join(lines)


def _line(row: Row, last: str) -> str:
    read, apart = row.read, row.apart
    return (
        f"| {row.problem} | {row.method} | {read.value:.1%} ({read.low:.1%} to {read.high:.1%}) | {apart.value:.0f} "
        f"({apart.low:.0f} to {apart.high:.0f}) | {last} | {row.seconds:.1f} |"
    )
