"""Data that are no mixture: sklearn's shapes, a checkerboard, and points given as CSV."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import make_swiss_roll
from torch import Generator, Tensor

from playground.errors import UserError, require, require_range
from toy2d.presets import EXTENT

MOST_POINTS = 10_000
FIT = 8.0  # given points are fitted into [-8, 8]^2


# Every point is drawn independently of the others, or two draws would be nearer to one another than chance has
# them, and the floor too low: sklearn's make_moons and make_circles space their points evenly.


def moons(n: int, rng: Generator) -> Tensor:
    """sklearn's two half circles, slightly noisy; here arm and angle of each point are drawn."""
    upper, angle = torch.rand((n,), generator=rng) < 0.5, math.pi * torch.rand((n,), generator=rng)
    arc = torch.stack([angle.cos(), angle.sin()], 1)
    x = torch.where(upper[:, None], arc, torch.tensor([1.0, 0.5]) - arc) + 0.06 * torch.randn(
        (n, 2), generator=rng
    )
    return 4.5 * (x - torch.tensor([0.5, 0.25]))


def circles(n: int, rng: Generator) -> Tensor:
    """sklearn's circle in a circle of twice its radius, slightly noisy; circle and angle of each point are drawn."""
    radius = torch.where(torch.rand((n,), generator=rng) < 0.5, 1.0, 0.5)
    angle = 2 * math.pi * torch.rand((n,), generator=rng)
    x = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1) + 0.04 * torch.randn(
        (n, 2), generator=rng
    )
    return 6.5 * x


def swiss_roll(n: int, rng: Generator) -> Tensor:
    """The roll's spiral, without its width (sklearn, which draws each point)."""
    x = make_swiss_roll(n, noise=0.25, random_state=int(torch.randint(2**31 - 1, (1,), generator=rng)))[0]
    return torch.from_numpy(0.55 * x[:, [0, 2]]).float()


def checkerboard(n: int, rng: Generator) -> Tensor:
    """The dark squares of a 4 x 4 board on [-8, 8]^2, uniform."""
    row = torch.randint(4, (n,), generator=rng)
    column = 2 * torch.randint(2, (n,), generator=rng) + row % 2
    corner = torch.stack([column, row], 1) * 4.0 - 8
    return corner + 4 * torch.rand((n, 2), generator=rng)


DATASETS: dict[str, Callable[[int, Generator], Tensor]] = {
    "moons": moons,
    "circles": circles,
    "swiss_roll": swiss_roll,
    "checkerboard": checkerboard,
}


# --- given points -----------------------------------------------------------------------------------------


LONGEST_TEXT = (
    2_000_000  # characters: 10,000 points with every digit of a double in both numbers take a quarter
)
MINUS = str.maketrans({sign: "-" for sign in "\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}"
                       "\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}"})  # fmt: skip
QUOTES = "\"'"
BLANK = r"[^\S\t]"  # any white space but the tab, which is a separator like a comma


def parse_csv(text: str) -> np.ndarray:
    """Two numbers a row, parted by a comma, a semicolon, a tab or spaces -> (N, 2) float64.

    Numbers may stand in quotes, and with any sign that looks like a minus.  Empty rows and rows that start with #
    are passed over, and so is a first row that holds words instead of numbers (a header: it has letters).
    Raises UserError that names the row (counted from 1, as in an editor), what is wrong with it, and the remedy;
    for too many rows before any is read.
    """
    require(
        len(text) <= LONGEST_TEXT,
        f"The text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read: paste fewer rows.",
    )
    rows = list(enumerate(text.removeprefix("\ufeff").splitlines(), start=1))
    rows = [(n, row) for n, row in rows if row.strip() and not row.lstrip().startswith("#")]
    if rows and _is_header(_fields(rows[0][1])):
        rows = rows[1:]
    if len(rows) > MOST_POINTS:
        number = rows[MOST_POINTS][0]
        raise UserError(
            f"Row {number} is point {MOST_POINTS + 1:,}; at most {MOST_POINTS:,} are taken: paste fewer rows."
        )
    points = [_pair(_fields(row), number) for number, row in rows]
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _fields(row: str) -> list[str]:
    """What stands between the separators: "1,,2" has an empty one in the middle, "1   2" has none.  One separator
    at the end of a row is what many programs write.
    """
    row = re.sub(r"""(["'])\s*([^"']*?)\s*\1""", r"\1\2\1", row)  # spaces within quotes part nothing
    fields = re.split(rf"{BLANK}*[,;\t]{BLANK}*|{BLANK}+", re.sub(rf"^{BLANK}+|{BLANK}+$", "", row))
    if len(fields) > 2 and not fields[-1]:
        fields.pop()
    return [_unquoted(field) for field in fields]


def _unquoted(field: str) -> str:
    if len(field) >= 2 and field[0] == field[-1] and field[0] in QUOTES:
        field = field[1:-1]
    return field.strip().translate(MINUS)


def _is_header(fields: list[str]) -> bool:
    """Words, and no number among them; "1-2", "--" or an empty field are no words but faults."""
    return not any(map(_is_number, fields)) and any(re.search(r"[^\W\d_]", field) for field in fields)


def _is_number(field: str) -> bool:
    """As `float` has it, without its 1_000."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _pair(fields: list[str], number: int) -> tuple[float, float]:
    require(
        len(fields) == 2,
        f"Row {number} has {len(fields)} value{'s' * (len(fields) != 1)}; it must have two, x and y: "
        "write it as 1.5, -2 (with a point for decimals).",
    )
    for field in fields:
        require(
            field != "", f"Row {number} has an empty value; it must have two, x and y: write it as 1.5, -2."
        )
        require(
            _is_number(field), f"Row {number} has {field[:20]!r}; that is not a number: write it as 1.5, -2."
        )
        require(
            math.isfinite(float(field)) and abs(float(field)) <= 1e12,
            f"Row {number} has {field[:20]}; values must be finite and below 1e12 in size: correct or delete that row.",
        )
    return float(fields[0]), float(fields[1])


@dataclass(frozen=True)
class Fit:
    """scale * (x - centre), what brings given points into the square that is shown."""

    centre: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


def fitted(points: np.ndarray) -> tuple[np.ndarray, Fit]:
    """Points that leave [-9, 9]^2, or fill less than a quarter of it, moved and scaled into [-8, 8]^2, both axes
    alike; others stay as they are.  Raises UserError for fewer than two points, or for all in one place.
    """
    require(
        len(points) >= 2, f"There {'is' if len(points) == 1 else 'are'} {len(points)} point{'s' * (len(points) != 1)}; "
        "learning needs at least two: add some.",
    )  # fmt: skip
    low, high = points.min(0), points.max(0)
    half = float((high - low).max() / 2)
    if half <= 1e-9 * max(1.0, float(np.abs(points).max())):
        raise UserError("All points lie in one place; learning needs at least two places: add others.")
    if np.abs(points).max() <= EXTENT and half >= FIT / 4:
        return points, Fit()
    centre = (low + high) / 2
    return (points - centre) * (FIT / half), Fit((float(centre[0]), float(centre[1])), FIT / half)


def draw(name: str, n: int, rng: Generator) -> Tensor:
    """n points of a named data set, (n, 2)."""
    require(name in DATASETS, f"The data are {name!r}; known are {', '.join(DATASETS)}: choose one of these.")
    require_range("The number of training points", n, 2, MOST_POINTS)
    return DATASETS[name](n, rng)
