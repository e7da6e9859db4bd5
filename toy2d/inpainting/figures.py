"""What inpainting in the plane looks like: clouds to animate, charts for the page, a figure to print."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from playground.statistics import wilson
from toy2d.drawing.clouds import Cloud, density
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import band, laid_out
from toy2d.inpainting.experiment import SPLIT, Filled, InpaintConfig, Inpainting
from toy2d.inpainting.sweeps import Narrowing, Shares
from toy2d.presets import EXTENT

NAMES = {
    "replacement": "Replacement",
    "projection": "Projection",
    "repaint": "RePaint",
    "dps": "Gradient (DPS)",
    "exact": "Exact, walked",
}
COLORS = {name: PALETTE[k] for k, name in enumerate(NAMES)}
ANIMATED = ("replacement", "projection", "repaint", "dps")
EDGES = np.linspace(-EXTENT, EXTENT, 61)
CENTRES = (EDGES[:-1] + EDGES[1:]) / 2


def named(name: str, config: InpaintConfig) -> str:
    return f"{NAMES[name]}, r = {config.resamplings}" if name == "repaint" else NAMES[name]


def coordinate(config: InpaintConfig) -> str:
    """The unknown one."""
    return "xy"[1 - config.known]


def inpainting_clouds(
    config: InpaintConfig, result: Inpainting, shown: Sequence[str] = ANIMATED
) -> list[Cloud]:
    """The methods at work, coloured by the side of the split; a line marks the observation."""
    background = observed_background(config)
    u = coordinate(config)
    names = (f"{u} above {SPLIT:g}", f"{u} below {SPLIT:g}")

    def cloud(run: Filled) -> Cloud:
        labels = (run.xs[:, :, 1 - config.known] < SPLIT).astype(np.uint8)
        captions = tuple(f"alpha_bar = {alpha**2:.3g}" for alpha in run.alphas)
        return Cloud(named(run.name, config), run.xs, labels, captions, background, names)

    return [cloud(run) for run in result.runs if run.name in shown]


def observed_background(config: InpaintConfig) -> np.ndarray:
    """The density, with a line where the known coordinate was seen."""
    background = density(config.build())
    side = len(background)
    at = round((config.value + EXTENT) / (2 * EXTENT) * (side - 1))
    if 0 <= at < side:
        line = (slice(None), at) if config.known == 0 else at
        background[line] = np.maximum(background[line], 0.75)
    return background


# --- charts -----------------------------------------------------------------------------------------------


def filled_chart(config: InpaintConfig, result: Inpainting) -> go.Figure:
    """Histograms of the filled-in coordinate, each on the exact conditional density."""
    titles = [named(run.name, config) for run in result.runs]
    figure = make_subplots(1, len(titles), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.02)
    for column, run in enumerate(result.runs, start=1):
        figure.add_bar(
            x=CENTRES, y=heights(run), name="samples", showlegend=False, row=1, col=column, hoverinfo="skip",
            marker={"color": COLORS[run.name], "line": {"width": 0}}, width=CENTRES[1] - CENTRES[0],
        )  # fmt: skip
        figure.add_scatter(
            x=result.axis, y=result.density, mode="lines", name="exact conditional", showlegend=column == 1,
            line={"color": TRUTH, "width": 2.5}, row=1, col=column,
        )  # fmt: skip
        figure.update_xaxes(range=[-EXTENT, EXTENT], title=coordinate(config), row=1, col=column)
    figure.update_yaxes(title="density", row=1, col=1)
    figure = laid_out(figure, 300, bargap=0).update_annotations(font_size=14)
    return figure.update_layout(legend={"y": 1.14, "yanchor": "bottom"}, margin={"t": 80})


def heights(run: Filled) -> np.ndarray:
    """The histogram of all samples, those beyond the edges included in its norm."""
    return np.histogram(run.filled, EDGES)[0] / (len(run.filled) * np.diff(EDGES))


def low_chart(config: InpaintConfig, result: Inpainting) -> go.Figure:
    """P(unknown < split) of each method with its 95 % band, against the truth."""
    figure = go.Figure()
    lows = np.array([run.low for run in result.runs])
    bands = np.array([run.low_band for run in result.runs])
    figure.add_bar(
        x=[named(run.name, config) for run in result.runs], y=lows, showlegend=False,
        marker={"color": [COLORS[run.name] for run in result.runs]},
        error_y={"type": "data", "symmetric": False, "array": bands[:, 1] - lows, "arrayminus": lows - bands[:, 0]},
    )  # fmt: skip
    figure.add_hline(result.low, line={"color": TRUTH, "dash": "dash", "width": 2}, annotation_text="truth")
    figure.update_yaxes(title=f"P({coordinate(config)} < {SPLIT:g})", rangemode="tozero")
    return laid_out(figure, 280)


def shares_chart(config: InpaintConfig, shares: Shares, x_title: str, log: bool = False) -> go.Figure:
    """The share below the split with 95 % bands, against the truth."""
    figure = go.Figure()
    for name, low in shares.low.items():
        color = COLORS[name]
        band(figure, shares.at, *wilson(low, shares.particles), color)
        figure.add_scatter(
            x=shares.at,
            y=low,
            name=NAMES[name],
            mode="lines+markers",
            line={"color": color},
            marker={"size": 4},
        )
    figure.add_scatter(
        x=shares.at,
        y=shares.truth,
        name="truth",
        mode="lines",
        line={"color": TRUTH, "width": 3, "dash": "dash"},
    )
    figure.update_xaxes(title=x_title, type="log" if log else "linear")
    if log:
        figure.update_xaxes(tickvals=shares.at)
    figure.update_yaxes(title=f"P({coordinate(config)} < {SPLIT:g})", rangemode="tozero")
    return laid_out(figure, 320)


def narrowing_chart(config: InpaintConfig, narrow: Narrowing) -> go.Figure:
    """RePaint's variance above the split against r, for both of DDPM's variances, with 95 % intervals."""
    figure = go.Figure()
    for color, (name, above) in zip(PALETTE, narrow.above.items(), strict=False):
        figure.add_scatter(
            x=narrow.at, y=above, name=f"RePaint, {name}", mode="lines+markers", line={"color": color},
            error_y={"array": 1.96 * narrow.errors[name], "thickness": 1, "width": 3},
        )  # fmt: skip
    figure.add_hline(narrow.exact, line={"color": TRUTH, "dash": "dash", "width": 2}, annotation_text="exact")
    figure.update_xaxes(title="resamplings r", type="log", tickvals=narrow.at)
    figure.update_yaxes(title=f"variance of {coordinate(config)} above {SPLIT:g}")
    return laid_out(figure, 300)


def narrowing_verdict(config: InpaintConfig, narrow: Narrowing) -> str:
    """Whether either variance keeps the width at the most resamplings: each against the exact one, at 95 %."""
    said = []
    for name, above in narrow.above.items():
        off, half = above[-1] - narrow.exact, 1.96 * narrow.errors[name][-1]
        if not np.isfinite(off) or not np.isfinite(half):
            said.append(f"with {name} no two particles end above {SPLIT:g}")
            continue
        verdict = (
            "not told apart from the exact one"
            if abs(off) <= half
            else "too wide"
            if off > 0
            else "too narrow"
        )
        said.append(f"with {name} {above[-1]:.2f} ± {half:.2f} ({verdict})")
    return (
        f"Variance of {coordinate(config)} above {SPLIT:g} at r = {narrow.at[-1]}, exact {narrow.exact:.2f}: "
        f"{'; '.join(said)} ({config.particles:,} particles)."
    )


# --- a figure ---------------------------------------------------------------------------------------------


def inpainting_figure(config: InpaintConfig, result: Inpainting) -> Figure:
    """The histograms, and the shares with their bands."""
    figure, axes = figure_of(len(result.runs) + 1, side=3.2)
    for ax, run in zip(axes[0], result.runs, strict=False):
        ax.fill_between(result.axis, result.density, color=TRUTH, alpha=0.35, linewidth=0, label="exact")
        ax.stairs(heights(run), EDGES, color=COLORS[run.name])
        ax.set(
            title=f"{named(run.name, config)}\nP = {run.low:.3f}, truth {result.low:.3f}",
            xlabel=coordinate(config),
        )
    last = axes[0, -1]
    for at, run in enumerate(result.runs):
        low, high = run.low_band
        last.bar(at, run.low, color=COLORS[run.name])
        last.plot([at, at], [low, high], color="black")
    last.axhline(result.low, color=TRUTH, linestyle="--", label="truth")
    last.set_xticks(
        range(len(result.runs)), [NAMES[run.name] for run in result.runs], rotation=40, ha="right"
    )
    last.set(ylabel=f"P({coordinate(config)} < {SPLIT:g})")
    last.legend()
    return figure
