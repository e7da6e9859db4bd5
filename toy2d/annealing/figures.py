"""What the dissection of annealed Langevin dynamics looks like: charts for the page, a figure, a cloud."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from toy2d.annealing.experiment import Annealing, AnnealingConfig, Map, MapConfig, step_sizes
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import laid_out

AXIS_NAMES = {
    "L": "levels L",
    "T": "steps T at each level",
    "eps": "step size eps",
    "sigma_1": "highest sigma",
}
RULE_NAMES = {
    "algorithm1": "Algorithm 1: eps σ_i² / σ_L²",
    "prose": "the slip: σ_i / σ_L",
    "prose_eps": "the slip with eps: eps σ_i / σ_L",
    "data": "minding the modes: eps (σ_i² + s²)",
}
DIVERGES = 4.0
WEIGHTS, SLICED = "Share in a wrong mode", "Sliced distance to exact samples"


def annealing_cloud(config: AnnealingConfig, result: Annealing) -> Cloud:
    """The chain of the settings, coloured by the mode that a particle is in."""
    mixture = config.mixture.build()
    captions = tuple(
        f"step {step:,}   noise added {sigma:.2f}"
        for step, sigma in zip(result.steps, result.sigmas, strict=True)
    )
    names = mode_names(mixture.log_weights.exp().numpy())
    return Cloud("Annealed Langevin", result.xs, result.modes, captions, density(mixture), names)


# --- step sizes -------------------------------------------------------------------------------------------


def step_chart(configs: dict[str, AnnealingConfig]) -> go.Figure:
    """Each rule's step over the narrowest mode's variance, level by level; at 4 and above a chain diverges."""
    figure = go.Figure()
    for k, (rule, config) in enumerate(configs.items()):
        sigmas, a, ratio = step_sizes(config)
        figure.add_scatter(
            x=np.arange(1, len(ratio) + 1), y=ratio, name=RULE_NAMES[rule], mode="lines+markers",
            line={"color": PALETTE[k]}, customdata=np.stack([sigmas, a], 1),
            hovertemplate="sigma %{customdata[0]:.3g}: a = %{customdata[1]:.3g}, %{y:.3g} of the variance",
        )  # fmt: skip
    figure.add_scatter(
        x=[1, max(2, len(ratio))], y=[DIVERGES] * 2, mode="lines", name="diverges above 4", hoverinfo="skip",
        line={"color": TRUTH, "dash": "dash"},
    )  # fmt: skip
    figure.update_xaxes(title="level i, most noise first")
    figure.update_yaxes(type="log", title="a_i / variance of a mode there", exponentformat="power", dtick=1)
    return laid_out(figure, 430)


# --- the map ----------------------------------------------------------------------------------------------


def map_chart(config: MapConfig, result: Map) -> go.Figure:
    """Both errors at every pair of settings, darker where nearer the floor; a cross where the chain diverged."""
    titles = [
        f"{WEIGHTS}<br>(exact samples: {result.weights_floor:.3f})",
        f"{SLICED}<br>(exact samples: {result.sliced_floor:.2f})",
    ]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.13)
    panels = ((result.weights, result.weights_floor), (result.sliced, result.sliced_floor))
    for column, (values, floor) in enumerate(panels, start=1):
        finite = np.isfinite(values)
        logs = np.where(finite, np.log10(np.maximum(values, 1e-6)), np.nan)
        low = np.log10(floor)
        figure.add_heatmap(
            z=logs, x=_labels(config.xs), y=_labels(config.ys), zmin=low,
            zmax=max(low + 0.5, float(np.nanmax(logs, initial=low))), colorscale="Cividis", showscale=False,
            text=np.where(finite, np.vectorize(_told)(values), ""), texttemplate="%{text}",
            hovertemplate="%{x}, %{y}: %{text}<extra></extra>", row=1, col=column,
        )  # fmt: skip
        _mark_diverged(figure, config, ~finite, column)
        figure.update_xaxes(title=AXIS_NAMES[config.x], type="category", showgrid=False, row=1, col=column)
        title = AXIS_NAMES[config.y] if column == 1 else None
        figure.update_yaxes(title=title, type="category", showgrid=False, row=1, col=column)
    return laid_out(figure, 440, showlegend=False).update_layout(margin={"t": 60})


def _mark_diverged(figure: go.Figure, config: MapConfig, diverged: np.ndarray, column: int) -> None:
    """A cell without a value has no colour to write on: its word takes the palette's red."""
    rows, columns = np.nonzero(diverged)
    xs, ys = _labels(config.xs), _labels(config.ys)
    figure.add_scatter(
        x=[xs[i] for i in columns], y=[ys[i] for i in rows], mode="text", text="diverged", hoverinfo="skip",
        textfont={"color": PALETTE[1]}, row=1, col=column,
    )  # fmt: skip


def _labels(values: tuple[float, ...]) -> list[str]:
    return [f"{value:g}" for value in values]


def _told(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def annealing_figure(config: MapConfig, result: Map) -> Figure:
    """The map on paper."""
    figure, axes = figure_of(2, side=5)
    _panel(axes[0, 0], config, result.weights, result.weights_floor, WEIGHTS)
    _panel(axes[0, 1], config, result.sliced, result.sliced_floor, SLICED)
    return figure


def _panel(ax: Axes, config: MapConfig, values: np.ndarray, floor: float, title: str) -> None:
    finite = np.isfinite(values)
    logs = np.where(finite, np.log10(np.maximum(values, 1e-6)), np.nan)
    low = np.log10(floor)
    high = max(low + 0.5, float(np.nanmax(logs, initial=low)))
    ax.imshow(logs, origin="lower", cmap="cividis", aspect="auto", vmin=low, vmax=high)
    for (i, j), value in np.ndenumerate(values):
        light = finite[i, j] and logs[i, j] < (low + high) / 2
        color = "white" if light else "black"
        ax.text(j, i, _told(value) if finite[i, j] else "diverged", ha="center", va="center", color=color)
    ax.set_xticks(range(len(config.xs)), _labels(config.xs))
    ax.set_yticks(range(len(config.ys)), _labels(config.ys))
    ax.set(
        xlabel=AXIS_NAMES[config.x],
        ylabel=AXIS_NAMES[config.y],
        title=f"{title} (exact samples: {_told(floor)})",
    )
