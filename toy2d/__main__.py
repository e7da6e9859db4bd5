"""python -m toy2d: every experiment of the 2-D wing without the app, as figure, JSON and GIF."""

import sys

from playground.cli import Parser, run
from toy2d.commands import (
    annealing,
    autoencoder,
    basics,
    crossing,
    dpm,
    few_steps,
    guidance,
    inpainting_2d,
    likelihood,
    low_density,
    ncsn,
    own_data,
    two_families,
)

TOPICS = (
    basics, autoencoder, crossing, annealing, ncsn, guidance, dpm, likelihood, low_density,
    two_families, inpainting_2d, few_steps, own_data,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m toy2d", description="The lecture in two dimensions, held against closed forms.")
    commands = parser.add_subparsers(title="experiments", required=True, metavar="EXPERIMENT")
    for topic in TOPICS:
        topic.add(commands)
    return run(parser, argv)


if __name__ == "__main__":
    sys.exit(main())
