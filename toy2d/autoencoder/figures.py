"""What the denoising autoencoder looks like: arrows, points on their way, the error against sigma."""

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from toy2d.autoencoder.experiment import Autoencoder, AutoencoderConfig, Descent
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.fields import field_chart, field_figure
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import laid_out

MOVING, RESTING = 14, 8  # frames of each way, and of each stop
ERRORS = (  # of Descent: its field, the curve's name, its colour
    ("smoothing", "noise: score of q_σ against that of p", PALETTE[2]),
    ("learning", "network: (d − x̃)/σ² against the score of q_σ", PALETTE[1]),
    ("total", "both: (d − x̃)/σ² against the score of p", PALETTE[0]),
)


def arrows_chart(result: Autoencoder) -> go.Figure:
    """The arrows of d(x~) - x~.  Their lengths are squeezed relative to the median, so sigma**2 drops out."""
    figure = field_chart(result.field)
    titles = ("Optimal: σ² ∇ log q<sub>σ</sub>(x̃)", "Learned: d(x̃) − x̃", "Relative error (white: 10 %)")
    for annotation, title in zip(figure.layout.annotations, titles, strict=False):
        annotation.text = title
    return figure


def arrows_figure(result: Autoencoder) -> Figure:
    figure = field_figure(result.field)
    titles = (r"Optimal: $\sigma^2\nabla\log q_\sigma(\tilde{x})$", r"Learned: $d(\tilde{x})-\tilde{x}$")
    for axes, title in zip(figure.axes, titles, strict=False):
        axes.set_title(title)
    return figure


def autoencoder_clouds(config: AutoencoderConfig, result: Autoencoder) -> list[Cloud]:
    """Clean points are made noisy, and denoised: by the optimal denoiser, and by the network."""
    mixture = config.mixture.build()
    background, names = density(mixture), mode_names(mixture.log_weights.exp().numpy())

    def cloud(title: str, denoised: np.ndarray) -> Cloud:
        xs, captions = way(
            [result.clean, result.noisy, denoised], ["clean x", "noisy x~ = x + ε", "denoised d(x~)"]
        )
        return Cloud(title, xs, result.modes, captions, background, names)

    return [cloud("Optimal denoiser", result.exact), cloud("Autoencoder", result.learned)]


def way(stops: list[np.ndarray], names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """From stop to stop in straight lines, with a rest at each -> frames (F, B, 2), and a caption for each."""
    xs, captions = [stops[0]] * RESTING, [names[0]] * RESTING
    for (here, there), name in zip(pairwise(stops), names[1:], strict=True):
        shares = [*np.linspace(0, 1, MOVING + 1)[1:], *[1.0] * RESTING]
        xs += [here + share * (there - here) for share in shares]
        captions += [f"→ {name}" if share < 1 else name for share in shares]
    return np.stack(xs).astype(np.float32), tuple(captions)


def descent_chart(result: Descent) -> go.Figure:
    """Left the errors of the score, right the losses, against sigma."""
    titles = ["Error of the score", "Loss E‖d(x̃) − x‖², and its excess"]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for name, label, color in ERRORS:
        _line(figure, result.sigmas, getattr(result, name), label, color, 1)
    _line(figure, result.sigmas, result.loss, "loss of the network", PALETTE[3], 2)
    _line(figure, result.sigmas, result.optimal_loss, "loss of the optimal denoiser", TRUTH, 2, dash="dash")
    _line(figure, result.sigmas, 2 * result.sigmas**2, "2σ²: x̃ as it is", PALETTE[5], 2, dash="dot")
    _line(figure, result.sigmas, result.excess, "E‖d − d*‖²", PALETTE[4], 2)
    figure.update_xaxes(type="log", title="σ", dtick="D2")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    figure.update_yaxes(title="relative rms error", row=1, col=1)
    figure = laid_out(figure, 430)
    return figure.update_layout(legend={"y": -0.2, "yanchor": "top"}, margin={"b": 120})


def _line(figure: go.Figure, x, y, name: str, color: str, column: int, dash: str = "solid") -> None:
    figure.add_scatter(
        x=x, y=y, name=name, mode="lines+markers", line={"color": color, "dash": dash}, row=1, col=column
    )


def descent_figure(result: Descent) -> Figure:
    figure, axes = figure_of(2)
    for name, label, color in ERRORS:
        axes[0, 0].loglog(result.sigmas, getattr(result, name), "o-", color=color, label=label)
    axes[0, 1].loglog(result.sigmas, result.loss, "o-", color=PALETTE[3], label="network")
    axes[0, 1].loglog(result.sigmas, result.optimal_loss, "--", color=TRUTH, label="optimal denoiser")
    axes[0, 1].loglog(result.sigmas, result.excess, "o-", color=PALETTE[4], label="E ||d - d*||²")
    axes[0, 0].set(xlabel="sigma", ylabel="relative rms error", title="Error of the score")
    axes[0, 1].set(xlabel="sigma", ylabel="E ||d(x~) - x||²", title="Denoising loss")
    for ax in axes[0]:
        ax.legend(fontsize="x-small")
    return figure
