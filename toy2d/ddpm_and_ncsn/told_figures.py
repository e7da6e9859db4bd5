"""What annealed Langevin told two different noises looks like in the plane: a table, a sentence, a figure."""

from matplotlib.figure import Figure
from scipy.stats import t as student_t

from toy2d.ddpm_and_ncsn.told_noise import MEASURES, TOLD, Told, ToldConfig, mean_and_se
from toy2d.drawing.mpl import figure_of

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


def told_figure(config: ToldConfig, result: Told) -> Figure:
    """Each measure, by network and by what it is told; the dashed line is the floor."""
    wide = float(student_t.ppf(0.975, config.repeats - 1))
    figure, axes = figure_of(len(MEASURES), 1, side=3.6)
    for ax, measure in zip(axes.flat, MEASURES, strict=True):
        for place, told in enumerate(TOLD):
            found = [mean_and_se(of[told][measure]) for of in result.measured.values()]
            at = [i + 0.16 * (2 * place - 1) for i in range(len(found))]
            means, bars = [mean for mean, _ in found], [wide * se for _, se in found]
            ax.errorbar(at, means, bars, fmt="o", capsize=3, label=f"told {told}")
        ax.axhline(result.floors[measure].mean(), linestyle="--", color="gray", label="exact samples")
        ax.set_xticks(range(len(result.measured)), [NETWORKS[name] for name in result.measured])
        ax.set_title(MEASURED[measure])
    axes.flat[0].legend(fontsize="small")
    figure.suptitle(
        f"{config.levels} levels of {config.hold} steps, {config.particles:,} particles", fontsize="medium"
    )
    return figure
