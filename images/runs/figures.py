"""What was measured of a model, beside what as many real digits reach."""

from collections.abc import Mapping, Sequence
from typing import Any

from images.metrics.classifier import SUFFIX
from images.metrics.estimates import FCD, PRECISION, RECALL, SFCD
from playground.charts import Axis, Chart, Interval, grouped
from playground.colors import PALETTE, TRUTH


def measured_charts(found: Mapping[str, Any], name: str) -> list[Chart]:
    """Distances, where less is better, and shares, where more is.  found: an evaluation, with metrics and floors."""
    n = f"N = {found['config']['samples']:,}"
    return [
        _panel(found, name, (FCD, SFCD), f"Distance to real digits\n{n}", Axis(zero=True)),
        _panel(found, name, (PRECISION, RECALL), "Shares", Axis(percent=True, range=(0, 1))),
    ]


def _panel(found: Mapping[str, Any], name: str, metrics: Sequence[str], title: str, y: Axis) -> Chart:
    of = {name: found["metrics"], "as many real digits": found["floors"]}
    heights = {who: [values[metric]["value"] for metric in metrics] for who, values in of.items()}
    intervals: dict[str, Interval] = {
        who: tuple([values[metric][end] for metric in metrics] for end in ("low", "high"))  # type: ignore[misc]
        for who, values in of.items()
    }
    x = Axis(names=[metric.removesuffix(f"-{SUFFIX}") for metric in metrics])
    return Chart(title, x, y, grouped(heights, (PALETTE[0], TRUTH), intervals=intervals))
