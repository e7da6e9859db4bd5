"""train-classifier: the network behind the metrics, trained again."""

import argparse
import shlex
import sys
from pathlib import Path

from images.command import add_data, command
from images.data.mnist import load
from images.metrics.classifier_training import WANTED, ClassifierConfig, require_free, train_classifier
from playground.cli import ProgressLine
from playground.knobs import add_options, config_of
from playground.progress import duration
from playground.statistics import wilson
from playground.training import Progress

DEFAULT = "out/classifier.safetensors"  # not the file that the metrics use: that one is replaced by hand

# --- the command ------------------------------------------------------------------------------------------


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand train-classifier."""
    p = command(commands, "train-classifier", train_classifier_command)
    add_options(
        p,
        ClassifierConfig,
        epochs="how often each training digit is seen",
        batch="digits in one step",
        lr="highest learning rate",
        seed="start, batches and shifts",
    )
    add_data(p)
    p.add_argument("--out", dest="file", default=DEFAULT, metavar="FILE", help="where it goes, with its card")


def train_classifier_command(arguments: argparse.Namespace) -> None:
    config = config_of(ClassifierConfig, arguments)
    require_free(arguments.file)
    line = ProgressLine()

    def show(progress: Progress) -> None:
        line(
            f"step {progress.step:,} of {progress.steps:,}  loss {float(progress.loss):.4f}  "
            f"{duration(progress.seconds_left)} left",
            last=progress.step == progress.steps,
        )

    digits, test = load("train", arguments.data), load("test", arguments.data)
    card = train_classifier(config, digits, test, arguments.file, show, _words(config))
    low, high = wilson(card["test_accuracy"], card["test_digits"])
    print(f"{card['test_accuracy']:.2%} of {card['test_digits']:,} {test.called} are recognised "
          f"(95 %: {low:.2%} to {high:.2%})")  # fmt: skip
    if test.caution:
        print(test.caution)
    if card["test_accuracy"] < WANTED:
        print(f"Below {WANTED:.0%} is too little to measure images with: train for longer.", file=sys.stderr)
    print(f"{arguments.file}\n{Path(arguments.file).with_suffix('.json')}")


def _words(config: ClassifierConfig) -> str:
    """The command that makes this classifier again; paths of this machine are left out."""
    options = {name: getattr(config, name) for name in ("epochs", "batch", "lr", "seed")}
    changed = {name: value for name, value in options.items() if value != getattr(ClassifierConfig(), name)}
    words = ["python", "-m", "images", "train-classifier"]
    return shlex.join(
        words + [word for name, value in changed.items() for word in (f"--{name}", f"{value:g}")]
    )
