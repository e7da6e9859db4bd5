"""field, train: score fields on the command line, and a score to keep in a file."""

import argparse
from pathlib import Path
from typing import Any

from playground.cli import refuse_idle
from playground.files import note_result, require_replaceable
from playground.knobs import add_options
from toy2d.command import (
    add_learned,
    add_told_pi,
    add_training,
    asked,
    claimed,
    command,
    learned,
    progress,
    write,
)
from toy2d.drawing.fields import field_chart
from toy2d.net import LearnConfig, learn
from toy2d.score_fields.experiment import FieldConfig, said, score_field


def add(commands: argparse._SubParsersAction) -> None:
    field = command(commands, "field", field_command)
    add_options(field, FieldConfig, sigma="noise at which the score is taken")
    add_learned(field, "ncsn")

    train = command(commands, "train", train_command)
    add_options(
        train, LearnConfig, objective="what the network is taught", sigma="the one level of dsm and dae"
    )
    add_training(train)
    add_told_pi(train, LearnConfig)


def field_command(arguments: argparse.Namespace) -> None:
    if not arguments.learned:
        refuse_idle(arguments, "seed", "without --learned: nothing is random")
    config = asked(FieldConfig, arguments)
    result = score_field(config, learned(arguments))
    numbers: dict[str, Any] = {} if result.judged is None else {
        "area_below_10_percent": result.error.area, "mass_below_10_percent": result.error.mass
    }  # fmt: skip
    for name, value in numbers.items():
        print(f"{name}: {value:.3f}")
    if result.judged is not None:
        numbers["claims"] = claimed(*said(config, result.judged))
    write(arguments.out, "field", config, numbers, field_chart(result))


def train_command(arguments: argparse.Namespace) -> None:
    if arguments.objective not in ("dsm", "dae"):
        refuse_idle(
            arguments, "sigma", f"with --objective {arguments.objective}, which has levels of its own"
        )
    if arguments.told_pi:
        refuse_idle(arguments, "pi", "with --told-pi: the network learns every pi")
    config = asked(LearnConfig, arguments, steps=arguments.train_steps)
    path = Path(arguments.out) / "score.safetensors"
    require_replaceable(path)
    print(note_result(learn(config, progress("training")).save(path)))
