"""What the subcommands on digits share: the model, progress, and where results go."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from images.models import SHIPPED, Model, load_model
from images.sampling import Film
from images.topics import COMMANDS
from playground.cli import ProgressLine
from playground.commands import subcommand
from playground.devices import device_named
from playground.files import write_json, write_result
from playground.gif import gif_bytes, png_bytes, tiled
from playground.knobs import add_options
from playground.levels import EVEN, SPACINGS
from playground.progress import Report, TimeLeft, duration


def model_of(arguments: argparse.Namespace) -> Model:
    return load_model(arguments.model, device_named(arguments.device))


def progress(verb: str) -> Report:
    line, start = ProgressLine(), time.perf_counter()

    def show(done: int, total: int, stage: str = "") -> None:
        if done:
            left = (time.perf_counter() - start) / done * (total - done)
            line(f"{verb}: step {done} of {total}, {duration(left)} left", last=done == total)

    return show


def write(film: Film, out: Path, name: str, about: dict) -> None:
    """PNG of the finished images, GIF of the way there (x_t and x0, 112 pixels a digit), JSON of the settings."""
    paths = [
        write_result(out / f"{name}.png", png_bytes(tiled(film.images))),
        write_result(out / f"{name}.gif", gif_bytes(film.pairs())),
        write_json(out / f"{name}.json", about),
    ]
    print("\n".join(map(str, paths)))


def command(
    commands: argparse._SubParsersAction, name: str, run: Callable[[argparse.Namespace], None], *writes: str
) -> argparse.ArgumentParser:
    """A subcommand of this wing; writes: stems of its results."""
    return subcommand(commands, COMMANDS, name, run, *writes)


# --- options that several subcommands have ----------------------------------------------------------------


def add_model_options(p: argparse.ArgumentParser, config: type, out: str) -> None:
    """--model, --device and --out, and the seed of a config."""
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="checkpoint to use")
    add_options(p, config, seed="noise")
    add_device(p)
    p.add_argument("--out", default=out, metavar="DIR", help="where PNG, GIF and JSON go")


def add_measured_options(p: argparse.ArgumentParser, config: type, out: str) -> None:
    """The same where results are figures, and --data."""
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="checkpoint to measure")
    add_options(p, config, seed="noise, and which real digits stand for the floor")
    add_places(p, out, "the results go")


def add_places(p: argparse.ArgumentParser, out: str, what: str = "PNG and JSON go") -> None:
    """--data, --device and --out, where `what` says."""
    add_data(p)
    add_device(p)
    p.add_argument("--out", default=out, metavar="DIR", help=f"where {what}")


def add_data(p: argparse.ArgumentParser) -> None:
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")


def add_device(p: argparse.ArgumentParser) -> None:
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")


def add_times(p: argparse.ArgumentParser) -> None:
    """The option that says which of the schedule's times are walked."""
    p.add_argument(
        "--times", dest="spacing", choices=list(SPACINGS), default=EVEN,
        help="even: from T down; authors: 1, 1 + T/S, ..., as in the code that made DDIM's Table 1",
    )  # fmt: skip


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
