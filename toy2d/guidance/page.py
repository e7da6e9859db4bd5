"""Page "Guidance": three ways of pulling samples towards a class, and what they really sample from."""

from dataclasses import replace

import numpy as np
import streamlit as st

from playground.progress import Report
from playground.tables import markdown_table
from playground.ui.charts import chart
from playground.ui.knobs import Form, ask
from playground.ui.page import cached, explained, folded, on_request, page, shared, verdict_line
from playground.ui.predict import compared, predicted
from playground.ui.signs import typeset
from playground.ui.tries import tries
from toy2d.guidance.best_w import BestWConfig, best_w, claims
from toy2d.guidance.experiment import FIRST, Guidance, GuidanceConfig, guidance, guidance_sweep
from toy2d.guidance.figures import (
    NAMES,
    along_chart,
    best_w_chart,
    ends_chart,
    guidance_clouds,
    said,
    sweep_chart,
)
from toy2d.labelled import Models, learned_pair
from toy2d.net import LearnConfig
from toy2d.presets import MixtureSpec
from toy2d.shipped import shipped_pair, told
from toy2d.ui import in_url, preset_widget, score_widget, show_clouds


def settings() -> tuple[GuidanceConfig, bool]:
    a, b, c, d, last = st.columns([1.3, 0.9, 2.2, 1.2, 1], vertical_alignment="bottom")
    preset = preset_widget(a, FIRST.preset)
    pi = st.session_state.get("pi", FIRST.pi)
    K = MixtureSpec(preset, pi).build().K
    label = in_url(b.number_input, "Class (a mode)", 1, K, GuidanceConfig.label + 1, key="class")
    form = Form(GuidanceConfig)
    form.ask(
        c.slider, "Guidance w", "w", 0.5,
        help="The lecture's w: 0 is the plain conditional model. The classifier's scale is s = 1 + w.",
    )  # fmt: skip
    use_learned = score_widget(d, "models")
    more = folded("More settings", last)
    pi = ask(
        more.slider, "π, weight of the first mode", FIRST, "pi", 0.01, disabled=not MixtureSpec(preset).has_pi
    )
    form.ask(more.select_slider, "Steps", "steps")
    form.ask(more.number_input, "Particles", "particles")
    form.ask(more.number_input, "Seed", "seed")
    says = "Guidance only at levels of more noise than the first and no more than the second; 10,000 is above all."
    low = form.ask(more.number_input, "Above σ/α", "low", help=says, format="%g")
    form.ask(more.number_input, "Up to σ/α", "high", least=low, help=says, format="%g")
    return form.made(mixture=MixtureSpec(preset, pi), label=int(label) - 1), use_learned


def models_for(config: GuidanceConfig, use_learned: bool) -> Models | None:
    if not use_learned:
        return None
    # Where there is a π, both networks are told it, so that those of one training serve all: they are shipped.
    mixture = config.mixture
    learn = (told(mixture, "ddpm") if mixture.has_pi else LearnConfig(mixture, "ddpm")).training
    verb = "Training the classifier and the denoiser"
    networks = shipped_pair(learn) or shared(
        "guidance-learn", learn, lambda _, report: learned_pair(learn, report=report), verb
    )
    return networks.of(config.mixture)


def sampled(settings: tuple[GuidanceConfig, bool], report: Report) -> Guidance:
    config, use_learned = settings
    return guidance(config, models_for(config, use_learned), report)


def numbers(result: Guidance) -> None:
    st.caption(
        "Distance of the end points to the density that people believe they sample, p(x) p(c|x)^(1+w): sliced "
        "Wasserstein-1, in units of x"
    )
    cells = st.columns(4)
    for cell, run in zip(cells, result.runs, strict=False):
        cell.metric(NAMES[run.name], f"{run.to_belief:.2f}")
    cells[3].metric("Floor: two exact samples", f"{result.belief.floor:.2f}")


def table(result: Guidance) -> None:
    """Mean and spread along the class's axis: of the truths and of what was sampled."""
    rows: list[tuple[str, np.ndarray, float | None, float | None]]
    rows = [("what people believe, p(x) p(c|x)^(1+w)", result.along_belief, None, None),
            ("the exact conditional, p(x|c)", result.along_conditional, None, None)]  # fmt: skip
    rows += [(NAMES[run.name], run.along, run.to_belief, run.to_conditional) for run in result.runs]
    columns = ("mean on the axis", "std", "distance to the belief", "to the conditional")
    lines = [
        {"": name} | {c: "" if x is None else f"{x:.2f}"
                      for c, x in zip(columns, (np.mean(along), np.std(along), belief, conditional), strict=True)}
        for name, along, belief, conditional in rows
    ]  # fmt: skip
    st.markdown(markdown_table(lines))
    st.caption(
        "From the same noise, DDIM with the classifier and classifier-free guidance end at most "
        f"{typeset(f'{result.disagreement:.2g}')} apart: with exact models they are the same arithmetic, with learned "
        "ones they differ by what was learned."
    )


def sweep(config: GuidanceConfig, use_learned: bool) -> None:
    st.subheader("Every w")
    made_for = (
        replace(config, w=0.0, particles=1_000, frames=GuidanceConfig.frames),
        use_learned,
    )
    found = on_request(
        "guidance-swept",
        made_for,
        lambda wanted, report: guidance_sweep(wanted[0], models_for(config, use_learned), report),
        "Sampling",
        button="Measure w from 0 to 8",
        changed=None,
    )
    if found is not None and found[0] == made_for:
        chart(sweep_chart(found[1]), "sweep")
    else:
        st.caption("The distance to the believed density as w grows, with 1,000 particles; a few seconds.")


def weaker(config: GuidanceConfig) -> None:
    st.subheader("Does a weaker model want a larger w?")
    wanted = BestWConfig(
        config.mixture, config.label, trainings=3, steps=config.steps, particles=1_000, seed=config.seed
    )
    found = on_request("best-w", wanted, best_w, "Training", button="Train short and long", changed=None)
    if found is None or found[0] != wanted:
        lengths = ", ".join(f"{steps:,}" for steps in wanted.lengths)
        st.caption(
            f"Networks of {lengths} training steps, three of each, and the exact model: their distance to the exact "
            "conditional against w. About a minute; `python -m toy2d best-w` takes more trainings."
        )
        return
    chart(best_w_chart(found[1]), "best-w-chart")
    for sentence in claims(found[1]):
        st.markdown(sentence)


with page("Guidance"):
    tries(__file__, predict=True)
    config, use_learned = settings()
    answer = predicted(
        "guidance",
        config,
        f"Classifier-free guidance with w = {config.w:g}: how far do its samples end from the density that people "
        "believe they sample? (Two exact samples of it are hundredths apart.)",
        lambda: st.slider("Distance", 0.0, 5.0, 0.5, 0.05, key="guidance-answer"),
    )
    result = cached("guidance", (config, use_learned), sampled, "Sampling")
    above = st.container()
    free = next(run for run in result.runs if run.name == "free")
    sentence, outcome = said(config, result)
    verdict_line(f"{sentence} {compared(answer, free.to_belief)}", outcome)
    numbers(result)
    with above:
        show_clouds(guidance_clouds(config, result), "guidance", fps=15)
    st.subheader("The end points, and the believed density")
    chart(ends_chart(config, result), "ends")
    table(result)
    chart(along_chart(result), "along")
    sweep(config, use_learned)
    weaker(config)
    explained(__file__)
