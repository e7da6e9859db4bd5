"""What the denoising autoencoder looks like: arrows, points on their way, the error against sigma."""

from itertools import pairwise

import numpy as np

from playground.charts import Axis, Chart, Curve
from playground.colors import METHODS, TRUTH
from toy2d.autoencoder.experiment import Autoencoder, AutoencoderConfig, Descent
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.fields import field_chart

MOVING, RESTING = 14, 8  # frames of each way, and of each stop
LEARNED = METHODS[2]  # what the network misses, of the score and of the loss
ERRORS = (  # of Descent: its field, the curve's name, its colour
    ("smoothing", "noise: score of q_{σ} against that of p", METHODS[0]),
    ("learning", "network: (d − x̃)/σ² against the score of q_{σ}", LEARNED),
    ("total", "both: (d − x̃)/σ² against the score of p", METHODS[3]),
)


def arrows_chart(result: Autoencoder) -> list[Chart]:
    """The arrows of d(x̃) − x̃.  Their lengths are squeezed relative to the median, so σ² drops out."""
    return field_chart(result.field, "Optimal: σ² ∇ log q_{σ}(x̃)", "Learned: d(x̃) − x̃")


def autoencoder_clouds(config: AutoencoderConfig, result: Autoencoder) -> list[Cloud]:
    """Clean points are made noisy, and denoised: by the optimal denoiser, and by the network."""
    mixture = config.mixture.build()
    background, names = density(mixture), mode_names(mixture.log_weights.exp().numpy())

    def cloud(title: str, denoised: np.ndarray) -> Cloud:
        xs, captions = way(
            [result.clean, result.noisy, denoised], ["clean x", "noisy x̃ = x + ε", "denoised d(x̃)"]
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


def descent_chart(result: Descent) -> list[Chart]:
    """Left the errors of the score, right the losses, against σ."""
    errors = [
        Curve(result.sigmas, getattr(result, field), name, color, dots=True) for field, name, color in ERRORS
    ]
    losses = [
        Curve(result.sigmas, result.loss, "loss of the network", METHODS[1], dots=True),
        Curve(result.sigmas, result.optimal_loss, "loss of the optimal denoiser", TRUTH, "dash", dots=True),
        Curve(result.sigmas, 2 * result.sigmas**2, "2σ²: x̃ as it is", TRUTH, "dot", dots=True),
        Curve(result.sigmas, result.excess, "E‖d − d*‖²", LEARNED, dots=True),
    ]
    sigma = Axis("σ", log=True)
    return [
        Chart("Error of the score", sigma, Axis("relative rms error", log=True), errors),
        Chart("Loss E‖d(x̃) − x‖², and its excess", sigma, Axis("squared error", log=True), losses),
    ]
