"""inpainting: one coordinate is seen, the other filled in, by four methods against the exact conditional."""

import argparse
from typing import Any

from playground.cli import refuse_idle
from playground.knobs import add_options, config_of
from toy2d.command import claimed, command, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.inpainting.experiment import PAIR, InpaintConfig, inpainting
from toy2d.inpainting.figures import NAMES, inpainting_charts, inpainting_clouds, said
from toy2d.presets import PRESETS, MixtureSpec


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "inpainting", inpainting_command)
    mixture = next(action for action in parser._actions if action.dest == "mixture")
    mixture.choices = [PAIR, *PRESETS]
    parser.set_defaults(mixture=InpaintConfig.mixture, pi=InpaintConfig.pi)
    parser.add_argument(
        "--known", choices=("x", "y"), default="xy"[InpaintConfig.known], help="the coordinate that is seen"
    )
    add_options(
        parser,
        InpaintConfig,
        lean="how far the pair's modes lie off in x",
        value="what is seen",
        resamplings="RePaint's r",
        jump="RePaint's jump length",
        zeta="the step of gradient guidance (DPS)",
        variance="the steps' variance",
        steps="steps back",
        particles="particles of each method",
    )


def inpainting_command(arguments: argparse.Namespace) -> None:
    if arguments.mixture == PAIR:
        idle, because = "", ""
    elif MixtureSpec(arguments.mixture).has_pi:
        idle, because = "lean", f"with --mixture {arguments.mixture}: it is a property of {PAIR}"
    else:
        idle, because = "lean pi", f"with --mixture {arguments.mixture}"
    refuse_idle(arguments, idle, because)
    config = config_of(InpaintConfig, arguments, known="xy".index(arguments.known))
    result = inpainting(config, progress("sampling"))
    numbers: dict[str, Any] = {"truth": result.low, "variance_above": result.above, "floor": result.floor}
    print(
        f"truth: P(low) = {result.low:.4f}, variance above {result.above:.4f}; "
        f"distance of two exact samples {result.floor:.4f}"
    )
    for run in result.runs:
        low, high = run.low_band
        numbers[run.name] = {
            "low": run.low, "band": run.low_band, "distance": run.distance, "off": run.off, "calls": run.calls,
            "variance_above": run.above, "variance_above_se": run.above_se,
        }  # fmt: skip
        print(
            f"{NAMES[run.name]}: {run.low:.4f} ({low:.4f} to {high:.4f}), distance {run.distance:.4f}, "
            f"variance above {run.above:.3f} (standard error {run.above_se:.3f})"
        )
    numbers["claims"] = claimed(*said(config, result))
    gif = clouds_gif(inpainting_clouds(config, result), fps=15)
    write(arguments.out, "inpainting", config, numbers, inpainting_charts(config, result), gif, side=3.4)
