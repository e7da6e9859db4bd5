"""reconstruct and between: a digit to z and x_T and back, and the way from one digit to another."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from images.command import add_model_options, model_of, progress, write
from images.data.mnist import Digits, load
from images.diffusion_autoencoder.claims import claims
from images.diffusion_autoencoder.experiment import (
    WAYS,
    BetweenConfig,
    ReconstructConfig,
    between,
    reconstruct,
)
from images.diffusion_autoencoder.measure import MeasureConfig, Measured, measure
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import load_classifier
from images.models import Model, load_model
from playground.errors import require, require_seed
from playground.files import write_result
from playground.gif import gif_bytes, png_bytes, tiled


def reconstruct_command(arguments: argparse.Namespace) -> None:
    config, out = ReconstructConfig(arguments.count, arguments.steps, arguments.seed), Path(arguments.out)
    wanted, n = None, arguments.measure
    if n is not None:
        wanted = MeasureConfig(n, seed=arguments.seed, pairs=max(2, min(20, n // 2)))
    model = model_of(arguments)
    image = load_digit(load("test", arguments.data), arguments.digit)
    found = reconstruct(model, image, config, progress("reconstructing"))
    about = {**asdict(config), "digit": arguments.digit, "mean_squared_errors": found.errors.tolist()}
    write(found.film, out, "reconstructed", {**about, "z": found.z.tolist()})
    others = found.errors[1:].mean()
    print(
        f"mean squared error with its own x_T {found.errors[0]:.2g}, with random ones {others:.2g} on average"
    )
    if wanted is not None:
        _measured(model, wanted, arguments)


def _measured(model: Model, config: MeasureConfig, arguments: argparse.Namespace) -> None:
    training, test = load("train", arguments.data), load("test", arguments.data)
    plain, classifier = load_model(device=model.device), load_classifier()
    found = measure(model, plain, classifier, training, test, config, progress("measuring"))
    print("\n".join([*lines(found), *claims(found)]))
    print(write_result(Path(arguments.out) / "measured.json", json.dumps(plain_of(found), indent=1).encode()))


def lines(found: Measured) -> list[str]:
    """The table, a line for each number."""
    rows = [(f"mean squared error, {name}" + f", {steps} steps" * bool(steps), e, "{:.2e}")
            for (name, steps), e in found.errors.items()]  # fmt: skip
    rows += [(f"linear probe of {name}, class accuracy", e, "{:.3f}") for name, e in found.probes.items()]
    rows += [
        (f"z and x_T swapped: class of {name}'s digit", e, "{:.2f}") for name, e in found.follows.items()
    ]
    rows += [(f"longest over mean step, {way}", e, "{:.2f}") for way, e in found.uneven.items()]
    return [
        f"{name}: {form.format(e.value)} ({form.format(e.low)} to {form.format(e.high)})"
        for name, e, form in rows
    ]


def plain_of(found: Measured) -> dict:
    """As JSON can hold it."""
    errors = [{"what": name, "steps": steps, **asdict(e)} for (name, steps), e in found.errors.items()]
    parts = {
        name: {key: asdict(e) for key, e in getattr(found, name).items()}
        for name in ("probes", "follows", "uneven")
    }
    return {
        "config": asdict(found.config),
        "size": found.size,
        "errors": errors,
        "spreads": found.spreads,
        **parts,
    }


def between_command(arguments: argparse.Namespace) -> None:
    config, out = BetweenConfig(arguments.count, arguments.steps), Path(arguments.out)
    require_seed(arguments.seed)  # taken as by the other commands; nothing is drawn at random here
    model, test = model_of(arguments), load("test", arguments.data)
    images = [load_digit(test, number) for number in (arguments.digit, arguments.other)]
    found = between(model, images[0], images[1], config, progress("walking in between"))
    rows = [found[way][:, 0].numpy() for way in WAYS]
    sheet = tiled(np.concatenate(rows), columns=config.count)
    frames = [tiled(np.stack(images), columns=len(rows)) for images in zip(*rows, strict=True)]
    about = {**asdict(config), "digits": [arguments.digit, arguments.other], "ways": WAYS}
    paths = [
        write_result(out / "between.png", png_bytes(sheet)),
        write_result(out / "between.gif", gif_bytes(frames, fps=5)),
        write_result(out / "between.json", json.dumps(about, indent=1).encode()),
    ]
    print("\n".join(map(str, paths)))


def load_digit(test: Digits, number: int) -> np.ndarray:
    """A test digit by its number, (28, 28) uint8."""
    require(
        0 <= number < len(test),
        f"The test digit is number {number}; there are {len(test):,}, counted from 0: choose one of them.",
    )
    return test.images[number, 0].numpy()


def add(commands) -> None:
    d, p = ReconstructConfig(), commands.add_parser("reconstruct", help="a digit to z and x_T, and back")
    p.set_defaults(run=reconstruct_command)
    p.add_argument("--count", type=int, default=d.count, help="how many random x_T beside the digit's own")
    p.add_argument("--steps", type=int, default=d.steps, help="steps up, and steps down")
    p.add_argument(
        "--measure", type=int, metavar="N", help="measure on the first N test digits, too: minutes"
    )
    _add_digits(p)
    b, p = BetweenConfig(), commands.add_parser("between", help="from one digit to another, by z and x_T")
    p.set_defaults(run=between_command)
    p.add_argument("--other", type=int, default=1, help="number of the other test digit")
    p.add_argument("--count", type=int, default=b.count, help="digits on the way, both ends included")
    p.add_argument("--steps", type=int, default=b.steps, help="steps up, and steps down")
    _add_digits(p)


def _add_digits(p: argparse.ArgumentParser) -> None:
    p.add_argument("--digit", type=int, default=0, help="number of the test digit")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    add_model_options(p, "out")
    p.set_defaults(model=str(SHIPPED))
