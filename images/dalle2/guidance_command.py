"""table-guidance: the decoder guided by itself or by a noise-aware CLIP, measured from the pixels."""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from images.command import add_places, command, progress
from images.dalle2.clip_task import SHIPPED
from images.dalle2.experiment import load_stack
from images.dalle2.guidance_experiment import (
    BY_CLIP,
    ITSELF,
    SIGNS,
    STRENGTHS,
    Guidance,
    GuidanceConfig,
    guidance,
)
from images.dalle2.noisy_clip_task import load_noisy_clip
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.models import best_device
from playground.files import write_json, write_result
from playground.gif import png_bytes, tiled
from playground.knobs import add_options, config_of


def guidance_command(arguments: argparse.Namespace) -> None:
    by = arguments.by
    strengths = tuple(arguments.strengths or STRENGTHS[by])
    config = config_of(GuidanceConfig, arguments, count=arguments.samples, strengths=strengths)
    device = arguments.device or best_device()
    stack = load_stack(arguments.models, device)
    file = Path(arguments.models) / "noisy-clip.safetensors"
    noisy = load_noisy_clip(stack.clip, file, device) if by == BY_CLIP else None
    digits = load("test", arguments.data)
    found = guidance(stack, digits, load_classifier(), by, config, noisy, progress("guiding"))
    print("\n".join([*readable(found), *found.verdicts]))
    out, name = Path(arguments.out), f"guidance-{by}"
    rows = [tiled(row.images[:20, 0].numpy(), columns=20) for row in found.rows]
    print(write_result(out / f"{name}.png", png_bytes(np.concatenate(rows))))
    print(write_json(out / f"{name}.json", plain(found)))


def readable(found: Guidance) -> list[str]:
    """A line for each strength."""
    return [
        f"{SIGNS[found.by]} = {row.strength:<5g} agreement {row.shares['all']}  recall {row.recall}  spread of width "
        f"{row.width:.2f}, of slant {row.slant:.2f}  CLIP's score {row.scores.mean():.3f}  {row.seconds:.1f} s"
        for row in found.rows
    ]


def plain(found: Guidance) -> dict:
    rows = [
        {
            "strength": row.strength,
            "agreement": {name: str(share) for name, share in row.shares.items()},
            "recall": str(row.recall),
            "spread, real digits 1": {"width": row.width, "slant": row.slant},
            "CLIP's score": float(row.scores.mean()),
            "seconds": row.seconds,
            "less the first": {name: asdict(d) for name, d in found.changes(row).items()},
        }
        for row in found.rows
    ]
    return {"by": found.by, "config": found.config, "rows": rows, "verdicts": found.verdicts}


def add_guidance(commands: argparse._SubParsersAction) -> None:
    """Adds the subcommand table-guidance."""
    p = command(commands, "table-guidance", guidance_command)
    p.add_argument("--by", choices=(ITSELF, BY_CLIP), default=ITSELF, help="without a classifier, or by CLIP")
    p.add_argument("--strengths", type=float, nargs="+", metavar="W", help="w (itself) or s (clip)")
    add_options(
        p,
        GuidanceConfig,
        samples="digits at each strength",
        steps="steps of each stage",
        seed="noise",
        renamed={"samples": "count"},
    )
    p.add_argument("--models", default=str(SHIPPED.parent), metavar="DIR", help="folder of the .safetensors")
    add_places(p, "out")
