"""train: a run in its directory, from the command line; the app starts its trainings through it, too."""

import argparse
import os
import time
from contextlib import suppress
from pathlib import Path

import torch

from images.data.mnist import load
from images.models import NETWORKS, best_device
from images.training import job, runs
from images.training.config import OBJECTIVES, PRESETS, with_changes
from images.training.session import Session, run
from playground.cli import ProgressLine
from playground.denoisers import TO_X0
from playground.errors import UserError, require
from playground.levels import SCHEDULES
from playground.progress import duration
from playground.training import Progress

# --- train ------------------------------------------------------------------------------------------------

# fields of TrainConfig that the command line can change in a preset
CHANGEABLE = ("images", "batch", "lr", "seed", "net", "width", "blocks", "patch", "objective", "predicts")
CHANGEABLE += ("schedule", "ema", "compiled", "size", "kl", "using")


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


def add(commands) -> None:
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
    p.add_argument("--size", type=int, help="numbers of a code, or an autoencoder's f: 2, 4 or 8")
    p.add_argument("--kl", type=float, help="an autoencoder's weight of KL")
    p.add_argument("--using", metavar="FILE", help="the model to build on, such as a latent model's autoencoder")
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
