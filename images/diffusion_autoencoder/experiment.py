"""A digit to z and x_T, and back: z says what it is, x_T the rest.

Preechakul et al. (2022); lecture, "Diffusion autoencoder".
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from images.data.mnist import to_model, to_uint8
from images.models import Model
from images.sampling import Film, filmed
from playground.denoisers import Denoiser
from playground.errors import SEEDS, require, require_whole
from playground.knobs import Knobs, knob
from playground.levels import ascending, randn_like, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import interval, interval_of_mean, verdict
from playground.steps import Step, ddim
from playground.walk import State, checked, final, walk, watched

MOST = 64  # draws of x_T for one digit
LEAST_STEPS = 2  # a single step from noise says nothing about the way
CODE_STEPS = (5, 10, 20, 50, 100, 200)  # that the pages of codes and latents offer


@dataclass(frozen=True)
class ReconstructConfig(Knobs):
    """count: reconstructions from z with a random x_T, beside the one with the digit's own; steps: each way."""

    count: int = knob(7, 1, MOST, "The number of reconstructions", page=(1, 24))
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps", among=CODE_STEPS)
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 40


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """z: (size,); x_T: (28, 28), the digit's own; film: the way down, first from the own x_T, then from random ones.

    errors: mean squared error of each, (1 + count,), pixels in [-1, 1].
    """

    z: np.ndarray
    x_T: np.ndarray
    film: Film
    errors: np.ndarray


def said(found: Reconstruction) -> tuple[str, str]:
    """Whether the digit's own x_T gives it back better than random ones do; the interval is over these."""
    own, drawn = float(found.errors[0]), found.errors[1:]
    told = f"Mean squared error of a pixel in [-1, 1]: {own:.4f} from the digit's own $x_T$, "
    if len(drawn) < 2:
        return f"{told}{drawn.mean():.4f} from a random one.", ""
    more = interval_of_mean(drawn - own)
    return (
        f"{told}{drawn.mean():.4f} from {len(drawn)} random ones: {interval(more, '.4f')} more."
    ), verdict(more, f"N = {len(drawn)}")


# --- the pieces -------------------------------------------------------------------------------------------


@torch.no_grad()
def codes(model: Model, x0: Tensor, batch: int = 500) -> Tensor:
    """z of digits (N, 1, 28, 28) in [-1, 1]: (N, size).  Raises UserError for a model without an encoder."""
    encode = model.part("encoder")
    return torch.cat([encode(some) for some in x0.to(model.device).split(batch)])


def told(model: Model, z: Tensor | None) -> Denoiser:
    """The model told z, (size,) or (B, size); None: told nothing.  Not clipped: the flow must run both ways."""
    return model.denoise if z is None else model.denoise.given(vector=z)


DDIM = ddim(0.0)


def upward(model: Model, x0: Tensor, steps: int, z: Tensor | None, step: Step = DDIM) -> Iterator[State]:
    """From clean digits (B, *D), taken for x_1, up to their own x_T (Song et al. 2021, Section 4.3)."""
    grid = ascending(model.schedule.grid(steps), model.schedule.level(1))
    return checked(walk(step, told(model, z), x0, grid, seeded(0, x0.device)))


def own_noise(
    model: Model, x0: Tensor, steps: int, z: Tensor | None, report: Report = silent, step: Step = DDIM
) -> Tensor:
    """x_T of digits, by the same z with which it is to be walked down again."""
    return final(watched(upward(model, x0, steps, z, step), report, steps))


def downward(model: Model, x_T: Tensor, steps: int, z: Tensor | None, step: Step = DDIM) -> Iterator[State]:
    return checked(walk(step, told(model, z), x_T, model.schedule.grid(steps), seeded(0, x_T.device)))


def squared_errors(x: Tensor, x0: Tensor) -> Tensor:
    """Mean squared error of each image, (B,), what lies outside [-1, 1] brought back to it."""
    return (x.clamp(-1, 1) - x0).square().flatten(1).mean(1)


def digit(model: Model, image: np.ndarray) -> Tensor:
    """(28, 28) uint8 -> (1, 1, 28, 28) in [-1, 1], on the model's device."""
    require(
        image.shape == (28, 28),
        f"The image is {' x '.join(map(str, image.shape))}; the model works on 28 x 28: resize it.",
    )
    return to_model(torch.from_numpy(image.copy()))[None, None].to(model.device)


# --- one digit --------------------------------------------------------------------------------------------


def reconstruct(
    model: Model, image: np.ndarray, config: ReconstructConfig, report: Report = silent
) -> Reconstruction:
    """image: (28, 28) uint8.  One walk up, with its z; one down, from its own x_T and from `count` random ones."""
    x0, n, T = digit(model, image), config.count, config.steps
    require_whole("The number of steps", T, LEAST_STEPS, model.schedule.T)
    z = codes(model, x0)
    own = own_noise(model, x0, T, z, turn_of(report, 0, 2))
    random = randn_like(own.expand(n, -1, -1, -1), seeded(config.seed, model.device))
    states = watched(downward(model, torch.cat([own, random]), T, z[0]), turn_of(report, 1, 2), T)
    ends: list[Tensor] = []

    def noting() -> Iterator[State]:
        for state in states:
            ends[:] = [state.x]
            yield state

    film = filmed(noting(), model.schedule.grid(T), config)
    errors = squared_errors(ends[0], x0)
    return Reconstruction(z[0].cpu().numpy(), own[0, 0].cpu().numpy(), film, errors.cpu().numpy())


# --- between two digits -----------------------------------------------------------------------------------

WAYS = ("z and x_T", "x_T alone, told nothing", "pixels")


@dataclass(frozen=True)
class BetweenConfig(Knobs):
    """count: digits on the way, both ends included."""

    count: int = knob(11, 3, MOST, "The number of digits on the way")
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps", among=CODE_STEPS)


FILM = BetweenConfig(21)  # what a page plays; every other one of its digits is a command's sheet


def between(
    model: Model, one: np.ndarray, two: np.ndarray, config: BetweenConfig, report: Report = silent
) -> dict[str, Tensor]:
    """From one digit to another, (28, 28) uint8 each, by each of WAYS: (count, 1, 28, 28) uint8."""
    ends = torch.cat([digit(model, one), digit(model, two)])
    require_whole("The number of steps", config.steps, LEAST_STEPS, model.schedule.T)
    share = torch.linspace(0, 1, config.count, device=model.device)
    z = codes(model, ends)
    moved = torch.lerp(z[:1], z[1:], share[:, None])
    found = {}
    for turn, (name, told_ends, told_way) in enumerate(((WAYS[0], z, moved), (WAYS[1], None, None))):
        x_T = own_noise(model, ends, config.steps, told_ends, turn_of(report, 2 * turn, 4))
        states = downward(model, turned(x_T[0], x_T[1], share), config.steps, told_way)
        found[name] = to_uint8(final(watched(states, turn_of(report, 2 * turn + 1, 4), config.steps))).cpu()
    found[WAYS[2]] = to_uint8(torch.lerp(ends[:1], ends[1:], share[:, None, None, None])).cpu()
    return found


def turned(one: Tensor, two: Tensor, share: Tensor) -> Tensor:
    """From `one` to `two` (*D) along the great circle, the length changing evenly: share (K,) -> (K, *D).

    Lengths matter here: x_T of a real digit is much shorter than noise, so the sphere alone would leave them behind.
    """
    lengths = torch.stack([one.norm(), two.norm()])
    a, b = one / lengths[0], two / lengths[1]
    angle = torch.arccos((a * b).sum().clamp(-1, 1)).clamp(min=1e-6)
    s = share.view(-1, *[1] * one.ndim)
    direction = (((1 - s) * angle).sin() * a + (s * angle).sin() * b) / angle.sin()
    return torch.lerp(lengths[0], lengths[1], s) * direction
