"""A chart as data: what is drawn, in plain numbers.  `on_page` draws it with Plotly, `on_paper` with matplotlib.

In every text x_{t} lowers and 10^{-3} raises what is in the braces, and a line ends at its line break.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from playground.colors import PALETTE, TRUTH
from playground.errors import require
from playground.statistics import Interval as Estimate

Dash = Literal["solid", "dash", "dot"]
Symbol = Literal["circle", "star", "x", "diamond", "ring", "stroke"]  # ring: not filled; stroke: lying
Interval = tuple[Any, Any]  # low and high, as y is: a 95 % interval, or what the docstring of the chart says

# --- marks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Mark:
    """Numbers are arrays from here on; those of one axis have one length."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("x", "y", "low", "high", "z", "at", "step") and not np.isscalar(value):
                object.__setattr__(self, field.name, np.asarray(value, dtype=float))
            elif field.name == "interval" and value is not None:
                object.__setattr__(self, "interval", tuple(np.asarray(end, dtype=float) for end in value))
        lengths = {len(ends) for ends in (*self.along("x"), *self.along("y"))}
        require(len(lengths) < 2, f"A mark's numbers have lengths {sorted(lengths)}; give one of each.")

    def along(self, axis: str) -> list[np.ndarray]:
        """All that it has in the direction of an axis."""
        ends = (getattr(self, "interval", None) or ()) if axis == "y" else ()
        return [getattr(self, axis), *ends]


@dataclass(frozen=True, eq=False)
class Curve(_Mark):
    """y over x, (n,) each; NaN lifts the pen.  hover: a text for each point, in place of its numbers."""

    x: Any
    y: Any
    name: str = ""
    color: str = PALETTE[0]
    dash: Dash = "solid"
    width: float = 2
    dots: bool = False
    interval: Interval | None = None
    hover: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Points(_Mark):
    """y over x without a line between, (n,) each."""

    x: Any
    y: Any
    name: str = ""
    color: str = PALETTE[0]
    size: float = 8  # pixels
    symbol: Symbol = "circle"
    opacity: float = 1
    interval: Interval | None = None


@dataclass(frozen=True, eq=False)
class Band(_Mark):
    """All between low and high over x, (n,) each, in the colour of the curve that it belongs to."""

    x: Any
    low: Any
    high: Any
    color: str = PALETTE[0]

    def along(self, axis: str) -> list[np.ndarray]:
        return [self.x] if axis == "x" else [self.low, self.high]


@dataclass(frozen=True, eq=False)
class Bars(_Mark):
    """Heights y at x, (n,) each, or lengths x at y; texts: what stands in each bar."""

    x: Any
    y: Any
    name: str = ""
    color: str | Sequence[str] = PALETTE[0]  # of all, or of each
    width: float = 0.8
    interval: Interval | None = None
    lying: bool = False
    texts: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Heat(_Mark):
    """z (len(y), len(x)) as colours from low to high; log: of its logarithm.  bar: the title of the scale beside it.

    texts: what stands in each cell, as z; a cell that is not finite is left empty, but for its text.
    """

    x: Any
    y: Any
    z: Any
    low: float
    high: float
    colors: Literal["cividis", "viridis", "density"] = "cividis"
    log: bool = False
    percent: bool = False
    bar: str = ""
    texts: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_grid(self)

    def along(self, axis: str) -> list[np.ndarray]:
        return []

    @property
    def shown(self) -> tuple[np.ndarray, float, float]:
        """What is drawn, and what its first and last colour stand for: z, or its decimal logarithm."""
        if not self.log:
            return self.z, self.low, self.high
        low, high = np.log10([self.low, self.high])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(self.z).clip(low - 3), float(low), float(high)


@dataclass(frozen=True, eq=False)
class Contour(_Mark):
    """Where z (len(y), len(x)) takes the value `level`."""

    x: Any
    y: Any
    z: Any
    level: float
    color: str = TRUTH
    dash: Dash = "solid"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_grid(self)

    def along(self, axis: str) -> list[np.ndarray]:
        return []


@dataclass(frozen=True, eq=False)
class Arrows(_Mark):
    """From each point `at` (n, 2) by `step` (n, 2)."""

    at: Any
    step: Any
    color: str = PALETTE[1]

    def along(self, axis: str) -> list[np.ndarray]:
        return [np.concatenate([self.at, self.at + self.step])[:, "xy".index(axis)]]


@dataclass(frozen=True, eq=False)
class Rule(_Mark):
    """A line through the whole panel: at a height, or upright at a place."""

    place: float
    name: str = ""
    upright: bool = False
    color: str = TRUTH
    dash: Dash = "dash"

    def along(self, axis: str) -> list[np.ndarray]:
        return [np.array([self.place])] if (axis == "x") == self.upright else []


Mark = Curve | Points | Band | Bars | Heat | Contour | Arrows | Rule


def _check_grid(mark: Heat | Contour) -> None:
    shape = (len(mark.y), len(mark.x))
    require(mark.z.shape == shape, f"z has the shape {mark.z.shape}; y and x ask for {shape}.")


def plus_minus(y: Any, half: Any) -> Interval:
    """The interval of half a width `half` around y."""
    y, half = np.asarray(y), np.asarray(half)
    return y - half, y + half


def estimated(found: Iterable[Estimate]) -> dict[str, Any]:
    """y and interval of a mark, from values with their 95 % intervals: `Curve(x, **estimated(found))`."""
    values = np.array([(e.value, e.low, e.high) for e in found], dtype=float).reshape(-1, 3)
    return {"y": values[:, 0], "interval": (values[:, 1], values[:, 2])}


def grouped(
    series: Mapping[str, Any], colors: Sequence[str], room: float = 0.8,
    intervals: Mapping[str, Interval] | None = None,
) -> list[Bars]:  # fmt: skip
    """Bars side by side at 0, 1, 2, ...: of each name its heights, all of one length, and their intervals."""
    width = room / len(series)
    offsets = [width * (k - (len(series) - 1) / 2) for k in range(len(series))]
    return [
        Bars(
            np.arange(len(heights)) + offset, heights, name, color, 0.95 * width, (intervals or {}).get(name)
        )
        for (name, heights), color, offset in zip(series.items(), colors, offsets, strict=True)
    ]


# --- axes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a panel.

    range: in the data's units, on a logarithmic axis, too; the high end first turns the axis round.
    zero: it begins at 0.  ticks: where ticks stand.  names: what stands at 0, 1, 2, ...
    """

    title: str = ""
    log: bool = False
    range: tuple[float, float] | None = None
    zero: bool = False
    percent: bool = False
    ticks: Any = ()
    names: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Chart:
    """One panel: marks, the first lowest.  equal: a step to the right is as long as one upwards."""

    title: str
    x: Axis
    y: Axis
    marks: Sequence[Mark]
    equal: bool = False

    def ticks(self, axis: str) -> list[tuple[float, str]] | None:
        """Where ticks stand and what they say; None where each renderer chooses as it likes."""
        of: Axis = getattr(self, axis)
        if of.names:
            return [(float(k), name) for k, name in enumerate(of.names)]
        if len(of.ticks):
            return [(float(tick), plain(tick)) for tick in of.ticks]
        return log_ticks(*self.limits(axis)) if of.log else None

    def limits(self, axis: str) -> tuple[float, float]:
        """The lowest and highest number that it has along an axis: of its range, or of its marks."""
        of: Axis = getattr(self, axis)
        if of.range is not None:
            return min(of.range), max(of.range)
        all_of = [ends.ravel() for mark in self.marks for ends in mark.along(axis)]
        values = np.concatenate([*all_of, np.array([])])
        values = values[np.isfinite(values) & ((values > 0) | (not of.log))]
        return (float(values.min()), float(values.max())) if len(values) else (1.0, 10.0)


def plain(value: float) -> str:
    """A number on an axis: 0.05, 3, 10,000; 2×10^{-5} where that is shorter."""
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.6g}"
    mantissa, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else f"{value:.2e}".split("e")
    power = f"10^{{{int(exponent)}}}".replace("-", "−")
    return power if float(mantissa) == 1 else f"{float(mantissa):g}×{power}"


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Decades, thinned to eight, where there are two of them or more; else 1, 2, 5; else even steps between."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    if high >= 100 * low:
        each = -(-(last - first) // 7)
        return [(10.0**k, _power(k)) for k in range(first, last + 1) if k % each == 0]
    found = [float(f"{s * 10.0**k:.6g}") for k in range(first - 1, last + 1) for s in (1, 2, 5)]
    found = [tick for tick in found if 0.98 * low <= tick <= 1.02 * high]
    if len(found) < 3:
        found = _even(low, high)
    if len(found) > 4 and "×" in "".join(map(plain, found)):  # too long to stand so near to each other
        found = found[::2]
    return [(tick, plain(tick)) for tick in found]


def _even(low: float, high: float) -> list[float]:
    """Two to five multiples of 1, 2 or 5 times a power of ten; of no range its one number."""
    if high <= low:
        return [low]
    rough = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= 0.999 * rough)
    places = range(int(np.ceil(0.98 * low / step)), int(np.floor(1.02 * high / step)) + 1)
    return [float(f"{step * place:.6g}") for place in places]


def _power(exponent: int) -> str:
    return f"{10**exponent}" if exponent in (0, 1) else f"10^{{{exponent}}}".replace("-", "−")


def in_legend(mark: Mark, seen: set[tuple[str, str, str]]) -> bool:
    """Whether the mark is the first of the figure with its name and its look: once is enough."""
    name, color = getattr(mark, "name", ""), str(getattr(mark, "color", ""))
    key = (name, color, getattr(mark, "dash", ""))
    if not name or key in seen:
        return False
    seen.add(key)
    return True
