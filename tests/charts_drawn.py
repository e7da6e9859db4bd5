"""A chart on the page and on paper, held against each other: for the tests of both wings."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from playground.charts import Band, Bars, Chart, Contour, Curve, Heat, Points, Rule
from playground.charts.on_page import html, on_page
from playground.charts.on_paper import mathtext, on_paper

Charts = Chart | list[Chart] | list[list[Chart]]


def calls(function: Callable[..., Charts], *arguments) -> list[Chart]:
    """What the function describes, as one list."""
    found = function(*arguments)
    rows = [found] if isinstance(found, Chart) else found
    return [chart for row in rows for chart in (row if isinstance(row, list) else [row])]


def drawn_alike(charts: list[Chart]) -> None:
    """Each chart has the same series, numbers and legend on the page and on paper."""
    assert charts
    for chart in charts:
        _traces_and_artists(chart)
        page, paper = _legends([chart])
        names = {mark.name for mark in chart.marks if getattr(mark, "name", "")}
        assert set(page) == {html(name) for name in names}
        assert set(paper) == {mathtext(name) for name in names}
        assert len(page) == len(paper)


def unnamed(wing: ModuleType, test: Path) -> list[str]:
    """The public functions of a wing's figures modules that say they describe charts, and that `test` never names."""
    described = set()
    for path in Path(str(wing.__file__)).parent.glob("*/*figures.py"):
        module = importlib.import_module(f"{wing.__name__}.{path.parent.name}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            says = str(inspect.signature(function).return_annotation)
            if function.__module__ == module.__name__ and "Chart" in says and not name.startswith("_"):
                described.add(f"{module.__name__}.{name}")
    assert described
    text = test.read_text(encoding="utf-8")
    return [name for name in described if f".{name.rsplit('.', 1)[1]}" not in text]


def _length_of(mark) -> np.ndarray:
    return mark.x if isinstance(mark, Bars) and mark.lying else mark.y


def _same(a, b) -> bool:
    return np.allclose(np.asarray(a, float), np.asarray(b, float), equal_nan=True)


def _traces_and_artists(chart: Chart) -> None:
    """Page and paper, mark by mark: names and numbers."""
    page, ax = on_page(chart), on_paper(chart).axes[0]
    lines, patches, shapes = list(ax.lines), list(ax.patches), list(page.layout.shapes)
    traces = iter(page.data)
    for mark in chart.marks:
        if isinstance(mark, Rule):
            shape, line = shapes.pop(0), lines.pop(0)
            place = (shape.x0, line.get_xdata()[0]) if mark.upright else (shape.y0, line.get_ydata()[0])
            assert _same(place, [mark.place] * 2) and (shape.name or "") == html(mark.name)
            continue
        trace = next(traces)
        assert (trace.name or "") == html(getattr(mark, "name", ""))
        if isinstance(mark, Curve | Points):
            line = lines.pop(0)
            assert _same(trace.x, line.get_xdata()) and _same(trace.y, line.get_ydata())
            assert _same(trace.y, mark.y)
            for _ in range(2 * (mark.interval is not None)):
                lines.pop(0)  # the caps of the intervals
            name = line.get_label()
            assert name == mathtext(mark.name) or name.startswith("_")
        elif isinstance(mark, Bars):
            bars = [patches.pop(0) for _ in mark.x]
            seen = [bar.get_width() if mark.lying else bar.get_height() for bar in bars]
            assert _same(trace.x if mark.lying else trace.y, seen) and _same(seen, _length_of(mark))
            for _ in range(2 * (mark.interval is not None)):
                lines.pop(0)
        elif isinstance(mark, Heat):
            assert _same(trace.z, mark.shown[0])
            if len(mark.texts) and (~np.isfinite(mark.z)).any():
                next(traces)
        elif isinstance(mark, Contour):
            assert trace.contours.start == mark.level and _same(trace.z, mark.z)
        elif not isinstance(mark, Band):
            next(traces)  # the arrows' heads
    assert not lines and not patches and not shapes and next(traces, None) is None


def _legends(charts: list[Chart]) -> tuple[list[str], list[str]]:
    page = on_page(charts)
    entries = [*page.data, *page.layout.shapes]
    on_the_page = [entry.name for entry in entries if entry.showlegend]
    axes = [ax for ax in on_paper(charts).axes if ax.get_legend() is not None]
    return on_the_page, [text.get_text() for ax in axes for text in ax.get_legend().get_texts()]
