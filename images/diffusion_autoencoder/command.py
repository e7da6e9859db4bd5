"""reconstruct: a digit to z and x_T, and back; sample-z: new digits, z from its prior and x_T from noise."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_data, add_model_options, command, model_of, progress, write
from images.data.mnist import load, load_digit
from images.diffusion_autoencoder import drawing
from images.diffusion_autoencoder.claims import claims
from images.diffusion_autoencoder.experiment import ReconstructConfig, reconstruct
from images.diffusion_autoencoder.measure import MeasureConfig, Measured, measure
from images.diffusion_autoencoder.prior_task import SHIPPED as PRIOR
from images.diffusion_autoencoder.sizes_command import add_sizes
from images.diffusion_autoencoder.task import SHIPPED
from images.metrics.classifier import load_classifier
from images.models import Model, load_model
from playground.cli import bare, refuse_idle
from playground.files import write_json
from playground.knobs import add_options, config_of
from playground.statistics import Interval, interval


def reconstruct_command(arguments: argparse.Namespace) -> None:
    config, out = config_of(ReconstructConfig, arguments), Path(arguments.out)
    wanted, n = None, arguments.measure
    if n is not None:
        pairs = max(2, min(20, n // 2))
        wanted = MeasureConfig(n, tuple(arguments.measured_steps), pairs, arguments.seed)
    else:
        refuse_idle(arguments, "measured_steps", "without --measure")
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
    print("\n".join([*lines(found), *bare(claims(found))]))
    print(write_json(Path(arguments.out) / "measured.json", plain_of(found)))


def lines(found: Measured) -> list[str]:
    """The table, a line for each number."""
    rows: list[tuple[str, Interval, str]]
    rows = [(f"mean squared error, {name}" + f", {steps} calls each way" * bool(steps), e, "{:.2e}")
            for (name, steps), e in found.errors.items()]  # fmt: skip
    rows += [(f"linear probe of {name}, class accuracy", e, "{:.3f}") for name, e in found.probes.items()]
    rows += [
        (f"z and x_T swapped: class of {name}'s digit", e, "{:.2f}") for name, e in found.follows.items()
    ]
    rows += [(f"mean square of x_T on {where}", e, "{:.3f}") for where, e in found.spreads.items()]
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
        for name in ("probes", "follows", "leads", "spreads", "uneven", "evener")
    }
    return {
        "config": found.config,
        "size": found.size,
        "errors": errors,
        **parts,
    }


def sample_z_command(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    config = config_of(drawing.DrawConfig, arguments)
    wanted = None
    if arguments.measure is not None:
        wanted = drawing.QualityConfig(arguments.measure, config.z_steps, config.steps, config.seed)
    model = model_of(arguments)
    z_prior = load_model(arguments.prior, model.device)
    found = drawing.draw(model, z_prior, config, progress("drawing"))
    write(found.film, out, "from-z", {**asdict(config), "z": found.z.tolist()})
    if wanted is not None:
        training, test = load("train", arguments.data), load("test", arguments.data)
        told = progress("measuring")
        plain = load_model(device=model.device)
        quality = drawing.quality(model, z_prior, load_classifier(), training, test, wanted, told, plain)
        rows = [f"FCD of {way}: {interval(e, '.2f')}" for way, e in quality.distances.items()]
        print("\n".join([*rows, *bare(drawing.claims(quality))]))
        print(write_json(out / "from-z-measured.json", quality))


def add(commands) -> None:
    add_sizes(commands)
    p = command(commands, "reconstruct", reconstruct_command)
    add_options(
        p,
        ReconstructConfig,
        count="how many random x_T beside the digit's own",
        steps="steps up, and steps down",
    )
    p.add_argument(
        "--measure", type=int, metavar="N", help="measure on the first N test digits, too: minutes"
    )
    add_options(p, MeasureConfig, measured_steps="network calls each way, with --measure", metavar="S",
                renamed={"measured_steps": "steps"})  # fmt: skip
    p.add_argument("--digit", type=int, default=0, help="number of the test digit")
    add_data(p)
    add_model_options(p, ReconstructConfig, "out")
    p.set_defaults(model=str(SHIPPED))
    p = command(commands, "sample-z", sample_z_command)
    add_options(
        p,
        drawing.DrawConfig,
        count="how many digits",
        z_steps="steps of the prior's walk in z",
        steps="steps from noise to digits",
    )
    p.add_argument("--prior", default=str(PRIOR), metavar="FILE", help="a prior of this model's z")
    p.add_argument("--measure", type=int, metavar="N", help="measure with N digits, too: minutes")
    add_data(p)
    add_model_options(p, drawing.DrawConfig, "out")
    p.set_defaults(model=str(SHIPPED))
