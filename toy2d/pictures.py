"""What each experiment of the first pages looks like: clouds to animate, figures to print."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from toy2d.clouds import Cloud, density, mode_names
from toy2d.experiments.diffusion import Diffusion, DiffusionConfig, Process
from toy2d.experiments.field import Field
from toy2d.experiments.mixing import Chain, Mixing, MixingConfig
from toy2d.experiments.statistics import total_variation, wilson

ARROWS = 19  # a side


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


# --- figures ----------------------------------------------------------------------------------------------


def figure_of(columns: int, rows: int = 1, side: float = 4.2) -> tuple[Figure, np.ndarray]:
    """An empty figure and its axes, (rows, columns)."""
    figure = Figure((side * columns, side * rows), dpi=110, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def plane(axes: Axes, extent: float, title: str = "") -> None:
    """Equal aspect, both axes named."""
    axes.set(
        xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xlabel="x", ylabel="y", title=title
    )


def arrows(axis: np.ndarray, score: np.ndarray, side: int = ARROWS) -> tuple[np.ndarray, np.ndarray]:
    """Where arrows stand and what they show, (side**2, 2) each: directions are true, lengths are squeezed.

    A length s becomes s / (s + typical): the score grows without end far out, and would hide the rest.
    """
    pick = np.linspace(0, len(axis) - 1, side).round().astype(int)
    at = np.stack(np.meshgrid(axis[pick], axis[pick]), -1).reshape(-1, 2)
    s = score[np.ix_(pick, pick)].reshape(-1, 2)
    size = np.linalg.norm(s, axis=1, keepdims=True)
    return at, s / (size + np.median(size) + 1e-12)


def field_figure(result: Field) -> Figure:
    """Exact arrows, learned arrows and their error on the density; one panel where nothing is learned."""
    panels = [("Exact score", result.exact)]
    if result.learned is not None:
        panels.append(("Learned score", result.learned))
    figure, axes = figure_of(len(panels) + (result.error is not None))
    extent = float(result.axis[-1])
    for ax, (title, score) in zip(axes[0], panels, strict=False):
        shown = np.exp((result.log_density - result.log_density.max()) / 2)
        ax.imshow(shown, extent=(-extent, extent) * 2, origin="lower", cmap="Greys", vmax=1.6)
        at, s = arrows(result.axis, score)
        spacing = 2 * extent / (ARROWS - 1)
        ax.quiver(
            *at.T, *(s * spacing).T, angles="xy", scale_units="xy", scale=1, color=PALETTE[0], width=0.004
        )
        plane(ax, extent, title)
    if result.error is not None:
        _error_map(figure, axes[0, -1], result, extent)
    return figure


def _error_map(figure: Figure, ax: Axes, result: Field, extent: float) -> None:
    image = ax.imshow(
        result.error.relative,
        extent=(-extent, extent) * 2,
        origin="lower",
        cmap="cividis",
        norm=mpl.colors.LogNorm(1e-2, 1e1),
    )
    figure.colorbar(image, ax=ax, shrink=0.8, label="relative error")
    ax.contour(result.axis, result.axis, result.error.relative, levels=[0.1], colors="white", linewidths=1)
    plane(ax, extent, f"Below 10 % in {result.error.area:.0%} of the area")


def mixing_figure(config: MixingConfig, result: Mixing) -> Figure:
    """Both chains at their end, and the shares on the way with their 95 % bands."""
    figure, axes = figure_of(3)
    for ax, cloud in zip(axes[0], mixing_clouds(config, result), strict=False):
        scatter(ax, cloud, -1)
    shares(axes[0, 2], config, result)
    return figure


def scatter(ax: Axes, cloud: Cloud, frame: int) -> None:
    """One frame of a cloud."""
    labels = np.broadcast_to(cloud.labels, cloud.xs.shape[:2])[frame]
    for k in np.unique(labels):
        name = cloud.label_names[k] if k < len(cloud.label_names) else None
        ax.scatter(*cloud.xs[frame][labels == k].T, s=2, color=PALETTE[k % len(PALETTE)], label=name)
    if cloud.label_names:
        ax.legend(loc="upper left", markerscale=4, fontsize="small")
    plane(ax, cloud.extent, f"{cloud.title}: {cloud.captions[frame]}")


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
