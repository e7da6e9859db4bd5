"""between and change: from one digit to another, and along an attribute."""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from images.change.directions import NAMES, directions
from images.change.experiment import ChangeConfig, change
from images.change.measure import MeasureConfig, Measured, claims, measure
from images.command import add_data, add_model_options, command, model_of, progress
from images.data.mnist import load, load_digit
from images.diffusion_autoencoder.experiment import WAYS, BetweenConfig, between
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import load_classifier
from playground.cli import bare
from playground.errors import require_seed
from playground.files import write_json, write_result
from playground.gif import gif_bytes, png_bytes, tiled
from playground.knobs import add_options, config_of
from playground.statistics import interval


def between_command(arguments: argparse.Namespace) -> None:
    config, out = config_of(BetweenConfig, arguments), Path(arguments.out)
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
        write_json(out / "between.json", about),
    ]
    print("\n".join(map(str, paths)))


def change_command(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    config = ChangeConfig.along(arguments.attribute, arguments.by, arguments.count, arguments.steps)
    wanted, hold = None, not arguments.gradient
    require_seed(arguments.seed)
    if arguments.measure is not None:
        wanted = MeasureConfig(arguments.measure, arguments.by, arguments.steps, hold, arguments.seed)
    model = model_of(arguments)
    test = load("test", arguments.data)
    image, training = load_digit(test, arguments.digit), load("train", arguments.data)
    found = change(model, image, directions(model, training, hold), config, progress("changing"))
    sheet, frames = found.images[:, 0].numpy(), list(found.images[:, 0].numpy())
    about = {
        **asdict(config),
        "digit": arguments.digit,
        "hold": hold,
        "names": NAMES,
        "values": found.values.tolist(),
    }
    paths = [
        write_result(out / "changed.png", png_bytes(tiled(sheet, columns=config.count))),
        write_result(out / "changed.gif", gif_bytes(frames, fps=5)),
        write_json(out / "changed.json", about),
    ]
    print("\n".join(map(str, paths)))
    if wanted is not None:
        measured = measure(model, load_classifier(), training, test, wanted, progress("measuring"))
        print("\n".join(bare([*lines(measured), *claims(measured)])))
        print(write_json(out / "changed-measured.json", plain_of(measured)))


def lines(found: Measured) -> list[str]:
    """The table of slopes, a line for each direction and attribute."""
    return [f"{view}, along {along}: {of} {interval(e)}" for (view, along, of), e in found.slopes.items()]


def plain_of(found: Measured) -> dict:
    """As JSON can hold it."""
    tables = {
        name: {", ".join(key): asdict(e) for key, e in getattr(found, name).items()}
        for name in ("slopes", "margins", "kept", "explained")
    }
    more = {name: {of: asdict(d) for of, d in getattr(found, name).items()} for name in ("keeps", "explains")}
    return {"config": found.config, "size": found.size, "spreads": found.spreads, **tables, **more}


def add(commands) -> None:
    p = command(commands, "between", between_command)
    p.add_argument("--other", type=int, default=1, help="number of the other test digit")
    _add_shared(p, BetweenConfig)
    p = command(commands, "change", change_command)
    p.add_argument("--attribute", choices=NAMES, default=NAMES[0], help="what is to change")
    add_options(p, MeasureConfig, by="from minus to plus this, in standard deviations of z")
    p.add_argument(
        "--gradient",
        action="store_true",
        help="the regression's gradient; else the other attributes are held",
    )
    p.add_argument(
        "--measure", type=int, metavar="N", help="measure on the first N test digits, too: minutes"
    )
    _add_shared(p, ChangeConfig)


def _add_shared(p: argparse.ArgumentParser, config: type) -> None:
    p.add_argument("--digit", type=int, default=0, help="number of the test digit")
    add_options(p, config, count="digits on the way, both ends included", steps="steps up, and steps down")
    add_data(p)
    add_model_options(p, MeasureConfig, "out")
    p.set_defaults(model=str(SHIPPED))
