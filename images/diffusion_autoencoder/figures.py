"""The numbers of a digit's z."""

import numpy as np

from playground.charts import Axis, Bars, Chart


def z_chart(z: np.ndarray) -> Chart:
    """One bar a number, in their order, (E,)."""
    return Chart("", Axis("number"), Axis("z"), [Bars(np.arange(1, len(z) + 1), z)])
