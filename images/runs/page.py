"""Page "Runs and metrics": what was trained here, side by side: loss, samples, numbers, disk."""

import json
from typing import Any

import numpy as np
import streamlit as st

from images.films import kept
from images.generate.experiment import SampleConfig
from images.metrics.estimates import FCD, MEANINGS
from images.metrics.evaluate import EvaluateConfig, evaluate
from images.metrics.report import reference_of, write_evaluation
from images.models import SHIPPED, best_device, load_model
from images.runs import shipped
from images.runs.figures import measured_charts
from images.train.figures import losses_chart
from images.training import runs
from images.ui import training_sidebar, yardstick
from playground.files import write_atomically
from playground.gif import tiled
from playground.progress import duration
from playground.ui.busy import busy
from playground.ui.charts import chart
from playground.ui.page import in_url, page, picture, verdict_line
from playground.ui.player import ImagesPanel, player
from playground.ui.tries import tries

SAMPLES = (200, 500, 1000, 2000, 5000)


def table(found: list[runs.Run]) -> None:
    """One row a run."""
    rows = [_row(run) for run in found]
    formats = {"images seen": "localized", "loss": "%.4f"}
    columns = {name: st.column_config.NumberColumn(format=text) for name, text in formats.items()}
    st.dataframe(rows, hide_index=True, width="stretch", column_config=columns)
    total = sum(run.size() for run in found)
    st.caption(f"{len(found)} runs take {total / 1e6:,.1f} MB in {runs.root()}.")


def _row(run: runs.Run) -> dict[str, Any]:
    """A damaged run has a row, too: it says what is wrong, and can be deleted below."""
    status = run.status()
    row = {"run": run.name, "state": status["state"], "disk, MB": round(run.size() / 1e6, 1)}
    if not run.is_sound:
        return row | {"what is wrong": status.get("message")}
    config = run.config
    row |= {
        "network": f"{config.net} {config.width} x {config.blocks}",
        "objective": config.objective,
        "images seen": status.get("step", 0) * config.batch,
        "time": duration(status.get("seconds", 0)),
        "loss": status.get("loss"),
        FCD: _distance(_evaluation(run), status.get("step")),
    }
    return row | ({"what is wrong": status["message"]} if status["state"] == runs.DAMAGED else {})


def _distance(found: dict | None, step: int | None) -> str:
    """The distance, with what must stand beside it: how many digits, and where it is of an earlier checkpoint."""
    if found is None:
        return "not measured"
    measured_at = found.get("step", step)
    earlier = "" if measured_at == step else f", at step {measured_at:,}"
    return f"{found['metrics'][FCD]['value']:.2f} (N = {found['config']['samples']:,}{earlier})"


def _evaluation(run: runs.Run) -> dict | None:
    """What was measured of the run; None where nothing was, or the file cannot be believed."""
    try:
        found = json.loads((run.directory / "evaluation" / "evaluation.json").read_text())
        _numbers_of(found), _distance(found, found.get("step"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return found


def side_by_side(chosen: list[runs.Run]) -> None:
    for cell, run in zip(st.columns(len(chosen)), chosen, strict=True):
        with cell:
            st.markdown(f"**{run.name}**")
            if previews := run.previews():
                words = "last samples of the training"
                st.image(str(previews[-1]), caption=words, width="stretch", alt=words)
            if (found := _evaluation(run)) is not None:
                _numbers(found)


def _numbers(found: dict) -> None:
    """The metrics with their intervals, beside what as many real digits reach."""
    rows, text = _numbers_of(found)
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(text)


def _numbers_of(found: dict) -> tuple[list[dict[str, str]], str]:
    """The table's rows, and how they were measured."""
    rows = []
    for name, value in found["metrics"].items():
        floor = found["floors"][name]["value"]
        interval = f"{value['low']:.3g} to {value['high']:.3g}"
        rows.append(
            {
                "metric": name,
                "value": f"{value['value']:.4g}",
                "95 % interval": interval,
                "real digits": f"{floor:.4g}",
            }
        )
    config = found["config"]
    text = f"{config['samples']:,} digits by {config['sampler']} in {config['steps']} steps."
    if measured := found.get("bound"):
        bits = measured["bits"]
        text += (
            f" Bound: {bits['value']:.2f} bits per dimension ({bits['low']:.2f} to {bits['high']:.2f}), on "
        )
        text += f"{measured['digits']:,} {found.get('reference', {}).get('called', 'test digits')}."
    return rows, f"{text} {found.get('reference', {}).get('caution', '')}"


def measure(chosen: list[runs.Run]) -> None:
    """Evaluates the chosen runs, one after the other."""
    first, second, bounded, third = st.columns([1, 1, 1, 1], vertical_alignment="bottom")
    samples = in_url(first.selectbox, "Digits to measure with", SAMPLES, index=1, key="measure-samples")
    steps = in_url(second.selectbox, "DDIM steps", (10, 20, 50, 100), index=1, key="measure-steps")
    with_bound = in_url(
        bounded.checkbox, "Bound, too", key="measure-bound", help="Bits per dimension on 200 held-out digits."
    )
    if not third.button("Measure", type="primary", icon=":material/straighten:", width="stretch"):
        return
    runs.require_writable()  # the figures are written into the runs' directories
    config = EvaluateConfig(samples=samples, steps=steps, bound_digits=200 if with_bound else 0)
    for run in chosen:
        with busy(f"Measuring {run.name}", key=f"measure-{run.name}") as report:
            model, measure_with = load_model(run.model, best_device()), yardstick()
            found = evaluate(
                model, config, measure_with, lambda stage, done, total: report(done, total, stage)
            )
            about: dict[str, Any] = {
                "config": {"samples": samples, "sampler": config.sampler, "steps": steps}
            }
            about |= {"step": model.about.get("step"), "reference": reference_of(measure_with)}
            folder = run.directory / "evaluation"  # within a run all files are the program's own
            write_evaluation(folder, found, measure_with, about, write_atomically)
    st.rerun()


def tidy(found: list[runs.Run]) -> None:
    with st.expander("Rename or delete"):
        name = st.selectbox("Run", [run.name for run in found], key="tidy-run")
        run = runs.Run(runs.root() / name)
        new, button = st.columns([2, 1], vertical_alignment="bottom")
        new_name = new.text_input("New name", name, key=f"new-name-{name}")
        if button.button("Rename", disabled=new_name == name, width="stretch"):
            runs.rename(run, new_name)
            st.rerun()
        sure, button = st.columns([2, 1], vertical_alignment="center")
        certain = sure.checkbox(f"Delete {name} with its models for good", key=f"sure-{name}")
        if button.button("Delete", disabled=not certain, icon=":material/delete:", width="stretch"):
            runs.delete(run)
            st.rerun()


def came_with_the_project() -> None:
    """The shipped models, from the first day on: what a run of one's own is held to."""
    st.subheader("Shipped with the project")
    formats = {
        name: st.column_config.NumberColumn(format="localized") for name in ("parameters", "images seen")
    }
    st.dataframe(shipped.rows(shipped.cards()), hide_index=True, width="stretch", column_config=formats)
    if (measured := shipped.shipped_evaluation()) is not None:
        with st.expander("All figures of the shipped model"):
            _numbers(measured)


def shipped_picture() -> None:
    """Digits of the shipped model, from noise, and what was measured of them: there on the first day."""
    film = kept("generate", (load_model(SHIPPED, best_device()).about, SampleConfig.quick()))
    with picture():
        if film is not None:
            sheet = np.stack([tiled(frame) for frame in film.xs])
            panel = ImagesPanel("digits of the shipped model, from noise", sheet, film.captions)
            player([panel], key="shipped-player", fps=12)
        if (measured := shipped.shipped_evaluation()) is not None:
            chart(measured_charts(measured, shipped.NAME), "shipped-chart", tall=True)


def meanings() -> None:
    with st.expander("What the numbers mean"):
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in MEANINGS.items()))


def nearest(found: list[runs.Run]) -> None:
    """Of all that is measured, shipped or trained here."""
    measured = {run.name: figures for run in found if (figures := _evaluation(run)) is not None}
    if (figures := shipped.shipped_evaluation()) is not None:
        measured = {shipped.NAME: figures, **measured}
    verdict_line(*shipped.said(measured))


def contents() -> None:
    tries(__file__)
    training_sidebar()
    found = runs.all_runs()
    if not found:
        above = st.container()
        nearest(found)
        with above:
            shipped_picture()
        st.info("No run yet: train one with the button in the sidebar, then compare it here.")
        came_with_the_project()
        meanings()
        return
    table(found)
    sound = [run for run in found if run.is_sound]
    names = [run.name for run in sound]
    chosen_names = in_url(
        st.multiselect, "Compare", names, default=names[:2], max_selections=4, key="compare"
    )
    chosen = [run for run in sound if run.name in chosen_names]
    if chosen:
        chart(losses_chart({run.name: (run.config.batch, run.log()) for run in chosen}), "losses", 320)
        if len({run.config.objective for run in chosen}) > 1:
            st.caption(
                "These runs have different objectives, so their losses cannot be compared; their digits can."
            )
        nearest(sound)
        side_by_side(chosen)
        trained = [run for run in chosen if run.model.is_file()]
        if trained and not runs.readonly():
            measure(trained)
    came_with_the_project()
    if not runs.readonly():
        tidy(found)
    meanings()


with page("Runs and metrics"):
    contents()
