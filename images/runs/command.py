"""evaluate: a model's metrics on the command line."""

from images.metrics.report import write_evaluation
from images.metrics.report import _about
from images.metrics.report import _readable
from images.table1.command import _add_table1
from images.command import _add_shared
from images.command import StageLine

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


def _model(arguments: argparse.Namespace) -> Model:
    return load_model(arguments.model, arguments.device or best_device())
