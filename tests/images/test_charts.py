"""Every chart on digits, of numbers chosen here: on the page and on paper it has the same series and numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from charts_drawn import calls, drawn_alike, unnamed

import images
from images.clip import figures as clip_figures
from images.dalle2.clip_experiment import Clouds, Similarity
from images.diffusion_autoencoder import figures as diffusion_autoencoder_figures
from images.guidance import figures as guidance_figures
from images.guidance.experiment import GuidanceConfig, Sweep
from images.guidance.experiment import Row as Guided
from images.inpainting import figures as inpainting_figures
from images.inpainting import table as inpainting
from images.metrics.estimates import FCD, PRECISION, RECALL, SFCD, Estimate
from images.palette import figures as palette_figures
from images.palette import table as palette
from images.runs import figures as runs_figures
from images.train import figures as train_figures
from playground.charts import Chart
from playground.colors import PALETTE, TRUTH
from playground.levels import seeded
from playground.statistics import Difference

NONE = torch.empty(0)


def estimate(value: float) -> Estimate:
    return Estimate(value, 0.9 * value, 1.2 * value)


def of_clip() -> list[Chart]:
    texts = tuple(f"caption {k}" for k in range(10))
    matched = Similarity(torch.rand((10, 10), generator=seeded(0)) * 2 - 1, torch.eye(10).bool(), NONE, texts)
    points = torch.randn((2, 1_500, 2), generator=seeded(1))
    f = clip_figures
    return calls(f.matrix_chart, matched) + calls(f.clouds_chart, Clouds(*points, centres=1.0, spread=1.0))


def of_diffusion_autoencoder() -> list[Chart]:
    return calls(diffusion_autoencoder_figures.z_chart, np.array([0.5, -1.0, 2.0]))


def of_guidance() -> list[Chart]:
    found, f = [], guidance_figures
    for fooled in (None, Difference(0.1, 0.05, 0.15)):  # by itself, and by a guide
        rows = tuple(
            Guided(w, NONE, {FCD: estimate(1 + w)}, 0.8, 0.7, 0.9, 1.1, 0.9, fooled and 0.9, fooled)
            for w in (0.0, 1.0)
        )
        found += calls(f.sweep_charts, Sweep(GuidanceConfig(), rows, {FCD: estimate(0.1)}), "w")
    return found + calls(f.accuracy_chart, {"noised": {0: 0.99, 500: 0.4}, "clean": {0: 0.98, 500: 0.1}}, 100)


def of_inpainting() -> list[Chart]:
    rows = tuple(
        inpainting.Row(method, mask, NONE, NONE, estimate(0.5 + k / 10), estimate(20.0 + k), None, None, 1.0)
        for k, method in enumerate(("RePaint", "DPS"))
        for mask in inpainting.MASKS
    )
    floors = {mask: estimate(0.4) for mask in inpainting.MASKS}
    found = inpainting.Table(inpainting.TableConfig(), rows, (), {}, floors, estimate(0.98))
    charts = calls(inpainting_figures.table_charts, found)
    left, right = (mark.x for mark in charts[0].marks[:2])
    assert (right > left).all() and (
        (left + right) / 2 == range(len(floors))
    ).all()  # side by side, at their mask
    return charts


def of_palette() -> list[Chart]:
    names = [f"way {k}" for k in range(8)]  # more than there are colours
    rows = {
        name: palette.Row(name, torch.full((3,), 0.01 * (k + 1)), estimate(0.9), estimate(k + 1.0), 1.0)
        for k, name in enumerate(names)
    }
    return calls(palette_figures.table_chart, palette.Table(palette.TableConfig(), rows, 0.3, {}, None))


def of_runs() -> list[Chart]:
    values = {
        name: vars(estimate(value))
        for name, value in ((FCD, 0.4), (SFCD, 0.5), (PRECISION, 0.7), (RECALL, 0.8))
    }
    floors = {name: vars(estimate(value["value"] / 2)) for name, value in values.items()}
    charts = calls(
        runs_figures.measured_charts,
        {"metrics": values, "floors": floors, "config": {"samples": 200}},
        "a model",
    )
    for chart in charts:
        model, real = chart.marks
        assert (model.y == 2 * real.y).all() and "N = 200" in charts[0].title
        assert (model.interval[0] < model.y).all() and (model.y < model.interval[1]).all()
    return charts


def of_train() -> list[Chart]:
    log, f = [{"step": step, "loss": 1 / step} for step in range(1, 61)], train_figures
    one = calls(f.loss_chart, log)
    each, running = one[0].marks
    assert len(running.x) == len(each.x) - 2 and running.y[-1] == pytest.approx(
        sum(1 / s for s in (58, 59, 60)) / 3
    )
    both = calls(f.losses_chart, {"a": (32, log), "b": (64, log)})
    a, b = both[0].marks
    assert (b.x == 2 * a.x).all()
    (many,) = calls(f.losses_chart, {str(i): (32, log) for i in range(10)})
    assert (
        len({(mark.color, mark.dash) for mark in many.marks}) == 10
    )  # none is left out, none looks like another
    return one + both


TOPICS = {name.removeprefix("of_"): make for name, make in list(globals().items()) if name.startswith("of_")}


@pytest.mark.parametrize("topic", TOPICS)
def test_page_and_paper_carry_the_same_series_and_numbers(topic: str):
    drawn_alike(TOPICS[topic]())


# Of "train", runs beside each other stand on another page than the loss of one.
@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "train"])
def test_one_look_has_one_meaning_in_all_charts_of_a_page(topic: str):
    """Those drawn on request, too.  A look is a colour that colour-blind people can tell, a dash and a symbol."""
    marks = [mark for chart in TOPICS[topic]() for mark in chart.marks if getattr(mark, "name", "")]
    looks = {
        (mark.name, (mark.color, getattr(mark, "dash", ""), getattr(mark, "symbol", ""))) for mark in marks
    }
    assert {color for _, (color, *_) in looks} <= {*PALETTE, TRUTH}
    assert len({name for name, _ in looks}) == len(looks), "a name has two looks"
    meaning = [
        look for _, look in looks if look[0] != TRUTH
    ]  # gray is what is true or real, whatever it is called
    assert len(set(meaning)) == len(meaning), f"a look has two names: {sorted(looks)}"


def test_every_chart_of_the_wing_was_looked_at():
    assert not unnamed(images, Path(__file__))
