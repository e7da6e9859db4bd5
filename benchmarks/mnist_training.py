"""Our U-Net against others of its size: equal seconds of training, in turns, then speed and quality.

    python -m benchmarks.mnist_training --seconds 120 --threads 2

Loss, optimiser, average, learning rate and sampler are the same for all; only the network differs: the loss is
min-SNR at DDPM's own times, which the others can be told exactly (flow matching's levels lie between their whole
numbers t), the optimiser AdamW (our Muon knows the first and last layers of our networks alone).  The
networks take turns of a few seconds, so that whatever else the machine does meets all of them alike, and the
learning rate of each falls to zero at the end of its own time.  diffusers is measured where it is installed.

On a busy machine `--clock cpu --threads 1` counts seconds of the processor instead of those on the wall.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.peers import DiffusersUNet, PlainUNet, has_diffusers, of_size, size
from images.data.mnist import Digits, load
from images.metrics.estimates import FCD, PRECISION, RECALL
from images.metrics.evaluate import EvaluateConfig, Yardstick, generate
from images.models import Model
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import Session
from playground.cli import Parser, ProgressLine
from playground.cli import run as run_command
from playground.denoisers import NetworkDenoiser
from playground.errors import require
from playground.files import write_atomically
from playground.progress import duration
from playground.training import Trainee, train

TURN = 4.0  # seconds
SAME = {"objective": "min-snr", "optimizer": "adamw"}  # whatever the preset has: see above
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


class Contender:
    """A network in training, with the seconds that it has had."""

    def __init__(
        self, name: str, net: nn.Module, config: TrainConfig, digits: Digits, clock: Callable[[], float]
    ):
        self.name, self.config, self.clock = name, config, clock
        self.session = Session(config, digits, Path(), torch.device("cpu"))
        self.session.trainee = Trainee(NetworkDenoiser(net, config.predicts), config.recipe)
        self.seconds = 0.0

    @property
    def trainee(self) -> Trainee:
        return self.session.alone

    @property
    def images_per_second(self) -> float:
        return self.trainee.step * self.config.batch / self.seconds

    def turn(self, seconds: float, budget: float) -> None:
        """Trains for so long.  The recipe's length is guessed anew from the speed so far."""
        step, before = self.trainee.step, self.seconds
        pace = before / step if step else 0.5
        left = max(1, round((budget - before) / pace))
        self.trainee.recipe = replace(self.config.recipe, steps=step + left, warmup=20)
        start = self.clock()
        for _ in train(self.trainee, self.session.batches, self.session.loss):
            self.seconds = before + self.clock() - start
            if self.seconds - before >= seconds or self.seconds >= budget:
                return

    def model(self) -> Model:
        """With its averaged weights, on a copy."""
        inner = self.trainee.net.net
        assert isinstance(inner, nn.Module)
        net = NetworkDenoiser(inner, self.config.predicts)
        kept = {name: value.clone() for name, value in net.state_dict().items()}
        net.load_state_dict(self.trainee.averaged())
        self._kept = kept
        return Model(self.config.model, net.eval(), self.config.model.build_schedule(), {})

    def go_on(self) -> None:
        """Puts the trained weights back after `model`."""
        self.trainee.net.load_state_dict(self._kept)


@dataclass(frozen=True)
class Row:
    """One network after some seconds.  fcd: value, low, high."""

    name: str
    parameters: int
    seconds: float
    images: int
    images_per_second: float
    fcd: tuple[float, float, float]
    precision: float
    recall: float
    load: float


def contenders(
    config: TrainConfig, digits: Digits, names: list[str], clock: Callable[[], float]
) -> list[Contender]:
    """Ours first; the others with about its number of parameters."""
    ours = config.model.build(config.seed).net
    builders: dict[str, Callable[[], nn.Module]] = {
        "ours": lambda: ours,
        "plain": lambda: of_size(PlainUNet, size(ours)),
        "diffusers": lambda: of_size(DiffusersUNet, size(ours)),
    }
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        return [Contender(name, builders[name](), config, digits, clock) for name in names]


def race(entrants: list[Contender], marks: list[float], measure: Callable[[Contender], Row]) -> list[Row]:
    """All of them to each mark in turns, then measured; measuring takes none of their time."""
    rows, line = [], ProgressLine()
    for mark in marks:
        while any(c.seconds < mark for c in entrants):
            for c in entrants:
                if c.seconds < mark:
                    c.turn(min(TURN, mark - c.seconds), marks[-1])
            line("  ".join(f"{c.name} {duration(c.seconds)} {c.images_per_second:,.0f}/s" for c in entrants))
        for c in entrants:
            rows.append(measure(c))
            print(shown(rows[-1], rows), flush=True)
    return rows


def measured(c: Contender, yardstick: Yardstick, config: EvaluateConfig) -> Row:
    metrics = yardstick.measure(generate(c.model(), config))[1]
    c.go_on()
    fcd = metrics[FCD]
    return Row(
        name=c.name,
        parameters=size(c.trainee.net),
        seconds=round(c.seconds, 1),
        images=c.trainee.step * c.config.batch,
        images_per_second=round(c.images_per_second, 1),
        fcd=(fcd.value, fcd.low, fcd.high),
        precision=metrics[PRECISION].value,
        recall=metrics[RECALL].value,
        load=os.getloadavg()[0],
    )


def shown(row: Row, rows: list[Row]) -> str:
    ours = next((r for r in reversed(rows) if r.name == "ours"), row)
    value, low, high = row.fcd
    return (
        f"{row.seconds:6.0f} s  {row.name:10}{row.parameters:>9,} parameters  {row.images_per_second:6.1f} images/s "
        f"(ours / this {ours.images_per_second / row.images_per_second:4.2f})  FCD {value:6.2f} "
        f"({low:.2f} to {high:.2f})  precision {row.precision:.3f}  recall {row.recall:.3f}  load {row.load:.1f}"
    )


def command(arguments: argparse.Namespace) -> None:
    require(
        arguments.clock == "wall" or arguments.threads == 1,
        f"The processor's seconds of {arguments.threads} threads add up: take --threads 1 with --clock cpu.",
    )
    torch.set_num_threads(arguments.threads)
    config = with_changes(
        PRESETS["cpu-quick"], width=arguments.width, blocks=arguments.blocks, seed=arguments.seed
    )
    config = with_changes(config, images=10**9, batch=arguments.batch, lr=arguments.lr, **SAME)
    names = arguments.networks or ["ours", "plain", *(["diffusers"] if has_diffusers() else [])]
    digits, yardstick = load("train", arguments.data), Yardstick.load(arguments.data)
    evaluation = EvaluateConfig(
        arguments.samples, "DDIM", arguments.steps, seed=arguments.seed, bound_digits=0
    )
    floor = yardstick.floors(arguments.samples)[FCD]
    print(
        f"{digits.source}; batch {config.batch}, {arguments.threads} threads, {arguments.clock} clock; "
        f"{FCD} of {arguments.samples} digits"
    )
    print(
        f"The same for all: loss {config.objective} at DDPM's times, {config.optimizer}, learning rate {config.lr:g}, "
        "predicting v.  Not the same: the rate was chosen with our network (try --lr), and the others have PyTorch's "
        "default memory layout, ours channels last."
    )
    print(f"floor, as many real digits: {floor.value:.3f} ({floor.low:.3f} to {floor.high:.3f})", flush=True)
    marks = [*(m for m in sorted(arguments.marks) if m < arguments.seconds), arguments.seconds]
    entrants = contenders(config, digits, names, CLOCKS[arguments.clock])
    rows = race(entrants, marks, lambda c: measured(c, yardstick, evaluation))
    options = {name: value for name, value in vars(arguments).items() if name not in ("run", "given")}
    result: dict[str, Any] = {"arguments": options, "floor": asdict(floor)}
    result["rows"] = [asdict(row) for row in rows]
    print(write_atomically(arguments.file, json.dumps(result, indent=1).encode()))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.mnist_training", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--seconds", type=float, default=120.0, help="training time of each network")
    p.add_argument("--marks", type=float, nargs="*", default=[], metavar="S", help="measure after these, too")
    p.add_argument("--clock", choices=CLOCKS, default="wall", help="whose seconds; cpu with one thread only")
    p.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of PyTorch")
    p.add_argument("--width", type=int, default=32, help="of our network; the others follow")
    p.add_argument("--batch", type=int, default=128, help="images in one step, for all")
    p.add_argument("--lr", type=float, help="learning rate, for all; default: the preset's")
    p.add_argument("--blocks", type=int, default=2, help="of our network; the others follow")
    p.add_argument(
        "--networks", nargs="*", choices=["ours", "plain", "diffusers"], help="default: what is there"
    )
    p.add_argument("--samples", type=int, default=1000, help="digits to measure with")
    p.add_argument("--steps", type=int, default=20, help="DDIM steps")
    p.add_argument("--seed", type=int, default=0, help="starts, batches and noise")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument(
        "--out", dest="file", default="out/mnist_training.json", metavar="FILE", help="where the figures go"
    )
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
