"""What guidance on digits looks like in curves: on paper by matplotlib, on the page by Plotly."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from images.guidance.experiment import Sweep
from images.metrics.estimates import FCD
from playground.colors import PALETTE, TRUTH
from playground.statistics import wilson

Curves = dict[str, dict[int, float]]  # of a guide, its accuracy at each t


def bars_of(curves: Curves, N: int) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Of each guide: name, t, accuracy, and how far its 95 % interval reaches down and up."""
    rows = []
    for name, shares in curves.items():
        t, share = np.array(list(shares)), np.array(list(shares.values()))
        low, high = wilson(share, N)
        rows.append((name, t, share, share - low, high - share))
    return rows


def accuracy_chart(curves: Curves, N: int) -> go.Figure:
    """Accuracy against the level, for guides trained on noised digits and on clean ones."""
    figure = go.Figure()
    for color, (name, t, share, below, above) in zip(PALETTE, bars_of(curves, N), strict=False):
        error = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        figure.add_scatter(x=t, y=share, error_y=error, name=f"trained on {name}", line={"color": color})
    figure.add_hline(y=0.1, line={"color": TRUTH, "dash": "dot"}, annotation_text="a guess")
    figure.update_xaxes(title="t of the linear schedule, 0 clean, 1,000 noise")
    figure.update_yaxes(title="classes named right", range=[0, 1.02], tickformat=".0%")
    return figure.update_layout(
        height=300,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        margin={"l": 60, "r": 20, "t": 40},
    )


def accuracy_figure(curves: Curves, N: int) -> Figure:
    """The same on paper."""
    figure = Figure((6, 4), layout="constrained")
    ax = figure.subplots()
    for color, (name, t, share, below, above) in zip(PALETTE, bars_of(curves, N), strict=False):
        ax.errorbar(
            t, share, [below.clip(0), above.clip(0)], color=color, capsize=2, label=f"trained on {name}"
        )
    ax.axhline(0.1, color=TRUTH, ls=":", label="a guess")
    ax.set(xlabel="t of the linear schedule", ylabel=f"classes named right, N = {N:,}", ylim=(0, 1.02))
    ax.legend()
    return figure


def sweep_figure(found: Sweep, sign: str) -> Figure:
    """Left: agreement, spread within classes, and what the guide believes; right: the distance and its floor."""
    figure = Figure((10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    x, rows = [row.strength for row in found.rows], found.rows
    band = [[r.agreement - r.low for r in rows], [r.high - r.agreement for r in rows]]
    left.errorbar(
        x, [r.agreement for r in rows], band, color=PALETTE[0], capsize=2, label="agreement with the label"
    )
    left.plot(x, [r.slant for r in rows], ":", color=PALETTE[2], label="spread of slant, real 1")
    left.plot(x, [r.thickness for r in rows], ":", color=PALETTE[3], label="spread of thickness, real 1")
    gaps = [(r.strength, r.fooled) for r in rows if r.fooled is not None]
    if gaps:
        middle, reach = [g.value for _, g in gaps], [g.high - g.value for _, g in gaps]
        label = "guide's confidence less the classifier's"
        left.errorbar([s for s, _ in gaps], middle, reach, color=PALETTE[4], capsize=2, label=label)
    left.set(xlabel=sign, ylabel="share")
    left.legend(fontsize="small")
    e = [row.metrics[FCD] for row in rows]
    ends = [[v.value - v.low for v in e], [v.high - v.value for v in e]]
    right.errorbar(
        x, [v.value for v in e], ends, color=PALETTE[1], capsize=2, label=f"N = {found.config.samples:,}"
    )
    right.axhline(found.floors[FCD].value, color=TRUTH, ls=":", label="real digits")
    right.set(xlabel=sign, ylabel=FCD)
    right.set_ylim(bottom=0)
    right.legend()
    return figure
