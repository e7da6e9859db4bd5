"""What charts of the plane share: its axes, and one moment of an animated cloud."""

import numpy as np

from playground.charts import Axis, Chart, Heat, Mark, Points
from playground.colors import PALETTE
from toy2d.drawing.clouds import Cloud


def plane(extent: float) -> tuple[Axis, Axis]:
    """Both axes from -extent to extent."""
    ends = (-extent, extent)
    return Axis("x", range=ends), Axis("y", range=ends)


def still(cloud: Cloud, frame: int = -1, title: str | None = None) -> Chart:
    """One frame of a cloud on its density."""
    labels = np.broadcast_to(cloud.labels, cloud.xs.shape[:2])[frame]
    marks: list[Mark] = []
    if cloud.background is not None:
        axis = np.linspace(-cloud.extent, cloud.extent, len(cloud.background))
        marks.append(Heat(axis, axis, cloud.background, 0, 1, "density"))
    for k in np.unique(labels):
        name = cloud.label_names[k] if k < len(cloud.label_names) else ""
        x, y = cloud.xs[frame][labels == k].T
        marks.append(Points(x, y, name, PALETTE[k % len(PALETTE)], size=2))
    title = f"{cloud.title}\n{cloud.captions[frame]}" if title is None else title
    return Chart(title, *plane(cloud.extent), marks, equal=True)
