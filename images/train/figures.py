"""The loss of a training, and of several side by side."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, product

import numpy as np

from playground.charts import Axis, Chart, Curve, Dash
from playground.colors import PALETTE

LOSS = Axis("loss per pixel", log=True)


def loss_chart(rows: Sequence[Mapping[str, float]]) -> Chart:
    """The loss, and its running mean over a twentieth of the run.  rows: a run's log, with step and loss."""
    steps, losses = np.array([(row["step"], row["loss"]) for row in rows], dtype=float).T
    width = max(1, len(rows) // 20)
    mean = np.convolve(losses, np.ones(width) / width, mode="valid")
    each = Curve(steps, losses, "each step", PALETTE[5], width=1)
    running = Curve(steps[width - 1 :], mean, "running mean", PALETTE[1])
    return Chart("", Axis("step"), LOSS, [each, running])


def losses_chart(logs: Mapping[str, tuple[int, Sequence[Mapping[str, float]]]]) -> Chart:
    """Loss against images seen: runs with other batches are comparable there.  logs: name -> batch, and the log."""
    looks: Iterator[tuple[Dash, str]] = cycle(product(("solid", "dash", "dot"), PALETTE))
    curves = [
        Curve([row["step"] * batch for row in rows], [row["loss"] for row in rows], name, color, dash, 1.5)
        for (dash, color), (name, (batch, rows)) in zip(looks, logs.items(), strict=False)
    ]
    return Chart("", Axis("training images seen"), LOSS, curves)
