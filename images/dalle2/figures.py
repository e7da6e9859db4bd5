"""Captions or ways, and beside each the digits that were drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure


def captions_sheet(captions: Sequence[str], images: Sequence[np.ndarray]) -> Figure:
    """A row for each caption, its words and then its digits, each (N, 28, 28) in gray values, uint8."""
    columns = max(map(len, images))
    figure = Figure((2.6 + 0.6 * columns, 0.65 * len(captions)), dpi=110, layout="constrained")
    axes = figure.subplots(len(captions), columns + 1, squeeze=False, width_ratios=[2.6] + [0.6] * columns)
    for row, caption, drawn in zip(axes, captions, images, strict=True):
        for ax in row:
            ax.axis("off")
        row[0].text(1, 0.5, caption, ha="right", va="center", transform=row[0].transAxes)
        for ax, image in zip(row[1:], drawn, strict=False):
            ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    return figure


def ways_sheet(made: Mapping[str, np.ndarray]) -> Figure:
    """A row for each way, its name and then the same digits, each (N, 28, 28) in gray values, uint8."""
    return captions_sheet(list(made), list(made.values()))
