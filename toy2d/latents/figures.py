"""Latents in the plane in pictures: what the codes bring back, the error by scale, and the way home."""

import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import laid_out
from toy2d.latents.experiment import COUNTS, SCALES, Latents

MODES = ("lower mode", "upper mode")


def codes_chart(found: Latents) -> go.Figure:
    """The points, and what one number brings back of them."""
    panels = {"the data": found.points, **{f"rebuilt, {name}": x for name, x in found.rebuilt.items()}}
    figure = make_subplots(1, len(panels), subplot_titles=list(panels), shared_yaxes=True)
    for column, x in enumerate(panels.values(), start=1):
        for k, name in enumerate(MODES):
            chosen = x[found.modes == k]
            figure.add_scattergl(
                x=chosen[:, 0], y=chosen[:, 1], mode="markers", name=name, showlegend=column == 1,
                marker={"size": 4, "color": PALETTE[k], "symbol": ["circle", "x"][k]}, row=1, col=column,
            )  # fmt: skip
        anchor = "x" if column == 1 else f"x{column}"
        figure.update_xaxes(title="x", range=[-9, 9], row=1, col=column)
        figure.update_yaxes(range=[-6, 6], scaleanchor=anchor, constrain="domain", row=1, col=column)
    figure.update_yaxes(title="y", row=1, col=1)
    return laid_out(figure, 330)


def curves_chart(found: Latents) -> go.Figure:
    """Left the error by the latents' scale, right the way from home by the number of steps."""
    titles = ["Sampling error by the latents' scale", "From home, up and down again"]
    figure = make_subplots(1, 2, subplot_titles=titles)
    figure.add_scatter(
        x=SCALES,
        y=found.scale_errors,
        mode="lines+markers",
        showlegend=False,
        line={"color": PALETTE[0]},
        row=1,
        col=1,
    )
    for number, ((name, what), distances) in enumerate(found.trips.items()):
        figure.add_scatter(
            x=COUNTS, y=distances, mode="lines+markers", name=f"{name}, {what}",
            line={"color": PALETTE[number % len(PALETTE)], "dash": "solid" if number % 2 else "dot"}, row=1, col=2,
        )  # fmt: skip
    figure.update_xaxes(type="log", title="scale c of the latents", row=1, col=1)
    figure.update_yaxes(type="log", title="Wasserstein-1, in std", row=1, col=1)
    figure.update_xaxes(type="log", title="steps each way", tickvals=list(COUNTS), row=1, col=2)
    figure.update_yaxes(type="log", title="root mean square distance", row=1, col=2)
    return laid_out(figure, 360)


def latents_figure(found: Latents) -> Figure:
    """The same on paper."""
    figure, axes = figure_of(3, 2)
    panels = {"the data": found.points, **{f"rebuilt, {name}": x for name, x in found.rebuilt.items()}}
    for ax, (title, x) in zip(axes[0], panels.items(), strict=True):
        for k, name in enumerate(MODES):
            ax.scatter(*x[found.modes == k].T, s=3, color=PALETTE[k], label=name)
        ax.set(xlim=(-9, 9), ylim=(-9, 9), aspect="equal", xlabel="x", ylabel="y", title=title)
    axes[0, 0].legend(fontsize="small")
    axes[1, 0].loglog(SCALES, found.scale_errors, marker="o", color=PALETTE[0])
    axes[1, 0].set(xlabel="scale c of the latents", ylabel="Wasserstein-1, in std", title="Sampling error")
    for number, ((name, what), distances) in enumerate(found.trips.items()):
        axes[1, 1].loglog(COUNTS, distances, marker="o", color=PALETTE[number], label=f"{name}, {what}")
    axes[1, 1].set(
        xlabel="steps each way", ylabel="root mean square distance", title="From home, up and down again"
    )
    axes[1, 1].legend(fontsize="small")
    axes[1, 2].axis("off")
    return figure
