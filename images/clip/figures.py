"""The matrix of cosines and the two clouds."""

import math

import numpy as np
from torch import Tensor

from images.dalle2.clip_experiment import Clouds, Similarity
from playground.charts import Axis, Chart, Heat, Points
from playground.colors import METHODS, PALETTE

SHOWN = 1000  # points of each cloud


def matrix_chart(found: Similarity) -> Chart:
    """Digits down, captions across; a circle where the caption is true of the digit."""
    ten, (rows, columns) = np.arange(10), np.nonzero(found.true.numpy())
    cosines = Heat(ten, ten, found.cosines, *_tenths(found.cosines), bar="cosine")
    true = Points(columns, rows, "the caption is true", METHODS[2], 13, "ring")
    digits = Axis("digit", range=(9.5, -0.5), names=[str(digit) for digit in ten])
    return Chart("", Axis(range=(-0.5, 9.5), names=found.texts), digits, [cosines, true])


def _tenths(values: Tensor) -> tuple[float, float]:
    """The lowest and the highest, to the next tenth: the scale's whole range would leave one shade of it."""
    return math.floor(10 * float(values.min())) / 10, math.ceil(10 * float(values.max())) / 10


def clouds_chart(found: Clouds) -> Chart:
    """Image and text embeddings in the plane of their two main directions, at equal scale."""
    clouds = {"images": found.images, "their captions": found.texts}
    points = [
        Points(shown[:SHOWN, 0].cpu(), shown[:SHOWN, 1].cpu(), name=name, color=color, size=4, opacity=0.5)
        for (name, shown), color in zip(clouds.items(), PALETTE, strict=False)
    ]
    return Chart("", Axis("first main direction"), Axis("second main direction"), points, equal=True)
