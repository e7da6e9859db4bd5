"""What Palette is told: a damaged picture.  Colours with a known law, holes, cut-off sides, JPEG.

Every corruption takes pictures (B, 3, H, W) in [-1, 1] and returns what is left of them, and where the picture is to be
made anew, (B, 1, H, W) bool.  Chance comes from the generator.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from playground.errors import require_range

GRAY = 0.45  # the ink's luminance, the same for all colours: gray must not give the colour away
LUMA = torch.tensor([0.299, 0.587, 0.114])
SHARE = 0.7  # of each class's digits in the first of its two colours


@dataclass(frozen=True, eq=False)
class Damaged:
    """seen: (B, 3, H, W), what the network is told; hole: (B, 1, H, W), True where the picture is missing."""

    seen: Tensor
    hole: Tensor


def hues(label: Tensor) -> tuple[Tensor, Tensor]:
    """Two hues in turns of the circle for each class, (B,): tenths, the second opposite and one further."""
    first = label.float() / 10
    return first, (first + 0.55) % 1


def ink(hue: Tensor) -> Tensor:
    """A colour of the luminance GRAY for each hue, (B,) -> (B, 3) in [0, 1]: a circle of equal luminance."""
    angle = 2 * torch.pi * hue
    u, v = 0.30 * angle.cos(), 0.30 * angle.sin()  # chroma: blue less luminance, red less luminance
    blue, red = GRAY + u, GRAY + v
    green = (GRAY - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return torch.stack([red, green, blue], 1)


def coloured(x: Tensor, label: Tensor, rng: Generator) -> Tensor:
    """Digits (B, 1, H, W) in [-1, 1] in colour, (B, 3, H, W): white paper, ink of one of the class's two hues.

    With probability SHARE it is the first; that is the law that a calibrated colourisation reproduces.
    """
    first, second = hues(label)
    chosen = torch.rand(len(x), generator=rng, device=x.device) < SHARE
    jitter = 0.01 * torch.randn(len(x), generator=rng, device=x.device)
    colour = ink((torch.where(chosen, first, second) + jitter) % 1).to(x)
    amount = (x + 1) / 2  # of ink
    return 2 * (1 - amount * (1 - colour[:, :, None, None])) - 1


def gray(x: Tensor) -> Tensor:
    """The luminance, three times over, (B, 3, H, W)."""
    return (x * LUMA.to(x)[:, None, None]).sum(1, keepdim=True).expand_as(x)


def without_colour(x: Tensor, rng: Generator) -> Damaged:
    """Colourisation: the luminance is seen, and everything is to be made."""
    return Damaged(gray(x), torch.ones_like(x[:, :1], dtype=torch.bool))


def with_a_box_missing(x: Tensor, rng: Generator) -> Damaged:
    """Inpainting: a box of 8 to 18 pixels a side is gone."""
    B, _, H, W = x.shape
    size = torch.randint(8, 19, (2, B), generator=rng, device=x.device)
    place = torch.rand((2, B), generator=rng, device=x.device)
    top, left = (place[0] * (H - size[0] + 1)).long(), (place[1] * (W - size[1] + 1)).long()
    rows, columns = torch.arange(H, device=x.device), torch.arange(W, device=x.device)
    inside_rows = (rows >= top[:, None]) & (rows < (top + size[0])[:, None])
    inside_columns = (columns >= left[:, None]) & (columns < (left + size[1])[:, None])
    return without(x, (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], rng)


def with_sides_missing(x: Tensor, rng: Generator) -> Damaged:
    """Uncropping: 6 to 14 pixels are gone from one side."""
    B, _, H, W = x.shape
    deep = torch.randint(6, 15, (B,), generator=rng, device=x.device)
    side = torch.randint(4, (B,), generator=rng, device=x.device)
    rows, columns = torch.arange(H, device=x.device)[:, None], torch.arange(W, device=x.device)[None, :]
    d, s = deep[:, None, None], side[:, None, None]
    hole = ((s == 0) & (rows < d)) | ((s == 1) & (rows >= H - d))
    hole = hole | ((s == 2) & (columns < d)) | ((s == 3) & (columns >= W - d))
    return without(x, hole[:, None], rng)


def without(x: Tensor, hole: Tensor, rng: Generator) -> Damaged:
    """The hole is filled with noise, as in Palette: what is under it must not shine through."""
    noise = torch.randn(x.shape, generator=rng, dtype=x.dtype, device=x.device)
    return Damaged(torch.where(hole, noise, x), hole)


def as_jpeg(x: Tensor, rng: Generator, quality: int | None = None) -> Damaged:
    """JPEG, by Pillow, of a quality from 3 to 30; everything is to be made anew."""
    if quality is not None:
        require_range("The JPEG quality", quality, 1, 95)
    chosen = torch.randint(3, 31, (len(x),), generator=rng, device=x.device).tolist()
    pixels = ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    made = [_through_jpeg(picture, quality or q) for picture, q in zip(pixels, chosen, strict=True)]
    seen = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).to(x) / 127.5 - 1
    return Damaged(seen, torch.ones_like(x[:, :1], dtype=torch.bool))


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(buffer))


TASKS: dict[str, Callable[[Tensor, Generator], Damaged]] = {
    "colourisation": without_colour,
    "inpainting": with_a_box_missing,
    "uncropping": with_sides_missing,
    "jpeg": as_jpeg,
}


def damaged(x: Tensor, rng: Generator, tasks: tuple[str, ...] = tuple(TASKS)) -> Damaged:
    """Each picture by a task of its own, all as likely: nobody tells the network which (Saharia et al. 2022)."""
    which = torch.randint(len(tasks), (len(x),), generator=rng, device=x.device)
    seen, hole = torch.empty_like(x), torch.empty_like(x[:, :1], dtype=torch.bool)
    for number, name in enumerate(tasks):
        at = which == number
        if at.any():
            part = TASKS[name](x[at], rng)
            seen[at], hole[at] = part.seen, part.hole
    return Damaged(seen, hole)
