"""draw, variations, clip-between: digits from captions and embeddings; clip, table-captions, table-priors: how good."""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from images.clip.figures import clouds_chart, matrix_chart
from images.command import add_data, add_device, add_places, command, progress
from images.dalle2 import between_measure
from images.dalle2.agreement import CHANCE, agreement, measured
from images.dalle2.claims import Claims, ClaimsConfig, claims
from images.dalle2.clip_experiment import clouds, similarity, zero_shot
from images.dalle2.clip_table_command import add_clip_table
from images.dalle2.clip_task import SHIPPED, load_clip
from images.dalle2.experiment import DrawConfig, Drawing, Stack, between, draw, load_stack, variations
from images.dalle2.figures import captions_sheet
from images.dalle2.guidance_command import add_guidance
from images.dalle2.priors import PriorsConfig, priors
from images.dalle2.upsampler_table_command import add_upsampler
from images.data.captions import ATTRIBUTES, EXAMPLES, parse
from images.data.mnist import Digits, load
from images.metrics.classifier import load_classifier
from images.models import best_device
from playground.charts.on_paper import on_paper, png
from playground.cli import bare
from playground.errors import require
from playground.files import write_json, write_result
from playground.gif import gif_bytes, png_bytes, tiled
from playground.knobs import add_options, config_of


def draw_command(arguments: argparse.Namespace) -> None:
    asked = [parse(caption).codes for caption in arguments.captions]  # all are read before anything is loaded
    configs = [config_of(DrawConfig, arguments, caption=caption) for caption in arguments.captions]
    stack, out = load_stack(arguments.models, arguments.device or best_device()), Path(arguments.out)
    rows = {}
    for number, (config, codes) in enumerate(zip(configs, asked, strict=True)):
        rows[config.caption] = drawing = draw(stack, config, progress(f"drawing {config.caption!r}"))
        told = torch.tensor([codes]).expand(config.count, 4)
        seen = measured(load_classifier(), torch.tensor(drawing.images)[:, None], told)
        shares = {name: str(share) for name, share in agreement(seen, told).items()}
        name = "drawn" if len(configs) == 1 else f"drawn-{number + 1}"
        write(drawing, out, name, asdict(config) | {"agreement, from the pixels": shares})
        print("\n".join(f"{name}: {share}" for name, share in shares.items()))
    if len(rows) > 1:
        sheet = captions_sheet(list(rows), [drawing.images for drawing in rows.values()])
        print(write_result(out / "captions.png", png(sheet)))


def variations_command(arguments: argparse.Namespace) -> None:
    config = config_of(DrawConfig, arguments)
    digits = load("test", arguments.data)
    image = _test_digit(digits, arguments.digit)
    stack = load_stack(arguments.models, arguments.device or best_device())
    drawing = variations(stack, image, config, progress("varying"))
    original = image.expand(1, 28, 28).numpy()
    write(drawing, Path(arguments.out), "variations", asdict(config) | {"digit": arguments.digit}, original)


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(ClaimsConfig, arguments, count=arguments.samples)
    stack = load_stack(arguments.models, arguments.device or best_device())
    result = claims(stack, load("test", arguments.data), load_classifier(), config, progress("measuring"))
    rows = {
        way: {name: str(share) for name, share in shares.items()} for way, shares in result.shares.items()
    }
    text, more = table_of(result), "\n".join(result.verdicts[1:])
    out = Path(arguments.out)
    about = {"config": config, "agreement": rows, "chance": CHANCE, "verdict": result.verdict}
    about["claims"] = result.verdicts
    write_json(out / "captions.json", about)
    print(f"{text}\n{result.verdict}\n{more}\n{out / 'captions.json'}")


def table_of(result: Claims) -> str:
    """The shares with their 95 % intervals, a line for each way."""
    columns = (*ATTRIBUTES, "all")
    lines = [f"{'':20}" + "".join(f"{name:>24}" for name in columns)]
    for way, shares in result.shares.items():
        cells = (shares[name] for name in columns)
        texts = (f"{s.value:.1%} ({s.interval[0]:.1%}-{s.interval[1]:.1%})" for s in cells)
        lines.append(f"{way:20}" + "".join(f"{text:>24}" for text in texts))
    return "\n".join(lines)


def priors_command(arguments: argparse.Namespace) -> None:
    config = config_of(PriorsConfig, arguments, count=arguments.samples)
    stack = load_stack(arguments.models, arguments.device or best_device())
    rows = priors(stack, load("test", arguments.data), config, progress("drawing embeddings"))
    about = {"config": config, "rows": rows}
    path = write_json(Path(arguments.out) / "priors.json", about)
    print(f"{'':36}{'distance':>10}{'cosine':>10}{'seconds':>10}")
    for name, row in rows.items():
        print(f"{name:36}{row.distance:10.2f}{row.cosine:10.3f}{row.seconds:10.2f}")
    print(path)


def between_command(arguments: argparse.Namespace) -> None:
    config, digits = config_of(DrawConfig, arguments), load("test", arguments.data)
    first, last = (_test_digit(digits, number) for number in arguments.digits)
    wanted = None
    if arguments.measure is not None:
        wanted = between_measure.BetweenConfig(arguments.measure, config.steps, config.seed)
    stack = load_stack(arguments.models, arguments.device or best_device())
    drawing = between(stack, first, last, config, progress("between"))
    write(
        drawing,
        Path(arguments.out),
        "clip-between",
        asdict(config) | {"digits": arguments.digits},
        first.numpy(),
    )
    if wanted is not None:
        measured_between(stack, digits, wanted, Path(arguments.out))


def measured_between(stack: Stack, digits: Digits, config: between_measure.BetweenConfig, out: Path) -> None:
    found = between_measure.measure_between(stack, digits, load_classifier(), config, progress("measuring"))
    said = bare(between_measure.claims(found))
    ways = {
        way: {name: values.tolist() for name, values in vars(of).items()} for way, of in found.ways.items()
    }
    about = {"config": config, "pair by pair": ways, "claims": said}
    print("\n".join(said))
    print(write_json(out / "clip-between-measured.json", about))


def clip_command(arguments: argparse.Namespace) -> None:
    digits = load("test", arguments.data)
    clip = load_clip(Path(arguments.models) / "clip.safetensors")
    shares, seen = zero_shot(clip, digits).shares, clouds(clip, digits)
    lines = {name: str(share) for name, share in shares.items()}
    about = {"zero-shot": lines, "chance": CHANCE, "distance of the clouds' centres": seen.centres}
    about |= {"mean distance of an image from its cloud's centre": seen.spread}
    out, matched = Path(arguments.out), similarity(clip, digits, full=True)
    path = write_json(out / "clip.json", about)
    picture = write_result(out / "clip.png", png(on_paper([matrix_chart(matched), clouds_chart(seen)], 6)))
    print("\n".join(f"{name}: {line}" for name, line in lines.items()))
    print(f"image and caption clouds: {seen.centres:.2f} apart, {seen.spread:.2f} wide\n{path}\n{picture}")


def _test_digit(digits: Digits, number: int) -> Tensor:
    require(
        0 <= number < len(digits),
        f"The digit is {number}; the test digits are numbered from 0 to {len(digits) - 1}: choose one.",
    )
    return digits.images[number]


def write(drawing: Drawing, out: Path, name: str, about: dict, first: np.ndarray | None = None) -> None:
    """PNG of the digits, with `first` before them; GIF of the small and large digits' walks; JSON of the settings."""
    images = drawing.images if first is None else np.concatenate([first, drawing.images])
    doubled = drawing.smalls.repeat(2, 2).repeat(2, 3)
    frames = [tiled(frame) for frame in np.concatenate([doubled, drawing.larges])]
    paths = [
        write_result(out / f"{name}.png", png_bytes(tiled(images))),
        write_result(out / f"{name}.gif", gif_bytes(frames)),
        write_json(out / f"{name}.json", about),
    ]
    print("\n".join(map(str, paths)))


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommands draw, variations, clip-between, the two tables and clip."""
    _add_more(commands)
    add_guidance(commands)
    add_clip_table(commands)
    add_upsampler(commands)
    p = command(commands, "draw", draw_command)
    p.add_argument("captions", nargs="+", metavar="caption", help=f"such as {EXAMPLES[0]!r}")
    add_options(p, DrawConfig, prior_w="guidance of the prior, 0 none")
    _add_options(p)
    p = command(commands, "table-captions", table_command)
    add_options(
        p,
        ClaimsConfig,
        samples="captions, those of as many test digits",
        first="number of the first of them; digits that nothing was chosen on make a fair test",
        renamed={"samples": "count"},
    )
    add_data(p)
    _add_options(p, counted=False)
    p = command(commands, "variations", variations_command)
    p.add_argument("--digit", type=int, default=18, help="number of a test digit")
    add_data(p)
    _add_options(p)


def _add_more(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "clip-between", between_command)
    p.add_argument(
        "--digits", type=int, nargs=2, default=[18, 25], metavar="N", help="numbers of two test digits"
    )
    p.add_argument("--measure", type=int, metavar="N", help="measure N pairs of test digits, too: minutes")
    add_data(p)
    _add_options(p)
    p = command(commands, "table-priors", priors_command)
    add_options(
        p,
        PriorsConfig,
        samples="captions, those of the first test digits",
        seed="noise",
        renamed={"samples": "count"},
    )
    p.add_argument("--models", default=str(SHIPPED.parent), metavar="DIR", help="folder of the .safetensors")
    add_places(p, "out", "the JSON goes")
    p = command(commands, "clip", clip_command)
    p.add_argument("--models", default=str(SHIPPED.parent), metavar="DIR", help="folder of clip.safetensors")
    add_data(p)
    p.add_argument("--out", default="out", metavar="DIR", help="where PNG and JSON go")


def _add_options(p: argparse.ArgumentParser, counted: bool = True) -> None:
    if counted:
        add_options(p, DrawConfig, count="how many digits")
    add_options(p, DrawConfig, w="guidance of the decoder, 0 none", steps="steps of each stage", seed="noise")
    p.add_argument(
        "--models", default=str(SHIPPED.parent), metavar="DIR",
        help="folder of clip, prior, decoder and upsampler .safetensors",
    )  # fmt: skip
    add_device(p)
    p.add_argument("--out", default="out", metavar="DIR", help="where PNG, GIF and JSON go")
