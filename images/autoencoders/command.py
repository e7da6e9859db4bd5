"""autoencoders: what f = 2, 4 and 8, or other files, keep of digits, and what noise decodes to."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.autoencoders import losses
from images.autoencoders.experiment import SHIPPED, MeasureConfig, claims, measure, settled
from images.command import add_data, command, progress
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from playground.cli import bare
from playground.errors import require
from playground.files import write_json
from playground.knobs import add_options, config_of
from playground.statistics import interval


def autoencoders_command(arguments: argparse.Namespace) -> None:
    config = config_of(MeasureConfig, arguments)
    if arguments.against is not None:
        _compare(arguments, config)
        return
    training, test = load("train", arguments.data), load("test", arguments.data)
    files = SHIPPED if arguments.models is None else {str(path): path for path in arguments.models}
    nets = {name: settled(path, training) for name, path in files.items()}
    found = measure(nets, load_classifier(), training, test, config, progress("measuring"))
    for name, row in found.rows.items():
        for what in ("psnr", "pca", "rebuilt", "noise", "gray"):
            e = getattr(row, what)
            print(f"{name}, {row.numbers} numbers, {what}: {interval(e)}")
    print(
        f"floor {found.floor.value:.3f}, digits untouched {found.untouched.value:.3f}, "
        f"gray share of real digits {found.gray.value:.3f}"
    )
    print("\n".join(bare(claims(found))))
    print(write_json(Path(arguments.out) / "autoencoders.json", found))


def _compare(arguments: argparse.Namespace, config: MeasureConfig) -> None:
    """Each of --models against the one at its place in --against."""
    new, base = arguments.models or [], arguments.against
    require(
        len(new) == len(base),
        f"{len(new)} models are set against {len(base)}: give as many with --models as with --against.",
    )
    training, test = load("train", arguments.data), load("test", arguments.data)
    nets = {path: settled(path, training) for path in dict.fromkeys([*new, *base])}
    pairs = [(nets[a], nets[b]) for a, b in zip(new, base, strict=True)]
    found = losses.compare(pairs, load_classifier(), test, config, progress("measuring"))
    said = {f"{a} against {b}": losses.claims(one, f"N = {config.digits:,}, one training each")
            for a, b, one in zip(new, base, found, strict=True)}  # fmt: skip
    results = {"config": config, "pairs": found}
    if len(found) > 1:
        mean = losses.over_trainings(found)
        said["over the trainings"] = losses.claims(mean, f"{len(found)} pairs of trainings")
        results["over trainings"] = asdict(mean)
    for name, sentences in said.items():
        print("\n  ".join([name, *bare(sentences)]))
    print(write_json(Path(arguments.out) / "compared.json", results | {"claims": said}))


def add(commands) -> None:
    p = command(commands, "autoencoders", autoencoders_command)
    add_options(p, MeasureConfig, digits="test digits rebuilt, and noises decoded")
    p.add_argument(
        "--models", nargs="+", metavar="FILE", help="autoencoders; without it those that are shipped"
    )
    p.add_argument(
        "--against", nargs="+", metavar="FILE", help="compare each of --models with the one at its place here"
    )
    add_options(p, MeasureConfig, seed="noise, and which real digits are the floor")
    add_data(p)
    p.add_argument("--out", default="out", metavar="DIR", help="where the JSON goes")
