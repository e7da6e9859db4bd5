"""What annealed Langevin told two different noises looks like in the plane: a table, a sentence, a figure."""

import numpy as np
from scipy.stats import t as student_t

from playground.charts import Axis, Chart, Mark, Points, Rule, plus_minus
from playground.colors import METHODS
from toy2d.ddpm_and_ncsn.told_noise import MEASURES, TOLD, Told, ToldConfig, mean_and_se

MEASURED = {
    "log_likelihood": "log-likelihood",
    "weights": "share in a wrong mode",
    "sliced": "sliced Wasserstein",
}
NETWORKS = {"exact": "exact score", "ncsn": "trained as NCSN", "ddpm": "trained as DDPM"}


def told_rows(result: Told) -> list[dict[str, str]]:
    """One row for each network and what it is told, and the floor: means over the repeats, give or take one s.e."""
    rows = [
        {"network": NETWORKS[name], "is told": told} | _row(of[told])
        for name, of in result.measured.items() for told in TOLD
    ]  # fmt: skip
    return [*rows, {"network": "exact samples (the floor)", "is told": ""} | _row(result.floors)]


def _row(values) -> dict[str, str]:
    return {MEASURED[m]: "{:.3f} ± {:.3f}".format(*mean_and_se(values[m])) for m in MEASURES}


def verdict(result: Told) -> str:
    """What being told sigma_i costs the exact denoiser, what it costs each network, and how far off the shell it is."""
    R = len(result.floors["sliced"])
    wide = float(student_t.ppf(0.975, R - 1))  # the standard error comes from few runs
    exact, exact_se = result.difference("exact", "log_likelihood")
    parts = [f"with the exact score {-exact:.2f} ± {wide * exact_se:.2f} nats"]
    beyond = []
    for name in result.measured:
        if name == "exact":
            continue
        value, se = result.difference(name, "log_likelihood")
        parts.append(f"with the network {NETWORKS[name]} {-value:.2f} ± {wide * se:.2f}")
        extra, half = exact - value, wide * (se**2 + exact_se**2) ** 0.5
        word = "no more than the chain itself" if extra - half <= 0 else "more than the chain itself"
        beyond.append(f"{extra:+.2f} ± {half:.2f}: {word}")
    low, high = result.off(2)
    text = (
        f"Told sigma_i, points are {low:.1f} to {high:.1f} standard deviations off the shell in two dimensions "
        f"({result.off(784)[0]:.0f} to {result.off(784)[1]:.0f} in 784). It costs " + ", ".join(parts)
    )
    if beyond:
        text += "; what a network loses beyond the exact score is " + ", ".join(beyond)
    return f"{text} (95 % intervals over {R} runs)."


def told_charts(config: ToldConfig, result: Told) -> list[Chart]:
    """Each measure with its 95 % interval, by network and by what it is told; the dashed line is the floor."""
    wide = float(student_t.ppf(0.975, config.repeats - 1))
    names = Axis(names=[NETWORKS[name] for name in result.measured])
    charts = []
    for measure in MEASURES:
        marks: list[Mark] = []
        for place, told in enumerate(TOLD):
            found = np.array([mean_and_se(of[told][measure]) for of in result.measured.values()])
            at = np.arange(len(found)) + 0.16 * (2 * place - 1)
            interval = plus_minus(found[:, 0], wide * found[:, 1])
            marks.append(Points(at, found[:, 0], f"told {told}", METHODS[1 + 2 * place], interval=interval))
        marks.append(Rule(float(result.floors[measure].mean()), "exact samples"))
        charts.append(Chart("", names, Axis(MEASURED[measure]), marks))
    return charts
