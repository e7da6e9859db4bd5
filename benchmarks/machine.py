"""The machine's own rates, as calls that are timed in turns with what is measured against them."""

import math
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.counting import CACHE
from playground.cli import ProgressLine
from playground.levels import seeded

MATRIX = 1024  # rows and columns of the product


def rates() -> dict[str, tuple[float, Callable[[], Any]]]:
    """By name: how much one call of the function does, in bytes or numbers."""
    far, near = torch.ones(2**26), torch.ones(CACHE // 16)  # 256 MiB, and a quarter of CACHE
    to_far, to_near, rng = torch.empty_like(far), torch.empty_like(near), seeded(0)
    a, many, one = torch.ones(MATRIX, MATRIX), torch.ones(2**16), torch.ones(1)
    c, e = torch.empty_like(a), torch.empty_like(many)

    def often(run: Callable[[], Any], times: int) -> Callable[[], None]:
        def repeated() -> None:
            for _ in range(times):
                run()

        return repeated

    return {
        "far": (2 * 4 * far.numel(), lambda: to_far.copy_(far)),
        "near": (2 * 4 * near.numel() * 200, often(lambda: to_near.copy_(near), 200)),
        "multiply_adds": (MATRIX**3, lambda: torch.mm(a, a, out=c)),
        "exponentials": (many.numel() * 20, often(lambda: torch.exp(many, out=e), 20)),
        "normals": (many.numel() * 5, often(lambda: torch.randn(many.shape, generator=rng), 5)),
        "operations": (2_000, often(lambda: one + one, 2_000)),
    }


def best(
    runs: dict[str, Callable[[], Any]], rounds: int, threads: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Seconds of each, the best of so many rounds in turns, after one that is not timed."""
    seconds, line = dict.fromkeys(runs, math.inf), ProgressLine()
    for turn in range(rounds + 1):
        for name, run in runs.items():
            line(f"round {turn} of {rounds}: {name}")
            torch.set_num_threads(threads)  # a chain in the plane sets its own
            begun = clock()
            run()
            if turn:
                seconds[name] = min(seconds[name], clock() - begun)
    return seconds
