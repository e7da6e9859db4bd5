"""inpaint: a hole in a digit, on the command line."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from images.command import add_data, add_model_options, command, model_of, progress, write
from images.data.mnist import load
from images.data.uploads import is_dark_ink, read_picture
from images.inpainting import table_command
from images.inpainting.experiment import InpaintConfig, inpaint
from playground.cli import refuse_idle
from playground.errors import require
from playground.knobs import add_options, config_of

HOLES = {
    "left": np.s_[:, :14],
    "right": np.s_[:, 14:],
    "top": np.s_[:14, :],
    "bottom": np.s_[14:, :],
    "centre": np.s_[8:20, 8:20],
}


def inpaint_command(arguments: argparse.Namespace) -> None:
    if arguments.image:
        refuse_idle(arguments, "digit data", "beside --image, which is filled instead")
    else:
        refuse_idle(arguments, "fit", "without --image: the digits have the right size")
    if arguments.method != "RePaint":
        refuse_idle(arguments, "resamplings", f"with --method {arguments.method}")
    hole = np.zeros((28, 28), bool)
    hole[HOLES[arguments.hole]] = True
    config = config_of(InpaintConfig, arguments)
    model = model_of(arguments)
    image = given_picture(arguments) if arguments.image else _test_digit(arguments)
    film = inpaint(model, image, hole, config, progress("inpainting"))
    write(film, Path(arguments.out), "inpainted", {**asdict(config), "hole": arguments.hole})


def given_picture(arguments: argparse.Namespace) -> np.ndarray:
    image = read_picture(arguments.image, fit=arguments.fit, invert=arguments.invert)
    if is_dark_ink(image):
        found = "dark ink on light paper here, and the model draws light ink on dark"
        remedy = "leave --invert out" if arguments.invert else "give --invert to turn it around"
        print(f"note: {arguments.image} is {found}: {remedy}.", file=sys.stderr)
    return image


def _test_digit(arguments: argparse.Namespace) -> np.ndarray:
    digits = load("test", arguments.data)
    require(
        0 <= arguments.digit < len(digits),
        f"The digit is number {arguments.digit}; there are {len(digits):,} {digits.called}, counted from 0: "
        "choose one of them.",
    )
    return digits.images[arguments.digit, 0].numpy()


def add(commands) -> None:
    table_command.add(commands)
    p = command(commands, "inpaint", inpaint_command, "inpainted")
    p.add_argument(
        "--digit", type=int, default=0, help="number of the test digit; without MNIST: of 500 packaged ones"
    )
    p.add_argument("--image", metavar="FILE", help="a 28 x 28 picture instead")
    p.add_argument("--fit", action="store_true", help="resize a picture of another size")
    p.add_argument(
        "--invert", action="store_true", help="the picture is dark ink on light paper: turn it around"
    )
    p.add_argument("--hole", choices=HOLES, default="left", help="the part to fill in")
    add_options(
        p,
        InpaintConfig,
        method="how the known part is used",
        count="how many completions",
        steps="steps from noise to data",
        resamplings="RePaint's r",
        eta="DDIM's noise, 0 none, 1 DDPM's",
    )
    add_data(p)
    add_model_options(p, InpaintConfig, "out")
