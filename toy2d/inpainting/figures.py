"""What inpainting in the plane looks like: clouds to animate, charts for the page, a figure to print."""

from collections.abc import Sequence

import numpy as np

from playground.charts import Axis, Band, Bars, Chart, Curve, Dash, Mark, Rule, plus_minus
from playground.colors import METHODS, TRUTH
from playground.statistics import Z, wilson
from playground.steps import VARIANCE_SIGNS
from toy2d.drawing.clouds import Cloud, density
from toy2d.inpainting.experiment import SPLIT, Filled, InpaintConfig, Inpainting, is_exact, replaces_exactly
from toy2d.inpainting.sweeps import Narrowing, Shares
from toy2d.presets import EXTENT

NAMES = {
    "replacement": "Replacement",
    "projection": "Projection",
    "repaint": "RePaint",
    "dps": "Gradient (DPS)",
    "exact": "Exact, walked",
}
COLORS = dict(zip(NAMES, (*METHODS, TRUTH), strict=True))
DASHES: tuple[Dash, ...] = ("solid", "dot")
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
        captions = tuple(f"ᾱ = {alpha**2:.3g}" for alpha in run.alphas)
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


def filled_chart(config: InpaintConfig, result: Inpainting) -> list[Chart]:
    """Histograms of the filled-in coordinate, each on the exact conditional density."""
    exact = Curve(result.axis, result.density, "exact conditional", TRUTH, width=2.5)
    found = [heights(run) for run in result.runs]
    top = 1.05 * max(result.density.max(), *(each.max() for each in found))
    x, y = Axis(coordinate(config), range=(-EXTENT, EXTENT)), Axis("density", range=(0, top))
    return [
        Chart(named(run.name, config), x, y, [
            Bars(CENTRES, each, color=COLORS[run.name], width=CENTRES[1] - CENTRES[0]), exact
        ])
        for run, each in zip(result.runs, found, strict=True)
    ]  # fmt: skip


def heights(run: Filled) -> np.ndarray:
    """The histogram of all samples, those beyond the edges included in its norm."""
    return np.histogram(run.filled, EDGES)[0] / (len(run.filled) * np.diff(EDGES))


def low_chart(config: InpaintConfig, result: Inpainting) -> Chart:
    """P(unknown < split) of each method with its 95 % band, against the truth."""
    colors = [COLORS[run.name] for run in result.runs]
    interval = tuple(np.transpose([run.low_band for run in result.runs]))
    bars = Bars(range(len(colors)), [run.low for run in result.runs], color=colors, interval=interval)
    names = Axis(names=[named(run.name, config) for run in result.runs])
    return Chart("", names, _below(config), [bars, Rule(result.low, "truth")])


def _below(config: InpaintConfig) -> Axis:
    return Axis(f"P({coordinate(config)} < {SPLIT:g})", zero=True)


def shares_chart(config: InpaintConfig, shares: Shares, x_title: str, log: bool = False) -> Chart:
    """The share below the split with 95 % bands, against the truth."""
    marks: list[Mark] = []
    for name, low in shares.low.items():
        marks.append(Band(shares.at, *wilson(low, shares.particles), COLORS[name]))
        marks.append(Curve(shares.at, low, NAMES[name], COLORS[name], dots=True))
    marks.append(Curve(shares.at, shares.truth, "truth", TRUTH, "dash", 3))
    return Chart("", Axis(x_title, log=log, ticks=shares.at if log else ()), _below(config), marks)


def narrowing_chart(config: InpaintConfig, narrow: Narrowing) -> Chart:
    """RePaint's variance above the split against r, for both of DDPM's variances, with 95 % intervals."""
    marks: list[Mark] = [
        Curve(narrow.at, above, f"RePaint, {VARIANCE_SIGNS[name]}", COLORS["repaint"], dash, dots=True,
              interval=plus_minus(above, Z * narrow.errors[name]))
        for dash, (name, above) in zip(DASHES, narrow.above.items(), strict=False)
    ]  # fmt: skip
    x = Axis("resamplings r", log=True, ticks=narrow.at)
    y = Axis(f"variance of {coordinate(config)} above {SPLIT:g}")
    return Chart("", x, y, [*marks, Rule(narrow.exact, "exact")])


def said(config: InpaintConfig, result: Inpainting) -> tuple[str, str]:
    """The claim about replacement with its numbers, which of the other methods draws from the posterior, and what the
    number of steps alone does: the exact denoiser's share.
    """
    claim = replaces_exactly(config, result)
    others = [run for run in result.runs if run.name not in ("replacement", "exact")]
    exact = next(run for run in result.runs if run.name == "exact")
    right, wrong = (
        ", ".join(f"{NAMES[run.name]} {run.low:.3f}" for run in others if is_exact(result, run) == wanted)
        or "none"
        for wanted in (True, False)
    )
    return (
        f"Claim: replacement draws from the exact posterior. {claim.words} By both measures right: "
        f"{right}; wrong: {wrong}. The exact denoiser in these steps: {exact.low:.3f}."
    ), claim.verdict


def narrowing_verdict(config: InpaintConfig, narrow: Narrowing) -> str:
    """Whether either variance keeps the width at the most resamplings: each against the exact one, at 95 %."""
    said = []
    for name, above in narrow.above.items():
        off, half = above[-1] - narrow.exact, Z * narrow.errors[name][-1]
        if not np.isfinite(off) or not np.isfinite(half):
            said.append(f"with {VARIANCE_SIGNS[name]} no two particles end above {SPLIT:g}")
            continue
        verdict = (
            "not told apart from the exact one"
            if abs(off) <= half
            else "too wide"
            if off > 0
            else "too narrow"
        )
        said.append(f"with {VARIANCE_SIGNS[name]} {above[-1]:.2f} ± {half:.2f} ({verdict})")
    return (
        f"Variance of {coordinate(config)} above {SPLIT:g} at r = {narrow.at[-1]}, exact {narrow.exact:.2f}: "
        f"{'; '.join(said)} ({config.particles:,} particles)."
    )


def inpainting_charts(config: InpaintConfig, result: Inpainting) -> list[Chart]:
    """The histograms, and the shares with their bands."""
    return [*filled_chart(config, result), low_chart(config, result)]
