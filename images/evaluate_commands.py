"""The measuring part of the command line: evaluate, train-classifier, table1."""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from images import classifier
from images.classifier_training import add_train_classifier
from images.evaluate import EvaluateConfig, Evaluation, Yardstick, evaluate, fingerprint
from images.experiments import SAMPLERS
from images.metrics import FCD, MEANINGS, Estimate
from images.model import SHIPPED, Model, best_device, load_model
from images.table1 import ETAS, STEPS, Cell, TableConfig, TableProgress, fill, lowest
from playground.checkpoint import write_atomically
from playground.cli import ProgressLine
from playground.gif import png_bytes, tiled
from playground.progress import TimeLeft, duration


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the three subcommands to those of `python -m images`."""
    _add_evaluate(commands)
    _add_table1(commands)
    add_train_classifier(commands)


# --- evaluate ---------------------------------------------------------------------------------------------


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    d, p = EvaluateConfig(), commands.add_parser("evaluate", help="measure a model: Frechet distance, ...")
    p.set_defaults(run=evaluate_command)
    p.add_argument("--samples", type=int, default=d.samples, help="how many digits to generate")
    p.add_argument("--sampler", choices=SAMPLERS, default=d.sampler, help="how to walk back")
    p.add_argument("--steps", type=int, default=d.steps, help="steps from noise to data")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    p.add_argument(
        "--bound-digits", type=int, default=d.bound_digits, help="test digits for the bound; 0: none"
    )
    _add_shared(p, "out/evaluation")


def evaluate_command(arguments: argparse.Namespace) -> None:
    names = ("samples", "sampler", "steps", "eta", "seed", "bound_digits")
    config = EvaluateConfig(**{name: getattr(arguments, name) for name in names})
    model, line = _model(arguments), StageLine()
    line.text(f"loading the digits and {classifier.SHIPPED.name}")
    yardstick = Yardstick.load(arguments.data, line, model.device)
    start = time.perf_counter()
    evaluation = evaluate(model, config, yardstick, line)
    seconds = time.perf_counter() - start
    print("\n".join(_readable(evaluation, yardstick)))
    about = _about(model, yardstick) | {"config": asdict(config), "seconds": round(seconds, 1)}
    for path in write_evaluation(Path(arguments.out), evaluation, yardstick, about):
        print(path)


def write_evaluation(
    out: Path, evaluation: Evaluation, yardstick: Yardstick, about: dict[str, Any]
) -> list[Path]:
    """samples.png: the first hundred; nearest.png: the ten nearest to a training digit, above it; JSON."""
    index, distance = evaluation.neighbours
    closest = distance.argsort()[:10]
    pairs = torch.cat([evaluation.images[closest], yardstick.training.images[index[closest]]])
    content = about | {
        "metrics": _plain(evaluation.metrics),
        "floors": _plain(evaluation.floors),
        "bound": evaluation.bound and asdict(evaluation.bound),
        "class_counts": evaluation.class_counts,
        "nearest": {"training_digit": index.tolist(), "distance": [round(d, 4) for d in distance.tolist()]},
    }
    return [
        write_atomically(out / "samples.png", _sheet(evaluation.images[:100], 10)),
        write_atomically(out / "nearest.png", _sheet(pairs, len(closest))),
        write_atomically(out / "evaluation.json", json.dumps(content).encode()),
    ]


def _plain(estimates: dict[str, Estimate]) -> dict[str, Any]:
    return {name: asdict(estimate) for name, estimate in estimates.items()}


def _sheet(images: Tensor, columns: int) -> bytes:
    return png_bytes(tiled(images[:, 0].numpy(), columns=columns))


def _about(model: Model, yardstick: Yardstick) -> dict[str, Any]:
    """Everything that a number needs beside it."""
    return {
        "model": {"fingerprint": fingerprint(model), "parameters": model.parameters, "about": model.about},
        "classifier": classifier.card(),
        "reference": {"digits": len(yardstick.test), "fingerprint": yardstick.test.fingerprint()},
        "device": str(model.device),
        "threads": torch.get_num_threads(),
    }


def _readable(evaluation: Evaluation, yardstick: Yardstick) -> list[str]:
    N = len(evaluation.images)
    lines = [f"{N:,} generated digits against {yardstick.test.source}"]
    lines.append(_row("", "value", "95 % interval", f"{N:,} real digits"))
    for name, e in evaluation.metrics.items():
        floor = evaluation.floors[name]
        lines.append(
            _row(name, _number(e.value), _interval(e), f"{_number(floor.value)}  {_interval(floor)}")
        )
    if (limit := evaluation.bound) is not None:
        parts = f"L_T {limit.prior:.4f}, L_1 to L_T-1 {limit.steps:.4f}, L_0 {limit.decoder:.4f}"
        lines.append(
            _row("bound, bits per dimension", _number(limit.bits.value), _interval(limit.bits), parts)
        )
        lines.append(f"  (on {limit.digits:,} test digits)")
    lines += [f"{name}: {meaning}" for name, meaning in MEANINGS.items()]
    lines.append("predicted classes 0 to 9: " + " ".join(map(str, evaluation.class_counts)))
    return lines


def _row(name: str, value: str, interval: str, floor: str) -> str:
    return f"{name:28}{value:>10}   {interval:22}{floor}".rstrip()


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"


def _interval(estimate: Estimate) -> str:
    return f"{_number(estimate.low)} to {_number(estimate.high)}"


# --- table1 -----------------------------------------------------------------------------------------------


def _add_table1(commands: argparse._SubParsersAction) -> None:
    d, p = TableConfig(), commands.add_parser("table1", help="the lecture's Table 1 on MNIST, cell by cell")
    p.set_defaults(run=table1_command)
    p.add_argument("--samples", type=int, default=d.samples, help="digits in each cell")
    etas, steps = " ".join(ETAS), " ".join(map(str, STEPS))
    p.add_argument("--etas", nargs="+", metavar="ETA", help=f"from 0 to 1, or sigma-hat (default: {etas})")
    p.add_argument("--steps", nargs="+", type=int, metavar="S", help=f"numbers of steps (default: {steps})")
    _add_shared(p, "out/table1")


def table1_command(arguments: argparse.Namespace) -> None:
    etas, steps = tuple(arguments.etas or ETAS), tuple(arguments.steps or STEPS)
    config = TableConfig(arguments.samples, etas, steps, arguments.seed)
    model, line, stages = _model(arguments), ProgressLine(), StageLine()
    yardstick = Yardstick.load(arguments.data, stages, model.device)

    def show(progress: TableProgress) -> None:
        eta, steps = progress.cell
        left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
        line(f"eta {eta}, S = {steps}: {progress.done / progress.total:.0%} of what was missing{left}")

    cells = fill(model, config, yardstick, Path(arguments.out), show)
    line("all cells are filled", last=True)
    print("\n".join(_table(cells, config)))


def _table(cells: list[Cell], config: TableConfig) -> list[str]:
    """The Frechet distances as text, and which eta is lowest in each column."""
    values = {(cell.eta, cell.steps): cell.metrics[FCD].value for cell in cells}
    etas, columns = (list(dict.fromkeys(axis)) for axis in zip(*config.cells, strict=True))
    lines = [
        f"{FCD}, {config.samples:,} samples",
        "eta".ljust(12) + "".join(f"{f'S = {s}':>12}" for s in columns),
    ]
    for eta in etas:
        lines.append(eta.ljust(12) + "".join(f"{_number(values[eta, s]):>12}" for s in columns))
    lines.append("lowest".ljust(12) + "".join(f"{column[0].eta:>12}" for column in lowest(cells).values()))
    floor = cells[0].floors[FCD]
    return [*lines, f"floor, {config.samples:,} real digits: {_number(floor.value)} ({_interval(floor)})"]


# --- shared -----------------------------------------------------------------------------------------------


def _add_shared(p: argparse.ArgumentParser, out: str) -> None:
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="checkpoint to measure")
    p.add_argument("--seed", type=int, default=0, help="noise, and which real digits stand for the floor")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    p.add_argument("--out", default=out, metavar="DIR", help="where the results go")


def _model(arguments: argparse.Namespace) -> Model:
    return load_model(arguments.model, arguments.device or best_device())


class StageLine:
    """A progress line for work in stages: each has its own time left."""

    def __init__(self) -> None:
        self._line, self._pace = ProgressLine(), TimeLeft()

    def __call__(self, stage: str, done: int, total: int) -> None:
        left = self._pace.left(stage, done, total, time.perf_counter())
        after = "" if left is None else f", {duration(left)} left"
        self._line(f"{stage}: {done / total:.0%}{after}", last=done == total)

    def text(self, words: str) -> None:
        self._line(words)
