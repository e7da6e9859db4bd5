"""python -m images: train, sample and inpaint without the app."""

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from images import job, runs
from images.evaluate_commands import add_commands
from images.experiments import METHODS, SAMPLERS, Film, InpaintConfig, SampleConfig, inpaint, sample
from images.mnist import load
from images.model import NETWORKS, SHIPPED, Model, best_device, load_model
from images.pictures import read_picture
from images.training import OBJECTIVES, PRESETS, Session, run, with_changes
from playground.checkpoint import write_atomically
from playground.cli import Parser, ProgressLine
from playground.cli import run as run_command
from playground.denoisers import TO_X0
from playground.errors import UserError, require
from playground.gif import gif_bytes, png_bytes, tiled
from playground.levels import SCHEDULES
from playground.progress import duration
from playground.training import Progress

HOLES = {
    "left": np.s_[:, :14],
    "right": np.s_[:, 14:],
    "top": np.s_[:14, :],
    "bottom": np.s_[14:, :],
    "centre": np.s_[8:20, 8:20],
}


# --- train ------------------------------------------------------------------------------------------------

# fields of TrainConfig that the command line can change in a preset
CHANGEABLE = ("images", "batch", "lr", "seed", "net", "width", "blocks", "patch", "objective", "predicts")
CHANGEABLE += ("schedule", "ema", "compiled")


def train_command(arguments: argparse.Namespace) -> None:
    here = runs.Run(Path(arguments.run_directory or runs.root() / time.strftime("%Y%m%d-%H%M%S")).resolve())
    changes = {name: value for name in CHANGEABLE if (value := getattr(arguments, name)) is not None}
    if not arguments.resume:
        runs.create(here, with_changes(PRESETS[arguments.preset], **changes))
    elif changes:
        words = ", ".join(changes)
        raise UserError(f"A run goes on with its own settings, so {words} cannot change: leave that out.")
    require(
        (here.directory / "config.json").is_file(),
        f"There is no run in {here.directory}: leave --resume out to start one.",
    )
    job.take_up(here)
    job.stop_on_signals(here)
    reporter = job.Reporter(here)
    try:
        _train(here, reporter, arguments)
    except torch.OutOfMemoryError as error:
        sentence = (
            f"The memory ran out with a batch of {here.config.batch}: choose a smaller batch or network."
        )
        _failed(reporter, sentence)
        raise UserError(sentence) from error
    except (
        Exception
    ) as error:  # a GPU that vanished, a loss that is no number: the page must be able to say so
        sentence = _first_line(error)
        if not (here.config.compiled and _is_the_compilers(error)):
            _failed(reporter, sentence)
            raise
        sentence = f"The network could not be compiled ({sentence}): go on without --compile."
        _failed(reporter, sentence)
        raise UserError(sentence) from error


def _is_the_compilers(error: Exception) -> bool:
    from torch._dynamo.exc import (
        TorchDynamoException,
    )  # a second of start-up, for every command that needs none

    return isinstance(error, TorchDynamoException)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _failed(reporter: job.Reporter, sentence: str) -> None:
    with suppress(UserError):  # on a full disk the status cannot be written either; output.txt may have room
        reporter.state("failed", message=sentence)


def _give_way() -> None:
    """Lets the app, and all else on the machine, go before training: samples stay quick meanwhile."""
    if hasattr(os, "nice"):
        os.nice(10)


def _train(here: runs.Run, reporter: job.Reporter, arguments: argparse.Namespace) -> None:
    _give_way()
    reporter.state("starting", message="loading the digits")
    digits = load("train", arguments.data)
    device = torch.device(arguments.device) if arguments.device else best_device()
    session = Session(here.config, digits, here.directory, device)
    session.resume()
    job.forget_after(here, session.trainee.step)
    size = sum(p.numel() for p in session.trainee.net.parameters())
    print(f"{digits.source}; {size:,} parameters on {device}; run directory {here.directory}", flush=True)
    reporter.fields |= {"data": digits.source, "parameters": size, "device": str(device), "message": ""}
    line, batch = ProgressLine(), here.config.batch

    def report(progress: Progress) -> None:
        speed = progress.done_now * batch / progress.seconds
        loss = float(progress.loss)
        reporter.progress(
            progress.step,
            progress.steps,
            loss,
            images_per_second=speed,
            seconds_left=progress.seconds_left,
            seconds=session.seconds,
        )
        line(
            f"step {progress.step:,} of {progress.steps:,}  loss {loss:.4f}  {speed:,.0f} images/s  "
            f"{duration(progress.seconds_left)} left",
            last=progress.step == progress.steps,
        )

    finished = run(
        session,
        report=report,
        stopped=lambda: job.stop_requested(here),
        save_every=arguments.save_every,
    )
    job.forget_stop(here)
    reporter.state("finished" if finished else "stopped", seconds_left=0.0 if finished else None)
    print(f"{'finished' if finished else 'stopped'} after {duration(session.seconds)}; {here.model}")


# --- sample and inpaint -----------------------------------------------------------------------------------


def sample_command(arguments: argparse.Namespace) -> None:
    model = _model(arguments)
    config = SampleConfig(arguments.count, arguments.sampler, arguments.steps, arguments.eta, arguments.seed)
    _write(sample(model, config, _progress("sampling")), Path(arguments.out), "samples", asdict(config))


def inpaint_command(arguments: argparse.Namespace) -> None:
    model = _model(arguments)
    image = read_picture(arguments.image, fit=arguments.fit) if arguments.image else _test_digit(arguments)
    hole = np.zeros((28, 28), bool)
    hole[HOLES[arguments.hole]] = True
    config = InpaintConfig(
        arguments.count,
        arguments.method,
        arguments.steps,
        arguments.resamplings,
        arguments.eta,
        arguments.seed,
    )
    film = inpaint(model, image, hole, config, _progress("inpainting"))
    _write(film, Path(arguments.out), "inpainted", {**asdict(config), "hole": arguments.hole})


def _test_digit(arguments: argparse.Namespace) -> np.ndarray:
    digits = load("test", arguments.data)
    require(
        0 <= arguments.digit < len(digits),
        f"The test digit is number {arguments.digit}; there are {len(digits):,}, counted from 0: choose one of them.",
    )
    return digits.images[arguments.digit, 0].numpy()


def _model(arguments: argparse.Namespace) -> Model:
    return load_model(arguments.model, arguments.device or best_device())


def _progress(verb: str):
    line, start = ProgressLine(), time.perf_counter()

    def show(done: int, total: int) -> None:
        if done:
            left = (time.perf_counter() - start) / done * (total - done)
            line(f"{verb}: step {done} of {total}, {duration(left)} left", last=done == total)

    return show


def _write(film: Film, out: Path, name: str, about: dict) -> None:
    """PNG of the finished images, GIF of the way there, JSON of the settings."""
    paths = [
        write_atomically(out / f"{name}.png", png_bytes(tiled(film.images))),
        write_atomically(out / f"{name}.gif", gif_bytes([tiled(frame) for frame in film.xs])),
        write_atomically(out / f"{name}.json", json.dumps(about, indent=1).encode()),
    ]
    print("\n".join(map(str, paths)))


# --- the command line -------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="python -m images", description="Denoising diffusion on MNIST, with the playground's engine."
    )
    commands = top.add_subparsers(dest="command", required=True, parser_class=Parser, metavar="COMMAND")
    _add_train(commands)
    _add_sample(commands)
    _add_inpaint(commands)
    add_commands(commands)
    return top


def _add_train(commands) -> None:
    p = commands.add_parser("train", help="train a model, or go on with one")
    p.set_defaults(run=train_command)
    p.add_argument("--preset", choices=PRESETS, default="cpu", help="settings to begin with")
    p.add_argument("--images", type=int, help="length: training images to show in all")
    p.add_argument("--batch", type=int, help="images in one step")
    p.add_argument("--lr", type=float, help="highest learning rate")
    p.add_argument("--net", choices=NETWORKS, help="the kind of network")
    p.add_argument("--width", type=int, help="channels of the network")
    p.add_argument("--blocks", type=int, help="residual blocks in each stage")
    p.add_argument("--patch", type=int, choices=(1, 2), help="pixels folded into channels, 2 is 2 x 2")
    p.add_argument("--objective", choices=OBJECTIVES, help="the loss")
    p.add_argument("--predicts", choices=TO_X0, help="what the network's output means")
    p.add_argument("--schedule", choices=SCHEDULES, help="DDPM's noise levels")
    p.add_argument("--ema", type=float, help="decay of the weights' average, 0 for none")
    p.add_argument("--seed", type=int, help="start and batches")
    p.add_argument(
        "--run", dest="run_directory", metavar="DIR", help="run directory (default: runs/DATE-TIME)"
    )
    p.add_argument("--resume", action="store_true", help="go on with the run in --run")
    p.add_argument(
        "--save-every",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds between checkpoints; a kill costs those",
    )
    p.add_argument(
        "--compile",
        dest="compiled",
        action="store_true",
        default=None,
        help="through torch.compile; on a GPU as a CUDA graph",
    )
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")


def _add_model_options(p, out: str) -> None:
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="checkpoint to use")
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    p.add_argument("--seed", type=int, default=0, help="noise")
    p.add_argument("--out", default=out, metavar="DIR", help="where PNG, GIF and JSON go")


def _add_sample(commands) -> None:
    d, p = SampleConfig(), commands.add_parser("sample", help="new digits from noise")
    p.set_defaults(run=sample_command)
    p.add_argument("--count", type=int, default=d.count, help="how many digits")
    p.add_argument("--sampler", choices=SAMPLERS, default=d.sampler, help="how to walk back")
    p.add_argument("--steps", type=int, default=d.steps, help="steps from noise to data")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    _add_model_options(p, "out")


def _add_inpaint(commands) -> None:
    d, p = InpaintConfig(), commands.add_parser("inpaint", help="fill a hole in a digit")
    p.set_defaults(run=inpaint_command)
    p.add_argument("--digit", type=int, default=0, help="number of the test digit")
    p.add_argument("--image", metavar="FILE", help="a 28 x 28 picture instead")
    p.add_argument("--fit", action="store_true", help="resize a picture of another size")
    p.add_argument("--hole", choices=HOLES, default="left", help="the part to fill in")
    p.add_argument("--method", choices=METHODS, default=d.method, help="how the known part is used")
    p.add_argument("--count", type=int, default=d.count, help="how many completions")
    p.add_argument("--steps", type=int, default=d.steps, help="steps from noise to data")
    p.add_argument("--resamplings", type=int, default=d.resamplings, help="RePaint's r")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    _add_model_options(p, "out")


def main(argv: list[str] | None = None) -> int:
    return run_command(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
