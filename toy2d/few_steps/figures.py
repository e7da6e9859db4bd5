"""What fewer steps cost: the table, paths, the round trip and the orders of convergence, for page and command."""

import numpy as np

from playground.charts import Axis, Chart, Curve, Heat, Mark, Rule, plus_minus
from playground.colors import METHODS, PALETTE
from playground.trajectory import Trajectory
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.few_steps.experiment import ROWS, FewSteps, FewStepsConfig
from toy2d.few_steps.flow import SOLVERS, FlowConfig, Orders, Paths, RoundTrip

FLOOR = "exact samples"
SHOWN = (
    "η = 0 (DDIM)",
    "η = 1 (DDPM)",
    "σ̂ (DDPM)",
    "Heun",
    "DPM-Solver++(2M)",
)  # of the rows, as curves
DDIM, DDPM, HEUN, DPM = METHODS
COLORS = dict(zip(SHOWN, (DDIM, DDPM, DDPM, HEUN, DPM), strict=True)) | {"DDIM": DDIM}
DASHED = "σ̂ (DDPM)"  # DDPM, too, with another variance
MEASURES = {
    "sliced": "sliced Wasserstein distance",
    "energy": "energy distance",
    "weights": "share in a wrong mode",
}


# --- the table --------------------------------------------------------------------------------------------


def table_chart(config: FewStepsConfig, result: FewSteps, measure: str) -> Chart:
    """Table 1 as a heat map, with the floor as its last row."""
    floor = np.full(len(config.steps), getattr(result.floor, measure))
    values = np.vstack([result.values(measure), floor]).clip(1e-6)
    rows, columns = [*ROWS, FLOOR], [str(S) for S in config.steps]
    texts = [[f"{v:.3f}" for v in row] for row in values]
    heat = Heat(
        range(len(columns)), range(len(rows)), values, values.min(), values.max(), log=True, texts=texts
    )
    y = Axis(range=(len(rows) - 0.5, -0.5), names=rows)  # the first on top
    return Chart("", Axis("steps S", names=columns), y, [heat])


def cost_chart(result: FewSteps, measure: str) -> Chart:
    """The distance against denoiser calls, with one standard error, and the floor."""
    values, errors = result.values(measure), result.standard_errors(measure)
    marks: list[Mark] = [
        Curve(result.calls[i], values[i], name, COLORS[name], "dash" if name == DASHED else "solid", dots=True,
              interval=plus_minus(values[i], errors[i]))
        for i, name in enumerate(ROWS) if name in SHOWN
    ]  # fmt: skip
    marks.append(Rule(getattr(result.floor, measure), FLOOR))
    return Chart("", Axis("denoiser calls", log=True), Axis(MEASURES[measure], log=True), marks)


# --- paths ------------------------------------------------------------------------------------------------


def paths_chart(panels: dict[str, Paths]) -> list[Chart]:
    """x_t against t, noise on the left and data on the right; coloured by where a path starts."""
    charts = []
    for title, path in panels.items():
        marks = [
            Curve(path.times, x, color=PALETTE[0] if x[-1] > 0 else PALETTE[1], width=0.9) for x in path.x.T
        ]
        t = Axis("t (noise to data)", range=(max(path.times), min(path.times)))
        charts.append(Chart(title, t, Axis("x_{t}"), marks))
    return charts


# --- there and back, and orders ---------------------------------------------------------------------------


def solver_chart(result: RoundTrip | Orders, y: str, title: str = "") -> Chart:
    """An error of each solver against denoiser calls, both logarithmic, so that an order is a slope."""
    marks = [
        Curve(result.calls[i], result.errors[i], name, COLORS[name], dots=True)
        for i, name in enumerate(SOLVERS)
    ]
    return Chart(title, Axis("denoiser calls", log=True), Axis(y, log=True), marks)


def trip_clouds(config: FlowConfig, result: RoundTrip) -> list[Cloud]:
    """Data to their code and back, coloured by the mode that they were drawn from."""
    mixture = config.mixture.build()
    background, names = density(mixture), mode_names(mixture.log_weights.exp().numpy())

    def cloud(title: str, walked: Trajectory) -> Cloud:
        captions = tuple(
            f"step {i} of {result.shown}   ᾱ = {float(level.alpha_bar):.3g}"
            for i, level in zip(walked.indices, walked.levels, strict=True)
        )
        return Cloud(title, walked.xs.float().numpy(), result.modes, captions, background, names)

    return [
        cloud("Encode: data to noise", result.encode),
        cloud("Decode: the same noise to data", result.decode),
    ]


# --- the figure of the command line -----------------------------------------------------------------------


def few_steps_charts(table: FewSteps, trip: RoundTrip, orders: Orders) -> list[Chart]:
    """Distance against calls, the round trip, and the convergence."""
    found = ", ".join(f"{name} {order:.2f}" for name, order in zip(SOLVERS, orders.orders, strict=True))
    return [
        cost_chart(table, "sliced"),
        solver_chart(trip, "RMS error of the round trip"),
        solver_chart(orders, "median error at the end", f"orders: {found}"),
    ]
