"""What fewer steps cost: the table, paths, the round trip and the orders of convergence, for page and command."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from playground.colors import PALETTE, TRUTH
from playground.trajectory import Trajectory
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of
from toy2d.drawing.plotly import laid_out, translucent
from toy2d.few_steps.experiment import ROWS, FewSteps, FewStepsConfig
from toy2d.few_steps.flow import SOLVERS, FlowConfig, Orders, Paths, RoundTrip

FLOOR = "exact samples"
SHOWN = (
    "eta = 0 (DDIM)",
    "eta = 1 (DDPM)",
    "sigma-hat (DDPM)",
    "Heun",
    "DPM-Solver++(2M)",
)  # of the rows, as curves
COLORS = dict(zip(SHOWN, PALETTE, strict=False)) | {"DDIM": PALETTE[0]}
MEASURES = {
    "sliced": "sliced Wasserstein distance",
    "energy": "energy distance",
    "weights": "share in a wrong mode",
}


# --- the table --------------------------------------------------------------------------------------------


def table_chart(config: FewStepsConfig, result: FewSteps, measure: str) -> go.Figure:
    """Table 1 as a heat map, with the floor as its last row."""
    values = np.vstack([result.values(measure), np.full(len(config.steps), getattr(result.floor, measure))])
    figure = go.Figure()
    figure.add_heatmap(
        z=np.log10(values.clip(1e-6)), x=[str(S) for S in config.steps], y=[*ROWS, FLOOR], colorscale="Cividis",
        showscale=False, text=[[f"{v:.3f}" for v in row] for row in values], texttemplate="%{text}", xgap=2, ygap=2,
        hovertemplate="%{y}, S = %{x}: %{text}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="steps S", type="category")
    figure.update_yaxes(autorange="reversed")
    return laid_out(figure, 380).update_layout(margin={"l": 130, "t": 10})


def cost_chart(result: FewSteps, measure: str) -> go.Figure:
    """The distance against denoiser calls, with one standard error, and the floor."""
    figure = go.Figure()
    values, errors = result.values(measure), result.standard_errors(measure)
    for i, name in enumerate(ROWS):
        if name in SHOWN:
            figure.add_scatter(
                x=result.calls[i], y=values[i], name=name, mode="lines+markers", line={"color": COLORS[name]},
                error_y={"array": errors[i], "thickness": 1, "width": 3},
            )  # fmt: skip
    floor = getattr(result.floor, measure)
    ends = [result.calls.min(), result.calls.max()]
    figure.add_scatter(x=ends, y=[floor] * 2, name=FLOOR, mode="lines", line={"color": TRUTH, "dash": "dash"})
    figure.update_xaxes(type="log", title="denoiser calls")
    figure.update_yaxes(type="log", title=MEASURES[measure])
    return laid_out(figure, 380)


# --- paths ------------------------------------------------------------------------------------------------


def paths_chart(panels: dict[str, Paths]) -> go.Figure:
    """x_t against t, noise on the left and data on the right; coloured by where a path starts."""
    figure = make_subplots(
        1, len(panels), subplot_titles=list(panels), shared_yaxes=True, horizontal_spacing=0.04
    )
    for column, path in enumerate(panels.values(), start=1):
        for b in range(path.x.shape[1]):
            color = translucent(PALETTE[0] if path.x[-1, b] > 0 else PALETTE[1], 0.7)
            figure.add_scatter(x=path.times, y=path.x[:, b], mode="lines", line={"color": color, "width": 1.1},
                               hoverinfo="skip", row=1, col=column)  # fmt: skip
    figure.update_xaxes(title="t (noise to data)", autorange="reversed")
    figure.update_yaxes(title="x_t", col=1)
    return laid_out(figure, 340, showlegend=False)


# --- there and back, and orders ---------------------------------------------------------------------------


def solver_chart(result: RoundTrip | Orders, title: str) -> go.Figure:
    """An error of each solver against denoiser calls, both logarithmic, so that an order is a slope."""
    figure = go.Figure()
    for i, name in enumerate(SOLVERS):
        figure.add_scatter(x=result.calls[i], y=result.errors[i], name=name, mode="lines+markers",
                           line={"color": COLORS[name]})  # fmt: skip
    figure.update_xaxes(type="log", title="denoiser calls", dtick=1)
    figure.update_yaxes(type="log", title=title, exponentformat="power", dtick=1)
    return laid_out(figure, 340)


def trip_clouds(config: FlowConfig, result: RoundTrip) -> list[Cloud]:
    """Data to their code and back, coloured by the mode that they were drawn from."""
    mixture = config.mixture.build()
    background, names = density(mixture), mode_names(mixture.log_weights.exp().numpy())

    def cloud(title: str, walked: Trajectory) -> Cloud:
        captions = tuple(
            f"step {i} of {result.shown}   alpha_bar {float(level.alpha_bar):.3g}"
            for i, level in zip(walked.indices, walked.levels, strict=True)
        )
        return Cloud(title, walked.xs.float().numpy(), result.modes, captions, background, names)

    return [
        cloud("Encode: data to noise", result.encode),
        cloud("Decode: the same noise to data", result.decode),
    ]


# --- the figure of the command line -----------------------------------------------------------------------


def few_steps_figure(config: FewStepsConfig, table: FewSteps, trip: RoundTrip, orders: Orders) -> Figure:
    """Distance against calls, the round trip, and the convergence."""
    figure, axes = figure_of(3)
    values, errors = table.values("sliced"), table.standard_errors("sliced")
    for i, name in enumerate(ROWS):
        axes[0, 0].errorbar(
            table.calls[i], values[i], errors[i], label=name, color=COLORS.get(name), alpha=0.8
        )
    axes[0, 0].axhline(table.floor.sliced, color=TRUTH, linestyle="--", label="floor")
    axes[0, 0].set(xscale="log", yscale="log", xlabel="denoiser calls", ylabel=MEASURES["sliced"])
    axes[0, 0].legend(fontsize="x-small")
    _solver_axes(axes[0, 1], trip, "encoded and decoded: RMS error")
    _solver_axes(axes[0, 2], orders, "error of the flow's end, median")
    found = ", ".join(f"{name} {order:.2f}" for name, order in zip(SOLVERS, orders.orders, strict=True))
    axes[0, 2].set_title(f"orders: {found}", fontsize="small")
    return figure


def _solver_axes(ax: Axes, result: RoundTrip | Orders, title: str) -> None:
    for i, name in enumerate(SOLVERS):
        ax.plot(result.calls[i], result.errors[i], "o-", label=name, color=COLORS[name])
    ax.set(xscale="log", yscale="log", xlabel="denoiser calls", ylabel=title)
    ax.legend(fontsize="small")
