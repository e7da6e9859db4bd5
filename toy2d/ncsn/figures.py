"""What the comparison of NCSN's weights looks like: charts for the page, a figure for the command line, clouds."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of, scatter
from toy2d.drawing.plotly import band, laid_out
from toy2d.ncsn.experiment import Ncsn, NcsnConfig

NAMES = {"ncsn_one": "lambda = 1", "ncsn_sigma": "lambda = sigma", "ncsn": "lambda = sigma²"}
COLORS = dict(zip(NAMES, (PALETTE[1], PALETTE[3], PALETTE[0]), strict=True))
CEILING = "one Gaussian, no modes"


def error_chart(result: Ncsn) -> go.Figure:
    """The error at each level with a band of two standard errors, below that of a single Gaussian's score."""
    figure = go.Figure()
    for objective, run in result.runs.items():
        low = np.maximum(run.errors - 2 * run.errors_se, run.errors / 10)  # a logarithm has no zero
        band(figure, result.sigmas, low, run.errors + 2 * run.errors_se, COLORS[objective])
        figure.add_scatter(
            x=result.sigmas, y=run.errors, name=NAMES[objective], mode="lines+markers",
            line={"color": COLORS[objective]},
        )  # fmt: skip
    figure.add_scatter(
        x=result.sigmas, y=result.ceiling, name=CEILING, mode="lines", line={"color": TRUTH, "dash": "dash"}
    )
    figure.update_xaxes(type="log", title="noise level sigma")
    figure.update_yaxes(
        type="log", title="sigma² E‖s_hat − s‖²", exponentformat="power", range=_decades(result)
    )
    return laid_out(figure, 340)


def _decades(result: Ncsn) -> list[float]:
    """From below the smallest error to above the largest: the ceiling may fall far out of sight."""
    errors = np.concatenate([run.errors for run in result.runs.values()])
    return [
        float(np.log10(errors.min())) - 0.4,
        float(np.log10(max(errors.max(), result.ceiling.max()))) + 0.2,
    ]


def share_chart(result: Ncsn) -> go.Figure:
    """What share of the whole loss each level makes, at the exact score."""
    figure = go.Figure()
    labels = [f"{sigma:.3g}" for sigma in result.sigmas]
    for objective, run in result.runs.items():
        figure.add_bar(x=labels, y=run.shares, name=NAMES[objective], marker={"color": COLORS[objective]})
    figure.update_xaxes(title="noise level sigma", type="category")
    figure.update_yaxes(title="share of the loss", tickformat=".0%")
    return laid_out(figure, 340, barmode="group")


def ncsn_clouds(config: NcsnConfig, result: Ncsn) -> list[Cloud]:
    """Annealed Langevin dynamics with each network, coloured by the mode that a particle ends in."""
    background, names = density(config.mixture.build()), mode_names(result.weights)
    captions = tuple(
        f"step {step:,}   sigma = {sigma:.3g}"
        for step, sigma in zip(result.frame_steps, result.frame_sigmas, strict=True)
    )
    return [
        Cloud(NAMES[objective], run.xs, run.modes, captions, background, names)
        for objective, run in result.runs.items()
    ]


def ncsn_figure(config: NcsnConfig, result: Ncsn) -> Figure:
    """Errors by level, and where the samples of each network end."""
    figure, axes = figure_of(1 + len(result.runs))
    for objective, run in result.runs.items():
        axes[0, 0].errorbar(
            result.sigmas, run.errors, 2 * run.errors_se, color=COLORS[objective], label=NAMES[objective]
        )
    axes[0, 0].plot(result.sigmas, result.ceiling, color=TRUTH, linestyle="--", label=CEILING)
    low, high = _decades(result)
    axes[0, 0].set(xscale="log", yscale="log", ylim=(10**low, 10**high), xlabel="noise level sigma",
                   ylabel="sigma² E‖s_hat − s‖²")  # fmt: skip
    axes[0, 0].legend(fontsize="small")
    for ax, cloud in zip(axes[0, 1:], ncsn_clouds(config, result), strict=True):
        scatter(ax, cloud, -1)
        ax.set_title(cloud.title)
    return figure
