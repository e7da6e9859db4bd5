"""python -m images: train, sample and inpaint without the app."""

import argparse
import sys
from importlib import import_module

from images.topics import COMMANDS
from playground import __version__
from playground.cli import Parser, run


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="python -m images", description="Denoising diffusion on MNIST, with the playground's engine."
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", required=True, parser_class=Parser, metavar="COMMAND")
    for folder in COMMANDS:
        import_module(f"images.{folder}.command").add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    return run(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
