"""The three ways of telling the decoder as moving clouds, the prior on its line, and a figure to print."""

import numpy as np
import torch

from playground.charts import Axis, Bars, Chart, Curve, Mark, Rule
from playground.colors import PALETTE, TRUTH
from toy2d.captions.experiment import TEXT, WAYS, Captions, embeddings_of, true_of
from toy2d.drawing.clouds import Cloud, density
from toy2d.drawing.planes import still


def caption_clouds(found: Captions) -> list[Cloud]:
    """Each way's walk, on the density of the data that the caption is true of."""
    background = density(true_of(found.config.mixture.build(), found.config.caption))
    return [
        Cloud(f"told {WAYS[name]}", way.xs, np.full(way.xs.shape[1], k, np.uint8), found.frames, background)
        for k, (name, way) in enumerate(found.ways.items())
    ]


def prior_chart(found: Captions) -> Chart:
    """p(z | caption) in closed form, the z that were drawn, and the text embedding."""
    config, drawn = found.config, next(iter(found.ways.values())).z
    p_z = embeddings_of(true_of(config.mixture.build(), config.caption), config.direction, config.noise)
    z = torch.linspace(float(drawn.min()) - 1, float(drawn.max()) + 1, 300)
    heights, edges = np.histogram(drawn, 50, density=True)
    centres = (edges[:-1] + edges[1:]) / 2
    marks: list[Mark] = [
        Bars(centres, heights, "drawn by the prior", PALETTE[0], edges[1] - edges[0]),
        Curve(z, p_z.log_prob(z[:, None]).exp(), "p(z | caption), exact", TRUTH),
        Rule(
            float(found.ways[TEXT].z[0]),
            "text embedding",
            upright=True,
            color=PALETTE[list(found.ways).index(TEXT)],
        ),
    ]
    return Chart("", Axis("z = u · x + noise"), Axis("density", zero=True), marks)


def captions_charts(found: Captions) -> list[Chart]:
    """The end points of the three ways, and the prior."""
    return [*(still(cloud) for cloud in caption_clouds(found)), prior_chart(found)]
