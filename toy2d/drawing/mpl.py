"""What the printed figures of the 2-D wing share."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from playground.colors import PALETTE
from toy2d.drawing.clouds import Cloud

# --- figures ----------------------------------------------------------------------------------------------


def figure_of(columns: int, rows: int = 1, side: float = 4.2) -> tuple[Figure, np.ndarray]:
    """An empty figure and its axes, (rows, columns)."""
    figure = Figure((side * columns, side * rows), dpi=110, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def plane(axes: Axes, extent: float, title: str = "") -> None:
    """Equal aspect, both axes named."""
    axes.set(
        xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xlabel="x", ylabel="y", title=title
    )


def scatter(ax: Axes, cloud: Cloud, frame: int) -> None:
    """One frame of a cloud."""
    labels = np.broadcast_to(cloud.labels, cloud.xs.shape[:2])[frame]
    for k in np.unique(labels):
        name = cloud.label_names[k] if k < len(cloud.label_names) else None
        ax.scatter(*cloud.xs[frame][labels == k].T, s=2, color=PALETTE[k % len(PALETTE)], label=name)
    if cloud.label_names:
        ax.legend(loc="upper left", markerscale=4, fontsize="small")
    plane(ax, cloud.extent, f"{cloud.title}: {cloud.captions[frame]}")
