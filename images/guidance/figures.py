"""What guidance on digits looks like in curves."""

import numpy as np

from images.guidance.experiment import Sweep
from images.metrics.estimates import FCD, Estimate
from playground.charts import Axis, Chart, Curve, Dash, Mark, Rule, estimated
from playground.colors import PALETTE, TRUTH
from playground.statistics import wilson

Curves = dict[str, dict[int, float]]  # of a guide, its accuracy at each t


def accuracy_chart(curves: Curves, N: int) -> Chart:
    """Accuracy against the level, for guides trained on noised digits and on clean ones."""
    marks: list[Mark] = [Rule(0.1, "a guess", color=TRUTH, dash="dot")]
    dashes: tuple[Dash, ...] = ("solid", "dash")
    for dash, (name, shares) in zip(dashes, curves.items(), strict=False):
        share = np.array(list(shares.values()))
        band = wilson(share, N)
        marks.append(
            Curve(list(shares), share, f"trained on {name}", PALETTE[5], dash, dots=True, interval=band)
        )
    x = Axis("t of the linear schedule, 0 clean, 1,000 noise")
    return Chart("", x, Axis(f"classes named right, N = {N:,}", range=(0, 1.02), percent=True), marks)


def sweep_charts(found: Sweep, sign: str) -> list[Chart]:
    """Left: agreement, spread within classes, and what the guide believes; right: the distance and its floor."""
    rows, axis = found.rows, Axis(f"strength of guidance, {sign}")
    x = [row.strength for row in rows]
    agreement = estimated(Estimate(row.agreement, row.low, row.high) for row in rows)
    left: list[Mark] = [Curve(x, name="agreement with the label", dots=True, **agreement)]
    for name, color in (("slant", PALETTE[2]), ("thickness", PALETTE[3])):
        spreads = [getattr(row, name) for row in rows]
        left.append(Curve(x, spreads, f"spread of {name}, real 1", color, "dot"))
    if gaps := {row.strength: row.fooled for row in rows if row.fooled is not None}:
        name = "guide's confidence less the classifier's"
        left.append(Curve(list(gaps), name=name, color=PALETTE[4], dots=True, **estimated(gaps.values())))
    name, fcd = f"N = {found.config.samples:,}", estimated(row.metrics[FCD] for row in rows)
    floor = Rule(found.floors[FCD].value, "real digits", color=TRUTH, dash="dot")
    right: list[Mark] = [Curve(x, name=name, color=PALETTE[1], dots=True, **fcd), floor]
    return [Chart("", axis, Axis("share"), left), Chart("", axis, Axis(FCD, zero=True), right)]
