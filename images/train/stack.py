"""train-stack: DALL-E 2 whole, stage by stage, by one command that goes on where it was left.

Each stage is a run of its own in the stack's folder, so it is stopped, killed and resumed as any run is; a stage that
has finished is not trained again.  The finished models lie in the folder itself, where `draw --models` finds them.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from images.command import add_data, add_device, command
from images.data.mnist import Digits, load
from images.train.command import trained
from images.training import job, runs
from images.training.config import TrainConfig, with_changes
from images.training.making import new, write_config
from images.training.presets import PRESETS
from images.training.session import Session
from playground.cli import say
from playground.devices import device_named
from playground.errors import require, require_range, require_whole
from playground.files import require_folder, write_atomically
from playground.training import Progress

# Stage -> seconds for a thousand images on two quiet cores (docs/training.md): they tell the time of stages to come.
STAGES = {"clip": 0.5, "prior": 0.3, "ar-prior": 0.3, "decoder": 2.0, "upsampler": 1.7}
ON_CLIP = ("prior", "ar-prior", "decoder")


def configs(folder: Path, images: int | None, seed: int) -> dict[str, TrainConfig]:
    """Stage -> its settings; images: the length of each, None for the presets'."""
    clip = str(folder / "clip.safetensors")
    return {
        stage: with_changes(
            PRESETS[stage],
            images=None if images is None else max(images, PRESETS[stage].batch),
            seed=seed,
            using=clip if stage in ON_CLIP else None,
        )
        for stage in STAGES
    }


def stack_command(arguments: argparse.Namespace) -> None:
    require_range("The time between checkpoints", arguments.save_every, 0, 86_400)
    if arguments.images is not None:
        require_whole("The length of each stage, in images,", arguments.images, 1, 10**9)
    folder = Path(arguments.folder).resolve()
    device = device_named(arguments.device)
    wanted = configs(folder, arguments.images, arguments.seed)
    runs.require_writable()
    require_folder(folder.parent)
    begun_with(folder, wanted)
    digits = load("train", arguments.data)
    folder.mkdir(exist_ok=True)
    finished = train_stack(folder, wanted, digits, device, arguments.save_every, job.stop_on_signals())
    same = f"python -m images train-stack --run {folder}"
    say(f"all is trained: python -m images draw 'a thick seven' --models {folder}" if finished else
        f"stopped; the same command goes on: {same}")  # fmt: skip


def begun_with(folder: Path, wanted: dict[str, TrainConfig]) -> None:
    """Raises UserError where a stage was begun with other settings, before anything is trained."""
    for stage, config in wanted.items():
        here = runs.Run(folder / stage)
        require(
            not (here.directory / "config.json").exists() or here.config == config,
            f"{here.directory} was begun with other settings: give the same ones, or another folder with --run.",
        )


def is_finished(run: runs.Run) -> bool:
    return run.is_sound and run.status()["state"] == "finished" and run.model.is_file()


def train_stack(
    folder: Path,
    wanted: dict[str, TrainConfig],
    digits: Digits,
    device: torch.device,
    save_every: float,
    stopped: Callable[[], bool],
) -> bool:
    """Trains what is not trained yet, in order; -> whether all is.  One stage that is stopped ends it all."""
    for number, (stage, config) in enumerate(wanted.items()):
        run = runs.Run(folder / stage)
        say(f"{stage}, stage {number + 1} of {len(wanted)}")
        if is_finished(run):
            say("it is trained already")
        elif stopped() or not _one(run, config, digits, device, save_every, stopped, _left(stage, wanted)):
            return False
        model = folder / f"{stage}.safetensors"
        if not _same(run.model, model):
            write_atomically(model, run.model.read_bytes())
    return True


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _left(stage: str, wanted: dict[str, TrainConfig]) -> Callable[[Progress], float]:
    """Seconds that this stage and those after it take, by this machine's pace in this stage."""
    order = list(wanted)
    after = sum(STAGES[name] * wanted[name].images for name in order[order.index(stage) + 1 :])

    def left(progress: Progress) -> float:
        config = wanted[stage]
        at_the_table = STAGES[stage] * config.batch * progress.done_now / 1000  # seconds for what was done
        return progress.seconds_left + after / 1000 * progress.seconds / at_the_table

    return left


def _one(
    run: runs.Run,
    config: TrainConfig,
    digits: Digits,
    device: torch.device,
    save_every: float,
    stopped: Callable[[], bool],
    left: Callable[[Progress], float],
) -> bool:
    """One stage, from its start or from its last checkpoint; -> whether it finished."""
    if not (run.directory / "config.json").exists():
        if run.directory.is_dir() and not any(run.directory.glob("[!l]*")):
            shutil.rmtree(run.directory)  # killed before its settings were written
        with new(run.directory) as here:
            session = Session(config, digits, here.directory, device)
            write_config(here, config)
            return trained(here, session, save_every, stopped, left)
    with runs.holding(run, "go on with it"):
        session = Session(config, digits, run.directory, device)
        session.resume()
        job.take_up(run)
        return trained(run, session, save_every, stopped, left)


def add_stack(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand train-stack."""
    p = command(commands, "train-stack", stack_command)
    p.add_argument(
        "--run", dest="folder", default="runs/dalle2", metavar="DIR", help="folder of the stages' runs"
    )
    p.add_argument(
        "--images", type=int, help="length of each stage, in images (default: the presets' lengths)"
    )
    p.add_argument("--seed", type=int, default=0, help="start and batches")
    p.add_argument("--save-every", type=float, default=30.0, metavar="S", help="seconds between checkpoints")
    add_data(p)
    add_device(p)
