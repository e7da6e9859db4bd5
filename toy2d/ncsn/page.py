"""Page "NCSN": one network for all noise levels, and what the weight λ(σ) does to each of them."""

from dataclasses import replace

import streamlit as st

from playground.progress import Report
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import explained, folded, on_request, page, shared, verdict_line
from playground.ui.tries import tries
from toy2d.films import kept, made_with
from toy2d.ncsn.experiment import FIRST, WEIGHTS, Ncsn, NcsnConfig, chain_too_short, learn_all, ncsn, said
from toy2d.ncsn.figures import NAMES, error_chart, ncsn_clouds, share_chart
from toy2d.net import Learned
from toy2d.shipped import shipped_or_learned
from toy2d.ui import distance_table, mixture_widgets, show_clouds


def settings() -> NcsnConfig:
    first, second, third, last = st.columns([1.3, 2, 1.6, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    form = Form(FIRST)
    form.ask(
        third.select_slider, "Training steps of each network", "train_steps",
        help="2,000 take about half a minute for the three.",
    )  # fmt: skip
    more = folded("More settings", last)
    form.ask(more.number_input, "Levels L", "levels", key="L")
    form.ask(more.number_input, "Highest σ", "sigma_1")
    form.ask(more.number_input, "Lowest σ", "sigma_L", 0.01)
    form.ask(more.number_input, "Sampling steps at each, T", "T")
    form.ask(more.number_input, "Seed", "seed")
    return form.made(mixture=mixture)


def result_for(config: NcsnConfig) -> tuple[NcsnConfig, Ncsn]:
    """The last result; a new one on the first visit, and when the button is pressed."""
    return on_request(
        "ncsn",
        config,
        made,
        "Annealed Langevin",
        button="Train the three networks",
        icon=":material/model_training:",
        first=replace(FIRST, mixture=config.mixture),
    )


def made(config: NcsnConfig, report: Report) -> Ncsn:
    """What the page opens with was made before: three chains of a thousand steps take seconds."""
    found: Ncsn | None = kept("ncsn", made_with(config, map(config.learning, WEIGHTS)))
    return found or ncsn(config, networks_for(config), report)


def networks_for(config: NcsnConfig) -> dict[str, Learned]:
    """The three networks: those of the run before, where only the sampling has changed."""
    made_for = tuple(config.learning(objective) for objective in WEIGHTS)
    return shared(
        "ncsn-networks", made_for, lambda _, report: learn_all(config, report, shipped_or_learned),
        "Training three networks",
    )  # fmt: skip


def numbers(result: Ncsn) -> None:
    for cell, (objective, run) in zip(st.columns(3), result.runs.items(), strict=True):
        worst = int(run.errors.argmax())
        cell.metric(f"{NAMES[objective]}: worst level", f"{run.errors[worst]:.3g}",
                    help="The largest error of any level; a score of zero has 2 at high noise")  # fmt: skip
        cell.caption(f"at σ = {result.sigmas[worst]:.3g}; mean over the levels {run.errors.mean():.3g}")


def caution(result: Ncsn) -> None:
    if chain_too_short(result):
        st.caption(
            "The chain is too short to judge networks by the modes' shares: its own error is several times the floor, "
            "and a network's may cancel it. Raise T."
        )


with page("NCSN"):
    tries(__file__)
    config, result = result_for(settings())
    above = st.container()
    verdict_line(*said(config, result))
    numbers(result)
    caution(result)
    with above:
        show_clouds(ncsn_clouds(config, result), "ncsn", fps=15)
    left, right = st.columns(2)
    with left:
        st.subheader("Error of the score at each level")
        chart(error_chart(result), "errors")
    with right:
        st.subheader("Share of each level in the loss")
        chart(share_chart(result), "loss-shares")
    st.subheader("Distances of the samples")
    rows = {NAMES[name]: run.distances for name, run in result.runs.items()} | {"exact score": result.exact}
    distance_table(rows, result.floor, "table", "trained with")
    explained(__file__)
