"""Page "Likelihood": the log density by the probability-flow ODE, against the mixture's own."""

import math

import streamlit as st

from playground.ui.busy import Report
from playground.ui.charts import chart
from playground.ui.knobs import Form, ask
from playground.ui.page import cached, explained, folded, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.likelihood.experiment import Likelihood, LikelihoodConfig, likelihood, said
from toy2d.likelihood.figures import flow_clouds, maps_chart, parts_chart, steps_chart
from toy2d.net import QUICK, LearnConfig
from toy2d.ui import learned_for, mixture_widgets, score_widget, show_clouds, told_widget


def settings() -> tuple[LikelihoodConfig, LearnConfig | None]:
    first, second, third, b, fourth = st.columns([1.3, 1.8, 1.2, 1.4, 1], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    use_learned = score_widget(third)
    more = folded("More settings", fourth)
    form = Form(LikelihoodConfig)
    seed = form.ask(more.number_input, "Seed", "seed")
    form.ask(b.select_slider, "Steps of the ODE", "steps")
    form.ask(more.select_slider, "Start at σ/α", "sigma_min", key="low")
    form.ask(more.select_slider, "End at σ/α", "sigma_max", key="high")
    config = form.made(mixture=mixture)
    told_pi = told_widget(more, mixture, disabled=not (use_learned and mixture.has_pi))
    training = ask(
        more.select_slider,
        "Training steps",
        LearnConfig(steps=QUICK),
        "steps",
        key="train",
        disabled=not use_learned,
    )
    learn = LearnConfig(mixture, "ddpm", steps=training, seed=seed).telling_pi(told_pi)
    return config, learn if use_learned else None


def measured(settings: tuple[LikelihoodConfig, LearnConfig | None], report: Report) -> Likelihood:
    config, learn = settings
    return likelihood(config, None if learn is None else learned_for(learn), report)


def numbers(config: LikelihoodConfig, result: Likelihood) -> None:
    a, b, c, d = st.columns(4)
    error = result.errors.total
    a.metric("Mean |error| of log p, nats", f"{error:.4f}", f"± {2 * result.errors.total_se:.4f}", delta_color="off",
             delta_arrow="off", help=f"Over {config.samples:,} exact samples; ± is two standard errors")  # fmt: skip
    b.metric("The same in bits", f"{error / math.log(2):.4f}", f"{error / math.log(2) / 2:.4f} a dimension",
             delta_color="off", delta_arrow="off")  # fmt: skip
    c.metric("Mean −log p: flow / exact", f"{result.flow_nll:.3f} / {result.nll:.3f}")
    d.metric("Mass in the square: flow / exact", f"{result.mass:.3f} / {result.exact_mass:.3f}",
             help="The flow's own density has mass one; with too few steps what is computed does not.")  # fmt: skip


with page("Likelihood"):
    tries(__file__)
    config, learn = settings()
    result = cached("likelihood", (config, learn), measured, "Following the flow")
    above = picture()
    verdict_line(*said(config, result))
    numbers(config, result)
    with above:
        show_clouds(flow_clouds(config, result), "likelihood", fps=12)
        chart(steps_chart(result), "steps-chart", tall=True)
    chart(maps_chart(result), "maps")
    st.subheader("Whose error it is")
    chart(parts_chart(result.errors), "parts")
    explained(__file__)
