"""caption-twin: DALL-E 2 in the plane, exact."""

import argparse

from playground.knobs import add_options
from playground.statistics import interval
from toy2d.captions.experiment import CaptionsConfig, captions
from toy2d.captions.figures import caption_clouds, captions_charts
from toy2d.command import asked, command, progress, write
from toy2d.drawing.clouds import clouds_gif


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "caption-twin", captions_command)
    parser.set_defaults(mixture="ring")
    add_options(
        parser,
        CaptionsConfig,
        caption="the side that is named",
        angle="of the direction that z measures, in degrees",
        noise="standard deviation that z adds",
        steps="steps of prior and decoder",
        particles="points of each way",
    )


def captions_command(arguments: argparse.Namespace) -> None:
    config = asked(CaptionsConfig, arguments)
    found = captions(config, progress("sampling"))
    numbers = {
        "floor": found.floor,
        "exact samples' mean log density": found.likely,
        "verdict": found.verdict,
    }
    for name, way in found.ways.items():
        numbers[name] = {"distance": way.distance, "above the floor": way.above, "log density": way.likely}
        print(
            f"{name}: {way.distance:.3f} from p(x | caption), {interval(way.above, '+.3f')}"
            f" above the floor; mean log density {way.likely:.2f}"
        )
    print(f"floor: {found.floor:.3f}; exact samples' mean log density {found.likely:.2f}")
    print(f"the text embedding in place of z is farther than the floor: {found.verdict}; {found.at}")
    gif = clouds_gif(caption_clouds(found), fps=15)
    write(arguments.out, "caption-twin", config, numbers, captions_charts(found), gif)
