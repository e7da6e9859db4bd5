"""What the dissection of annealed Langevin dynamics looks like: charts for the page, a figure, a cloud."""

import numpy as np

from playground.charts import Axis, Chart, Curve, Heat, Mark, Rule
from playground.colors import METHODS
from toy2d.annealing.experiment import Annealing, AnnealingConfig, Map, MapConfig, step_sizes
from toy2d.drawing.clouds import Cloud, density, mode_names

AXIS_NAMES = {
    "L": "levels L",
    "T": "steps T at each level",
    "eps": "step size ε",
    "sigma_1": "highest σ",
}
RULE_NAMES = {
    "algorithm1": "Algorithm 1: ε σ_{i}² / σ_{L}²",
    "prose": "the slip: σ_{i} / σ_{L}",
    "prose_eps": "the slip with ε: ε σ_{i} / σ_{L}",
    "data": "minding the modes: ε (σ_{i}² + s²)",
}
DIVERGES = 4.0
WEIGHTS, SLICED = "Share in a wrong mode", "Sliced distance to exact samples"


def annealing_cloud(config: AnnealingConfig, result: Annealing) -> Cloud:
    """The chain of the settings, coloured by the mode that a particle is in."""
    mixture = config.mixture.build()
    captions = tuple(
        f"step {step:,}   noise added, σ = {sigma:.2f}"
        for step, sigma in zip(result.steps, result.sigmas, strict=True)
    )
    names = mode_names(mixture.log_weights.exp().numpy())
    return Cloud("Annealed Langevin", result.xs, result.modes, captions, density(mixture), names)


# --- step sizes -------------------------------------------------------------------------------------------


def step_chart(configs: dict[str, AnnealingConfig]) -> Chart:
    """Each rule's step over the narrowest mode's variance, level by level; at 4 and above a chain diverges."""
    marks: list[Mark] = []
    for k, (rule, config) in enumerate(configs.items()):
        sigmas, a, ratio = step_sizes(config)
        hover = [
            f"σ {sigma:.3g}: a = {each:.3g}, {share:.3g} of the variance"
            for sigma, each, share in zip(sigmas, a, ratio, strict=True)
        ]
        i = np.arange(1, len(ratio) + 1)
        marks.append(Curve(i, ratio, RULE_NAMES[rule], METHODS[k], dots=True, hover=hover))
    marks.append(Rule(DIVERGES, f"diverges above {DIVERGES:g}"))
    y = Axis("a_{i} / variance of a mode there", log=True)
    return Chart("", Axis("level i, most noise first"), y, marks)


# --- the map ----------------------------------------------------------------------------------------------


def map_chart(config: MapConfig, result: Map) -> list[Chart]:
    """Both errors at every pair of settings, darker where nearer the floor; a word where the chain diverged."""
    return [
        _panel(config, result.weights, result.weights_floor, WEIGHTS),
        _panel(config, result.sliced, result.sliced_floor, SLICED),
    ]


def _panel(config: MapConfig, values: np.ndarray, floor: float, title: str) -> Chart:
    finite = np.isfinite(values)
    shown = np.where(finite, np.maximum(values, 1e-6), np.nan)
    high = max(10**0.5 * floor, float(np.nanmax(shown, initial=floor)))
    texts = [[_told(value) if np.isfinite(value) else "diverged" for value in row] for row in values]
    heat = Heat(range(len(config.xs)), range(len(config.ys)), shown, floor, high, log=True, texts=texts)
    axes = (
        Axis(AXIS_NAMES[config.x], names=_labels(config.xs)),
        Axis(AXIS_NAMES[config.y], names=_labels(config.ys)),
    )
    return Chart(f"{title}\n(exact samples: {_told(floor)})", *axes, [heat])


def _labels(values: tuple[float, ...]) -> list[str]:
    return [f"{value:g}" for value in values]


def _told(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
