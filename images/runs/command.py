"""evaluate: a model's metrics on the command line."""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

from images.command import StageLine, add_measured_options, add_times, model_of
from images.metrics import classifier
from images.metrics.evaluate import EvaluateConfig, Yardstick, evaluate
from images.metrics.report import about_evaluation, readable, write_evaluation
from images.runs.ship import add_ship
from playground.cli import refuse_idle
from playground.knobs import add_options, config_of


def add(commands: argparse._SubParsersAction) -> None:
    add_ship(commands)
    p = commands.add_parser("evaluate", help="measure a model: Frechet distance, ...")
    p.set_defaults(run=evaluate_command, writes=["samples", "nearest", "evaluation"])
    add_options(
        p,
        EvaluateConfig,
        samples="how many digits to generate",
        sampler="how to walk back",
        steps="steps from noise to data",
        eta="DDIM's noise, 0 none, 1 DDPM's",
    )
    add_times(p)
    add_options(p, EvaluateConfig, bound_digits="test digits for the bound; 0: none")
    add_measured_options(p, EvaluateConfig, "out/evaluation")


def evaluate_command(arguments: argparse.Namespace) -> None:
    if arguments.sampler != "DDIM":
        refuse_idle(arguments, "eta", f"with --sampler '{arguments.sampler}'")
    config = config_of(EvaluateConfig, arguments)
    model, line = model_of(arguments), StageLine()
    line.text(f"loading the digits and {classifier.SHIPPED.name}")
    yardstick = Yardstick.load(arguments.data, line, model.device)
    start = time.perf_counter()
    evaluation = evaluate(model, config, yardstick, line)
    seconds = time.perf_counter() - start
    print("\n".join(readable(evaluation, yardstick)))
    about = about_evaluation(model, yardstick) | {"config": asdict(config), "seconds": round(seconds, 1)}
    for path in write_evaluation(Path(arguments.out), evaluation, yardstick, about):
        print(path)
