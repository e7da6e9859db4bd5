"""Palette's comparison, drawn."""

from images.metrics.estimates import FCD
from images.palette.table import Table
from playground.charts import Axis, Chart, Points, Rule, Symbol, estimated
from playground.colors import PALETTE, TRUTH

SYMBOLS: tuple[Symbol, ...] = ("circle", "diamond", "star")  # one for each round of the colours


def table_chart(found: Table) -> Chart:
    """The distance against PSNR: regression lies to the right, samples lie low, like real digits."""
    looks = [(color, symbol) for symbol in SYMBOLS for color in PALETTE]
    points = [
        Points([row.psnr], name=row.name, color=color, symbol=symbol, **estimated([row.fcd]))
        for row, (color, symbol) in zip(found.rows.values(), looks, strict=False)
    ]
    floor = Rule(found.floor, f"{found.config.digits:,} real digits", color=TRUTH, dash="dot")
    x = Axis("PSNR in the part that is made, dB")
    return Chart(found.config.task, x, Axis(FCD), [*points, floor])
