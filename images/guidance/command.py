"""guidance, guide-accuracy: guidance on digits on the command line, as a table, pictures and numbers."""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from images.command import add_data, add_places, command, model_of, progress
from images.data.mnist import load
from images.generate.experiment import MOST_W
from images.guidance.experiment import (
    FORMS,
    SCALES,
    WEIGHTS,
    GuidanceConfig,
    Guided,
    Sweep,
    classifier_free,
    forms_apart,
    sweep,
    verdicts,
)
from images.guidance.figures import accuracy_chart, sweep_charts
from images.guidance.task import SHIPPED as GUIDE
from images.guidance.task import SHIPPED_CLEAN, accuracy_by_level, load_guide
from images.metrics.estimates import FCD
from images.metrics.evaluate import Yardstick
from images.models import SHIPPED, SHIPPED_MODELS, Model
from images.networks.guide import Guide
from playground.charts.on_paper import on_paper, png
from playground.cli import refuse_idle
from playground.devices import device_named
from playground.errors import require_range
from playground.files import write_json, write_result
from playground.gif import png_bytes, tiled
from playground.knobs import add_options, config_of
from playground.statistics import ends, interval, told_share

LABELLED = str(next(path for path, name in SHIPPED_MODELS.items() if "labels" in name))


def add(commands: argparse._SubParsersAction) -> None:
    p = command(commands, "guidance", guidance_command, "guidance", "guidance-curves")
    p.add_argument(
        "--by", choices=("itself", "guide"), default="itself", help="without a classifier, or by a guide"
    )
    p.add_argument(
        "--form",
        choices=[*FORMS, "both"],
        default="ddim",
        help="of the guide's pull: DDIM's, or the moved mean",
    )
    p.add_argument("--strengths", type=float, nargs="+", metavar="W", help="w (itself) or s (guide)")
    add_options(
        p,
        GuidanceConfig,
        samples="digits at each strength",
        steps="steps of DDIM",
        low="guide only above this level, sigma / alpha",
        high="guide only up to this level",
        seed="labels and noise",
    )
    p.add_argument(
        "--model",
        metavar="FILE",
        help="default: the shipped one that knows labels; by a guide, one that does not",
    )
    p.add_argument("--guide", default=str(GUIDE), metavar="FILE", help="the guide's checkpoint")
    add_places(p, "out/guidance")
    q = command(commands, "guide-accuracy", accuracy_command, "guide-accuracy")
    q.add_argument("--guide", default=str(GUIDE), metavar="FILE", help="the guide's checkpoint")
    q.add_argument(
        "--clean", default=str(SHIPPED_CLEAN), metavar="FILE", help="one that knows clean digits only"
    )
    add_data(q)
    q.add_argument("--out", default="out/guidance", metavar="DIR", help="where PNG and JSON go")


def guidance_command(arguments: argparse.Namespace) -> None:
    itself = arguments.by == "itself"
    if itself:
        refuse_idle(arguments, "form guide", "with --by itself: no guide pulls")
    strengths = tuple(arguments.strengths or (WEIGHTS if itself else SCALES))
    if itself:
        for w in strengths:
            require_range("The guidance w", w, 0, MOST_W)
    config = config_of(GuidanceConfig, arguments, strengths=strengths)
    device = device_named(arguments.device)
    arguments.model = arguments.model or (LABELLED if itself else str(SHIPPED))
    model, guide = model_of(arguments), None if itself else load_guide(arguments.guide, device)
    ways = {"itself": classifier_free(model)} if guide is None else pulls(model, guide, arguments.form)
    yardstick, sweeps = Yardstick.load(arguments.data, device=device), {}
    for name, guided in ways.items():
        found = sweeps[name] = sweep(model, guided, yardstick, config, guide, progress(f"guiding, {name}"))
        print("\n".join([f"{name}:", *readable(found), *verdicts(found)]))
    out, about = Path(arguments.out), plain(next(iter(sweeps.values())))
    if len(sweeps) > 1:
        said = forms_apart(sweeps["stochastic"], sweeps["ddim"])
        print("\n".join(said))
        about |= {"forms": {name: plain(found) for name, found in sweeps.items()}, "claims": said}
    for number, (name, found) in enumerate(sweeps.items()):
        _drawn(found, out, f"-{name}" if number else "", "w" if itself else "s")
    print(write_json(out / "guidance.json", about))


def pulls(model: Model, guide: Guide, form: str) -> dict[str, Guided]:
    """Form -> how the guide pulls in it; "both": each of FORMS."""
    return {name: FORMS[name](model, guide) for name in (FORMS if form == "both" else (form,))}


def _drawn(found: Sweep, out: Path, suffix: str, sign: str) -> None:
    """The digits, four rows for each strength, and the curves."""
    shown = [tiled(row.images[:40, 0].numpy(), columns=10) for row in found.rows]
    print(write_result(out / f"guidance{suffix}.png", png_bytes(np.concatenate(shown))))
    curves = png(on_paper(sweep_charts(found, sign), 5))
    print(write_result(out / f"guidance-curves{suffix}.png", curves))


def accuracy_command(arguments: argparse.Namespace) -> None:
    guides = {"noised digits": load_guide(arguments.guide), "clean digits only": load_guide(arguments.clean)}
    digits = load("test", arguments.data)
    curves = {name: accuracy_by_level(guide, digits) for name, guide in guides.items()}
    for name, shares in curves.items():
        for t, share in shares.items():
            print(
                f"trained on {name}, t = {t:>4}: {told_share(share, len(digits))} of {len(digits):,} digits"
            )
    out = Path(arguments.out)
    print(write_result(out / "guide-accuracy.png", png(on_paper(accuracy_chart(curves, len(digits)), 5))))
    about = {"digits": len(digits), "accuracy_by_level": curves}
    print(write_json(out / "guide-accuracy.json", about))


def readable(found: Sweep) -> list[str]:
    lines = []
    for row in found.rows:
        e = row.metrics[FCD]
        sure = ""
        if row.confidence is not None and (gap := row.fooled) is not None:
            sure = f"  guide's confidence {row.confidence:.1%}, beyond the classifier's by {gap.value:+.1%} "
            sure += f"({ends(gap, '+.1%')})"
        lines.append(
            f"{row.strength:>5g}: agreement {row.agreement:.1%} ({ends(row, '.1%')})  {FCD} {interval(e, '.2f')}"
            f"  slant {row.slant:.2f}  thickness {row.thickness:.2f}{sure}"
        )
    return lines


def plain(found: Sweep) -> dict:
    rows = [
        {
            "strength": row.strength, "agreement": [row.agreement, row.low, row.high], "slant": row.slant,
            "thickness": row.thickness, "confidence": row.confidence,
            "fooled": row.fooled and asdict(row.fooled),
            "metrics": row.metrics,
        }
        for row in found.rows
    ]  # fmt: skip
    return {
        "config": found.config,
        "rows": rows,
        "floors": found.floors,
    }
