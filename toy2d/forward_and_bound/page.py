"""Page "Diffusion probabilistic model": the forward chain, its posterior, the variational bound, two losses."""

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from playground.levels import SCHEDULES
from playground.statistics import told_share
from playground.steps import VARIANCE_SIGNS
from playground.tables import markdown_table
from playground.ui.busy import Report
from playground.ui.charts import chart
from playground.ui.knobs import ask
from playground.ui.page import cached, explained, folded, on_request, one_of, page, picture, verdict_line
from playground.ui.tries import tries
from toy2d.forward_and_bound.bound import (
    BoundConfig,
    Bounds,
    Gaps,
    Losses,
    bounds,
    gaps_by_length,
    learn_both,
    losses,
    said_of_bound,
    said_of_losses,
)
from toy2d.forward_and_bound.bound_figures import gaps_chart, losses_chart, terms_chart, weights_chart
from toy2d.forward_and_bound.experiment import (
    Forward,
    ForwardConfig,
    Posterior,
    forward,
    posterior,
    said,
    thinned,
    two_humped,
)
from toy2d.forward_and_bound.figures import forward_clouds, paths_chart, posterior_chart
from toy2d.net import QUICK, LearnConfig
from toy2d.presets import MixtureSpec
from toy2d.ui import in_url, learned_for, mixture_widgets, score_widget, show_clouds, told_widget

PARTS = {
    "forward": "Forward chain and posterior",
    "bound": "Variational bound",
    "losses": "Simple and weighted loss",
}

Cells = tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]


def common() -> tuple[MixtureSpec, str, int, Cells]:
    """What all parts have, and three places for a part's own: two in the row, and what is folded."""
    first, second, *cells, last = st.columns([1.2, 1.8, 1.8, 1.8, 1.3], vertical_alignment="bottom")
    mixture = mixture_widgets(first, second)
    more = folded("More settings", last)
    schedule = ask(more.selectbox, "Schedule", BoundConfig, "schedule")
    seed = ask(more.number_input, "Seed", BoundConfig, "seed")
    return mixture, schedule, seed, (cells[0], cells[1], more)


# --- forward chain and posterior ------------------------------------------------------------------------------


def forward_part(mixture: MixtureSpec, schedule: str, seed: int, cells: Cells) -> None:
    a, b, _ = cells
    steps = ask(a.select_slider, "Steps of the chain", ForwardConfig, "steps", key="chain")
    share = in_url(
        b.slider,
        "Step t, % of the way to noise",
        1,
        100,
        100 * ForwardConfig.t // ForwardConfig.steps,
        key="at",
    )
    config = ForwardConfig(mixture, schedule, steps, max(2, round(share / 100 * steps)), seed=seed)
    path = forward(config)
    above = picture()
    found = posterior(config, path)
    verdict_line(*said(config, path, found))
    forward_metrics(config, path, found)
    with above:
        show_clouds(forward_clouds(config, path), "forward", fps=15)
        chart(paths_chart(config, path), "paths", tall=True)
    chart(posterior_chart(found), "posterior", 520)
    explain_forward(mixture, schedule)


def forward_metrics(config: ForwardConfig, path: Forward, found: Posterior) -> None:
    a, b, c, d = st.columns(4)
    a.metric(
        "Chain and closed form differ by", f"{path.deviation:.1f} SE",
        help=f"Means and variances of {config.particles:,} chains against $q(x_t\\,|\\,x_0)$: the worst of all "
        f"{3 * config.steps} numbers, in standard errors. Chance alone gives 2 to 4.",
    )  # fmt: skip
    b.metric("Posterior std, √β̃", f"{found.posterior.std:.3f}")
    c.metric(
        "KL: posterior to p", f"{found.kl['beta_tilde']:.2g} nats",
        help="One sample of $L_{t-1}$, with variance β̃: p does not know $x_0$.",
    )  # fmt: skip
    d.metric(
        "KL: true reverse step to p", f"{max(0.0, found.reverse_kl['beta']):.2g} nats",
        help="Of $q(x_{t-1}\\,|\\,x_t)$, which is no Gaussian, to p with variance β. Small where steps are small.",
    )  # fmt: skip


def explain_forward(mixture: MixtureSpec, schedule: str) -> None:
    explained(__file__, "forward.md", more=humps(mixture, schedule))


@st.cache_data(max_entries=20)
def humps(mixture: MixtureSpec, schedule: str, n: int = 10_000) -> str:
    """How many steps it takes until no true reverse step has two humps, counted."""
    if mixture.preset != "two_modes":
        return ""
    found = []
    for steps in (20, 50):
        shares = two_humped(mixture.build(torch.float64), thinned(SCHEDULES[schedule](), steps), n)
        worst = int(shares.argmax())
        at = f" (at t = {worst + 2})" if shares[worst] else ""
        found.append(f"with {steps} steps {told_share(shares[worst], n)} of the points $x_t${at}")
    return (
        f"Counted for these modes, two humps in the true reverse step at the worst t: {found[0]}, {found[1]}; "
        f"N = {n:,} at each t."
    )


# --- the bound ------------------------------------------------------------------------------------------------


def bound_part(mixture: MixtureSpec, schedule: str, seed: int, cells: Cells) -> None:
    a, b, c = cells
    steps = ask(a.select_slider, "Steps of the chain", BoundConfig, "steps")
    use_learned = score_widget(b)
    training = ask(
        c.select_slider,
        "Training steps",
        LearnConfig(steps=QUICK),
        "steps",
        key="train",
        disabled=not use_learned,
    )
    told_pi = told_widget(c, mixture, disabled=not (use_learned and mixture.has_pi))
    config = BoundConfig(mixture, schedule, steps, seed=seed)
    learn = LearnConfig(mixture, "ddpm", schedule=schedule, steps=training, seed=seed).telling_pi(told_pi)
    networks = {"learned": learned_for(learn)} if use_learned else {}
    result, gaps = cached(
        "bounds",
        (config, learn if use_learned else None),
        lambda _, report: (bounds(config, networks, report), gaps_by_length(config, networks)),
        "Computing the bound",
    )
    a, *rest = st.columns(1 + len(result.rows[:2]))
    a.metric(
        "Exact $-\\log p(x_0)$", f"{result.nll:.3f} nats", help=f"Mean over {config.samples:,} fresh points"
    )
    for cell, row in zip(rest, result.rows[-2:], strict=True):
        cell.metric(f"Bound, {row.model}, {VARIANCE_SIGNS[row.variance]}", f"{row.total:.3f} nats",
                    f"{row.gap:+.3f} ± {2 * row.gap_se:.3f}", delta_color="off", delta_arrow="off")  # fmt: skip
    above = st.container()
    verdict_line(*said_of_bound(config, result))
    with above:
        chart(terms_chart(result), "terms")
    st.markdown(markdown_table(table(result), words=2))
    st.subheader("The gap against the number of steps")
    chart(gaps_chart(gaps), "gaps")
    explained(__file__, "bound.md", more=f"{cost_of_variances(gaps)}.")


def cost_of_variances(gaps: Gaps) -> str:
    """The exact denoiser's gap by both variances, where the chain has 100 and 1,000 steps."""
    told = []
    for steps in (100, 1_000):
        i = int(np.flatnonzero(gaps.lengths == steps)[0])
        both = (
            f"{sign} {gaps.gaps['exact', variance][i]:.2f} ± {2 * gaps.errors['exact', variance][i]:.2f}"
            for variance, sign in reversed(VARIANCE_SIGNS.items())
        )
        told.append(f"{', '.join(both)} at {steps:,} steps")
    return "; ".join(told)


def table(result: Bounds) -> list[dict[str, str]]:
    return [
        {
            "model": row.model, "variance": VARIANCE_SIGNS[row.variance], "$L_T$": f"{row.terms[-1]:.5f}",
            "sum of $L_{t-1}$, $t > 1$": f"{row.terms[1:-1].sum():.3f}", "$L_0$": f"{row.terms[0]:.3f}",
            "bound": f"{row.total:.3f}", "exact": f"{result.nll:.3f}",
            "gap": f"{row.gap:.3f} ± {2 * row.gap_se:.3f}",
        }
        for row in result.rows
    ]  # fmt: skip


# --- the losses -----------------------------------------------------------------------------------------------


def losses_part(mixture: MixtureSpec, schedule: str, seed: int, cells: Cells) -> None:
    a, b, _ = cells
    training = ask(a.select_slider, "Training steps", LearnConfig, "steps", key="train")
    config = BoundConfig(mixture, schedule, seed=seed)

    def make(made_for: tuple[BoundConfig, int], report: Report) -> Losses:
        return losses(made_for[0], learn_both(made_for[0], steps=made_for[1], report=report))

    found = on_request(
        "losses",
        (config, training),
        make,
        "Training both networks",
        button="Train one network by each loss",
        place=b,
    )
    if found is not None:
        show_losses(found[1])
    st.subheader("The weights")
    chart(weights_chart(SCHEDULES[schedule]()), "weights")
    explained(__file__, "losses.md")


def show_losses(result: Losses) -> None:
    for (name, loss), cell in zip(result.losses.items(), st.columns(2), strict=True):
        cell.markdown(f"**{name} loss**")
        cell.metric("Bound − exact −log p, variance β", f"{loss.gap['beta']:.3f} nats",
                    f"± {2 * loss.gap_se['beta']:.3f}", delta_color="off", delta_arrow="off")  # fmt: skip
        cell.metric(
            "Distance of its samples, and the floor", f"{loss.distances.sliced:.3f} / {result.floor.sliced:.3f}",
            help="Sliced Wasserstein-1 to as many exact samples, DDIM in 50 steps; floor: two exact samples",
        )  # fmt: skip
    above = st.container()
    verdict_line(*said_of_losses(result))
    with above:
        chart(losses_chart(result), "losses-chart")


with page("Diffusion probabilistic model"):
    tries(__file__)
    part = one_of(st, "Part", PARTS, key="part", label_visibility="collapsed")
    {"forward": forward_part, "bound": bound_part, "losses": losses_part}[part](*common())
