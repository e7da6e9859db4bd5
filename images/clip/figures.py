"""The matrix of cosines and the two clouds, for the page and on paper."""

import numpy as np
import plotly.graph_objects as go

from images.dalle2.clip_experiment import Clouds, Similarity
from playground.colors import PALETTE

SHOWN = 1000  # points of each cloud


def matrix(found: Similarity) -> go.Figure:
    """Digits down, captions across; a circle where the caption is true of the digit."""
    figure = go.Figure(
        go.Heatmap(
            z=found.cosines.numpy(), x=list(found.texts), y=[str(i) for i in range(10)], zmin=-1, zmax=1,
            colorscale="Cividis", colorbar={"title": "cosine", "thickness": 12},
            hovertemplate="digit %{y}, %{x}: %{z:.2f}<extra></extra>",
        )
    )  # fmt: skip
    rows, columns = np.nonzero(found.true.numpy())
    figure.add_scatter(
        x=[found.texts[j] for j in columns], y=[str(i) for i in rows], mode="markers", name="the caption is true",
        marker={"symbol": "circle-open", "size": 13, "color": PALETTE[1], "line": {"width": 2}}, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(title="digit", autorange="reversed", type="category")
    figure.update_xaxes(tickangle=-35, type="category")
    figure.update_layout(
        height=430, margin={"l": 50, "r": 10, "t": 30, "b": 10}, showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure


def cloud_chart(found: Clouds) -> go.Figure:
    """Image and text embeddings in the plane of their two main directions, at equal scale."""
    figure = go.Figure()
    for name, points, color in (
        ("images", found.images, PALETTE[0]),
        ("their captions", found.texts, PALETTE[1]),
    ):
        shown = points[:SHOWN].cpu().numpy()
        figure.add_scatter(
            x=shown[:, 0], y=shown[:, 1], mode="markers", name=name,
            marker={"size": 4, "color": color, "opacity": 0.5},
        )  # fmt: skip
    figure.update_xaxes(title="first main direction")
    figure.update_yaxes(title="second main direction", scaleanchor="x", scaleratio=1)
    figure.update_layout(
        height=430, margin={"l": 60, "r": 10, "t": 30, "b": 45},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure
