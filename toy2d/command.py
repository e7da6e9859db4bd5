"""What the subcommands share: options, and where results go."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from playground.charts.on_paper import Panels, on_paper, png
from playground.claims import Outcome, in_words
from playground.cli import ProgressLine, bare, refuse_idle
from playground.commands import subcommand
from playground.errors import require_seed
from playground.files import write_json, write_result
from playground.knobs import add_options, config_of
from playground.progress import Report
from toy2d.net import LearnConfig, Learned, learn, load
from toy2d.presets import PRESETS, MixtureSpec
from toy2d.topics import COMMANDS

C = TypeVar("C")


def command(
    commands: argparse._SubParsersAction, name: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    """A subcommand with the options that nearly all have: --mixture, --pi, --seed, --out."""
    parser = subcommand(commands, COMMANDS, name, run, name)
    parser.add_argument(
        "--mixture", choices=list(PRESETS), default=MixtureSpec.preset, help="the data's distribution"
    )
    add_options(parser, MixtureSpec, pi="weight of the first mode, where there are two")
    add_seed_and_out(parser)
    return parser


def add_seed_and_out(parser: argparse.ArgumentParser) -> None:
    add_options(parser, LearnConfig, seed="seed of all that is random")
    parser.add_argument("--out", default="out", metavar="DIR", help="where the files go")


def add_learned(parser: argparse.ArgumentParser, objective: str) -> None:
    """--learned, --model and the options of `learned`."""
    parser.set_defaults(objective=objective)
    parser.add_argument("--learned", action="store_true", help="train a network now, and use its score")
    parser.add_argument("--model", metavar="FILE", help="use the score in this file (see `train`)")
    add_training(parser)


def add_training(parser: argparse.ArgumentParser, steps: str = "training steps") -> None:
    """--points and --train-steps of a LearnConfig."""
    add_options(
        parser, LearnConfig, points="training points", train_steps=steps, renamed={"train_steps": "steps"}
    )


def add_told_pi(parser: argparse.ArgumentParser, config: type) -> None:
    """--told-pi of a config, as a page has it that trains once for every pi."""
    add_options(parser, config, told_pi="one network for every pi: it is told the pi of each point's mixture")


def learned(arguments: argparse.Namespace, **changes: Any) -> Learned | None:
    """The network that was asked for, or None for exact scores."""
    if arguments.model:
        refuse_idle(arguments, "learned points train_steps", "beside --model, which names a trained network")
        found = load(arguments.model)
        return found.at(arguments.pi) if found.config.told_pi else found
    if not arguments.learned:
        refuse_idle(arguments, "points train_steps", "without --learned: the scores are exact")
        return None
    config = LearnConfig(
        spec(arguments), arguments.objective, points=arguments.points, steps=arguments.train_steps,
        seed=arguments.seed, **changes,
    )  # fmt: skip
    return learn(config, progress("training"))


def asked(config: type[C], arguments: argparse.Namespace, **more: Any) -> C:
    """The experiment that the options ask for; its mixture is `spec(arguments)`."""
    return config_of(config, arguments, **{"mixture": spec(arguments), **more})


def spec(arguments: argparse.Namespace) -> MixtureSpec:
    require_seed(arguments.seed)
    mixture = MixtureSpec(arguments.mixture, arguments.pi)
    if not mixture.has_pi:
        refuse_idle(arguments, "pi", f"with --mixture {mixture.preset}, whose modes have equal weights")
    return mixture


def printed(sentences: Iterable[str]) -> list[str]:
    """Prints the sentences of a page; -> as they were printed."""
    said = bare(sentences)
    print("\n".join(said))
    return said


def claimed(words: str, verdict: str) -> list[str]:
    """The same of the sentence below a page's picture and its verdict."""
    return printed([in_words(Outcome(words, verdict))])


def progress(verb: str) -> Report:
    """A report on one line of the terminal."""
    line = ProgressLine()
    return lambda done, total, stage="": line(f"{verb}: {done:,} of {total:,}", last=done == total)


def write(
    out: str, name: str, config: Any, numbers: dict[str, Any], charts: Panels, gif: bytes | None = None,
    side: float = 4.2, title: str = "",
) -> None:  # fmt: skip
    """NAME.json with the configuration and the numbers, NAME.png and NAME.gif, each whole or not at all."""
    picture = png(on_paper(charts, side, title))
    print(write_json(Path(out) / f"{name}.json", {"config": config, **numbers}))
    print(write_result(Path(out) / f"{name}.png", picture))
    if gif is not None:
        print(write_result(Path(out) / f"{name}.gif", gif))
