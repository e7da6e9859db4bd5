"""python -m images: train, sample and inpaint without the app."""

import sys

from images.topics import COMMANDS
from playground.cli import Parser, run
from playground.commands import chosen, parser_of


def parser(wanted: str | None = None) -> Parser:
    """wanted: as in `playground.commands.parser_of`."""
    about = "Denoising diffusion on MNIST, with the playground's engine."
    return parser_of("images", about, COMMANDS, "commands", "COMMAND", wanted)


def main(argv: list[str] | None = None) -> int:
    return run(parser(chosen(argv)), argv)


if __name__ == "__main__":
    sys.exit(main())
