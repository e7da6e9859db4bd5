"""How long a walk in the plane takes, told before it is begun."""

from playground.work import require_work
from toy2d.presets import MixtureSpec

# Modes evaluated at points, on one core and with the noise of the step: 2e7 to 11e7 a second were measured, with 2
# and 25 modes, and 1,000 to 200,000 points.  The estimate is the cautious end.
RATE = 3e7
NETWORK = 40  # modes that cost as much as a network of width 96: 0.6e6 to 1.1e6 points a second were measured
LONGEST = 120.0  # seconds


def require_walk(mixture: MixtureSpec | int, *, learned: bool = False, **counts: int) -> None:
    """Raises UserError for a walk that takes minutes: `require_work` for counts of points, and of calls at each.

    mixture: or its number of modes (or of points, whose smoothed empirical distribution is one).
    """
    if learned:
        require_work(RATE / NETWORK, LONGEST, **counts)
    else:
        modes = mixture if isinstance(mixture, int) else mixture.build().K
        require_work(RATE, LONGEST, **counts, modes=modes)
