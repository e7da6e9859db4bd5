"""The machine's own rates, as calls that are timed in turns with what is measured against them."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.counting import CACHE
from playground.cli import ProgressLine
from playground.levels import seeded

Clock = Callable[[], float]


def rates(device: torch.device | str = "cpu") -> dict[str, tuple[float, Callable[[], Any]]]:
    """By name: how much one call of the function does, in bytes or numbers.

    A GPU takes a larger product and more numbers at once; smaller ones would time their start.
    """
    on_cpu = torch.device(device).type == "cpu"
    matrix, count = (1024, 2**16) if on_cpu else (8192, 2**26)
    far, near = torch.ones(2**26), torch.ones(CACHE // 16)  # 256 MiB, and a quarter of CACHE
    a, many, one = torch.ones(matrix, matrix), torch.ones(count), torch.ones(1)
    far, near, a, many, one = (x.to(device) for x in (far, near, a, many, one))
    to_far, to_near, c, e = (torch.empty_like(x) for x in (far, near, a, many))
    rng = seeded(0, device)

    def often(run: Callable[[], Any], times: int) -> Callable[[], None]:
        def repeated() -> None:
            for _ in range(times):
                run()

        return repeated

    return {
        "far": (2 * 4 * far.numel(), lambda: to_far.copy_(far)),
        "near": (2 * 4 * near.numel() * 200, often(lambda: to_near.copy_(near), 200)),
        "multiply_adds": (matrix**3, lambda: torch.mm(a, a, out=c)),
        "exponentials": (many.numel() * 20, often(lambda: torch.exp(many, out=e), 20)),
        "normals": (
            many.numel() * 5,
            often(lambda: torch.randn(many.shape, generator=rng, device=device), 5),
        ),
        "operations": (2_000, often(lambda: one + one, 2_000)),
    }


def clock_of(device: torch.device, threads: int) -> Clock:
    """Seconds: the processor's own with one thread, so that waiting for a core does not count; else the wall's.

    A GPU's work is only ordered when its call returns, so its clock is read when all of that is done.
    """
    if device.type == "cpu":
        return time.process_time if threads == 1 else time.perf_counter
    wait = torch.mps.synchronize if device.type == "mps" else torch.cuda.synchronize

    def read() -> float:
        wait()
        return time.perf_counter()

    return read


def best(runs: dict[str, Callable[[], Any]], rounds: int, threads: int, clock: Clock) -> dict[str, float]:
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
