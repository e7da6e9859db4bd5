"""How much work settings ask for: numbers that are each allowed can multiply to hours."""

import math

from playground.errors import require
from playground.progress import duration


def require_work(rate: float, longest: float, **counts: int) -> None:
    """Raises UserError where the product of the counts, `rate` of them a second, takes more than `longest` seconds.

    The counts' names stand in the sentence, with spaces for _; the remedy is told for the first of them.
    """
    seconds = math.prod(counts.values()) / rate
    if seconds <= longest:
        return
    names = [name.replace("_", " ") for name in counts]
    asked = " x ".join(f"{count:,} {name}" for name, count in zip(names, counts.values(), strict=True))
    allowed = int(next(iter(counts.values())) * longest / seconds)
    require(
        False,
        f"These settings ask for {asked}, about {duration(seconds)} of work; at most {duration(longest)} is taken "
        f"on: choose {f'{allowed:,} {names[0]} or fewer' if allowed else f'fewer {names[0]}'}, or less of the rest.",
    )
