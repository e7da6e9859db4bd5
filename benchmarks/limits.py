"""What each timed thing could take at best on this machine, and what it takes.

    python -m benchmarks.limits [--rounds 5] [--threads 1] [--device cpu]

First the machine's rates, then for each thing the work in bytes, multiply-adds, exponentials and random numbers, the
time that this work takes at those rates, and the share of it in the time measured.  Rates and things are measured in
turns, the best of all rounds counts: other work on the machine only ever adds time.  The clock is the processor's
with one thread, so that waiting for a core does not count; with more threads, and on a GPU, the wall's.
docs/performance.md says how to read it.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.counting import Work, counted
from benchmarks.machine import best, clock_of, rates
from images.data.mnist import load
from images.generate.experiment import SampleConfig, sample
from images.metrics.classifier import features, load_classifier
from images.models import load_model
from images.training.presets import PRESETS
from images.training.session import Session
from playground.charts.on_page import on_page
from playground.cli import Parser
from playground.cli import run as run_command
from playground.devices import device_named
from playground.errors import require_whole
from playground.files import write_atomically
from playground.levels import CLEAN, Level, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.mixing.figures import shares_chart
from toy2d.mixture import two_modes

PARTICLES, STEPS, DIGITS, IMAGES = 5_000, 100, 64, 500


@dataclass(frozen=True)
class Thing:
    """run() does `count` of what `unit` names."""

    name: str
    unit: str
    count: int
    run: Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """Of one unit, in seconds.  limit: what the machine's rates allow; bound: the rate that sets it;
    operations: what starting that many of torch's smallest operations takes."""

    name: str
    unit: str
    work: dict[str, float]
    seconds: float
    limit: float
    bound: str
    operations: float

    @property
    def shown(self) -> str:
        work, rest = self.work, self.seconds - self.limit
        started = min(self.operations, max(rest, 0.0))
        return (
            f"{self.name:34}{_si(work['near'] + work['far']):>8}B {_si(work['multiply_adds']):>8} "
            f"{_si(work['exponentials']):>8} {_si(self.seconds):>8}s {_si(self.limit):>8}s"
            f"{100 * self.limit / self.seconds:5.0f} %  {self.bound:13}{100 * started / self.seconds:5.0f} %"
            f"{100 * (rest - started) / self.seconds:6.0f} %   per {self.unit}"
        )


# --- what is timed ------------------------------------------------------------------------------------------


def things(data: str | None, device: torch.device) -> list[Thing]:
    start = 16 * torch.rand(PARTICLES, 2, generator=seeded(0)).to(device) - 8
    mixture = two_modes(0.8).to(start)
    level, digits, model = Level.of(0.8, 0.6), load("train", data), load_model(device=device)
    x = torch.randn(DIGITS, 1, 28, 28, generator=seeded(0)).to(device)
    config = PRESETS["cpu-quick"]
    session = Session(config, digits, Path(), device)
    steps, net = session.steps(), config.model.build(0).eval().to(device)
    classifier, plain = load_classifier(device=device), langevin(0.1, estimate=False)

    def langevin_steps() -> torch.Tensor:
        return final(walk(plain, mixture, start, [CLEAN] * (STEPS + 1), seeded(1, device)))

    @torch.no_grad()
    def forward() -> torch.Tensor:
        return net(x, level)

    return [
        Thing("Langevin step, exact mixture", f"step of {PARTICLES:,} particles", STEPS, langevin_steps),
        Thing("U-Net of cpu-quick, forward", "image", DIGITS, forward),
        Thing("its training step", "image", config.batch, lambda: next(steps)),
        Thing("digit by DPM-Solver++, 8 calls", "digit", DIGITS, lambda: sample(model, _digits())),
        Thing("FCD's features", "image", IMAGES, lambda: features(classifier, digits.images[:IMAGES])),
        *(_page() if device.type == "cpu" else []),  # the plane's pages walk on the processor
    ]


def _page() -> list[Thing]:
    results = MixingConfig(particles=PARTICLES)
    mixed = mixing(results)
    return [
        Thing("Mixing's two chains", "page", 1, lambda: mixing(results)),
        Thing("Mixing's chart as JSON", "chart", 1, lambda: on_page(shares_chart(results, mixed)).to_json()),
    ]


def _digits() -> SampleConfig:
    return SampleConfig(DIGITS, "DPM-Solver++", 8, frames=2)


# --- the comparison -----------------------------------------------------------------------------------------


def row(thing: Thing, work: Work, seconds: float, rate: dict[str, float]) -> Row:
    """The limit: arithmetic of all kinds one after the other, and the bytes meanwhile; the longer of the two."""
    each = {name: number / thing.count for name, number in asdict(work).items()}
    takes = {name: number / rate[name] for name, number in each.items()}
    bytes_ = takes["near"] + takes["far"]
    arithmetic = {name: takes[name] for name in ("multiply_adds", "exponentials", "normals")}
    limit = max(bytes_, sum(arithmetic.values()))
    bound = "bytes" if limit == bytes_ else max(arithmetic, key=lambda name: arithmetic[name])
    bound = "nothing seen" if limit == 0 else bound.replace("_", "-")
    return Row(thing.name, thing.unit, each, seconds / thing.count, limit, bound, takes["operations"])


def _si(value: float) -> str:
    """1234 -> "1.23 k"."""
    if value == 0:
        return "0 "
    power = min(4, max(-3, math.floor(math.log10(abs(value)) / 3)))
    return f"{value / 1000**power:.3g} {'nµm kMGT'[power + 3].strip()}"


def _called(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def command(arguments: argparse.Namespace) -> None:
    require_whole("The number of rounds", arguments.rounds, 1, 1_000)
    require_whole("The number of threads", arguments.threads, 1, os.cpu_count() or 1)
    torch.set_num_threads(arguments.threads)
    device = device_named(arguments.device)
    machine, timed = rates(device), things(arguments.data, device)
    work = {thing.name: counted(thing.run) for thing in timed}
    runs = {name: run for name, (_, run) in machine.items()} | {thing.name: thing.run for thing in timed}
    seconds = best(runs, arguments.rounds, arguments.threads, clock_of(device, arguments.threads))
    rate = {name: amount / seconds[name] for name, (amount, _) in machine.items()}
    rows = [row(thing, work[thing.name], seconds[thing.name], rate) for thing in timed]
    print(
        f"\n{_called(device)}, {arguments.threads} threads, best of {arguments.rounds}, load {os.getloadavg()[0]:.1f}, "
        f"torch {torch.__version__}\n"
        f"In a second: {_si(rate['far'])}B copied in memory, {_si(rate['near'])}B in the cache, "
        f"{_si(rate['multiply_adds'])} multiply-adds, {_si(rate['exponentials'])} exponentials, "
        f"{_si(rate['normals'])} normal numbers, {_si(rate['operations'])} smallest operations\n"
    )
    heads = f"{'':34}{'bytes':>9} {'mul-adds':>8} {'exps':>8} {'time':>9} {'limit':>9}  share  {'set by':13}"
    print(f"{heads}starts  other")
    for each in rows:
        print(each.shown)
    result = {
        "device": _called(device),
        "threads": arguments.threads,
        "load": os.getloadavg()[0],
        "rates": rate,
    }
    result["rows"] = [asdict(each) for each in rows]
    print(write_atomically(arguments.file, json.dumps(result, indent=1).encode()))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.limits", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--rounds", type=int, default=5, help="the best of so many counts")
    p.add_argument("--threads", type=int, default=1, help="threads of PyTorch")
    p.add_argument("--device", default="cpu", help="where networks and particles are")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument(
        "--out", dest="file", default="out/limits.json", metavar="FILE", help="where the figures go"
    )
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
