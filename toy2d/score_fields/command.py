"""field, train: score fields on the command line, and a score to keep in a file."""

import argparse
from pathlib import Path

from playground.cli import refuse_idle
from playground.files import note_result, require_replaceable
from toy2d.command import add_learned, command, learned, progress, spec, write
from toy2d.drawing.fields import field_figure
from toy2d.net import OBJECTIVES, LearnConfig, learn
from toy2d.score_fields.experiment import FieldConfig, score_field


def add(commands: argparse._SubParsersAction) -> None:
    field = command(
        commands, "field", field_command, "the score as arrows; exact, and learned with --learned"
    )
    field.add_argument("--sigma", type=float, default=1.0, help="noise at which the score is taken")
    add_learned(field, "ncsn")

    train = command(commands, "train", train_command, "train a score and keep it in a file for --model")
    train.add_argument(
        "--objective", choices=list(OBJECTIVES), default="ncsn", help="what the network is taught"
    )
    train.add_argument("--sigma", type=float, default=1.0, help="the one level of dsm and dae")
    train.add_argument("--points", type=int, default=10_000, help="training points")
    train.add_argument("--train-steps", type=int, default=2_000, help="training steps")


def field_command(arguments: argparse.Namespace) -> None:
    if not arguments.learned:
        refuse_idle(arguments, "seed", "without --learned: nothing is random")
    config = FieldConfig(spec(arguments), arguments.sigma)
    result = score_field(config, learned(arguments))
    numbers = {} if result.error is None else {
        "area_below_10_percent": result.error.area, "mass_below_10_percent": result.error.mass
    }  # fmt: skip
    for name, value in numbers.items():
        print(f"{name}: {value:.3f}")
    write(arguments.out, "field", config, numbers, field_figure(result))


def train_command(arguments: argparse.Namespace) -> None:
    if arguments.objective not in ("dsm", "dae"):
        refuse_idle(
            arguments, "sigma", f"with --objective {arguments.objective}, which has levels of its own"
        )
    config = LearnConfig(
        spec(arguments), arguments.objective, sigma=arguments.sigma, points=arguments.points,
        steps=arguments.train_steps, seed=arguments.seed,
    )  # fmt: skip
    path = Path(arguments.out) / "score.safetensors"
    require_replaceable(path)
    print(note_result(learn(config, progress("training")).save(path)))
