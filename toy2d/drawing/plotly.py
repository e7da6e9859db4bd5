"""What the Plotly figures of the 2-D pages share.  Colours that are not of the palette are left to the page's theme."""

import numpy as np
import plotly.graph_objects as go

from playground.colors import PALETTE, TRUTH, rgb
from playground.statistics import wilson

# Sequential, from transparent to the palette's blue: it lies on a light and on a dark page alike.
DENSITY = [[0, "rgba(0,114,178,0)"], [1, "rgba(0,114,178,0.55)"]]


def translucent(color: str, alpha: float) -> str:
    """ "#0072B2", 0.2 -> "rgba(0,114,178,0.2)"."""
    return "rgba({},{},{},{})".format(*rgb(color), alpha)


def laid_out(figure: go.Figure, height: int, **layout) -> go.Figure:
    """Margins that cut nothing off, and the legend above the plot."""
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(
        height=height, margin={"l": 60, "r": 20, "t": 40, "b": 50}, legend=legend, **layout
    )


def plane(figure: go.Figure, extent: float, columns: int = 1) -> go.Figure:
    """Equal aspect and named axes for the panels of one row."""
    for column in range(1, columns + 1):
        at = {"row": 1, "col": column} if columns > 1 else {}
        anchor = "x" if column == 1 else f"x{column}"
        figure.update_xaxes(range=[-extent, extent], title="x", constrain="domain", **at)
        title = "y" if column == 1 else None
        figure.update_yaxes(
            range=[-extent, extent], title=title, scaleanchor=anchor, constrain="domain", **at
        )
    return figure


def band(figure: go.Figure, x, low, high, color: str, **at) -> None:
    """A band between two curves, in the colour of the curve that it belongs to."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines", fill="toself",
        fillcolor=translucent(color, 0.22), line={"width": 0}, hoverinfo="skip", showlegend=False, **at,
    )  # fmt: skip


# --- shares of many modes ---------------------------------------------------------------------------------


def weights_chart(shares: np.ndarray, weights: np.ndarray, n: int) -> go.Figure:
    """The share in every mode beside its weight, with 95 % bands."""
    low, high = wilson(shares, n)
    modes = [str(k + 1) for k in range(len(weights))]
    figure = go.Figure()
    figure.add_bar(x=modes, y=weights, name="true weight", marker={"color": TRUTH})
    error = {"type": "data", "symmetric": False, "array": high - shares, "arrayminus": shares - low}
    figure.add_bar(
        x=modes, y=shares, name="share of the samples", marker={"color": PALETTE[0]}, error_y=error
    )
    figure.update_xaxes(title="mode")
    figure.update_yaxes(title="share")
    return laid_out(figure, 300, barmode="group")
