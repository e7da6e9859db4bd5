"""What the diffusion probabilistic model looks like: paths and their band, the posterior's circles, the bound."""

import numpy as np

from playground.charts import Axis, Band, Chart, Curve, Dash, Heat, Mark, Points, Rule, Symbol
from playground.colors import METHODS, PALETTE, TRUTH
from playground.trajectory import frames_of
from toy2d.drawing.clouds import Cloud, density
from toy2d.forward_and_bound.experiment import Circle, Forward, ForwardConfig, Posterior

PATHS = 6  # drawn
FEW = f"{PATHS} of them"  # drawn on top, and their paths
FRAMES = 60
STDS = 2  # of a Gaussian's circle: it holds 86 % of the points


# --- moving points --------------------------------------------------------------------------------------------


def forward_clouds(config: ForwardConfig, path: Forward) -> list[Cloud]:
    """The chain and the closed form: at every t the same distribution, along different paths."""
    keep = sorted(frames_of(config.steps, FRAMES))
    labels = np.zeros(config.particles, np.uint8)
    labels[-PATHS:] = 1  # the last are drawn on top
    captions = tuple(f"t = {t:,}   ᾱ = {path.alpha_bars[t]:.3g}" for t in keep)
    background, names = density(config.mixture.build()), ("from one x_0", FEW)

    def cloud(title: str, xs: np.ndarray) -> Cloud:
        return Cloud(title, xs[keep, ::-1].astype(np.float32), labels, captions, background, names)

    return [cloud("Chain: step by step", path.xs), cloud("Closed form: x_t at once", path.closed)]


# --- paths and their band -------------------------------------------------------------------------------------


def paths_chart(config: ForwardConfig, path: Forward) -> Chart:
    """The first coordinate of a few paths, with the closed form's mean and two standard deviations."""
    t, (mean, std) = np.arange(config.steps + 1), closed_form(path)
    marks: list[Mark] = [Band(t, mean - STDS * std, mean + STDS * std, TRUTH)]
    for k in range(PATHS):
        name = FEW if k == 0 else ""
        marks.append(Curve(t, path.xs[:, k, 0], name, PALETTE[1], width=1.3))
    marks.append(Curve(t, mean, f"closed form: mean, ± {STDS} std", TRUTH, "dash"))
    marks.append(Rule(config.t, f"t = {config.t}", upright=True, dash="solid"))
    return Chart("", Axis("step t"), Axis("first coordinate of x_{t}"), marks)


def closed_form(path: Forward) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the first coordinate under q(x_t | x_0), (S + 1,) each."""
    return np.sqrt(path.alpha_bars) * path.x0[0], np.sqrt(1 - path.alpha_bars)


# --- the posterior --------------------------------------------------------------------------------------------


def posterior_chart(found: Posterior) -> list[Chart]:
    """Left the product of two Gaussians, right the true reverse step, closer up, with the model's."""
    product: list[tuple[str, Circle, str, Dash]] = [
        ("q(x_{t−1} | x_{0})", found.known, METHODS[0], "solid"),
        ("q(x_{t} | x_{t−1})", found.likelihood, METHODS[1], "solid"),
        ("q(x_{t−1} | x_{t}, x_{0})", found.posterior, METHODS[3], "solid"),
    ]
    reverse: list[tuple[str, Circle, str, Dash]] = [
        ("q(x_{t−1} | x_{t}, x_{0})", found.posterior, METHODS[3], "solid"),
        ("p(x_{t−1} | x_{t}), variance β", found.model["beta"], METHODS[2], "solid"),
        ("p(x_{t−1} | x_{t}), variance β̃", found.model["beta_tilde"], METHODS[2], "dash"),
    ]
    low, high = _window(found)
    window = Axis("x", range=(low[0], high[0])), Axis("y", range=(low[1], high[1]))
    x, y = found.axes
    closer = Axis("x", range=(x[0], x[-1])), Axis("y", range=(y[0], y[-1]))
    shaded = Heat(x, y, found.reverse, 0, found.reverse.max(), "density")
    points = _points(found)
    return [
        Chart("Two Gaussians and their product", *window, [*_rings(product), *points], equal=True),
        Chart(
            "Closer: the true q(x_{t−1} | x_{t}), shaded",
            *closer,
            [shaded, *_rings(reverse), *points],
            equal=True,
        ),
    ]


def _rings(circles: list[tuple[str, Circle, str, Dash]]) -> list[Mark]:
    """Each Gaussian as the circle STDS standard deviations from its mean."""
    rings = [
        (circle.mean + STDS * circle.std * _unit_circle(), name, color, dash)
        for name, circle, color, dash in circles
    ]
    return [Curve(ring[:, 0], ring[:, 1], name, color, dash) for ring, name, color, dash in rings]


def _points(found: Posterior) -> list[Mark]:
    shown: list[tuple[str, np.ndarray, Symbol]] = [
        ("x_{0}", found.x0, "star"), ("x_{t}", found.xt, "x"), ("x_{t−1}, drawn", found.xs, "circle")
    ]  # fmt: skip
    return [Points(x[:1], x[1:], name, TRUTH, 10, symbol) for name, x, symbol in shown]


def _unit_circle(n: int = 120) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, n)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _window(found: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """A square around x_0, x_t and the circles, but for a likelihood so wide that it would hide the others."""
    points = [found.x0, found.xt]
    seen = [found.known, found.posterior]
    if found.likelihood.std < 3 * found.known.std:
        seen.append(found.likelihood)
    for circle in seen:
        points += [circle.mean - STDS * circle.std, circle.mean + STDS * circle.std]
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    half = 0.55 * max(high - low)
    return (low + high) / 2 - half, (low + high) / 2 + half


def forward_charts(config: ForwardConfig, path: Forward, found: Posterior) -> list[Chart]:
    """Paths with their band, the product of Gaussians, the true reverse step."""
    return [paths_chart(config, path), *posterior_chart(found)]
