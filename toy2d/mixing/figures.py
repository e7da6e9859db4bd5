"""Both chains as clouds, and their shares over time, on the page and on paper."""

from playground.charts import Axis, Band, Chart, Curve, Mark, Rule
from playground.colors import ANNEALED, PLAIN
from playground.statistics import wilson
from toy2d.distances import total_variation
from toy2d.drawing.clouds import Cloud, density, mode_names
from toy2d.drawing.planes import still
from toy2d.mixing.experiment import Chain, Mixing, MixingConfig, wrong_mode_floor

# --- mixing -----------------------------------------------------------------------------------------------


def shares_chart(config: MixingConfig, result: Mixing) -> Chart:
    """The share in the first mode with its 95 % band, against π; of many modes, the share in a wrong one."""
    two = len(result.weights) == 2
    marks: list[Mark] = []
    for name, color, chain in (
        ("plain", PLAIN, result.plain),
        ("annealed", ANNEALED, result.annealed),
    ):
        share = chain.shares[:, 0] if two else total_variation(chain.shares, result.weights)
        if two:
            marks.append(Band(chain.steps, *wilson(share, config.particles), color))
        marks.append(Curve(chain.steps, share, name, color))
    if two:
        marks.append(Rule(result.weights[0], "true weight π"))
    else:
        marks.append(Rule(wrong_mode_floor(result.weights, config.particles), "exact samples"))
    y = "share in mode 1" if two else "share in a wrong mode"
    return Chart("", Axis("step", zero=True), Axis(y, range=(0, 1)), marks)


# --- clouds -----------------------------------------------------------------------------------------------


def mixing_clouds(config: MixingConfig, result: Mixing) -> list[Cloud]:
    """Plain and annealed Langevin, coloured by the mode that a particle is in."""
    background = density(config.mixture.build())
    names = mode_names(result.weights)

    def cloud(title: str, chain: Chain) -> Cloud:
        captions = tuple(
            f"step {step:,}   noise added, σ = {sigma:.2f}"
            for step, sigma in zip(chain.steps, chain.sigmas, strict=True)
        )
        return Cloud(title, chain.xs, chain.modes, captions, background, names)

    return [cloud("Plain Langevin", result.plain), cloud("Annealed Langevin", result.annealed)]


def mixing_charts(config: MixingConfig, result: Mixing) -> list[Chart]:
    """Both chains at their end, and the shares on the way."""
    return [*(still(cloud) for cloud in mixing_clouds(config, result)), shares_chart(config, result)]
