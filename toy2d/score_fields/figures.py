"""Problem 1 as a curve: the error of a learned score against the density."""

import numpy as np

from playground.charts import Axis, Chart, Curve, Rule
from toy2d.score_fields.experiment import TOLERANCE, Field


def error_by_density_chart(result: Field) -> Chart:
    """Problem 1 as a curve: the median relative error in bins of the density."""
    curve = Curve(
        np.power(10.0, result.error.density_bins),
        result.error.median_errors,
        "median relative error",
        dots=True,
    )
    return Chart(
        "", Axis("density of the data at this noise", log=True), Axis("median relative error", log=True),
        [curve, Rule(TOLERANCE, f"{TOLERANCE:.0%}")],
    )  # fmt: skip
