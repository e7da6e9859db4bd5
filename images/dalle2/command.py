"""draw and variations: digits from a caption, and from the embedding of another digit."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from images.command import progress
from images.dalle2.agreement import agreement, measured
from images.dalle2.clip_task import SHIPPED
from images.dalle2.experiment import DrawConfig, Drawing, draw, load_stack, variations
from images.data.captions import EXAMPLES, parse
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.models import best_device
from playground.checkpoint import write_atomically
from playground.errors import require
from playground.gif import gif_bytes, png_bytes, tiled


def draw_command(arguments: argparse.Namespace) -> None:
    config = config_of(arguments, caption=arguments.caption)
    stack = load_stack(arguments.models, arguments.device or best_device())
    drawing = draw(stack, config, progress("drawing"))
    asked = torch.tensor([parse(config.caption).codes]).expand(config.count, 4)
    seen = measured(load_classifier(), torch.tensor(drawing.images)[:, None], asked)
    shares = {name: str(share) for name, share in agreement(seen, asked).items()}
    write(drawing, Path(arguments.out), "drawn", asdict(config) | {"agreement, from the pixels": shares})
    print("\n".join(f"{name}: {share}" for name, share in shares.items()))


def variations_command(arguments: argparse.Namespace) -> None:
    config = config_of(arguments)
    digits = load("test", arguments.data)
    require(
        0 <= arguments.digit < len(digits),
        f"The digit is {arguments.digit}; the test digits are numbered from 0 to {len(digits) - 1}: choose one.",
    )
    stack = load_stack(arguments.models, arguments.device or best_device())
    image = digits.images[arguments.digit]
    drawing = variations(stack, image, config, progress("varying"))
    original = image.expand(1, 28, 28).numpy()
    write(drawing, Path(arguments.out), "variations", asdict(config) | {"digit": arguments.digit}, original)


def config_of(arguments: argparse.Namespace, **more: str) -> DrawConfig:
    names = ("count", "w", "prior_w", "steps", "seed")
    return DrawConfig(**{name: getattr(arguments, name) for name in names if hasattr(arguments, name)}, **more)


def write(drawing: Drawing, out: Path, name: str, about: dict, first: np.ndarray | None = None) -> None:
    """PNG of the digits, with `first` before them; GIF of the small and large digits' walks; JSON of the settings."""
    images = drawing.images if first is None else np.concatenate([first, drawing.images])
    doubled = drawing.smalls.repeat(2, 2).repeat(2, 3)
    frames = [tiled(frame) for frame in np.concatenate([doubled, drawing.larges])]
    paths = [
        write_atomically(out / f"{name}.png", png_bytes(tiled(images))),
        write_atomically(out / f"{name}.gif", gif_bytes(frames)),
        write_atomically(out / f"{name}.json", json.dumps(about, indent=1).encode()),
    ]
    print("\n".join(map(str, paths)))


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommands draw and variations."""
    p = commands.add_parser("draw", help="digits for a caption (DALL-E 2)")
    p.set_defaults(run=draw_command)
    p.add_argument("caption", help=f"such as {EXAMPLES[0]!r}")
    p.add_argument("--prior-w", type=float, default=DrawConfig.prior_w, help="guidance of the prior, 0 none")
    _add_options(p)
    p = commands.add_parser("variations", help="digits that CLIP embeds as it does a given one (DALL-E 2)")
    p.set_defaults(run=variations_command)
    p.add_argument("--digit", type=int, default=18, help="number of a test digit")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    _add_options(p)


def _add_options(p: argparse.ArgumentParser) -> None:
    d = DrawConfig()
    p.add_argument("--count", type=int, default=d.count, help="how many digits")
    p.add_argument("--w", type=float, default=d.w, help="guidance of the decoder, 0 none")
    p.add_argument("--steps", type=int, default=d.steps, help="steps of each stage")
    p.add_argument("--seed", type=int, default=d.seed, help="noise")
    p.add_argument(
        "--models", default=str(SHIPPED.parent), metavar="DIR",
        help="folder of clip, prior, decoder and upsampler .safetensors",
    )  # fmt: skip
    p.add_argument("--device", help="cpu, cuda or mps (default: the fastest there is)")
    p.add_argument("--out", default="out", metavar="DIR", help="where PNG, GIF and JSON go")
