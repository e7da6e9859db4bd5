"""One description, two renderers: the same numbers, names, looks, axes and legends on the page and on paper."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex

from playground.charts import (
    Arrows,
    Axis,
    Band,
    Bars,
    Chart,
    Contour,
    Curve,
    Heat,
    Points,
    Rule,
    estimated,
    grouped,
    log_ticks,
    plain,
    plus_minus,
)
from playground.charts.on_page import html, on_page
from playground.charts.on_paper import mathtext, on_paper
from playground.colors import PALETTE
from playground.errors import UserError
from playground.statistics import Difference

X, Y = np.array([1.0, 2.0, 5.0]), np.array([0.3, 0.1, 0.7])
COLOR = "#009e73"


def drawn(*marks, x=None, y=None, title=""):
    """The same chart twice: Plotly's figure and matplotlib's axes."""
    chart = Chart(title, x or Axis(), y or Axis(), marks)
    return on_page(chart), on_paper(chart).axes[0]


@pytest.mark.parametrize("dash, mpl", [("solid", "-"), ("dash", "--"), ("dot", ":")])
def test_a_curve_has_the_same_points_name_colour_and_dash(dash: str, mpl: str):
    page, paper = drawn(Curve(X, Y, "curve", COLOR, dash, dots=True))
    trace, line = page.data[0], paper.lines[0]
    assert np.array_equal(trace.x, X) and np.array_equal(line.get_xdata(), X)
    assert np.array_equal(trace.y, Y) and np.array_equal(line.get_ydata(), Y)
    assert (trace.name, trace.line.color, trace.line.dash) == ("curve", COLOR, dash)
    assert (line.get_label(), to_hex(line.get_color()), line.get_linestyle()) == ("curve", COLOR, mpl)
    assert "markers" in trace.mode and line.get_marker() == "o"


def test_an_interval_ends_at_the_same_places():
    low, high = Y - 0.05, Y + 0.2
    page, paper = drawn(Points(X, Y, interval=(low, high)))
    error = page.data[0].error_y
    assert np.allclose(Y - error.arrayminus, low) and np.allclose(Y + error.array, high)
    ends = np.array([segment[:, 1] for segment in paper.collections[0].get_segments()])
    assert np.allclose(ends, np.stack([low, high], 1))


@pytest.mark.parametrize("upright", [False, True])
def test_a_rule_is_drawn_where_it_is_the_only_mark_and_where_it_is_the_first(upright: bool):
    for marks in ([Rule(0.5, "rule", upright)], [Rule(0.5, "rule", upright), Curve(X, Y)]):
        page, paper = drawn(*marks)
        assert [shape.name for shape in page.layout.shapes] == ["rule"] and len(paper.lines) == len(marks)


def test_bars_in_groups_have_the_intervals_of_their_names():
    first, second = grouped({"a": Y, "b": X}, PALETTE[:2], intervals={"b": plus_minus(X, 0.1)})
    assert first.interval is None and np.allclose(second.interval[1] - second.y, 0.1)


def test_estimates_become_heights_and_intervals():
    mark = Points(X, **estimated([Difference(v, v - 0.1, v + 0.3) for v in Y]))
    assert np.allclose(mark.y, Y) and np.allclose(mark.interval, [Y - 0.1, Y + 0.3])
    assert len(Points([], **estimated([])).y) == 0


def test_plus_minus_is_centred():
    low, high = plus_minus(Y, [0.1, 0.2, 0.3])
    assert np.allclose((low + high) / 2, Y) and np.allclose(high - low, [0.2, 0.4, 0.6])


def test_a_band_has_the_same_outline():
    page, paper = drawn(Band(X, Y - 0.1, Y + 0.1))
    shown = set(zip(page.data[0].x, page.data[0].y, strict=True))
    outline = {tuple(point) for point in paper.collections[0].get_paths()[0].vertices}
    assert shown <= outline


@pytest.mark.parametrize("lying", [False, True])
def test_bars_stand_at_the_same_places(lying: bool):
    page, paper = drawn(Bars(Y, X, width=0.5, lying=True) if lying else Bars(X, Y, width=0.5))
    trace = page.data[0]
    found = [
        (p.get_y() + p.get_height() / 2, p.get_width())
        if lying
        else (p.get_x() + p.get_width() / 2, p.get_height())
        for p in paper.patches
    ]
    shown = zip(trace.y, trace.x, strict=True) if lying else zip(trace.x, trace.y, strict=True)
    assert np.allclose(list(shown), found)
    assert trace.orientation == ("h" if lying else "v")


def test_grouped_bars_stand_side_by_side_and_do_not_touch():
    bars = grouped({"a": [1, 2], "b": [3, 4]}, ["#000000", COLOR])
    (a, b) = bars
    assert np.allclose((a.x + b.x) / 2, [0, 1]), "each group is centred on its number"
    assert (a.x + a.width / 2 < b.x - b.width / 2).all()
    assert (b.x[0] + b.width / 2) < (a.x[1] - a.width / 2)


def test_heat_and_its_logarithm_have_the_same_cells_and_ends():
    z = np.array([[0.01, 0.1, 1.0], [10.0, np.nan, 100.0]])
    page, paper = drawn(Heat(X, [0, 1], z, 0.1, 100, log=True, bar="error"))
    image = paper.collections[0]
    cells = np.ma.filled(image.get_array(), np.nan).reshape(z.shape)
    assert np.allclose(page.data[0].z, cells, equal_nan=True)
    assert np.allclose(10 ** cells[np.isfinite(z)], z[np.isfinite(z)])
    assert np.allclose((page.data[0].zmin, page.data[0].zmax), image.get_clim())
    assert np.allclose(image.get_clim(), (-1, 2))


def test_an_empty_cell_has_its_word_in_both():
    page, paper = drawn(Heat([0, 1], [0], [[0.5, np.inf]], 0, 1, texts=[["0.5", "diverged"]]))
    assert list(page.data[1].text) == ["diverged"] and (page.data[1].x[0], page.data[1].y[0]) == (1, 0)
    assert {text.get_text(): text.get_position() for text in paper.texts} == {
        "0.5": (0, 0),
        "diverged": (1, 0),
    }


def test_a_contour_is_drawn_at_the_same_height():
    z = np.add.outer(X, X)
    page, paper = drawn(Contour(X, X, z, 4.0))
    assert page.data[0].contours.start == page.data[0].contours.end == 4.0
    assert list(paper.collections[0].levels) == [4.0]
    assert np.array_equal(page.data[0].z, z)


def test_a_contour_that_is_nowhere_is_no_fault():
    page, paper = drawn(Contour(X, X, np.ones((3, 3)), 4.0))
    assert len(page.data) == 1 and not paper.collections


def test_arrows_start_and_end_at_the_same_places():
    at, step = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[0.5, 0.0], [0.0, -1.0]])
    page, paper = drawn(Arrows(at, step))
    quiver, tips = paper.collections[0], page.data[1]
    assert np.allclose(quiver.XY, at)
    assert np.allclose(np.stack([quiver.U, quiver.V], 1), step)
    assert np.allclose(np.stack([tips.x, tips.y], 1), at + step)
    assert np.allclose(np.mod(tips.marker.angle, 360), [90, 180]), (
        "Plotly's arrows point up, and turn clockwise"
    )


@pytest.mark.parametrize("upright", [False, True])
def test_a_rule_stands_at_the_same_place_and_in_both_legends(upright: bool):
    page, paper = drawn(Curve(X, Y, "curve"), Rule(0.4, "floor", upright))
    shape, line = page.layout.shapes[0], paper.lines[1]
    assert (shape.x0 if upright else shape.y0) == 0.4
    assert (line.get_xdata() if upright else line.get_ydata())[0] == 0.4
    assert shape.name == "floor" and shape.showlegend
    assert [text.get_text() for text in paper.get_legend().get_texts()] == ["curve", "floor"]


def test_a_name_stands_once_in_the_legend_of_a_figure():
    charts = [
        Chart(title, Axis(), Axis(), [Curve(X, Y, "same"), Curve(X, Y, title, COLOR)]) for title in "ab"
    ]
    shown = [trace.name for trace in on_page(charts).data if trace.showlegend]
    texts = [text.get_text() for ax in on_paper(charts).axes for text in ax.get_legend().get_texts()]
    assert shown == texts == ["same", "a", "b"]


def test_ranges_are_in_the_datas_units_on_logarithmic_axes_too():
    page, paper = drawn(Curve(X, Y), x=Axis("x", log=True, range=(1, 100)), y=Axis("y", range=(1, 0)))
    assert page.layout.xaxis.type == "log" and np.allclose(page.layout.xaxis.range, (0, 2))
    assert paper.get_xscale() == "log" and np.allclose(paper.get_xlim(), (1, 100))
    assert tuple(page.layout.yaxis.range) == paper.get_ylim() == (1, 0)
    assert (page.layout.xaxis.title.text, page.layout.yaxis.title.text) == ("x", "y")
    assert (paper.get_xlabel(), paper.get_ylabel()) == ("x", "y")


def test_ticks_are_the_same_and_do_not_stretch_the_axis():
    y = np.array([2e-5, 3e-3, 0.4])
    page, paper = drawn(Curve(X, y), y=Axis(log=True), x=Axis(names=["a", "b"]))
    assert np.allclose(page.layout.yaxis.tickvals, paper.get_yticks())
    assert [html(text) for text in ("10^{−5}", "10^{−4}")] == list(page.layout.yaxis.ticktext[:2])
    assert [text.get_text() for text in paper.get_yticklabels()][:2] == [
        mathtext("10^{−5}"),
        mathtext("10^{−4}"),
    ]
    assert paper.get_ylim()[0] > 1e-5 and paper.get_ylim()[1] < 1
    assert (
        list(page.layout.xaxis.ticktext)
        == [text.get_text() for text in paper.get_xticklabels()]
        == ["a", "b"]
    )


@pytest.mark.parametrize("low, high", [(1e-5, 3.0), (0.1, 3), (2, 50), (0.31, 0.44), (1, 1e9), (3e-12, 1e-3)])
def test_logarithmic_ticks_are_few_increasing_and_at_least_two_lie_within(low: float, high: float):
    ticks = np.array([tick for tick, _ in log_ticks(low, high)])
    assert (np.diff(ticks) > 0).all() and len(ticks) <= 9
    assert ((ticks > 0.97 * low) & (ticks < 1.03 * high)).sum() >= 2


@pytest.mark.parametrize("decades", [0.1, 0.5, 1, 1.9, 2, 3, 8, 20])
@pytest.mark.parametrize("low", [3e-9, 0.02, 1.0, 47.0])
def test_an_axis_of_two_decades_has_powers_of_ten_and_a_shorter_one_2_and_5(low: float, decades: float):
    """In both renderers, from the chart's own numbers."""
    high = low * 10**decades
    page, paper = drawn(Curve([low, high], [low, high]), x=Axis(log=True), y=Axis(log=True))
    shown = [float(at) for at in page.layout.xaxis.tickvals if low <= at <= high]
    assert shown == [at for at in paper.get_xticks() if low <= at <= high]
    leading = {round(at / 10 ** np.floor(np.log10(at) + 1e-9), 6) for at in shown}
    texts = list(page.layout.xaxis.ticktext)
    if decades >= 2:
        assert leading == {1} and 2 <= len(shown) <= 9
        assert all(text in ("1", "10") or text.startswith("10<sup>") for text in texts)
    else:
        assert leading <= {1, 2, 5} or decades <= 0.5, "only half a decade asks for more than 1, 2 and 5"
        assert 2 <= len(shown) <= 7
    assert not overlapping(paper)
    for at, text in zip(page.layout.xaxis.tickvals, texts, strict=True):
        assert said(text) == pytest.approx(at)


def overlapping(ax) -> list[tuple[str, str]]:
    """Labels below the axis that lie on each other, of those in sight."""
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    labels = [
        label for at, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True) if low <= at <= high
    ]
    boxes = [(label.get_text(), label.get_window_extent()) for label in labels]
    return [(a, b) for (a, one), (b, other) in pairwise(boxes) if one.overlaps(other)]


def said(text: str) -> float:
    """The number that is read from a tick of a page: 2,000, 10<sup>−3</sup>, 2×10<sup>−5</sup>."""
    mantissa, _, power = text.replace("−", "-").replace(",", "").replace("</sup>", "").partition("10<sup>")
    return float(mantissa.rstrip("×") or 1) * 10 ** float(power or 0)


def test_a_number_on_an_axis_is_short():
    assert [plain(v) for v in (10_000, 0.05, 1e-7, 2e-5)] == ["10,000", "0.05", "10^{−7}", "2×10^{−5}"]


def test_an_axis_from_zero_and_in_percent():
    page, paper = drawn(Curve(X, Y), y=Axis(zero=True, percent=True))
    assert page.layout.yaxis.rangemode == "tozero" and page.layout.yaxis.tickformat == ".0%"
    assert paper.get_ylim()[0] == 0 and paper.yaxis.get_major_formatter()(0.5) == "50%"


def test_indices_are_set_low_and_powers_high():
    assert html("x_{t−1} < 10^{3}\nσ") == "x<sub>t−1</sub> &lt; 10<sup>3</sup><br>σ"
    assert mathtext("x_{t}, 10^{3}") == r"x$_{\mathrm{t}}$, 10$^{\mathrm{3}}$"


def test_numbers_that_do_not_match_are_refused():
    with pytest.raises(UserError, match="lengths"):
        Curve([1, 2, 3], [1, 2])
    with pytest.raises(UserError, match="shape"):
        Heat([1, 2], [1], np.zeros((2, 2)), 0, 1)


def test_a_chart_without_data_draws_in_both():
    page, paper = drawn(Curve([], [], "empty"), x=Axis(log=True), y=Axis(log=True))
    assert len(page.data[0].x) == 0 and len(paper.lines[0].get_xdata()) == 0


def test_the_description_imports_no_plotting():
    code = "import sys, playground.charts; print([m for m in ('plotly', 'matplotlib', 'torch') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "plotly" not in found.stdout and "matplotlib" not in found.stdout
