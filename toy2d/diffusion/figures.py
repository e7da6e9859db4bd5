"""The forward and the reverse process as clouds and as a figure."""

import numpy as np
from matplotlib.figure import Figure

from toy2d.diffusion.experiment import Diffusion, DiffusionConfig, Process
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of, scatter


def diffusion_clouds(config: DiffusionConfig, result: Diffusion) -> list[Cloud]:
    """Data to noise, noise to data, and the x0 that is predicted on the way."""
    background, names = density(config.mixture.build()), mode_names(result.weights)

    def cloud(title: str, process: Process, xs: np.ndarray) -> Cloud:
        captions = tuple(
            f"t = {t:,}   alpha_bar = {a:.3g}" for t, a in zip(process.times, process.alpha_bars, strict=True)
        )
        return Cloud(title, xs, process.modes, captions, background, names)

    return [
        cloud("Forward: x_t from data", result.forward, result.forward.xs),
        cloud("Reverse: x_t from noise", result.reverse, result.reverse.xs),
        cloud("Reverse: the predicted x0", result.reverse, result.reverse.x0_hats),
    ]


def diffusion_figure(config: DiffusionConfig, result: Diffusion) -> Figure:
    """Five moments of the way out and of the way back."""
    figure, axes = figure_of(5, 2, side=3.2)
    forward, reverse, _ = diffusion_clouds(config, result)
    for row, cloud in zip(axes, (forward, reverse), strict=True):
        for ax, frame in zip(row, np.linspace(0, len(cloud.xs) - 1, 5).round().astype(int), strict=True):
            scatter(ax, cloud, frame)
            ax.set_title(cloud.captions[frame], fontsize="medium")
            ax.legend().remove() if ax is not row[0] else None
    axes[0, 0].set_ylabel("forward: y")
    axes[1, 0].set_ylabel("reverse: y")
    return figure
