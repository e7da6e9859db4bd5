"""Page "Table 1": the lecture's table of DDIM, filled on MNIST, beside the lecture's own numbers."""

import json
from pathlib import Path

import streamlit as st

from images.metrics.estimates import FCD
from images.metrics.evaluate import fingerprint
from images.table1.experiment import (
    ETAS,
    LECTURE,
    STEPS,
    Cell,
    TableConfig,
    fill,
    lowest,
    read_cell,
    read_settings,
    tied,
)
from images.ui import choose_model, digits, training_sidebar, yardstick
from playground.levels import AUTHORS, EVEN, SPACINGS
from playground.statistics import FAILS, HOLDS, OPEN, interval
from playground.steps import last_but_one
from playground.ui.busy import busy
from playground.ui.page import explained, in_url, page, verdict_line
from playground.ui.tour import presenting
from playground.ui.tries import tries

SHIPPED = [Path(__file__).parent.parent / "shipped" / name for name in ("table1", "table1-authors")]
CARD = Path(__file__).parent.parent / "shipped" / "model.json"
SIGNS = {"sigma-hat": "σ̂"}
TIMES = {EVEN: "even times T, ..., 0", AUTHORS: "the authors' times ..., 1 + T/S, 1, 0"}


def cells_in(out: Path) -> list[Cell]:
    """The finished cells of a table's directory."""
    return [cell for eta in ETAS for steps in STEPS if (cell := read_cell(out, eta, steps)) is not None]


def called(model: str) -> str:
    """A model's name from its fingerprint: a table outlives the model that it was made of."""
    now = json.loads(CARD.read_text())["fingerprint"] if CARD.exists() else ""
    return "the shipped model" if model == now else "an earlier shipped model"


def show(cells: list[Cell]) -> None:
    """Rows eta, columns S; the best of each whole column is marked."""
    columns = lowest(cells)
    best = {steps: column[0].eta for steps, column in columns.items() if len(column) == len(ETAS)}
    by_key = {(cell.eta, cell.steps): cell for cell in cells}
    rows = []
    for eta in ETAS:
        row = {"η": SIGNS.get(eta, eta)}
        for steps in columns:
            cell = by_key.get((eta, steps))
            mark = "  (lowest)" if best.get(steps) == eta else ""
            row[f"S = {steps}"] = "not filled" if cell is None else f"{cell.metrics[FCD].value:.2f}{mark}"
        rows.append(row)
    if presenting():
        with st.container(key="page-table"):
            st.table({name: [row[name] for row in rows] for name in rows[0]})
    else:
        st.dataframe(rows, hide_index=True, width="stretch")
    floor = cells[0].floors[FCD]
    st.caption(
        f"{FCD}, lower is better. As many real digits reach {interval(floor, '.2f')}: that is the floor."
    )


def pattern(cells: list[Cell]) -> None:
    """Whether the lecture's two observations hold here, where the cells are there to say so."""
    columns = lowest(cells)
    for steps, said in ((STEPS[0], "lowest 0, highest σ̂"), (STEPS[-1], "lowest σ̂")):
        if len(column := columns.get(steps, [])) == len(ETAS):
            low, high = (SIGNS.get(cell.eta, cell.eta) for cell in (column[0], column[-1]))
            st.markdown(
                f"At S = {steps} the lowest is η = **{low}** ({clarity(column)}), the highest η = **{high}**. "
                f"The lecture: {said}."
            )
        elif column:
            st.markdown(
                f"At S = {steps} only {len(column)} of {len(ETAS)} cells are filled, so nothing has won yet."
            )


def said(cells: list[Cell]) -> tuple[str, str]:
    """The lecture's claim at the fewest steps, where the column is whole: DDIM, eta = 0, is the lowest."""
    steps, column = next(iter(lowest(cells).items()))
    if len(column) < len(ETAS):
        return f"At S = {steps} {len(column)} of {len(ETAS)} cells are filled.", OPEN
    first, ties = column[0].eta, [cell.eta for cell in tied(column)]
    outcome = HOLDS if first == ETAS[0] and not ties else OPEN if ETAS[0] in (first, *ties) else FAILS
    return (
        f"Is DDIM, η = 0, best with few steps? At S = {steps} the distance is lowest for η = "
        f"{SIGNS.get(first, first)}, {column[0].metrics[FCD].value:.2f}{_ddim(column)}; {clarity(column)}."
    ), outcome


def _ddim(column: list[Cell]) -> str:
    """What DDIM has where it is not the lowest."""
    own = next(cell.metrics[FCD].value for cell in column if cell.eta == ETAS[0])
    return "" if column[0].eta == ETAS[0] else f", against {own:.2f} for η = 0"


def clarity(column: list[Cell]) -> str:
    """How clearly the first of a column is the lowest, by the difference to each of the others."""
    ties = [str(SIGNS.get(cell.eta, cell.eta)) for cell in tied(column)]
    if len(ties) == len(column) - 1:
        return "no other can be told from it, each difference tested at 95 %: no clear winner"
    if ties:
        return f"only η = {' and '.join(ties)} cannot be told from it, each difference tested at 95 %"
    return "all others are higher, each difference tested at 95 %"


def lecture() -> None:
    for name, cell in zip(LECTURE, st.columns(2), strict=True):
        with cell:
            st.markdown(f"**The lecture: {name}, FID**")
            rows = zip(ETAS, LECTURE[name], strict=True)
            st.dataframe(
                [
                    {"η": SIGNS.get(eta, eta)} | {f"S = {s}": v for s, v in zip(STEPS, row, strict=True)}
                    for eta, row in rows
                ],
                hide_index=True,
                width="stretch",
                column_config={f"S = {s}": st.column_config.NumberColumn(format="%.2f") for s in STEPS},
            )


def last_noise(model) -> None:
    """What sigma-hat adds in the last step but one, and what noise the level reached has, at both kinds of times."""
    st.markdown("**What the lecture's σ̂ row is made of**")
    steps = [s for s in STEPS if s <= model.schedule.T]
    rows = []
    for spacing in SPACINGS:
        pairs = [last_but_one(model.schedule.grid(s, spacing)) for s in steps]
        said = {f"S = {s}": f"{added:.3f} / {has:.3f}" for s, (added, has) in zip(steps, pairs, strict=True)}
        rows.append({"σ̂ adds / the level has": TIMES[spacing]} | said)
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(
        "Standard deviations at the last step but one. The last step adds no noise and takes away what its level "
        "should have; the rest stays in the picture. The lecture's row was made with the authors' times, whose last "
        "level but one is t = 1, with almost no noise."
    )


def fill_more(model) -> None:
    """Fills missing cells for the chosen model; each finished cell is kept at once."""
    with st.expander("Fill a table for the chosen model"):
        first, second, fourth, third = st.columns([1, 2, 1.4, 0.8], vertical_alignment="bottom")
        samples = in_url(first.selectbox, "Digits in each cell", (100, 200, 500, 1000), key="t1-samples")
        steps = in_url(second.multiselect, "Numbers of steps", STEPS, default=STEPS[:2], key="t1-steps")
        spacing = in_url(fourth.selectbox, "Times", list(TIMES), key="t1-times", format_func=TIMES.get)
        suffix = "" if spacing == EVEN else f"-{spacing}"
        out = Path("out") / f"table1-{fingerprint(model)}-{samples}{suffix}"
        if third.button("Fill", type="primary", disabled=not steps, icon=":material/table:"):
            with busy("Filling", key="table1") as report:
                config = TableConfig(samples, steps=tuple(steps), spacing=spacing)
                fill(model, config, yardstick(), out, lambda p: report(round(p.done), p.total))
        if cells := cells_in(out):
            caution = digits("test").caution
            st.caption(f"Kept in {out}; a table that was stopped goes on from there. {caution}")
            show(cells)
            pattern(cells)


def contents() -> None:
    model = choose_model()
    training_sidebar()
    tables = {out: cells for out in SHIPPED if (cells := cells_in(out))}
    for out, cells in tables.items():
        settings = read_settings(out)
        st.markdown(
            f"**MNIST**, {settings['samples']:,} digits in each cell, {called(settings['model'])}, "
            f"{TIMES[settings['times']]}"
        )
        show(cells)
        if out == SHIPPED[0]:
            verdict_line(*said(cells))
        pattern(cells)
    if not tables:
        st.info("No table came with this copy: fill one for the chosen model below.")
    lecture()
    last_noise(model)
    fill_more(model)
    explained(__file__)


with page("Table 1"):
    tries(__file__)
    contents()
