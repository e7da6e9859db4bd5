"""What running one family's network with the other's sampler looks like: charts, a figure, clouds."""

import numpy as np

from playground.charts import Axis, Chart, Curve, Mark, Rule, grouped
from playground.colors import METHODS, TRUTH
from toy2d.ddpm_and_ncsn.experiment import SAMPLERS, Families, FamiliesConfig, Run
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.planes import still

TRAINED_NAMES = {"exact": "exact score", "ncsn": "trained as NCSN", "ddpm": "trained as DDPM"}
SAMPLER_NAMES = {"annealed": "annealed Langevin", "ddpm": "DDPM", "ddim": "DDIM, η = 0"}
COLORS = dict(zip(TRAINED_NAMES, (TRUTH, METHODS[2], METHODS[0]), strict=True))
MEASURES = {
    "sliced": "sliced Wasserstein distance",
    "energy": "energy distance",
    "weights": "share in a wrong mode",
}


def networks_of(result: Families) -> list[str]:
    return [name for name in TRAINED_NAMES if (name, SAMPLERS[0]) in result.runs]


def distance_chart(result: Families, measure: str = "sliced") -> Chart:
    """One group for each sampler, one bar for each network, and the floor."""
    networks = networks_of(result)
    heights = {
        TRAINED_NAMES[name]: [getattr(result.runs[name, s].distances, measure) for s in SAMPLERS]
        for name in networks
    }
    marks: list[Mark] = [*grouped(heights, [COLORS[name] for name in networks])]
    marks.append(Rule(getattr(result.floor, measure), "floor"))
    calls = {s: result.runs[networks[0], s].calls for s in SAMPLERS}
    x = Axis(names=[f"{SAMPLER_NAMES[s]}\n{calls[s]:,} calls" for s in SAMPLERS])
    return Chart("", x, Axis(MEASURES[measure], zero=True), marks)


def learned_chart(result: Families) -> Chart:
    """The error of both networks' scores at the same noise, in NCSN's view."""
    marks = [
        Curve(result.sigmas, errors, TRAINED_NAMES[name], COLORS[name], dots=True)
        for name, errors in result.errors.items()
    ]
    return Chart("", Axis("σ / α", log=True), Axis("σ² E‖ŝ − s‖²", log=True), marks)


def families_clouds(
    config: FamiliesConfig, result: Families, trained: str, rescaled: bool = False
) -> list[Cloud]:
    """The three samplers with one network.  rescaled: x_t / alpha, NCSN's view, for all three."""
    background, names = density(config.mixture.build()), mode_names(result.weights)

    def cloud(sampler: str, run: Run) -> Cloud:
        x = "x" if sampler == "annealed" else ("x_t / α" if rescaled else "x_t")
        xs = run.xs / run.alphas[:, None, None].astype(np.float32) if rescaled else run.xs
        captions = tuple(
            f"step {i:,}   α = {a:.2f}   σ = {s:.2f}"
            for i, a, s in zip(run.indices, run.alphas, run.sigmas, strict=True)
        )
        return Cloud(f"{SAMPLER_NAMES[sampler]}: {x}", xs, run.modes, captions, background, names)

    return [cloud(sampler, result.runs[trained, sampler]) for sampler in SAMPLERS]


def families_charts(config: FamiliesConfig, result: Families) -> list[list[Chart]]:
    """Every network (rows) with every sampler (columns), and its distance; the distances and the scores' errors."""
    rows = []
    for name in networks_of(result):
        clouds = zip(SAMPLERS, families_clouds(config, result, name), strict=True)
        rows.append([
            still(cloud, title=f"{SAMPLER_NAMES[s]}, {TRAINED_NAMES[name]}\n"
                  f"sliced W1 {result.runs[name, s].distances.sliced:.3f} (floor {result.floor.sliced:.3f})")
            for s, cloud in clouds
        ])  # fmt: skip
    return [*rows, [distance_chart(result), learned_chart(result)]]
