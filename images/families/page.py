"""Page "DDPM and NCSN": the lecture's two families on digits, side by side, by one network or by two."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from images.families.experiment import (
    EXACT,
    FIRST,
    NETWORK,
    ToldConfig,
    ToldDigits,
    difference,
    mismatch,
    said,
    told_digits,
)
from images.films import kept
from images.generate.experiment import SampleConfig, sample
from images.metrics.estimates import FCD, Estimate
from images.metrics.readable import clear
from images.models import SIGMA_1, SIGMA_L, Model
from images.sampling import ANNEALED, AS_WRITTEN, DDPM_BETA, HOLD, LANGEVIN, Film
from images.ui import choose_model, classifier, sampler_name, training_sidebar, yardstick
from playground.gif import gif_bytes, tiled, webp_bytes
from playground.statistics import ends, interval
from playground.ui.busy import Report, busy
from playground.ui.downloads import download_gif, download_webp
from playground.ui.knobs import Form
from playground.ui.page import folded, in_url, on_request, one_of, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

TOLD = {ANNEALED: "the noise that is there", AS_WRITTEN: "sigma_i, as written"}
SIGNS = {"predicted x0": "predicted $x_0$", "x_t": "noisy $x_t$"}
SHOWN = {"predicted x0": lambda film: film.x0_hats, "x_t": lambda film: film.xs}


def settings(T: int) -> tuple[tuple[SampleConfig, SampleConfig], str, DeltaGenerator]:
    """One row above the picture: both sides' settings, what is shown, and the last cell, for the button."""
    first, fifth, shown, third, last = st.columns([1.1, 1.5, 1.4, 1.2, 1], vertical_alignment="bottom")
    what = one_of(shown, "Show", SIGNS, key="f-show")
    more = folded("More settings", third)
    sampler = in_url(
        first.selectbox, "On the DDPM side", ("DDPM", DDPM_BETA, "DDIM"), key="f-sampler",
        format_func=sampler_name,
    )  # fmt: skip
    langevin = in_url(
        fifth.selectbox, "NCSN is told", LANGEVIN, format_func=TOLD.get, key="f-told",
        help="Same updates, same noise; only the noise level that the network hears differs.",
    )  # fmt: skip
    form = Form(FIRST)
    steps = form.ask(more.select_slider, "Steps for both", "steps", key="f-steps")
    form.ask(more.number_input, "Digits", "count", key="f-count")
    form.ask(more.number_input, "Seed", "seed", key="f-seed")
    return (form.made(sampler=sampler, steps=min(steps, T)), form.made(sampler=langevin)), what, last


def films(
    models: tuple[Model, Model], configs: tuple[SampleConfig, SampleConfig], place: DeltaGenerator
) -> tuple[Film, Film]:
    """The last two films, or new ones when asked for, or at the first visit."""
    made_for = (tuple(model.about for model in models), configs)

    def make(made_for: object, report: Report) -> tuple[Film, Film]:
        if known := kept("families", made_for):
            return known
        ddpm, ncsn = (sample(*each, report) for each in zip(models, configs, strict=True))
        return ddpm, ncsn

    return on_request("films", made_for, make, "Sampling", button="Generate", first=made_for, place=place)[1]


def _moving(film: Film, written: Callable[[list[np.ndarray]], bytes]) -> bytes:
    return written(film.pairs())


def show(what: str, ddpm: Film, ncsn: Film) -> None:
    left, right = ([tiled(frame) for frame in SHOWN[what](film)] for film in (ddpm, ncsn))
    player(
        [
            ImagesPanel(f"DDPM: {what}", np.stack(left), ddpm.captions),
            ImagesPanel(f"NCSN, annealed Langevin: {what}", np.stack(right), ncsn.captions),
        ],
        key="families-player",
        fps=12,
    )
    for side, film in (("DDPM", ddpm), ("NCSN", ncsn)):
        name = f"digits-{side.lower()}"
        download_gif(f"GIF, {side}", partial(_moving, film, gif_bytes), f"{name}.gif", f"f-gif-{side}")
        download_webp(f"WebP, {side}", partial(_moving, film, webp_bytes), f"{name}.webp", f"f-webp-{side}")


def told(model: Model, config: SampleConfig) -> None:
    """Algorithm 1 as written and told the noise that is there: known before the walk, and measured on request."""
    known = mismatch(model.schedule.highest, config.steps)
    st.subheader("What the network is told")
    st.markdown(
        f"Algorithm 1 tells the network $σ_i$. But {HOLD} steps at a level cannot take the noise down to it: in units "
        f"of $σ_i^2$, its variance goes $v → (1 - c/2)^2\\,v + c$ at every step (c = {known.c:.2f} here, where it ends "
        f"lowest) and is multiplied by $(σ_i / σ_{{i+1}})^2$ between levels, so it settles at "
        f"**v = {known.settled:.2f}**. In 784 dimensions noise lives on a thin shell, and the network is "
        f"**{known.off[0]:.0f} to {known.off[1]:.0f} standard deviations** off the one that it knows. "
        "v is known before the walk, so it can be told $σ_i \\sqrt v$."
    )
    a, b, c = st.columns([1, 1, 2], vertical_alignment="bottom")
    samples = a.selectbox("Digits to measure with", (50, 100, 200, 500), 1, key="f-told-samples")
    wanted = ToldConfig(samples, config.steps, config.seed)
    b.caption(f"{samples} digits of each, {config.steps} steps, seed {config.seed}")
    if c.button("Measure both", icon=":material/straighten:", key="f-told-run"):
        with busy("Walking both ways, with the network and with exact digits", key="f-told-busy") as report:
            st.session_state["told"] = (model.about, wanted), told_digits(model, wanted, yardstick(), report)
    if "told" in st.session_state:
        made_for, found = st.session_state["told"]
        if made_for != (model.about, wanted):
            st.caption(
                "The settings have changed since this was measured: press Measure both to measure again."
            )
        measured(found)


def measured(found: ToldDigits) -> None:
    """The verdict, the table, and both chains' digits from the same starts and noise."""
    st.markdown(verdict(found))
    rows = [
        {"denoiser": name, "is told": TOLD[sampler]} | _numbers(estimate)
        for (name, sampler), estimate in found.distances.items()
    ]
    floor = {"denoiser": "real digits (the floor)", "is told": ""} | _numbers(found.floor)
    st.dataframe([*rows, floor], hide_index=True, width="stretch", key="f-told-table")
    for column, sampler in zip(st.columns(2), (AS_WRITTEN, ANNEALED), strict=True):
        sheet = tiled(found.images[NETWORK, sampler][:50].numpy(), columns=10)
        words = f"{NETWORK}, told {TOLD[sampler]}"
        column.image(sheet, caption=words, width="stretch", alt=words)


def _numbers(estimate: Estimate) -> dict[str, str]:
    return {FCD: f"{estimate.value:.2f}", "95 % interval": ends(estimate, ".2f")}


def verdict(found: ToldDigits) -> str:
    """What telling sigma_i costs, by each denoiser, and what of it is the network's."""
    parts = []
    for name in dict.fromkeys(name for name, _ in found.distances):
        cost = found.difference(name)
        word = "worse" if cost.low > 0 else "better" if cost.high < 0 else "not told apart"
        parts.append(f"with {name} **{cost.value:+.2f}** ({ends(cost, '+.2f')}: {word})")
    excess = difference(found.difference(NETWORK), found.difference(EXACT))
    decided = "which these digits cannot tell from nothing: measure more"
    if excess.low > 0:
        decided = "because it is asked about noise that it has not seen"
    return (
        f"Being told sigma_i changes the distance to real digits, N = {found.config.samples:,}, " + ", ".join(parts) +
        ". The exact denoiser is right at any place and level, so its difference is the chain's own fault. The network "
        f"has {interval(excess, '+.2f')} beyond that, {decided}."
    )  # fmt: skip


def explain() -> None:
    with st.expander("What happens here"):
        _explain()


def _explain() -> None:
    st.latex(
        r"\underbrace{\|\epsilon - \epsilon_\theta(\mathbf{x}_t, t)\|^2}_{\text{DDPM}}"
        r"\qquad \underbrace{\tfrac12\,\sigma_i^2\,\Big\|\mathbf{s}_\theta(\tilde{\mathbf{x}}, \sigma_i) +"
        r"\frac{\tilde{\mathbf{x}}-\mathbf{x}}{\sigma_i^2}\Big\|^2}_{\text{NCSN}}"
    )
    st.markdown(
        'The lecture: "The two approaches are very similar: the learning task is to denoise samples obtained with '
        'different levels of noise." With $s = -\\epsilon / \\sigma$ the right loss **is** half the left one. (The '
        "lecture's slide has $σ_i$, not its square, below x̃ − x.) A network here is told the ratio of signal to noise, "
        "not a timestep, so one network serves both samplers: both sides use the same one until you choose another.\n\n"
        f"The annealed side walks {SIGMA_1:g} to {SIGMA_L:g} in geometric levels σ, {HOLD} Langevin steps at each "
        "(Song and Ermon 2019, Algorithm 1); told the noise that is there, its last step denoises. Its $x_t$ is the "
        "digit plus noise far beyond the digit's range, so it is shown cut off at black and white.\n\n"
        "**Try** 50 and 1000 steps, and a model trained with the NCSN preset on either side. **Look** at the share of "
        "noise below each panel: at which level is it decided which digit it becomes?"
    )


with page("DDPM and NCSN"):
    tries(__file__)
    first = choose_model("Model, DDPM side", "f-model-1")
    models = first, choose_model("Model, NCSN side", "f-model-2", described=first)
    training_sidebar()
    configs, what, place = settings(models[0].schedule.T)
    shown = films(models, configs, place)
    above = st.container()
    verdict_line(*said(*(clear(classifier(), film.images) for film in shown)))
    with above:
        show(what, *shown)
    told(models[1], configs[1])
    explain()
