"""python -m images ship: a trained model as the repository carries it, rounded to float16, with a card beside it."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from images.command import command
from images.metrics.evaluate import fingerprint
from images.models import kind_of, load_model, save_model
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError, require
from playground.files import note_result, require_replaceable, write_json

# Kinds whose files hold no denoiser.
OF_THEIR_OWN = ("clip", "ar-prior", "noisy-clip", "guide", "scene-clip", "perception", "autoencoder")
FROM_THE_RUN = ("config", "data", "images_seen", "seconds", "device", "torch")


def ship(source: str | Path, out: str | Path, evaluation: str | Path | None = None) -> dict[str, Any]:
    """Writes the model at `source` to `out` in float16, half the bytes, and its card to the JSON file beside it.

    evaluation: what `python -m images evaluate --model OUT` wrote; it must be of the very file, rounded weights and
    all, or UserError is raised and nothing is written.  Networks still compute in float32: loading widens.
    """
    out = Path(out)
    for file in (out, out.with_suffix(".json")):
        require_replaceable(file)
    if (kind := kind_of(source)) in OF_THEIR_OWN:
        require(
            evaluation is None,
            f"{source} is of the kind {kind!r}, which `evaluate` cannot measure: leave --evaluation out.",
        )
        return _ship_as_it_is(Path(source), out)
    model = load_model(source)
    model.denoise.half().float()  # what loading will give; the card is about these weights
    card: dict[str, Any] = {
        "parameters": model.parameters,
        "fingerprint": fingerprint(model),
        "weights": "float16",
    }
    known = _without_folders(model.about)
    card |= {name: known[name] for name in FROM_THE_RUN if name in known}
    if evaluation is not None:
        card["evaluation"] = _of(card["fingerprint"], Path(evaluation))
    halves = {name: value.half() for name, value in model.denoise.state_dict().items()}
    about = {name: value for name, value in known.items() if name not in ("format", "model")}
    path = note_result(save_model(out, model.config, halves, about))
    write_json(path.with_suffix(".json"), card)
    return card


def _ship_as_it_is(source: Path, out: Path) -> dict[str, Any]:
    """A file that is no denoiser's: its weights in float16, and all that it says of itself."""
    weights, about = load_checkpoint(source)
    about = _without_folders(about)
    halves = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    content = b"".join(halves[name].contiguous().numpy().tobytes() for name in sorted(halves))
    card = {
        "parameters": sum(value.numel() for value in weights.values()),
        "fingerprint": hashlib.sha256(content).hexdigest()[:12],
        "weights": "float16",
    }
    card |= {name: about[name] for name in FROM_THE_RUN if name in about}
    path = note_result(save_checkpoint(out, halves, about))
    write_json(path.with_suffix(".json"), card)
    return card


def _without_folders(about: dict[str, Any]) -> dict[str, Any]:
    """Of the file that a model builds on its name alone: the folders are those of the machine that trained it."""
    config = about.get("config", {})
    return about | {"config": config | {"using": Path(config["using"]).name}} if "using" in config else about


def _of(wanted: str, path: Path) -> dict[str, Any]:
    """The figures of an evaluation, which must belong to the weights with this fingerprint."""
    try:
        found = json.loads(path.read_text())
        measured = found["model"]["fingerprint"]
        figures = {name: found[name] for name in ("config", "metrics", "floors", "bound", "class_counts")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no evaluation: name the evaluation.json that `python -m images evaluate` wrote."
        ) from error
    if measured != wanted:
        raise UserError(
            f"{path} measured the weights {measured}, but {wanted} are to be shipped: ship first without --evaluation, "
            "evaluate the file that was written, then ship again."
        )
    return figures


def ship_command(arguments: argparse.Namespace) -> None:
    card = ship(arguments.model, arguments.file, arguments.evaluation)
    print(
        f"{arguments.file}: {card['parameters']:,} parameters in float16, fingerprint {card['fingerprint']}"
    )


def add_ship(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand ship."""
    p = command(commands, "ship", ship_command)
    p.add_argument("--model", required=True, metavar="FILE", help="a run's model.safetensors")
    p.add_argument("--evaluation", metavar="FILE", help="evaluation.json of the very file, for the card")
    p.add_argument(
        "--out", dest="file", default="out/model.safetensors", metavar="FILE",
        help="what to write; the card goes beside it",
    )  # fmt: skip
