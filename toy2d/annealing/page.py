"""Page "Annealed Langevin, dissected": levels, steps and step sizes against the errors that they leave."""

from dataclasses import replace

import streamlit as st

from playground.errors import UserError
from playground.ui.busy import Report
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import cached, explained, folded, on_request, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.annealing.experiment import (
    Annealing,
    AnnealingConfig,
    Map,
    MapConfig,
    annealing,
    annealing_map,
    said,
)
from toy2d.annealing.figures import AXIS_NAMES, RULE_NAMES, annealing_cloud, map_chart, step_chart
from toy2d.annealing.live import live_annealing
from toy2d.ui import in_url, mixture_widgets, show_clouds

LEVEL_NAMES = {"own": "the modes' own std", "added": "noise that is added"}
FINE = {
    "L": (1, 3, 10, 30, 100),
    "T": (3, 10, 30, 100, 300),
    "eps": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "sigma_1": (2.0, 5.0, 10.0, 20.0, 50.0),
}
COARSE = {"L": (3, 10, 30), "T": (3, 10, 30), "eps": (0.03, 0.3, 3.0), "sigma_1": (2.0, 10.0, 50.0)}


def rule_name(rule: str) -> str:
    """As the options of a box can say it, which know no formulas: σ_L is the lowest level."""
    return RULE_NAMES[rule].replace("_{i}", "ᵢ").replace("σ_{L}²", "(lowest σ)²").replace("σ_{L}", "lowest σ")


def settings() -> AnnealingConfig:
    first, second, third, last = st.columns([1.2, 1.8, 2, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    form = Form(AnnealingConfig)
    form.ask(third.selectbox, "Step size $a_i$", "rule", format_func=rule_name)
    more = folded("More settings", last)
    form.ask(more.selectbox, "σ is", "levels", format_func=LEVEL_NAMES.get)
    form.ask(more.number_input, "L", "L", help="Noise levels")
    form.ask(more.number_input, "T", "T", help="Steps at each level")
    form.ask(more.number_input, "ε", "eps", 0.01, format="%.4f")
    form.ask(more.number_input, "Highest σ", "sigma_1")
    form.ask(more.number_input, "Seed", "seed")
    return form.made(mixture=mixture)


def result_for(config: AnnealingConfig) -> Annealing | None:
    """The last result while the settings stay; None, and a word about it, where the chain diverges."""

    def make(config: AnnealingConfig, report: Report) -> tuple[Annealing | None, str]:
        try:
            return annealing(config, report), ""
        except UserError as error:
            return None, str(error)

    result, refusal = cached("annealing", config, make, "Sampling")
    if refusal:
        st.warning(refusal, icon=":material/trending_up:")
    return result


def numbers(result: Annealing) -> None:
    a, b, c, d = st.columns(4)
    found, floor = result.distances, result.floor
    a.metric("Share in a wrong mode", f"{found.weights:.3f}", help="1/2 sum over the modes |share - weight|")
    a.caption(f"± {found.weights_se:.3f}; exact samples {floor.weights:.3f}")
    b.metric(
        "Sliced distance", f"{found.sliced:.3f}", help="Wasserstein-1, mean over directions, in units of x"
    )
    b.caption(f"exact samples {floor.sliced:.3f}")
    c.metric("Energy distance", f"{found.energy:.3f}")
    c.caption(f"exact samples {floor.energy:.3f}")
    d.metric(
        "Log-likelihood", f"{found.log_likelihood:.3f}", help="of the samples under the truth, nats each"
    )
    d.caption(f"exact samples {floor.log_likelihood:.3f}")


def map_for(config: AnnealingConfig) -> tuple[MapConfig, Map]:
    """A coarse map on the first visit; the settings' own, finer, after the button."""
    a, b, c = st.columns([2, 2, 2], vertical_alignment="bottom")
    x = in_url(a.selectbox, "Across", list(AXIS_NAMES), key="across", format_func=AXIS_NAMES.get)
    others = [axis for axis in AXIS_NAMES if axis != x]
    y = in_url(b.selectbox, "Up", list(AXIS_NAMES), index=2, key="up", format_func=AXIS_NAMES.get)
    if y == x:
        st.caption(f"Both axes are the same; {AXIS_NAMES[others[0]]} is taken upwards.")
        y = others[0]
    wanted = MapConfig(replace(config, particles=1_000), x, y, FINE[x], FINE[y])
    quick = replace(config, T=min(config.T, 15), particles=500)
    kept = on_request(
        "annealing-map", wanted, annealing_map, "Walking every chain of the map", button="Compute the map",
        icon=":material/grid_on:", first=MapConfig(quick, x, y, COARSE[x], COARSE[y]), changed=None, place=c,
    )  # fmt: skip
    if "eps" in (kept[0].x, kept[0].y) and kept[0].base.rule == "prose":
        st.caption("This rule has no ε, so changing it has no effect.")
    if kept[0] != wanted:
        base = kept[0].base
        fixed = {"L": base.L, "T": base.T, "eps": base.eps, "sigma_1": base.sigma_1}
        rest = ", ".join(
            f"{AXIS_NAMES[k]} {v:g}" for k, v in fixed.items() if k not in (kept[0].x, kept[0].y)
        )
        st.caption(f"Shown: {rule_name(base.rule)}, {base.mixture.preset}, {rest}, {base.particles:,} particles. "
                   "Press the button for a map of the settings above.")  # fmt: skip
    return kept


with page("Annealed Langevin, dissected"):
    tries(__file__)
    config = settings()
    result = result_for(config)
    rules = {rule: replace(config, rule=rule) for rule in ("algorithm1", config.rule)}
    above = picture()
    if result is not None:
        verdict_line(*said(config, result))
        numbers(result)
    with above:
        if result is not None:
            show_clouds([annealing_cloud(config, result)], "annealing", live=live_annealing(config))
        chart(step_chart(rules), "steps", tall=True)
    st.subheader("Two settings at a time")
    chart(map_chart(*map_for(config)), "map", 440)
    explained(__file__)
