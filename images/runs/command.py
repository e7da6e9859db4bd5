"""evaluate: a model's metrics; losses: those of trainings, drawn.  On the command line."""

import argparse
import time
from pathlib import Path

from images.command import StageLine, add_measured_options, add_times, command, model_of
from images.metrics import classifier
from images.metrics.evaluate import EvaluateConfig, Yardstick, evaluate
from images.metrics.report import about_evaluation, readable, write_evaluation
from images.runs.ship import add_ship
from images.train.figures import losses_chart
from images.training.runs import Run
from playground.charts.on_paper import on_paper, png
from playground.cli import refuse_idle
from playground.errors import require
from playground.files import write_json, write_result
from playground.knobs import add_options, config_of


def add(commands: argparse._SubParsersAction) -> None:
    add_ship(commands)
    add_losses(commands)
    p = command(commands, "evaluate", evaluate_command, "samples", "nearest", "evaluation")
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


def add_losses(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "losses", losses_command, "losses")
    p.add_argument("runs", nargs="+", metavar="RUN", help="a run's directory")
    p.add_argument("--out", default="out/losses", metavar="DIR", help="where PNG and JSON go")


def losses_command(arguments: argparse.Namespace) -> None:
    runs = [Run(Path(directory)) for directory in arguments.runs]
    logs = {run.name: (run.config.batch, run.log()) for run in runs}
    for run in runs:
        require(
            bool(logs[run.name][1]),
            f"{run.directory} has no log of a loss: name the directory of a run that has trained for a few steps.",
        )
    require(len(logs) == len(runs), "Two of these runs have one name: name each run once, or rename one.")
    out = Path(arguments.out)
    print(write_result(out / "losses.png", png(on_paper(losses_chart(logs), 6))))
    numbers = {name: {"batch": batch, "log": rows} for name, (batch, rows) in logs.items()}
    print(write_json(out / "losses.json", numbers))


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
    about = about_evaluation(model, yardstick) | {"config": config, "seconds": round(seconds, 1)}
    for path in write_evaluation(Path(arguments.out), evaluation, yardstick, about):
        print(path)
