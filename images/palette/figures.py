"""Palette's comparison, drawn."""

from matplotlib.figure import Figure

from images.metrics.estimates import FCD
from images.palette.table import Table
from playground.colors import PALETTE, TRUTH


def table_figure(found: Table) -> Figure:
    """The distance against PSNR: regression lies to the right, samples lie low, like real digits."""
    figure = Figure((8, 5), layout="constrained")
    ax = figure.subplots()
    for k, row in enumerate(found.rows.values()):
        ends = [[row.fcd.value - row.fcd.low], [row.fcd.high - row.fcd.value]]
        mark = "os^"[k // len(PALETTE)]
        ax.errorbar(
            row.psnr,
            row.fcd.value,
            ends,
            fmt=mark,
            color=PALETTE[k % len(PALETTE)],
            capsize=3,
            label=row.name,
        )
    ax.axhline(found.floor, color=TRUTH, ls=":", label=f"{found.config.digits:,} real digits")
    ax.set(xlabel="PSNR in the part that is made, dB", ylabel=FCD, title=found.config.task)
    ax.legend(fontsize="small")
    return figure
