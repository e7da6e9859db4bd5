"""What the digits of a preset look like: the last preview of a finished run by it, kept with the repository."""

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from images.command import add_data, add_device, command
from images.data.mnist import load
from images.models import Model, load_model
from images.training import records, runs
from images.training.config import TrainConfig
from images.training.presets import PRESETS
from images.training.speed import OFFERED, images_per_second, said
from images.training.tasks import task_for
from playground.devices import device_named
from playground.errors import require
from playground.files import write_json, write_result
from playground.gif import png_bytes
from playground.progress import duration

TRAINED = {field.name for field in fields(TrainConfig)}
LOOKS = Path(__file__).parents[1] / "shipped" / "looks"


def add(commands: Any) -> None:
    p = command(commands, "minutes", minutes_command)
    add_data(p)
    add_device(p)
    p = command(commands, "looks", looks_command)
    p.add_argument(
        "--runs", nargs="+", default=[], metavar="DIR", help="finished runs, each of a preset unchanged"
    )
    p.add_argument(
        "--models",
        nargs="+",
        default=[],
        metavar="FILE",
        help="models of finished runs, such as those shipped",
    )
    p.add_argument("--out", default="out", metavar="DIR", help="where PNG and JSON go")


def minutes_command(arguments: argparse.Namespace) -> None:
    digits, device = load("train", arguments.data), device_named(arguments.device)
    for preset in OFFERED:
        print(said(preset, images_per_second(PRESETS[preset], digits, device)), flush=True)


def looks_command(arguments: argparse.Namespace) -> None:
    """All runs and models are checked before the first picture is written."""
    require(
        bool(arguments.runs or arguments.models),
        "No run and no model is named: say which with --runs or --models.",
    )
    found = [_of_run(runs.Run(Path(name).resolve())) for name in arguments.runs]
    found += [_of_model(load_model(name)) for name in arguments.models]
    for preset, picture, about in found:
        print(write_result(Path(arguments.out) / f"{preset}.png", picture))
        write_json(Path(arguments.out) / f"{preset}.json", about)


def _of_run(run: runs.Run) -> tuple[str, bytes, dict[str, Any]]:
    preset = preset_of(run)
    about = {name: run.status().get(name) for name in ("step", "seconds", "device")}
    return preset, run.previews()[-1].read_bytes(), about


def _of_model(model: Model) -> tuple[str, bytes, dict[str, Any]]:
    """Drawn as a run draws its last preview; what the file says of its training must be a preset, to the end."""
    said = {name: value for name, value in model.about.get("config", {}).items() if name in TRAINED}
    names = [name for name, config in PRESETS.items() if said and TrainConfig(**said) == config]
    config = PRESETS[names[0]] if names else TrainConfig()
    require(
        bool(names) and model.about.get("images_seen", 0) > config.images - config.batch,
        "The model was trained with settings of its own, or not to the end: name one of a preset, unchanged.",
    )
    about = {
        "step": model.about["images_seen"] // config.batch,
        "seconds": model.about["seconds"],
        "device": model.about["device"],
    }
    return names[0], png_bytes(task_for(config).preview(model.denoise, model.device)), about


def preset_of(run: runs.Run) -> str:
    """The preset that a run is, field by field.  Raises UserError for another, or for one that is not finished."""
    require(run.is_sound, f"There is no run in {run.directory}: name the directory of a finished one.")
    require(
        run.status()["state"] == "finished" and bool(run.previews()),
        f"The run {run.name} is not finished, so its digits are not the preset's: wait, or name another.",
    )
    names = [name for name, config in PRESETS.items() if config == run.config]
    require(bool(names), f"The run {run.name} has settings of its own: name one that is a preset, unchanged.")
    return names[0]


def look_of(preset: str) -> tuple[Path, str] | None:
    """The picture of a preset's digits, and what it was made by; None where there is none."""
    picture = LOOKS / f"{preset}.png"
    if not picture.exists():
        return None
    about = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
    return picture, f"by {about['step']:,} steps, {duration(about['seconds'])} on {records.device_of(about)}"
