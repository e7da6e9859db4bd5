"""Many small steps as one: their noise is drawn in one block, and a compiler may melt them into one loop.

A Langevin step on an exact mixture is a dozen small operations, and starting them takes as long as their work.
torch.compile makes one loop over the batch of several whole steps; the noise stays outside, because it must come
from the seeded generator, and a second core draws it for the next block meanwhile.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import torch
from torch import Generator, Tensor

from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level
from playground.steps import Step

_drawing = ThreadPoolExecutor(
    1, thread_name_prefix="noise"
)  # one thread: a generator's numbers keep their order


class blocked:
    """`n` steps of `step` at the level `here`, as one step; `step` draws noise once, as `langevin` does.

    walk(blocked(langevin(a), 5), mixture, x, [level] * (1000 // 5 + 1), rng) takes 1,000 steps.  Make one for
    every walk: it draws a block ahead.  compiled: through torch.compile, which takes seconds at the first call
    and pays from some 10,000 steps on; where no compiler is found, the same steps run without.
    """

    def __init__(self, step: Step, n: int, compiled: bool = False):
        require(n >= 1, f"A block has {n} steps; it needs at least one: raise it.")
        self.step, self.n, self.compiled = step, n, compiled
        self._next: Future[Tensor] | None = None
        self._melted = None

    def __call__(
        self, denoise: Denoiser, xt: Tensor, here: Level, there: Level, rng: Generator
    ) -> tuple[Tensor, Tensor | None]:
        xt = _batch_last(xt)
        noise = (self._next or _drawing.submit(_draw, self.n, xt, rng)).result()
        begun = Event()
        self._next = _drawing.submit(_draw, self.n, xt, rng, begun)
        begun.wait()  # compiled code keeps Python's lock: the drawing must be under way before it starts
        if self.compiled:
            return self._run_melted(denoise, xt, here, noise)
        return _steps(self.step, denoise, xt, here, noise)

    def _run_melted(
        self, denoise: Denoiser, xt: Tensor, here: Level, noise: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        if self._melted is None:
            self.step(denoise, xt, here, here, noise[0])  # fills what a mixture computes once, outside
            self._melted = torch.compile(_steps, dynamic=False)
        try:
            return self._melted(self.step, denoise, xt, here, noise)
        except Exception:  # no compiler, or one that cannot: every such error has another type
            self.compiled = False
            return _steps(self.step, denoise, xt, here, noise)


def _steps(
    step: Step, denoise: Denoiser, x: Tensor, here: Level, noise: Tensor
) -> tuple[Tensor, Tensor | None]:
    x0_hat = None
    for z in noise.unbind(0):
        x, x0_hat = step(denoise, x, here, here, z)
    return x, x0_hat


def _draw(n: int, x: Tensor, rng: Generator, begun: Event | None = None) -> Tensor:
    """Noise for n steps, (n, B, *D), with the batch last in memory, as x has it."""
    shape = (n, *x.shape[1:], len(x))
    if begun is not None:
        begun.set()
    return torch.randn(shape, generator=rng, dtype=x.dtype, device=x.device).movedim(-1, 1)


def _batch_last(x: Tensor) -> Tensor:
    """The same (B, *D), laid out so that a coordinate's whole batch lies together: what vector units like."""
    return x.movedim(0, -1).contiguous().movedim(-1, 0)
