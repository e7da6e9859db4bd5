"""What can be measured on a digit: thickness, slant, width and ink, each a number for every image of a batch.

After Morpho-MNIST (Castro et al. 2019), without its skeletons: a stroke of width w and length L has the area L w and an
outline of about 2 L, so w = 2 * ink / outline, for a whole batch at once.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from playground.errors import require

OUTSIDE = 0.02  # of the ink may lie outside the width, shared by both sides


@dataclass(frozen=True, eq=False)
class Attributes:
    """thickness, width: in pixels; slant: in degrees, positive leans right; ink: in pixels of full ink.  (B,) each."""

    thickness: Tensor
    slant: Tensor
    width: Tensor
    ink: Tensor


NAMES = ("thickness", "slant", "width", "ink")


def attributes(images: Tensor) -> Attributes:
    """images: (B, 1, H, W), paper 0 to ink 1 (uint8 is divided by 255).  An empty image has NaN for all but its ink."""
    require(
        images.ndim == 4 and images.shape[1] == 1,
        f"The images have the shape {tuple(images.shape)}; attributes are measured on (B, 1, H, W): one channel.",
    )
    x = (images.float() / 255 if images.dtype == torch.uint8 else images).squeeze(1)  # (B, H, W)
    return Attributes(thickness(x), slant(x), width(x), ink(x))


def ink(x: Tensor) -> Tensor:
    """The sum of the gray values, (B, H, W) -> (B,)."""
    return x.sum((1, 2))


def thickness(x: Tensor) -> Tensor:
    """2 * ink / total variation, (B, H, W) -> (B,) pixels.

    The total variation is the length of the outline, gray edges included: the integral of the gradient's length,
    taken at the corners between pixels, where differences in both directions are at one place.
    """
    padded = F.pad(x, [1, 1, 1, 1])
    dx = padded[:, :, 1:] - padded[:, :, :-1]  # (B, H + 2, W + 1)
    dy = padded[:, 1:] - padded[:, :-1]  # (B, H + 1, W + 2)
    dx, dy = (dx[:, 1:] + dx[:, :-1]) / 2, (dy[:, :, 1:] + dy[:, :, :-1]) / 2  # at the corners
    return 2 * ink(x) / (dx.square() + dy.square()).sqrt().sum((1, 2))


def slant(x: Tensor) -> Tensor:
    """The shear that would set the digit upright, from its second moments, (B, H, W) -> (B,) degrees.

    atan(-mu_11 / mu_02) with rows counted downwards, as Morpho-MNIST has it.
    """
    rows, columns, mass = _centred(x)
    mu_11 = (x * rows * columns).sum((1, 2)) / mass
    mu_02 = (x * rows.square()).sum((1, 2)) / mass
    return (-mu_11 / mu_02).atan() * (180 / math.pi)


def width(x: Tensor) -> Tensor:
    """The width that holds all but 2 % of the ink, once the slant is taken out, (B, H, W) -> (B,) pixels."""
    rows, columns, mass = _centred(x)
    shear = (slant(x) * (math.pi / 180)).tan()[:, None, None]
    across = (columns + shear * rows).flatten(1)  # (B, H * W): how far right a pixel lies, upright
    order = across.argsort(1)
    share = (x.flatten(1) / mass[:, None]).gather(1, order).cumsum(1)
    places = across.gather(1, order)
    low, high = (_place(share, places, q) for q in (OUTSIDE / 2, 1 - OUTSIDE / 2))
    return high - low


def _place(share: Tensor, places: Tensor, q: float) -> Tensor:
    """Where the cumulated share of the ink passes q, (B, N) each -> (B,)."""
    first = (share >= q).float().argmax(1, keepdim=True)
    return places.gather(1, first).squeeze(1)


def _centred(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Row and column of every pixel from the ink's centre, (B, H, W) each, and the ink, (B,)."""
    _, H, W = x.shape
    mass = ink(x)
    rows = torch.arange(H, dtype=x.dtype, device=x.device)[:, None].expand(H, W)
    columns = torch.arange(W, dtype=x.dtype, device=x.device).expand(H, W)
    centre = [((x * at).sum((1, 2)) / mass)[:, None, None] for at in (rows, columns)]
    return rows - centre[0], columns - centre[1], mass
