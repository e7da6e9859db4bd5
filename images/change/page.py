"""Page "In between and change": two digits and a slider; one digit and three attributes."""

from dataclasses import replace

import numpy as np
import streamlit as st

from images.change.directions import NAMES, UNITS, directions
from images.change.experiment import ChangeConfig, Changed, change, said_of_move
from images.change.measure import VIEWS, MeasureConfig, Measured, claims, measure
from images.diffusion_autoencoder.experiment import FILM, WAYS, between
from images.films import kept
from images.models import Model
from images.ui import choose_model, classifier, digits, measured_on_request, training_sidebar
from playground.gif import enlarged, gif_bytes, png_bytes, tiled, webp_bytes
from playground.statistics import FAILS, HOLDS, interval
from playground.ui.downloads import download_gif, download_png, download_webp
from playground.ui.knobs import ask
from playground.ui.page import cached, explained, in_url, one_of, page, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

BETWEEN, CHANGE = "In between", "Change"


def settings(T: int) -> tuple[str, int, int, int]:
    first, second, third, fourth = st.columns([2, 1, 1, 2], vertical_alignment="bottom")
    shown = one_of(first, "Show", [BETWEEN, CHANGE], key="c-shown")
    most = len(digits("test")) - 1
    one = in_url(second.number_input, "Test digit", 0, most, 0, key="c-one")
    label = "And another" if shown == BETWEEN else "Another (not used)"
    two = in_url(third.number_input, label, 0, most, 1, key="c-two", disabled=shown == CHANGE)
    steps = ask(fourth.select_slider, "Steps, up and down", FILM, "steps", key="c-steps", most=T)
    return shown, int(one), int(two), steps


def way(model: Model, one: int, two: int, steps: int) -> None:
    """Three ways from one digit to the other, played side by side."""
    images, config = [digits("test").images[i, 0].numpy() for i in (one, two)], replace(FILM, steps=steps)
    found = cached(
        "between",
        (model.about, one, two, config),
        lambda _, report: (
            kept("between", (model.about, images[0], images[1], config))
            or between(model, images[0], images[1], config, report)
        ),
        "Walking",
    )
    above = st.container()
    verdict_line(
        *said_of_ends({name: made[[0, -1], 0].numpy() for name, made in found.items()}, np.stack(images))
    )
    frames = {name: [enlarged(f) for f in found[name][:, 0].numpy()] for name in WAYS}
    captions = tuple(f"{i / (config.count - 1):.0%} of the way" for i in range(config.count))
    panels = [ImagesPanel(name, np.stack(frames[name]), captions) for name in WAYS]
    with above:
        player(panels, key="between-player", fps=6)
    st.caption(
        f"From test digit {one} to {two}: z goes straight, $x_T$ along the sphere while its length changes evenly."
    )
    sheet = tiled(np.concatenate([found[name][::2, 0].numpy() for name in WAYS]), columns=11)
    download_gif("GIF, z and $x_T$", lambda: gif_bytes(frames[WAYS[0]], fps=8), "between.gif", "c-gif")
    download_webp("WebP, z and $x_T$", lambda: webp_bytes(frames[WAYS[0]], fps=8), "between.webp", "c-webp")
    download_png("PNG, all three", lambda: png_bytes(sheet), "between.png", "c-png")


def said_of_ends(found: dict[str, np.ndarray], ends: np.ndarray) -> tuple[str, str]:
    """Whether z brings both ends back nearer than walking told nothing does; (2, 28, 28) uint8 each."""
    off = {name: np.square((found[name] - ends.astype(float)) / 127.5).mean((1, 2)) for name in WAYS[:2]}
    with_z, without = (off[name] for name in WAYS[:2])
    first, last = (f"{a:.4f} with z and {b:.4f} without" for a, b in zip(with_z, without, strict=True))
    outcome = f"{HOLDS if (with_z < without).all() else FAILS} for these two digits"
    return (
        "Claim: z and $x_T$ together bring both digits back better than $x_T$ alone. Mean squared error of a pixel in "
        f"[-1, 1]: first digit {first}; second digit {last}.",
        outcome,
    )


# --- along attributes ---------------------------------------------------------------------------------------


def moves() -> tuple[bool, list[float]]:
    columns = st.columns([2, 2, 2, 1], vertical_alignment="bottom")
    found = [
        in_url(
            column.slider,
            f"{name}, in std of z",
            -4.0,
            4.0,
            2.0 * (name == "thickness"),
            0.5,
            key=f"c-{name}",
        )
        for column, name in zip(columns, NAMES, strict=False)
    ]
    hold = in_url(
        columns[3].toggle, "Hold the others", True, key="c-hold",
        help="The shortest move that leaves the other two attributes alone, by the regression; off: its gradient",
    )  # fmt: skip
    return hold, found


def changed(model: Model, one: int, steps: int) -> None:
    hold, end = moves()
    fitted_for = (model.about, hold)
    ways = cached("directions", fitted_for, lambda *_: directions(model, digits("train"), hold), "Fitting")
    config = ChangeConfig(end=(end[0], end[1], end[2]), count=13, steps=steps)
    image = digits("test").images[one, 0].numpy()
    made_for = (model.about, one, hold, config)
    found = cached(
        "changed", made_for, lambda _, report: change(model, image, ways, config, report), "Changing"
    )
    above = st.container()
    promised = (config.moves[-1].double() @ ways.promised).tolist()
    verdict_line(*said_of_move(found, promised))
    pictures = [enlarged(f) for f in found.images[:, 0].numpy()]
    captions = tuple(f"{i / (config.count - 1):.0%} of the move" for i in range(config.count))
    panels = [
        ImagesPanel("the digit", np.repeat(enlarged(image)[None], len(pictures), 0), ("as it is",) * len(pictures)),
        ImagesPanel("changed, its own x_T kept", np.stack(pictures), captions),
    ]  # fmt: skip
    with above:
        player(panels, key="change-player", fps=6)
    values(found, promised)
    sheet = tiled(found.images[::2, 0].numpy(), columns=7)
    download_gif("GIF", lambda: gif_bytes(pictures, fps=8), "changed.gif", "c-change-gif")
    download_webp("WebP", lambda: webp_bytes(pictures, fps=8), "changed.webp", "c-change-webp")
    download_png("PNG", lambda: png_bytes(sheet), "changed.png", "c-change-png")
    measured(model, hold)


def values(found: Changed, promised: list[float]) -> None:
    rows = [
        {
            "": f"{name}, {UNITS[name]}", "redrawn": f"{first:.2f}", "changed": f"{last:.2f}",
            "the regression promised": f"{first + more:.2f}",
        }
        for name, first, last, more in zip(NAMES, found.values[0], found.values[-1], promised, strict=True)
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True, width="stretch", key="c-values")
    st.caption("Measured on the drawn digit. Directions fitted to 8,000 training digits, within classes.")


def measured(model: Model, hold: bool) -> None:
    measured_on_request(
        "Measured", "change-measured", "Test digits", lambda n: (model.about, MeasureConfig(n, hold=hold)),
        lambda wanted, report: measure(model, classifier(), digits("train"), digits("test"), wanted[1], report),
        tables, n_key="c-measured",
    )  # fmt: skip


def tables(found: Measured) -> None:
    for claim in claims(found):
        st.markdown(f"- {claim}")
    rows = [
        {"in": view, "a move of one along": along}
        | {f"{of}, {UNITS[of]}": interval(found.slopes[view, along, of], "+.2f") for of in NAMES}
        for view in VIEWS
        for along in NAMES
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="c-slopes")
    spreads = ", ".join(f"{name} {found.spreads[name]:.2f} {UNITS[name]}" for name in NAMES)
    st.caption(f"Standard deviations within a class: {spreads}. N = {found.config.digits}.")


with page("In between and change"):
    tries(__file__)
    model = choose_model(kind="diffusion-autoencoder", key="dae-model")
    training_sidebar()
    shown, one, two, steps = settings(model.schedule.T)
    if shown == BETWEEN:
        way(model, one, two, steps)
    else:
        changed(model, one, steps)
    explained(__file__)
