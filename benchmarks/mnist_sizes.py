"""Images a second of training by network and size, and the share of the processor's matrix rate that it reaches.

    python -m benchmarks.mnist_sizes --seconds 15

The networks take turns, so that whatever else the machine does meets all of them alike.  The matrix rate is that
of one product of two float32 matrices, measured in the same turns; a step's work is counted by PyTorch, which
leaves the attention's two products out on a CPU, a few per cent.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers import DiffusersUNet, PlainUNet, has_diffusers, of_size, size
from images.data.mnist import Digits, load
from images.training.config import with_changes
from images.training.presets import PRESETS
from images.training.session import Session
from playground.cli import Parser, ProgressLine
from playground.cli import run as run_command
from playground.denoisers import NetworkDenoiser
from playground.errors import require
from playground.files import write_atomically
from playground.training import Trainee, train

PLAIN_SIZES = (124_000, 491_000, 2_000_000)
MATRIX = 1024  # rows and columns
TURNS = 5


@dataclass(frozen=True)
class Row:
    """share: of the matrix rate, 0 to 1."""

    name: str
    batch: int
    parameters: int
    images_per_second: float
    share: float


class Racer:
    """A network in training at full learning rate, with the seconds that it has had."""

    def __init__(self, name: str, batch: int, digits: Digits, net: nn.Module | None = None, **changes: int):
        config = with_changes(PRESETS["cpu"], images=10**9, batch=batch, optimizer="adamw", **changes)
        session = Session(config, digits, Path(), torch.device("cpu"))
        if net is not None:
            session.trainee = Trainee(NetworkDenoiser(net, config.predicts), config.recipe)
        self.name, self.batch, self.size = name, batch, size(session.trainee.net)
        self.steps = train(session.alone, session.batches, session.loss)
        next(self.steps)  # what happens once happens before the clock runs
        with FlopCounterMode(display=False) as counter:
            next(self.steps)
        self.flops = counter.get_total_flops()  # of one step, forwards and backwards
        self.done, self.seconds = 0, 0.0

    def turn(self, seconds: float) -> None:
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            next(self.steps)
            self.done += 1
        self.seconds += time.perf_counter() - start

    def row(self, rate: float) -> Row:
        per_second = self.done / self.seconds
        return Row(self.name, self.batch, self.size, per_second * self.batch, per_second * self.flops / rate)


def racers(digits: Digits) -> list[Racer]:
    """Ours in the presets' sizes and near the plain ones, each with both batches; then the others."""

    def ours(width: int, blocks: int) -> list[Racer]:
        return [
            Racer(f"ours, width {width}, blocks {blocks}", batch, digits, width=width, blocks=blocks)
            for batch in (32, 128)
        ]

    def other(name: str, build: Callable[[int], nn.Module], parameters: int) -> Racer:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            return Racer(name, 128, digits, of_size(build, parameters))

    found = [r for shape in ((20, 1), (32, 1), (32, 2), (48, 2), (64, 2)) for r in ours(*shape)]
    found += [other("plain", PlainUNet, parameters) for parameters in PLAIN_SIZES]
    if has_diffusers():
        found.append(other("diffusers", DiffusersUNet, 475_000))
    return found


def matrix_rate(seconds: float) -> float:
    """Floating point operations a second of a float32 product (MATRIX, MATRIX) @ (MATRIX, MATRIX)."""
    a, count, start = torch.randn(MATRIX, MATRIX), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
    return 2 * MATRIX**3 * count / (time.perf_counter() - start)


def command(arguments: argparse.Namespace) -> None:
    require(
        arguments.seconds > 0,
        f"Each network is to have {arguments.seconds:g} seconds; it needs more than 0: 15 is usual.",
    )
    torch.set_num_threads(arguments.threads)
    matrix_rate(0.2)  # warms up
    entrants, rates, line = racers(load("train", arguments.data)), [], ProgressLine()
    for turn in range(TURNS):
        rates.append(matrix_rate(0.5))
        for entrant in entrants:
            line(f"turn {turn + 1} of {TURNS}: {entrant.name}, batch {entrant.batch}")
            entrant.turn(arguments.seconds / TURNS)
    rate = sorted(rates)[TURNS // 2]
    rows = [entrant.row(rate) for entrant in entrants]
    print(
        f"\n{arguments.threads} threads, {rate / 1e9:.0f} GFLOP/s in a product, load {os.getloadavg()[0]:.1f}"
    )
    for r in sorted(rows, key=lambda r: (r.name.split(",")[0], r.parameters, r.batch)):
        print(
            f"{r.name:24} batch {r.batch:4} {r.parameters:>10,} parameters {r.images_per_second:7.0f} images/s "
            f"{100 * r.share:4.0f} % of the matrix rate"
        )
    result = {"threads": arguments.threads, "matrix_rate": rate, "rows": [asdict(row) for row in rows]}
    print(write_atomically(arguments.file, json.dumps(result, indent=1).encode()))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.mnist_sizes", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--seconds", type=float, default=15.0, help="training time of each network")
    p.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of PyTorch")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument(
        "--out", dest="file", default="out/mnist_sizes.json", metavar="FILE", help="where the figures go"
    )
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
