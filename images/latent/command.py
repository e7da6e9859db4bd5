"""latent: new digits by diffusion in latents, and what the latents lose."""

import argparse
from dataclasses import asdict
from pathlib import Path

from images.command import add_data, add_model_options, command, model_of, progress, write
from images.data.mnist import load
from images.latent.autoencoder_task import LATENT
from images.latent.experiment import LatentConfig, MeasureConfig, Measured, claims, measure, sample
from images.latent.table_command import add_table
from images.metrics.classifier import load_classifier
from playground.cli import bare
from playground.files import write_json
from playground.knobs import add_options, config_of
from playground.statistics import interval


def latent_command(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    config = config_of(LatentConfig, arguments)
    wanted = None
    if arguments.measure is not None:
        wanted = MeasureConfig(arguments.measure, arguments.steps, arguments.seed)
    model = model_of(arguments)
    write(sample(model, config, progress("sampling")).film, out, "latent", asdict(config))
    if wanted is not None:
        training, test = load("train", arguments.data), load("test", arguments.data)
        found = measure(model, load_classifier(), training, test, wanted, progress("measuring"))
        print("\n".join(lines(found)))
        print(write_json(out / "latent-measured.json", found))


def lines(found: Measured) -> list[str]:
    """A line for each number."""
    rows = [f"FCD of {name}: {interval(e, '.2f')}" for name, e in found.distances.items()]
    for name, e in (
        (f"{found.numbers} numbers of a latent", found.error),
        (f"{found.numbers} numbers of PCA", found.pca),
    ):
        rows.append(f"mean squared error from {name}: {interval(e, '.2e')}")
    rows += [f"read as asked, {name}: {interval(e)}" for name, e in found.agreement.items()]
    rows += bare(claims(found))
    return [*rows, f"PSNR {found.psnr:.1f} dB; N = {found.config.digits:,}; sampled in {found.seconds:.1f} s"]


def add(commands) -> None:
    add_table(commands)
    p = command(commands, "latent", latent_command)
    add_options(
        p,
        LatentConfig,
        count="how many digits",
        steps="steps from noise to latents",
        eta="DDIM's noise, 0 none, 1 DDPM's",
        label="the class to draw, 0 to 9 (needs a model that knows labels)",
        w="classifier-free guidance, 0 none; needs --label",
    )
    p.add_argument("--measure", type=int, metavar="N", help="measure with N digits, too: minutes")
    add_data(p)
    add_model_options(p, LatentConfig, "out")
    p.set_defaults(model=str(LATENT))
