"""Several Langevin steps on a mixture fused into one: their noise is drawn together, and torch.compile makes a single
loop over the batch of them.  How fast the plane could be; no page needs it.

A step on an exact mixture is a dozen small operations, and starting them takes as long as their work.  The noise stays
outside the loop, because it must come from the seeded generator; a second core draws the next block meanwhile.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from threading import Event

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import CLEAN, Level, Noise
from playground.steps import Moved
from toy2d.mixture import Mixture

_drawing = ThreadPoolExecutor(
    1, thread_name_prefix="noise"
)  # one thread: a generator's numbers keep their order


class fused_langevin:
    """`n` steps of Langevin dynamics on clean data, with step size a in Algorithm 1's form, as one Step.

    walk(fused_langevin(mixture, a, 5), mixture, x, [CLEAN] * (1000 // 5 + 1), rng) takes 1,000 steps.  Make one for
    every walk: it draws a block ahead.  compiled: through torch.compile, which takes seconds at the first call; where
    no compiler is found, the same steps run without.
    """

    def __init__(self, mixture: Mixture, a: float, n: int, compiled: bool = False):
        require(n >= 1, f"A block has {n} steps; it needs at least one: raise it.")
        self.score, self.a, self.n, self.compiled = written_out(mixture, CLEAN), a, n, compiled
        self._next: Future[Tensor] | None = None
        self._loop: Callable[..., Tensor] | None = None

    def __call__(self, denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        xt = _batch_last(xt)
        block = (self._next or _drawing.submit(drawn, self.n, xt, noise)).result()
        begun = Event()
        self._next = _drawing.submit(drawn, self.n, xt, noise, begun)
        begun.wait()  # compiled code keeps Python's lock: the drawing must be under way before it starts
        if self.compiled:
            self._loop = self._loop or torch.compile(steps, dynamic=False)
            try:
                return self._loop(self.score, self.a, xt, block), None
            except Exception:  # no compiler, or one that cannot: every such error has another type
                self.compiled = False
        return steps(self.score, self.a, xt, block), None


def steps(score: Callable[[Tensor], Tensor], a: float, x: Tensor, block: Tensor) -> Tensor:
    """One Langevin step for each entry of the block of noise, (n, B, D)."""
    for z in block.unbind(0):
        x = x + (a / 2) * score(x) + a**0.5 * z
    return x


def written_out(mixture: Mixture, level: Level) -> Callable[[Tensor], Tensor]:
    """The mixture's score number by number: a compiler makes one loop over the batch of it."""
    at, modes, coordinates = mixture.at(level), range(mixture.K), range(mixture.D)

    def score(x: Tensor) -> Tensor:
        pulls, logs = [], []
        for k in modes:
            column = [at.axes[:, k * mixture.D + e] for e in coordinates]
            along = [sum(c[d] * x[:, d] for d in coordinates) for c in column]
            y = [(along[e] - at.centres[k, e]) / at.stds[k, e] for e in coordinates]
            logs.append(at.log_scale[k] - 0.5 * sum(v * v for v in y))
            back = [y[e] / at.stds[k, e] for e in coordinates]
            pulls.append([sum(column[e][d] * back[e] for e in coordinates) for d in coordinates])
        top = reduce(torch.maximum, logs)
        shares = [(log - top).exp() for log in logs]
        total = sum(shares)
        return -torch.stack([sum(shares[k] * pulls[k][d] for k in modes) / total for d in coordinates]).T

    return score


def drawn(n: int, x: Tensor, noise: Noise, begun: Event | None = None) -> Tensor:
    """Noise for n steps, (n, B, *D), with the batch last in memory, as x has it."""
    like = x.new_empty((n, *x.shape[1:], len(x)))
    if begun is not None:
        begun.set()
    return noise(like).movedim(-1, 1)


def _batch_last(x: Tensor) -> Tensor:
    """The same (B, *D), laid out so that a coordinate's whole batch lies together: what vector units like."""
    return x.movedim(0, -1).contiguous().movedim(-1, 0)
