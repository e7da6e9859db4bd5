"""Both chains as clouds, and their shares over time, on the page and on paper."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from playground.statistics import wilson
from toy2d.distances import total_variation
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of, scatter
from toy2d.drawing.plotly import band, laid_out
from toy2d.mixing.experiment import Chain, Mixing, MixingConfig, wrong_mode_floor

# --- mixing -----------------------------------------------------------------------------------------------


def shares_chart(config: MixingConfig, result: Mixing) -> go.Figure:
    """The share in the first mode with its 95 % band, against π; of many modes, the share in a wrong one."""
    figure = go.Figure()
    for name, color, chain in (
        ("plain", PALETTE[1], result.plain),
        ("annealed", PALETTE[0], result.annealed),
    ):
        _add_share(figure, name, color, chain, result.weights, config.particles)
    two = len(result.weights) == 2
    if two:
        figure.add_hline(result.weights[0], line={"color": TRUTH, "dash": "dash"}, annotation_text="π")
    else:
        floor = wrong_mode_floor(result.weights, config.particles)
        figure.add_hline(floor, line={"color": TRUTH, "dash": "dash"}, annotation_text="exact samples")
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title="share in mode 1" if two else "share in a wrong mode", range=[0, 1])
    return laid_out(figure, 320)


def _add_share(figure: go.Figure, name: str, color: str, chain: Chain, weights: np.ndarray, n: int) -> None:
    share = chain.shares[:, 0] if len(weights) == 2 else total_variation(chain.shares, weights)
    if len(weights) == 2:
        band(figure, chain.steps, *wilson(share, n), color)
    figure.add_scatter(x=chain.steps, y=share, name=name, mode="lines", line={"color": color, "width": 2})


# --- clouds -----------------------------------------------------------------------------------------------


def mixing_clouds(config: MixingConfig, result: Mixing) -> list[Cloud]:
    """Plain and annealed Langevin, coloured by the mode that a particle is in."""
    background = density(config.mixture.build())
    names = mode_names(result.weights)

    def cloud(title: str, chain: Chain) -> Cloud:
        captions = tuple(
            f"step {step:,}   noise added {sigma:.2f}"
            for step, sigma in zip(chain.steps, chain.sigmas, strict=True)
        )
        return Cloud(title, chain.xs, chain.modes, captions, background, names)

    return [cloud("Plain Langevin", result.plain), cloud("Annealed Langevin", result.annealed)]


def mixing_figure(config: MixingConfig, result: Mixing) -> Figure:
    """Both chains at their end, and the shares on the way with their 95 % bands."""
    figure, axes = figure_of(3)
    for ax, cloud in zip(axes[0], mixing_clouds(config, result), strict=False):
        scatter(ax, cloud, -1)
    shares(axes[0, 2], config, result)
    return figure


def shares(ax: Axes, config: MixingConfig, result: Mixing) -> None:
    """The share in the first mode against its weight, or, of many modes, the share in a wrong one."""
    for color, name, chain in _chains(result):
        steps = chain.steps / chain.steps[-1]
        if len(result.weights) == 2:
            low, high = wilson(chain.shares[:, 0], config.particles)
            ax.fill_between(steps, low, high, color=color, alpha=0.25, linewidth=0)
            ax.plot(steps, chain.shares[:, 0], color=color, label=name)
        else:
            ax.plot(steps, total_variation(chain.shares, result.weights), color=color, label=name)
    if len(result.weights) == 2:
        ax.axhline(result.weights[0], color=TRUTH, linestyle="--", label="true weight π")
    ax.set(
        xlabel="share of the run",
        ylabel="share in mode 1" if len(result.weights) == 2 else "share in a wrong mode",
        ylim=(0, 1),
    )
    ax.legend()


def _chains(result: Mixing) -> Sequence[tuple[str, str, Chain]]:
    return (PALETTE[1], "plain", result.plain), (PALETTE[0], "annealed", result.annealed)
