"""A score field as arrows on the density, exact and learned, with the error between them."""

import numpy as np

from playground.charts import Arrows, Chart, Contour, Heat, Mark
from playground.colors import METHODS
from toy2d.drawing.planes import plane
from toy2d.score_fields.experiment import TOLERANCE, Field

ARROWS = 19  # per side
INK = METHODS[2]


def arrows(axis: np.ndarray, score: np.ndarray, side: int = ARROWS) -> tuple[np.ndarray, np.ndarray]:
    """Where arrows stand and what they show, (side**2, 2) each: directions are true, lengths are squeezed.

    A length s becomes s / (s + typical): the score grows without end far out, and would hide the rest.
    """
    pick = np.linspace(0, len(axis) - 1, side).round().astype(int)
    at = np.stack(np.meshgrid(axis[pick], axis[pick]), -1).reshape(-1, 2)
    s = score[np.ix_(pick, pick)].reshape(-1, 2)
    size = np.linalg.norm(s, axis=1, keepdims=True)
    return at, s / (size + np.median(size) + 1e-12)


def field_chart(result: Field, exact: str = "Exact score", learned: str = "Learned score") -> list[Chart]:
    """Exact arrows, learned arrows and the error between them, on the density; one panel where nothing is learned."""
    charts = [_on_density(result, result.exact, exact)]
    if result.learned is not None:
        charts.append(_on_density(result, result.learned, learned))
    if result.judged is not None:
        title = f"Relative error: below {TOLERANCE:.0%} (white line)\nin {result.error.area:.0%} of the area"
        charts.append(error_map(result, title))
    return charts


def _on_density(result: Field, score: np.ndarray, title: str) -> Chart:
    extent = float(result.axis[-1])
    density = np.exp((result.log_density - result.log_density.max()) / 2)
    at, s = arrows(result.axis, score)
    marks: list[Mark] = [
        Heat(result.axis, result.axis, density, 0, 1, "density"),
        Arrows(at, s * 2 * extent / (ARROWS - 1), INK),
    ]
    return Chart(title, *plane(extent), marks, equal=True)


def error_map(result: Field, title: str, bar: str = "relative error") -> Chart:
    """The relative error from 1 % to 1000 %, with the line of the TOLERANCE in white."""
    error = result.error.relative
    marks: list[Mark] = [
        Heat(result.axis, result.axis, error, 1e-2, 1e1, log=True, percent=True, bar=bar),
        Contour(result.axis, result.axis, error, TOLERANCE, "white"),
    ]
    return Chart(title, *plane(float(result.axis[-1])), marks, equal=True)
