"""Page "Your own data": what is optimal for finite data memorises them; a network generalises, or does not."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.statistics import wilson
from playground.ui.busy import allow
from playground.ui.charts import chart
from playground.ui.knobs import Form
from playground.ui.page import (
    cached,
    explained,
    folded,
    is_shared,
    one_of,
    page,
    picture,
    shared,
    verdict_line,
)
from playground.ui.points import points_canvas
from playground.ui.tries import tries
from toy2d.datasets import DATASETS, fitted, parse_csv
from toy2d.net import Learned
from toy2d.own_data.experiment import (
    OwnData,
    OwnDataConfig,
    Points,
    own_data,
    said,
    shipped_network,
    train_network,
)
from toy2d.own_data.figures import nearest_chart, own_data_clouds
from toy2d.ui import show_clouds

NAMES = {name: name.replace("_", " ") for name in DATASETS} | {
    "painted": "paint points",
    "csv": "paste a CSV",
}
AT_ONCE = 300  # training steps that are taken without asking
ANGLES = np.linspace(0, 1.5 * np.pi, 24)
EXAMPLE = np.stack([5 * np.cos(ANGLES), 5 * np.sin(ANGLES)], 1)  # three quarters of a circle, to start from
CSV = "x, y\n" + "\n".join(f"{x:.1f}, {y:.1f}" for x in (10, 20, 30, 40) for y in (1, 5, 12))


def settings() -> tuple[OwnDataConfig, DeltaGenerator, DeltaGenerator]:
    """And the places of the button of a long training, and of the result: beside points that are painted or pasted."""
    first, place = st.columns([5, 2], vertical_alignment="bottom")
    source = one_of(first, "Data", NAMES, key="source", default=OwnDataConfig.source)
    row, result = st.container(), st.container()
    given: Points = ()
    if source not in DATASETS:
        beside, result = result.columns([2, 5], gap="medium")
        with beside:
            given = given_points(source)
    a, b, c, d = row.columns([1.6, 1.6, 1.6, 1], vertical_alignment="bottom")
    form = Form(OwnDataConfig)
    form.ask(
        a.select_slider, "Training points", "n", disabled=bool(given),
        help="Of the named data; painted and pasted points are all taken.",
    )  # fmt: skip
    form.ask(b.select_slider, "Training steps", "train_steps", key="train")
    form.ask(c.select_slider, "Width of the network", "width")
    more = folded("More settings", d)
    form.ask(more.number_input, "Seed", "seed")
    form.ask(
        more.slider, "A copy is nearer than", "threshold", 0.02,
        help="In units of the median distance of fresh data to the nearest training point.",
    )  # fmt: skip
    form.ask(more.slider, "η of the sampler", "eta", 0.1, help="0 DDIM, 1 DDPM")
    form.ask(more.select_slider, "Sampling steps", "steps")
    form.ask(more.number_input, "Samples", "particles", key="samples")
    return form.made(source=source, given=given), place, result


def given_points(source: str) -> Points:
    """Painted or pasted points, fitted into the square."""
    if source == "painted":
        st.caption("Click or drag to add points. The network is trained anew after each stroke.")
        points = points_canvas(key="painted-points", default=EXAMPLE, size=300).astype(float)
    else:
        text = st.text_area("Two numbers a row: x, y", CSV, key="csv", height=220, max_chars=400_000)
        points = parse_csv(text)
    points, fit = fitted(points)
    if fit.scale != 1:
        st.caption(
            f"The points were moved by ({-fit.centre[0]:.4g}, {-fit.centre[1]:.4g}) and scaled by {fit.scale:.4g}, "
            "both axes alike, to fit into the square."
        )
    return tuple((float(x), float(y)) for x, y in points)


def network_for(config: OwnDataConfig, place: DeltaGenerator) -> Learned | None:
    """The network of these data; None until a long training has been asked for."""
    known = shipped_network(config)
    if known is not None:
        return known
    if config.train_steps > AT_ONCE and not is_shared("own-learn", config.training):
        if not place.button(f"Train for {config.train_steps:,} steps", type="primary"):
            return None
        allow("own-learn")  # the button has just asked for it
    return shared(
        "own-learn", config.training, lambda _, report: train_network(config, report), "Training the network"
    )


def interval(share: float, n: int) -> str:
    low, high = wilson(share, n)
    return f"95 %: {low:.1%} to {high:.1%}, N = {n:,}"


def numbers(config: OwnDataConfig, result: OwnData) -> None:
    st.caption(
        f"A sample is a copy where a training point is nearer than {result.below:.3g}: {config.threshold:g} times "
        f"{result.typical:.3g}, the median distance of "
        + (
            "a training point to the nearest other one"
            if config.given
            else "fresh data to the nearest training point"
        )
    )
    a, b, c, d = st.columns(4)
    a.metric("Copies: exact optimum", f"{result.optimum.copies:.1%}")
    a.caption(interval(result.optimum.copies, config.particles))
    b.metric("Copies: network", "not trained" if result.network is None else f"{result.network.copies:.1%}")
    if result.network is not None:
        b.caption(interval(result.network.copies, config.particles))
    c.metric("Training points themselves" if config.given else "Copies: fresh data", f"{result.fresh_copies:.1%}",
             help="What chance alone gives")  # fmt: skip
    if not config.given:
        c.caption(interval(result.fresh_copies, len(result.reference)))
    if result.floor is not None and result.network is not None:
        d.metric(
            "Network to fresh data",
            f"{result.network.to_fresh:.2f}",
            help="Sliced Wasserstein-1, in units of x",
        )
        d.caption(f"optimum {result.optimum.to_fresh:.2f}; floor, two fresh samples, {result.floor:.2f}")


with page("Your own data"):
    tries(__file__)
    config, place, beside = settings()
    network = network_for(config, place)
    made_for = config, network is not None
    result = cached("own-data", made_for, lambda _, report: own_data(config, network, report), "Sampling")
    with beside:
        above = picture()
    verdict_line(*said(config, result))
    numbers(config, result)
    with above:
        show_clouds(own_data_clouds(config, result), "own-data", fps=15)
        chart(nearest_chart(config, result), "nearest", tall=True)
    explained(__file__)
