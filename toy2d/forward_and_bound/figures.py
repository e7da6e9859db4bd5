"""What the diffusion probabilistic model looks like: paths and their band, the posterior's circles, the bound."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle as Ring
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from playground.trajectory import frames_of
from toy2d.drawing.clouds import Cloud, density
from toy2d.drawing.mpl import figure_of, plane
from toy2d.drawing.plotly import DENSITY, band, laid_out
from toy2d.forward_and_bound.experiment import Circle, Forward, ForwardConfig, Posterior
from toy2d.presets import EXTENT

PATHS = 6  # drawn
FRAMES = 60
STDS = 2  # of a Gaussian's circle: it holds 86 % of the points


# --- moving points --------------------------------------------------------------------------------------------


def forward_clouds(config: ForwardConfig, path: Forward) -> list[Cloud]:
    """The chain and the closed form: at every t the same distribution, along different paths."""
    keep = sorted(frames_of(config.steps, FRAMES))
    labels = np.zeros(config.particles, np.uint8)
    labels[-PATHS:] = 1  # the last are drawn on top
    captions = tuple(f"t = {t:,}   alpha_bar = {path.alpha_bars[t]:.3g}" for t in keep)
    background, names = density(config.mixture.build()), ("from one x_0", f"{PATHS} of them")

    def cloud(title: str, xs: np.ndarray) -> Cloud:
        return Cloud(title, xs[keep, ::-1].astype(np.float32), labels, captions, background, names)

    return [cloud("Chain: step by step", path.xs), cloud("Closed form: x_t at once", path.closed)]


# --- paths and their band -------------------------------------------------------------------------------------


def paths_chart(config: ForwardConfig, path: Forward) -> go.Figure:
    """The x coordinate of a few paths, with the closed form's mean and two standard deviations."""
    figure, t = go.Figure(), np.arange(config.steps + 1)
    mean, std = closed_form(path)
    band(figure, t, mean - STDS * std, mean + STDS * std, TRUTH)
    for k in range(PATHS):
        figure.add_scatter(
            x=t, y=path.xs[:, k, 0], mode="lines", line={"color": PALETTE[k % len(PALETTE)], "width": 1.3},
            name="paths of the chain", legendgroup="paths", showlegend=k == 0,
        )  # fmt: skip
    line = {"color": TRUTH, "dash": "dash"}
    figure.add_scatter(x=t, y=mean, mode="lines", name="closed form: mean, ± 2 std", line=line)
    figure.add_vline(config.t, line={"color": PALETTE[4], "width": 1}, annotation_text=f"t = {config.t}")
    figure.update_traces(
        mode="lines", selector={"fill": "toself"}
    )  # of few steps Plotly would mark the band's points
    figure.update_xaxes(title="step t")
    figure.update_yaxes(title="first coordinate of x_t")
    return laid_out(figure, 320)


def closed_form(path: Forward) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the first coordinate under q(x_t | x_0), (S + 1,) each."""
    return np.sqrt(path.alpha_bars) * path.x0[0], np.sqrt(1 - path.alpha_bars)


# --- the posterior --------------------------------------------------------------------------------------------


def product_circles(found: Posterior) -> list[tuple[str, Circle, str]]:
    """The two Gaussians that are multiplied, and their product."""
    return [
        ("q(x_{t−1} | x_0)", found.known, PALETTE[2]),
        ("q(x_t | x_{t−1})", found.likelihood, PALETTE[3]),
        ("q(x_{t−1} | x_t, x_0)", found.posterior, PALETTE[0]),
    ]


def reverse_circles(found: Posterior) -> list[tuple[str, Circle, str]]:
    """The posterior, and the model's step with its two variances."""
    return [
        ("q(x_{t−1} | x_t, x_0)", found.posterior, PALETTE[0]),
        ("p(x_{t−1} | x_t), variance beta", found.model["beta"], PALETTE[1]),
        ("p(x_{t−1} | x_t), variance beta_tilde", found.model["beta_tilde"], PALETTE[4]),
    ]


def posterior_chart(found: Posterior) -> go.Figure:
    """Left the product of two Gaussians, right the true reverse step, closer up, with the model's."""
    titles = [
        "Two Gaussians and their product",
        "Closer: the true q(x<sub>t−1</sub> | x<sub>t</sub>), shaded",
    ]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.09)
    figure.add_heatmap(
        z=found.reverse, x=found.axes[0], y=found.axes[1], colorscale=DENSITY, showscale=False, hoverinfo="skip",
        row=1, col=2,
    )  # fmt: skip
    drawn = set()
    for column, circles in enumerate((product_circles(found), reverse_circles(found)), start=1):
        for name, circle, color in circles:
            ring = circle.mean + STDS * circle.std * _unit_circle()
            figure.add_scatter(
                x=ring[:, 0], y=ring[:, 1], mode="lines", line={"color": color, "width": 2}, name=_html(name),
                legendgroup=name, showlegend=name not in drawn, row=1, col=column,
            )  # fmt: skip
            drawn.add(name)
        for name, x, symbol in _points(found):
            figure.add_scatter(
                x=x[:1], y=x[1:], mode="markers", marker={"symbol": symbol, "size": 10, "color": TRUTH},
                name=_html(name), legendgroup=name, showlegend=name not in drawn, row=1, col=column,
            )  # fmt: skip
            drawn.add(name)
    low, high = _window(found)
    figure.update_xaxes(range=[low[0], high[0]], constrain="domain", title="x", row=1, col=1)
    figure.update_yaxes(range=[low[1], high[1]], scaleanchor="x", constrain="domain", title="y", row=1, col=1)
    figure.update_xaxes(range=found.axes[0][[0, -1]], constrain="domain", title="x", row=1, col=2)
    figure.update_yaxes(range=found.axes[1][[0, -1]], scaleanchor="x2", constrain="domain", row=1, col=2)
    figure = laid_out(figure, 560)
    return figure.update_layout(legend={"y": -0.14, "yanchor": "top"}, margin={"b": 130})


def _html(name: str) -> str:
    """ "x_{t−1}" and "x_t" with their indices set low, as Plotly shows them."""
    for index in ("t−1", "t", "0"):
        name = name.replace(f"x_{{{index}}}", f"x<sub>{index}</sub>").replace(
            f"x_{index}", f"x<sub>{index}</sub>"
        )
    return name


def _points(found: Posterior) -> list[tuple[str, np.ndarray, str]]:
    return [("x_0", found.x0, "star"), ("x_t", found.xt, "x"), ("x_{t−1}, drawn", found.xs, "circle")]


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


# --- figures --------------------------------------------------------------------------------------------------


def forward_figure(config: ForwardConfig, path: Forward, found: Posterior) -> Figure:
    """Paths with their band, the product of Gaussians, the true reverse step."""
    figure, axes = figure_of(3, side=4.4)
    _paths(axes[0, 0], config, path)
    low, high = _window(found)
    _circles(axes[0, 1], found, product_circles(found), f"Posterior of step t = {config.t}")
    axes[0, 1].set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes[0, 2].pcolormesh(*found.axes, found.reverse, cmap="Greys", shading="nearest")
    _circles(axes[0, 2], found, reverse_circles(found), "Closer: true reverse step, shaded")
    axes[0, 2].set(xlim=found.axes[0][[0, -1]], ylim=found.axes[1][[0, -1]])
    return figure


def _paths(ax: Axes, config: ForwardConfig, path: Forward) -> None:
    t, (mean, std) = np.arange(config.steps + 1), closed_form(path)
    ax.fill_between(t, mean - STDS * std, mean + STDS * std, color=TRUTH, alpha=0.25, linewidth=0)
    for k in range(PATHS):
        ax.plot(t, path.xs[:, k, 0], color=PALETTE[k % len(PALETTE)], linewidth=1)
    ax.plot(t, mean, "--", color=TRUTH, label="closed form, ± 2 std")
    ax.axvline(config.t, color=PALETTE[4], linewidth=1)
    ax.set(xlabel="step t", ylabel="x", title=f"{PATHS} paths from one x_0")
    ax.legend()


def _circles(ax: Axes, found: Posterior, circles: list[tuple[str, Circle, str]], title: str) -> None:
    plane(ax, EXTENT, title)
    for name, circle, color in circles:
        ax.add_patch(Ring(circle.mean, STDS * circle.std, fill=False, color=color, linewidth=1.6, label=name))
    for (name, x, _), marker in zip(_points(found), "*xo", strict=True):
        ax.scatter(*x, marker=marker, color=TRUTH, label=name, zorder=3)
    ax.legend(fontsize="x-small", loc="lower left")
