"""Problem 1 as a curve: the error of a learned score against the density."""

import plotly.graph_objects as go

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.plotly import laid_out
from toy2d.score_fields.experiment import TOLERANCE, Field


def error_by_density_chart(result: Field) -> go.Figure:
    """Problem 1 as a curve: the median relative error in bins of the density."""
    figure = go.Figure()
    figure.add_scatter(
        x=10.0**result.error.density_bins, y=result.error.median_errors, mode="lines+markers",
        line={"color": PALETTE[0]}, name="median relative error",
    )  # fmt: skip
    ends = 10.0 ** result.error.density_bins[[0, -1]]
    figure.add_scatter(
        x=ends, y=[TOLERANCE] * 2, mode="lines", name="10 %", line={"color": TRUTH, "dash": "dash"}
    )
    figure.update_xaxes(
        type="log", title="density of the data at this noise", exponentformat="power", dtick=2
    )
    figure.update_yaxes(type="log", title="median relative error", exponentformat="power", dtick=1)
    return laid_out(figure, 300)
