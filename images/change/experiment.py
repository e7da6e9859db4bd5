"""A digit changed along its attributes: z moves on a straight line, its own x_T is kept.

Preechakul et al. (2022), Section 5.3; lecture, "Diffusion autoencoder".
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from images.change.directions import NAMES, UNITS, Directions, values_of
from images.data.mnist import to_uint8
from images.diffusion_autoencoder.experiment import LEAST_STEPS, MOST, codes, digit, downward, own_noise
from images.models import Model
from playground.errors import require, require_known, require_range, require_whole
from playground.knobs import Knobs, knob
from playground.progress import Report, silent, turn_of
from playground.statistics import FAILS, HOLDS
from playground.walk import final, watched

FARTHEST = 5.0  # standard deviations of a code; farther there are no digits


@dataclass(frozen=True)
class ChangeConfig(Knobs):
    """start, end: moves along thickness, slant and width, in standard deviations of z; count: digits on the way."""

    start: tuple[float, float, float] = (0.0, 0.0, 0.0)
    end: tuple[float, float, float] = (2.0, 0.0, 0.0)
    count: int = knob(9, 3, MOST, "The number of digits on the way")
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps")

    def __post_init__(self) -> None:
        super().__post_init__()
        for moves in (self.start, self.end):
            require(
                len(moves) == len(NAMES), f"There are {len(moves)} moves for {', '.join(NAMES)}: give three."
            )
            for name, by in zip(NAMES, moves, strict=True):
                require_range(f"The move along {name}", by, -FARTHEST, FARTHEST)

    @staticmethod
    def along(attribute: str, by: float, count: int = 9, steps: int = 20) -> "ChangeConfig":
        """From -by to by along one attribute."""
        require_known("The attribute", attribute, NAMES)
        require_range("The move", by, 0, FARTHEST)
        one, two, three = (by * (name == attribute) for name in NAMES)
        return ChangeConfig((-one, -two, -three), (one, two, three), count, steps)

    @property
    def moves(self) -> Tensor:
        """(count, 3)."""
        share = torch.linspace(0, 1, self.count)[:, None]
        return torch.lerp(torch.tensor(self.start), torch.tensor(self.end), share)


@dataclass(frozen=True, eq=False)
class Changed:
    """images: (count, 1, 28, 28) uint8; values: their thickness, slant and width, (count, 3)."""

    config: ChangeConfig
    images: Tensor
    values: Tensor


def change(
    model: Model, image: np.ndarray, directions: Directions, config: ChangeConfig, report: Report = silent
) -> Changed:
    """image: (28, 28) uint8.  One walk up, with the digit's own z, and one down for each move."""
    require_whole("The number of steps", config.steps, LEAST_STEPS, model.schedule.T)
    x0 = digit(model, image)
    z = codes(model, x0)
    x_T = own_noise(model, x0, config.steps, z, turn_of(report, 0, 2))
    images = redrawn(model, z, x_T, directions, config.moves, config.steps, turn_of(report, 1, 2))
    return Changed(config, images, values_of(images))


def redrawn(
    model: Model,
    z: Tensor,
    x_T: Tensor,
    directions: Directions,
    moves: Tensor,
    steps: int,
    report: Report = silent,
) -> Tensor:
    """Each of n digits, z (n, size) and x_T (n, *D), after each move (K, 3): (n * K, *D) uint8, digit by digit."""
    K = len(moves)
    told = directions.moved(z.repeat_interleave(K, 0), moves.repeat(len(z), 1))
    walked = downward(model, x_T.repeat_interleave(K, 0), steps, told)
    return to_uint8(final(watched(walked, report, steps))).cpu()


def said_of_move(found: Changed, promised: list[float]) -> tuple[str, str]:
    """Whether the attribute that was moved most goes the promised way at every step, of this digit: a walk from its own
    x_T has no chance in it.  How far it went, and the others.
    """
    end = found.config.end
    most = max(range(len(NAMES)), key=lambda k: abs(end[k]))
    first, last = found.values[0], found.values[-1]
    told = [
        f"{NAMES[k]} went by {float(last[k] - first[k]):+.2f} {UNITS[NAMES[k]]} ({promised[k]:+.2f} promised)"
        for k in sorted(range(len(NAMES)), key=lambda k: k != most)
    ]
    if end[most] == 0:
        return f"Nothing is moved: {'; '.join(told)}.", ""
    steps = found.values[:, most].diff()
    right = int((steps.sign() == np.sign(promised[most])).sum())
    return (
        f"Claim: {NAMES[most]} goes the promised way all along {end[most]:+g} standard deviations of z; it does in "
        f"{right} of {len(steps)} steps. {'; '.join(told)}."
    ), f"{HOLDS if right == len(steps) else FAILS} for this digit"
