"""python -m images annealing: Algorithm 1 as it is written beside the same chain told the noise that is there."""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from images.command import add_places, command
from images.families.experiment import NETWORK, ToldConfig, ToldDigits, told_digits
from images.metrics.estimates import FCD
from images.metrics.evaluate import Yardstick, fingerprint
from images.models import SHIPPED, best_device, load_model
from images.sampling import ANNEALED, AS_WRITTEN
from playground.cli import ProgressLine
from playground.files import write_json, write_result
from playground.gif import png_bytes, tiled
from playground.knobs import add_options, config_of
from playground.progress import duration
from playground.statistics import interval


def add(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "annealing", annealing_command, "annealing")
    add_options(
        p,
        ToldConfig,
        samples="digits of each chain",
        steps="steps from noise to data",
        remembered="digits of the exact denoiser; 0: without it",
        seed="noise",
    )
    p.add_argument("--model", default=str(SHIPPED), metavar="FILE", help="checkpoint to use")
    add_places(p, "out/annealing")


def annealing_command(arguments: argparse.Namespace) -> None:
    config = config_of(ToldConfig, arguments)
    model = load_model(arguments.model, arguments.device or best_device())
    yardstick = Yardstick.load(arguments.data, device=model.device)
    line, start = ProgressLine(), time.perf_counter()

    def show(done: int, total: int, stage: str = "") -> None:
        if done:
            left = (time.perf_counter() - start) / done * (total - done)
            line(f"step {done} of {total}, {duration(left)} left", last=done == total)

    found = told_digits(model, config, yardstick, show)
    print("\n".join(readable(found)))
    out, name = Path(arguments.out), "annealing"
    print(write_result(out / f"{name}.png", picture(found)))
    content = plain(found) | {"model": fingerprint(model)}
    print(write_json(out / f"{name}.json", content))


def readable(found: ToldDigits) -> list[str]:
    known = found.mismatch
    lines = [
        f"c = {known.c:.3f}, v settles at {known.settled:.3f}; told sigma_i, the network is {known.off[0]:.1f} to "
        f"{known.off[1]:.1f} standard deviations off its shell"
    ]
    for (denoiser, sampler), e in found.distances.items():
        lines.append(f"{denoiser}, {sampler}: {FCD} {interval(e, '.2f')}")
    floor = found.floor
    N = f"N = {found.config.samples:,}"
    return [
        *lines,
        f"floor, as many real digits: {interval(floor, '.2f')}; {N}",
    ]


def plain(found: ToldDigits) -> dict:
    rows = [
        {"denoiser": denoiser, "sampler": sampler, FCD: asdict(e)}
        for (denoiser, sampler), e in found.distances.items()
    ]
    parts = {name: asdict(getattr(found, name)) for name in ("config", "mismatch", "floor")}
    return {**parts, "runs": rows}


def picture(found: ToldDigits, shown: int = 50) -> bytes:
    """The network's digits: as written on the left, told the noise that is there on the right; titled, enlarged."""
    sheets = []
    for sampler, title in (
        (AS_WRITTEN, "told sigma_i, as written"),
        (ANNEALED, "told the noise that is there"),
    ):
        e = found.distances[NETWORK, sampler]
        sheet = Image.fromarray(tiled(found.images[NETWORK, sampler][:shown].numpy(), columns=10))
        sheet = sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST)
        titled = Image.new("L", (sheet.width, sheet.height + 24), 255)
        titled.paste(sheet, (0, 24))
        text = f"{title}: {FCD} {interval(e, '.2f')}"
        ImageDraw.Draw(titled).text((2, 4), text, fill=0, font=ImageFont.load_default(15))
        sheets.append(titled)
    left, right = sheets
    whole = Image.new("L", (left.width + 16 + right.width, left.height), 255)
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width + 16, 0))
    return png_bytes(np.asarray(whole))
