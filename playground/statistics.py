"""How far a number can be told from another one: the interval of a share, the test of a difference, a verdict.

Two 95 % intervals that overlap decide nothing: they may, and the difference be 2.7 standard errors.  What is
compared is tested by its difference (Schenker and Gentleman 2001).
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from playground.errors import require

Z = 1.96  # standard errors to each side that make 95 % of a normal distribution
HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"


def wilson(share: float | np.ndarray, n: int, z: float = Z) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) 95 % interval of a share k / n seen among n independent draws -> low, high, in [0, 1]."""
    share = np.asarray(share, dtype=np.float64)
    require(n >= 1, f"A share among {n} draws has no interval: draw at least one.")
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Where none or all were seen one end is 0 or 1 itself: rounding would leave out a share of 1e-30.
    return np.where(share == 0, 0.0, centre - half), np.where(share == 1, 1.0, centre + half)


def told_share(share: float, n: int) -> str:
    """For people: "54.0 % (40.4 % to 67.0 %)"."""
    low, high = wilson(share, n)
    return f"{share:.1%} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Difference:
    """a - b and its 95 % interval, low to high."""

    value: float
    low: float
    high: float


class Ends(Protocol):
    """A 95 % interval, low to high."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Interval(Ends, Protocol):
    """A value and its 95 % interval: a Difference, or any other estimate."""

    @property
    def value(self) -> float: ...


def interval(found: Interval, form: str = ".3f") -> str:
    """For people: "0.512 (0.490 to 0.534)"."""
    return f"{found.value:{form}} ({ends(found, form)})"


def ends(found: Ends, form: str = ".3f") -> str:
    """For people: "0.490 to 0.534"."""
    return f"{found.low:{form}} to {found.high:{form}}"


def interval_of_mean(values: Any, z: float = Z) -> Difference:
    """The mean of many independent values, (n,), with its 95 % interval by the normal approximation.

    Of paired differences it is the interval of the difference; for few pairs see mean_difference.
    """
    values = np.asarray(values, dtype=np.float64)
    value, half = float(values.mean()), z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Difference(value, value - half, value + half)


def difference(a: float, se_a: float, b: float, se_b: float, z: float = Z) -> Difference:
    """a - b of two independent estimates with their standard errors: these add in quadrature."""
    half = z * math.hypot(se_a, se_b)
    return Difference(a - b, a - b - half, a - b + half)


def difference_of_shares(a: float, n_a: int, b: float, n_b: int, z: float = Z) -> Difference:
    """a - b of two independent shares: Newcombe (1998), method 10, from the Wilson interval of each."""
    (low_a, high_a), (low_b, high_b) = wilson(a, n_a, z), wilson(b, n_b, z)
    below, above = math.hypot(a - low_a, high_b - b), math.hypot(high_a - a, b - low_b)
    return Difference(a - b, a - b - below, a - b + above)


def mean_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """The mean of a - b over pairs of runs, of one seed each: Student's (1908) interval, honest for few pairs.

    a, b: (n,), n >= 2.
    """
    from scipy.stats import t as student  # half a second of start-up, for this function alone

    apart = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    n = len(apart)
    require(
        n >= 2,
        f"There {'is' if n == 1 else 'are'} {n} pair{'s' * (n != 1)}; a spread needs two: run more seeds.",
    )
    value, half = float(apart.mean()), float(student.ppf(0.975, n - 1) * apart.std(ddof=1) / math.sqrt(n))
    return Difference(value, value - half, value + half)


def most_by_chance(floors: Any) -> float:
    """What one more draw of a floor stays below in 97.5 cases of 100: a distance above it is no matter of chance.

    floors: (n,), n >= 2, positive, such as the distances of pairs of exact samples.  Their logarithms are nearer to
    normal than they are; the interval of one more is Student's (1908), wider than that of the mean.
    """
    from scipy.stats import t as student  # as above

    logs = np.log(np.asarray(floors, dtype=np.float64))
    n = len(logs)
    half = float(student.ppf(0.975, n - 1) * logs.std(ddof=1)) * math.sqrt(1 + 1 / n)
    return math.exp(float(logs.mean()) + half)


def verdict(claimed: Difference, at: str = "") -> str:
    """Whether a claim "a is more than b" is borne out by a - b: its whole 95 % interval lies on one side of 0.

    at: what the answer depends on where there is none, "N = 1,000".
    """
    if claimed.low > 0:
        return HOLDS
    if claimed.high < 0:
        return FAILS
    return f"{OPEN} at {at}" if at else OPEN


def ratio_of_means(a: np.ndarray, b: np.ndarray, z: float = Z) -> Difference:
    """mean(a) / mean(b) over the same n cases, (n,) each, with its 95 % interval by the delta method."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    require(
        len(a) == len(b) >= 2, f"There are {len(a)} and {len(b)} cases; a ratio needs two pairs: take more."
    )
    value = float(a.mean() / b.mean())
    half = z * float((a - value * b).std(ddof=1)) / float(b.mean()) / math.sqrt(len(a))
    return Difference(value, value - half, value + half)


def equals(claimed: float, found: Difference, at: str = "") -> str:
    """Whether a claim "it is exactly this" is borne out: its value lies within the 95 % interval."""
    inside = found.low <= claimed <= found.high
    return (f"{HOLDS} at {at}" if at else HOLDS) if inside else FAILS
