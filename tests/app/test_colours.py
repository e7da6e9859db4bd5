"""One colour, one meaning on a page: what charts and moving points of a page name, at its first visit."""

from collections import defaultdict
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import images.topics
import playground.ui.charts
import playground.ui.player
import toy2d.topics
from playground.charts import Chart
from playground.colors import PALETTE, TRUTH

ROOT = Path(__file__).parents[2]
FOLDERS = [
    f"{wing.__name__.split('.')[0]}/{topic.folder}"
    for wing in (toy2d.topics, images.topics)
    for topic in wing.TOPICS
]
# What they show at a first visit are sheets of digits, tables and pictures, which have no colours that mean something.
COLOURLESS = {f"images/{name}" for name in ("table1", "guidance", "palette", "autoencoders", "train")}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_colour_of_moving_points_is_no_other_things_and_a_name_has_one_colour(folder, monkeypatch):
    charts, panels = seen_on(folder, monkeypatch)
    legend = {
        (name, PALETTE[k]) for panel in panels for k, name in enumerate(getattr(panel, "label_names", ()))
    }
    colours = defaultdict(set)
    for name, colour in legend | named(charts):
        colours[name].add(colour)
    assert not {name: found for name, found in colours.items() if len(found) > 1}
    taken = {colour: name for name, colour in legend}
    assert not {(name, taken[colour]) for name, colour in named(charts) - legend if colour in taken}


def named(charts: list[Chart]) -> set[tuple[str, str]]:
    """Of all marks with a name and one colour, grey for what is true or exact apart."""
    marks = [mark for chart in charts for mark in chart.marks if getattr(mark, "name", "")]
    found = {(mark.name, mark.color) for mark in marks if isinstance(mark.color, str)}
    return {(name, colour) for name, colour in found if colour != TRUTH}


def seen_on(folder: str, monkeypatch) -> tuple[list[Chart], list]:
    charts, panels = [], []
    drawn, packed = playground.ui.charts.on_page, playground.ui.player.packed

    def on_page(given, *rest):
        charts.extend([given] if isinstance(given, Chart) else given)
        return drawn(given, *rest)

    def pack(given, **settings):
        panels.extend(given)
        return packed(given, **settings)

    monkeypatch.setattr(playground.ui.charts, "on_page", on_page)
    monkeypatch.setattr(playground.ui.player, "packed", pack)
    app = AppTest.from_file(str(ROOT / folder / "page.py"), default_timeout=120).run()
    assert not app.exception and (folder in COLOURLESS or charts + panels)
    return charts, panels
