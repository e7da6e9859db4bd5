"""latent: new digits by diffusion in latents, and what the latents lose."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from images.command import add_model_options, model_of, progress, write
from images.data.mnist import load
from images.latent.autoencoder_task import LATENT
from images.latent.experiment import LatentConfig, MeasureConfig, Measured, measure, sample
from images.latent.table_command import add_table
from images.metrics.classifier import load_classifier
from playground.files import write_result


def latent_command(arguments: argparse.Namespace) -> None:
    out, names = Path(arguments.out), ("count", "steps", "eta", "seed", "label", "w")
    config = LatentConfig(**{name: getattr(arguments, name) for name in names})
    wanted = None
    if arguments.measure is not None:
        wanted = MeasureConfig(arguments.measure, arguments.steps, arguments.seed)
    model = model_of(arguments)
    write(sample(model, config, progress("sampling")).film, out, "latent", asdict(config))
    if wanted is not None:
        training, test = load("train", arguments.data), load("test", arguments.data)
        found = measure(model, load_classifier(), training, test, wanted, progress("measuring"))
        print("\n".join(lines(found)))
        print(write_result(out / "latent-measured.json", json.dumps(asdict(found), indent=1).encode()))


def lines(found: Measured) -> list[str]:
    """A line for each number."""
    rows = [
        f"FCD of {name}: {e.value:.2f} ({e.low:.2f} to {e.high:.2f})" for name, e in found.distances.items()
    ]
    for name, e in (
        (f"{found.numbers} numbers of a latent", found.error),
        (f"{found.numbers} numbers of PCA", found.pca),
    ):
        rows.append(f"mean squared error from {name}: {e.value:.2e} ({e.low:.2e} to {e.high:.2e})")
    return [*rows, f"PSNR {found.psnr:.1f} dB; N = {found.config.digits:,}; sampled in {found.seconds:.1f} s"]


def add(commands) -> None:
    add_table(commands)
    d, p = LatentConfig(), commands.add_parser("latent", help="new digits by diffusion in latents")
    p.set_defaults(run=latent_command)
    p.add_argument("--count", type=int, default=d.count, help="how many digits")
    p.add_argument("--steps", type=int, default=d.steps, help="steps from noise to latents")
    p.add_argument("--eta", type=float, default=d.eta, help="DDIM's noise, 0 none, 1 DDPM's")
    p.add_argument("--label", type=int, help="the class to draw, 0 to 9 (needs a model that knows labels)")
    p.add_argument("--w", type=float, default=d.w, help="classifier-free guidance, 0 none; needs --label")
    p.add_argument("--measure", type=int, metavar="N", help="measure with N digits, too: minutes")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    add_model_options(p, "out")
    p.set_defaults(model=str(LATENT))
