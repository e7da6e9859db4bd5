"""The three ways of telling the decoder as moving clouds, the prior on its line, and a figure to print."""

import numpy as np
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from toy2d.captions.experiment import TEXT, WAYS, Captions, embeddings_of, true_of
from toy2d.drawing.clouds import Cloud, density
from toy2d.drawing.mpl import figure_of, scatter
from toy2d.drawing.plotly import laid_out


def caption_clouds(found: Captions) -> list[Cloud]:
    """Each way's walk, on the density of the data that the caption is true of."""
    background = density(true_of(found.config.mixture.build(), found.config.caption))
    return [
        Cloud(f"told {WAYS[name]}", way.xs, np.full(way.xs.shape[1], k, np.uint8), found.frames, background)
        for k, (name, way) in enumerate(found.ways.items())
    ]


def prior_chart(found: Captions) -> go.Figure:
    """p(z | caption) in closed form, the z that were drawn, and the text embedding."""
    config, drawn = found.config, next(iter(found.ways.values())).z
    p_z = embeddings_of(true_of(config.mixture.build(), config.caption), config.direction, config.noise)
    z = torch.linspace(float(drawn.min()) - 1, float(drawn.max()) + 1, 300)
    figure = go.Figure()
    heights, edges = np.histogram(drawn, 50, density=True)
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2, y=heights, name="drawn by the prior", marker={"color": PALETTE[5]}
    )
    exact = p_z.log_prob(z[:, None]).exp()
    figure.add_scatter(x=z, y=exact, name="p(z | caption), exact", line={"color": TRUTH, "width": 2})
    figure.add_vline(
        x=float(found.ways[TEXT].z[0]), line={"color": PALETTE[1], "width": 3, "dash": "dash"},
        annotation_text="text embedding",
    )  # fmt: skip
    figure.update_xaxes(title="z = u · x + noise")
    figure.update_yaxes(title="density", rangemode="tozero")
    figure.update_layout(bargap=0)
    return laid_out(figure, 300)


def captions_figure(found: Captions) -> Figure:
    """The end points of the three ways."""
    figure, axes = figure_of(len(found.ways))
    for ax, cloud in zip(axes.flat, caption_clouds(found), strict=True):
        scatter(ax, cloud, -1)
    return figure
