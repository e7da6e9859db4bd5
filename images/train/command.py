"""train: a run in its directory, from the command line; the app starts its trainings through it, too."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from images.command import add_data, add_device, command
from images.data.mnist import load
from images.training import job, runs
from images.training.config import TrainConfig, with_changes
from images.training.making import new, write_config
from images.training.presets import PRESETS
from images.training.session import Session, run
from playground.cli import ProgressLine, refuse_idle, say
from playground.devices import device_named
from playground.errors import UserError, require, require_folder_name, require_range
from playground.files import require_folder
from playground.knobs import add_options
from playground.progress import duration
from playground.training import Progress

# --- train ------------------------------------------------------------------------------------------------

# fields of TrainConfig that the command line can change in a preset, and what they are
CHANGEABLE: dict[str, Any] = {
    "images": "length: training images to show in all",
    "batch": "images in one step",
    "lr": "highest learning rate",
    "net": "the kind of network",
    "width": "channels of the network",
    "blocks": "residual blocks in each stage",
    "patch": "pixels folded into channels: 1, or 2 for 2 x 2",
    "objective": "the loss",
    "predicts": "what the network's output means",
    "schedule": "DDPM's noise levels",
    "ema": "decay of the weights' average, 0 for none",
    "optimizer": "muon: hidden matrices by Muon, the rest by AdamW",
    "matrix_lr": "Muon's highest learning rate",
    "without_replacement": "each digit once before any comes again",
    "size": "numbers of a code, or an autoencoder's f: 2, 4 or 8",
    "kl": "an autoencoder's weight of KL",
    "perceptual": "its weight of the perceptual loss, 0 none",
    "adversarial": "how hard its critic pulls, 1 as hard as all else, 0 none",
    "critic_from": "the share of the run after which the critic enters",
    "latent_scale": "standard deviation of the latents; 1 is right",
    "using": "the file of the model to build on, such as a latent model's autoencoder",
    "seed": "start and batches",
}


def train_command(arguments: argparse.Namespace) -> None:
    """Everything is checked, the network built and its checkpoint read, before anything is written."""
    require_range("The time between checkpoints", arguments.save_every, 0, 86_400)
    device_named(arguments.device)
    runs.require_writable()
    if arguments.resume:
        require(arguments.run_directory is not None, "--resume names no run: say which one with --run DIR.")
        refuse_idle(arguments, "preset", "beside --resume: a run goes on with its own settings")
        _go_on(Path(arguments.run_directory).resolve(), arguments)
    else:
        _begin(Path(arguments.run_directory).resolve() if arguments.run_directory else None, arguments)


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    names = (*CHANGEABLE, "compiled")
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def _begin(directory: Path | None, arguments: argparse.Namespace) -> None:
    """A new run.  Its directory is made when nothing can be refused any more but the directory itself."""
    if directory is not None:
        require_folder_name(directory.name)
        require_folder(directory.parent)
    config = with_changes(PRESETS[arguments.preset], **_changes(arguments))
    digits, device = load("train", arguments.data), device_named(arguments.device)
    with new(directory) as here:
        session = Session(config, digits, here.directory, device)
        write_config(here, config)
        trained(here, session, arguments.save_every, job.stop_on_signals())


def _go_on(directory: Path, arguments: argparse.Namespace) -> None:
    if changes := _changes(arguments):
        words = ", ".join(changes)
        raise UserError(f"A run goes on with its own settings, so {words} cannot change: leave that out.")
    here = runs.Run(directory)
    require(
        os.path.lexists(directory / "config.json"),
        f"There is no run in {directory}: leave --resume out to start one.",
    )
    config = here.config
    with runs.holding(here, "go on with it"):
        digits, device = load("train", arguments.data), device_named(arguments.device)
        session = Session(config, digits, directory, device)
        session.resume()
        job.take_up(here)
        trained(here, session, arguments.save_every, job.stop_on_signals())


def trained(
    here: runs.Run,
    session: Session,
    save_every: float,
    stopped: Callable[[], bool],
    left: Callable[[Progress], float] = lambda progress: progress.seconds_left,
) -> bool:
    """Trains, and writes into the status how it ended: the page must be able to say it.  -> whether it finished.

    left: what the line says of the time left, in seconds; that of more than this run, where this is one of several.
    """
    reporter = job.Reporter(here)
    try:
        return _steps(session, reporter, lambda: stopped() or job.stop_requested(here), save_every, left)
    except torch.OutOfMemoryError as error:
        batch = session.config.batch
        sentence = f"The memory ran out with a batch of {batch}: choose a smaller batch or network."
        reporter.state("failed", message=sentence)
        raise UserError(sentence) from error
    except Exception as error:  # a GPU that vanished, a loss that is no number
        sentence = _first_line(error)
        if not (session.config.compiled and _is_the_compilers(error)):
            reporter.state("failed", message=sentence)
            raise
        sentence = f"The network could not be compiled ({sentence}): go on without --compile."
        reporter.state("failed", message=sentence)
        raise UserError(sentence) from error


def _is_the_compilers(error: Exception) -> bool:
    # Imported here because it costs a second that most commands do not need.
    from torch._dynamo.exc import TorchDynamoException

    return isinstance(error, TorchDynamoException)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _give_way() -> None:
    """Lowers this process's priority, so that the app stays responsive."""
    if hasattr(os, "nice"):
        os.nice(10)


def _steps(
    session: Session,
    reporter: job.Reporter,
    stopped: Callable[[], bool],
    save_every: float,
    left: Callable[[Progress], float],
) -> bool:
    here = reporter.run
    _give_way()
    job.forget_after(here, session.trainee.step)
    size = sum(p.numel() for p in session.trainee.net.parameters())
    source, device = session.digits.source, session.device
    say(f"{source}; {size:,} parameters on {device}; run directory {here.directory}")
    reporter.state("running", data=source, parameters=size, device=str(device), message="")
    line, batch = ProgressLine(), session.config.batch

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
            f"{duration(left(progress))} left",
            last=progress.step == progress.steps,
        )

    finished = run(session, report=report, stopped=stopped, save_every=save_every)
    job.forget_stop(here)
    reporter.state("finished" if finished else "stopped", seconds_left=0.0 if finished else None)
    say(f"{'finished' if finished else 'stopped'} after {duration(session.seconds)}; {here.model}")
    return finished


def add(commands) -> None:
    from images.train.looks import add as add_looks
    from images.train.stack import add_stack  # it trains its stages by this file

    add_stack(commands)
    add_looks(commands)
    p = command(commands, "train", train_command)
    p.add_argument("--preset", choices=PRESETS, default="cpu", help="settings to begin with")
    add_options(p, TrainConfig, **CHANGEABLE, given=False)
    words = "through torch.compile; on a GPU as a CUDA graph"
    p.add_argument("--compile", dest="compiled", action="store_true", default=None, help=words)
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
    add_data(p)
    add_device(p)
