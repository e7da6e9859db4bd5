"""The page's fields, for the browser to draw while π or σ is dragged."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from playground.charts.on_page import shades
from playground.colors import PALETTE, rgb
from toy2d.drawing.fields import ARROWS, INK
from toy2d.live import described_mixture
from toy2d.net import Learned, PlaneNet
from toy2d.score_fields.experiment import FieldConfig

COARSE = 2 * ARROWS - 1  # points a side of the live map of errors: the network is asked at each of them


def live_fields(
    config: FieldConfig, learned: Learned | None, sigmas: Sequence[float], chart: str
) -> dict[str, Any]:
    """sigmas: those of the slider's notches; chart: the key of the chart that is drawn over."""
    mixture = config.mixture.build()
    sliders: dict[str, Any] = {"sigma": list(sigmas)}
    if config.mixture.has_pi:
        sliders["pi"] = None
    return {
        "chart": chart, "sliders": sliders, "sigma": config.sigma, "mixture": described_mixture(mixture),
        "weights": mixture.log_weights.exp().tolist(), "extent": config.extent, "side": config.resolution,
        "arrows": ARROWS, "coarse": COARSE, "ink": INK, "colour": rgb(PALETTE[0]),
        "colours": shades("cividis", 64),
        "told": learned is not None and learned.config.told_pi, "net": learned and described_network(learned),
    }  # fmt: skip


def described_network(learned: Learned) -> dict[str, Any] | None:
    """Its weights, and which sliders it may follow: one trained at a single σ knows no other, one told π knows all."""
    config = learned.config
    if config.objective in ("dsm", "dae"):
        return None
    denoise, net = learned.network, learned.network.net
    assert isinstance(net, PlaneNet) and denoise.mean is not None
    layers = [layer for layer in net.layers if isinstance(layer, nn.Linear)]
    numbers = [tensor.detach().numpy().ravel() for layer in layers for tensor in (layer.weight, layer.bias)]
    return {
        "layers": [list(layer.weight.shape) for layer in layers],
        "weights": base64.b64encode(np.concatenate(numbers).astype("<f4").tobytes()).decode(),
        "std": denoise.data_std, "mean": denoise.mean.tolist(),
        "follows": ["sigma", "pi"] if config.told_pi else ["sigma"],
        "levelWaves": net.level_waves.tolist(), "xWaves": net.x_waves.tolist(),
    }  # fmt: skip
