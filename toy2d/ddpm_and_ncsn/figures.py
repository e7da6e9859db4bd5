"""What running one family's network with the other's sampler looks like: charts, a figure, clouds."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from playground.colors import PALETTE, TRUTH
from toy2d.ddpm_and_ncsn.experiment import SAMPLERS, Families, FamiliesConfig, Run
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.mpl import figure_of, scatter
from toy2d.drawing.plotly import laid_out

TRAINED_NAMES = {"exact": "exact score", "ncsn": "trained as NCSN", "ddpm": "trained as DDPM"}
SAMPLER_NAMES = {"annealed": "annealed Langevin", "ddpm": "DDPM", "ddim": "DDIM, eta = 0"}
COLORS = dict(zip(TRAINED_NAMES, (TRUTH, PALETTE[1], PALETTE[0]), strict=True))
MEASURES = {
    "sliced": "sliced Wasserstein distance",
    "energy": "energy distance",
    "weights": "share in a wrong mode",
}


def networks_of(result: Families) -> list[str]:
    return [name for name in TRAINED_NAMES if (name, SAMPLERS[0]) in result.runs]


def distance_chart(result: Families, measure: str = "sliced") -> go.Figure:
    """One group for each sampler, one bar for each network, and the floor."""
    figure = go.Figure()
    for name in networks_of(result):
        figure.add_bar(
            x=[f"{SAMPLER_NAMES[s]}<br>{result.runs[name, s].calls:,} calls" for s in SAMPLERS],
            y=[getattr(result.runs[name, s].distances, measure) for s in SAMPLERS],
            name=TRAINED_NAMES[name], marker={"color": COLORS[name]},
        )  # fmt: skip
    figure.add_hline(
        getattr(result.floor, measure), line={"color": TRUTH, "dash": "dash"}, annotation_text="floor"
    )
    figure.update_yaxes(title=MEASURES[measure], rangemode="tozero")
    return laid_out(figure, 340, barmode="group")


def learned_chart(result: Families) -> go.Figure:
    """The error of both networks' scores at the same noise, in NCSN's view."""
    figure = go.Figure()
    for name, errors in result.errors.items():
        figure.add_scatter(
            x=result.sigmas,
            y=errors,
            name=TRAINED_NAMES[name],
            mode="lines+markers",
            line={"color": COLORS[name]},
        )
    figure.update_xaxes(type="log", title="sigma / alpha", dtick=1)
    figure.update_yaxes(type="log", title="sigma² E‖s_hat − s‖²", exponentformat="power")
    return laid_out(figure, 340)


def families_clouds(
    config: FamiliesConfig, result: Families, trained: str, rescaled: bool = False
) -> list[Cloud]:
    """The three samplers with one network.  rescaled: x_t / alpha, NCSN's view, for all three."""
    background, names = density(config.mixture.build()), mode_names(result.weights)

    def cloud(sampler: str, run: Run) -> Cloud:
        x = "x" if sampler == "annealed" else ("x_t / alpha" if rescaled else "x_t")
        xs = run.xs / run.alphas[:, None, None].astype(np.float32) if rescaled else run.xs
        captions = tuple(
            f"step {i:,}   alpha {a:.2f}   sigma {s:.2f}"
            for i, a, s in zip(run.indices, run.alphas, run.sigmas, strict=True)
        )
        return Cloud(f"{SAMPLER_NAMES[sampler]}: {x}", xs, run.modes, captions, background, names)

    return [cloud(sampler, result.runs[trained, sampler]) for sampler in SAMPLERS]


def families_figure(config: FamiliesConfig, result: Families) -> Figure:
    """Every network (rows) with every sampler (columns), and its distance beside the floor."""
    networks = networks_of(result)
    figure, axes = figure_of(len(SAMPLERS), len(networks), side=3.6)
    for row, name in zip(axes, networks, strict=True):
        clouds = families_clouds(config, result, name)
        for ax, sampler, cloud in zip(row, SAMPLERS, clouds, strict=True):
            scatter(ax, cloud, -1)
            found = result.runs[name, sampler].distances.sliced
            ax.set_title(
                f"{SAMPLER_NAMES[sampler]}, {TRAINED_NAMES[name]}\nsliced W1 {found:.3f}", fontsize="medium"
            )
            if ax is not axes[0, 0] and ax.get_legend() is not None:
                ax.get_legend().remove()
    figure.suptitle(f"Sliced W1 of two exact samples: {result.floor.sliced:.3f}", fontsize="medium")
    return figure
