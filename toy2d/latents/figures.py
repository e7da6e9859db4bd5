"""Latents in the plane in pictures: what the codes bring back, the error by scale, and the way home."""

from playground.charts import Axis, Chart, Curve, Points
from playground.colors import METHODS, PALETTE
from toy2d.latents.experiment import COUNTS, NOTHING, SCALES, Latents, ThereAndBack

MODES = ("lower mode", "upper mode")


def codes_charts(found: Latents) -> list[Chart]:
    """The points, and what one number brings back of them."""
    panels = {"the data": found.points, **{f"rebuilt, {name}": x for name, x in found.rebuilt.items()}}
    axes = Axis("x", range=(-9, 9)), Axis("y", range=(-9, 9))
    return [
        Chart(
            title,
            *axes,
            [
                Points(
                    x[found.modes == k, 0], x[found.modes == k, 1], name, PALETTE[k], 4, ("circle", "x")[k]
                )
                for k, name in enumerate(MODES)
            ],
            equal=True,
        )
        for title, x in panels.items()
    ]


def curves_charts(found: Latents, ways: ThereAndBack) -> list[Chart]:
    """Left the error by the latents' scale, right the way from home by the number of steps."""
    scale = Axis("scale c of the latents", log=True)
    steps = Axis("steps each way", log=True, ticks=COUNTS)
    names = list(dict.fromkeys(name for name, _ in ways.slopes))
    trips = [
        Curve(
            COUNTS, ways.trips[name, what], f"{name}, {what}", METHODS[names.index(name)],
            "dot" if what == NOTHING else "solid", dots=True,
        )
        for name, what in ways.slopes  # what is exact has no place on a logarithmic axis
    ]  # fmt: skip
    errors = [Curve(SCALES, found.scale_errors, color=METHODS[-1], dots=True)]
    return [
        Chart("Sampling error by the latents' scale", scale, Axis("Wasserstein-1, in std", log=True), errors),
        Chart(
            "From home, up and down again", steps, Axis("median distance", log=True), trips
        ),
    ]  # fmt: skip


def latents_charts(found: Latents, ways: ThereAndBack) -> list[list[Chart]]:
    """The same on paper, in two rows."""
    return [codes_charts(found), curves_charts(found, ways)]
