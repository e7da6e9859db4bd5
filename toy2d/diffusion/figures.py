"""The forward and the reverse process as clouds and as a figure."""

import numpy as np

from playground.charts import Axis, Bars, Chart
from playground.colors import METHODS, TRUTH
from playground.statistics import wilson
from toy2d.diffusion.experiment import Diffusion, DiffusionConfig, Process
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.planes import still


def diffusion_clouds(config: DiffusionConfig, result: Diffusion) -> list[Cloud]:
    """Data to noise, noise to data, and the x0 that is predicted on the way."""
    background, names = density(config.mixture.build()), mode_names(result.weights)

    def cloud(title: str, process: Process, xs: np.ndarray) -> Cloud:
        captions = tuple(
            f"t = {t:,}   ᾱ = {a:.3g}" for t, a in zip(process.times, process.alpha_bars, strict=True)
        )
        return Cloud(title, xs, process.modes, captions, background, names)

    return [
        cloud("Forward: x_t from data", result.forward, result.forward.xs),
        cloud("Reverse: x_t from noise", result.reverse, result.reverse.xs),
        cloud("Reverse: the predicted x0", result.reverse, result.reverse.x0_hats),
    ]


def diffusion_charts(config: DiffusionConfig, result: Diffusion) -> list[list[Chart]]:
    """Five moments of the way out and of the way back; below them the shares of the modes."""
    forward, reverse, _ = diffusion_clouds(config, result)
    rows = [
        [still(cloud, frame) for frame in np.linspace(0, len(cloud.xs) - 1, 5).round().astype(int)]
        for cloud in (forward, reverse)
    ]
    return [*rows, [weights_chart(config, result)]]


def weights_chart(config: DiffusionConfig, result: Diffusion) -> Chart:
    """The share in every mode beside its weight, with 95 % bands."""
    at, width = np.arange(len(result.weights)), 0.38
    interval = wilson(result.shares, config.particles)
    bars = [
        Bars(at - width / 2, result.weights, "true weight", TRUTH, width),
        Bars(at + width / 2, result.shares, "share of the samples", METHODS[0], width, interval),
    ]
    return Chart("", Axis("mode", names=[str(k + 1) for k in at]), Axis("share", zero=True), bars)
