"""table-scenes, draw-scene: which colour belongs to which digit, measured and shown."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from images.command import add_places, command, progress
from images.data.mnist import load
from images.data.scenes import EXAMPLES, parse
from images.metrics.classifier import load_classifier
from images.scenes.clip_task import SHIPPED as CLIP
from images.scenes.decoder_task import SHIPPED as DECODER
from images.scenes.experiment import (
    Binding,
    ScenesConfig,
    SceneStack,
    binding,
    claims,
    drawing,
    load_scenes,
    readable,
)
from images.training.tasks import sheet
from playground.cli import bare
from playground.devices import device_named
from playground.errors import require, require_whole
from playground.files import write_json, write_result
from playground.gif import png_bytes
from playground.knobs import add_options, config_of

SHOWN = 10  # scenes of each way on the sheet


def table_command(arguments: argparse.Namespace) -> None:
    config = config_of(ScenesConfig, arguments)
    device = device_named(arguments.device)
    stacks = _stacks(arguments, device)
    digits = load("test", arguments.data)
    found = binding(stacks, digits, load_classifier(device=device), config, progress("drawing scenes"))
    said = bare(claims(found))
    print("\n".join([readable(found), *said]))
    out = Path(arguments.out)
    rows = [x for picture in found.pictures.values() for x in picture[:SHOWN]]
    print(write_result(out / "table-scenes.png", _png(rows, SHOWN)))
    print(write_json(out / "table-scenes.json", plain(found) | {"claims": said}))


def plain(found: Binding) -> dict[str, Any]:
    """As JSON can hold it: counts of each way."""
    rows = {
        way: {name: int(getattr(k, name).sum()) for name in ("parts", "bound", "whole")}
        for way, k in found.kept.items()
    }
    return {"config": found.config, "scenes": found.config.count, "kept": rows}


def draw_command(arguments: argparse.Namespace) -> None:
    parse(arguments.caption)  # before anything is loaded
    require_whole("The number of scenes", arguments.count, 1, 100)
    config = ScenesConfig(steps=arguments.steps, seed=arguments.seed)
    stack = load_scenes(arguments.clip, arguments.decoder, device_named(arguments.device))
    rows = drawing(stack, load("test", arguments.data), arguments.caption, arguments.count, config)
    print(write_result(Path(arguments.out) / "scene.png", _png(list(rows.flatten(0, 1)), arguments.count)))
    print(f"rows: real scenes, {', '.join(stack.ways)}")


def _stacks(arguments: argparse.Namespace, device: torch.device) -> list[SceneStack]:
    """Each decoder with the CLIP that it was built on; CLIPs in the order of the decoders, or one for all."""
    clips, decoders = arguments.clip, arguments.decoder
    require(
        len(clips) in (1, len(decoders)),
        f"There are {len(clips)} CLIPs for {len(decoders)} decoders: give one for all, or one for each.",
    )
    pairs = zip(clips * len(decoders) if len(clips) == 1 else clips, decoders, strict=True)
    return [load_scenes(clip, decoder, device) for clip, decoder in pairs]


def _png(pictures: list[Tensor], columns: int) -> bytes:
    return png_bytes(sheet(torch.stack(pictures), columns).repeat(3, 0).repeat(3, 1))


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommands table-scenes and draw-scene."""
    p = command(commands, "table-scenes", table_command, "table-scenes")
    add_options(p, ScenesConfig, count="scenes of held-out digits")
    _add_options(p, several=True)
    p = command(commands, "draw-scene", draw_command, "scene")
    p.add_argument("caption", help=f"such as {EXAMPLES[0]!r}")
    p.add_argument("--count", type=int, default=8, help="scenes of each way")
    _add_options(p)


def _add_options(p: argparse.ArgumentParser, several: bool = False) -> None:
    add_options(p, ScenesConfig, steps="steps of DDIM", seed="digits, colours and noise")
    nargs = "+" if several else None
    clip, decoder = ([str(CLIP)], [str(DECODER)]) if several else (str(CLIP), str(DECODER))
    p.add_argument(
        "--clip", default=clip, nargs=nargs, metavar="FILE", help="a model of the preset scene-clip"
    )
    p.add_argument(
        "--decoder", default=decoder, nargs=nargs, metavar="FILE", help="a scene-decoder built on it"
    )
    add_places(p, "out/scenes")
