"""Moving points: what a page animates and a GIF shows, described once for both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from playground.colors import PALETTE, rgb
from playground.errors import require
from playground.gif import gif_bytes
from playground.levels import CLEAN, Level
from toy2d.mixture import Mixture
from toy2d.presets import EXTENT

SIDE, TOP, LEFT, BOTTOM, GAP = 380, 58, 52, 44, 16  # of a panel in a GIF, in pixels
GREYS = 32
DOT = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


@dataclass(frozen=True, eq=False)
class Cloud:
    """One panel.  xs (F, B, 2); labels (B,) or (F, B), the colours; captions, one per frame; background (H, W) in
    [0, 1], over [-extent, extent]^2, rows from low y to high.
    """

    title: str
    xs: np.ndarray
    labels: np.ndarray
    captions: tuple[str, ...]
    background: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    extent: float = EXTENT


def mode_names(weights: np.ndarray) -> tuple[str, ...]:
    """The legend; none where there are more modes than colours."""
    if len(weights) > len(PALETTE):
        return ()
    return tuple(f"mode {k + 1}, weight {w:.2f}" for k, w in enumerate(weights))


def density(mixture: Mixture, extent: float = EXTENT, side: int = 96, level: Level = CLEAN) -> np.ndarray:
    """The square root of the density, so that weak modes show, at most 1: (side, side), rows from low y to high."""
    axis = torch.linspace(-extent, extent, side, dtype=mixture.means.dtype)
    x = torch.cartesian_prod(axis, axis).flip(1)
    log_q = mixture.log_prob(x, level.to(axis))
    return ((log_q - log_q.max()) / 2).exp().reshape(side, side).numpy()


# --- GIF --------------------------------------------------------------------------------------------------


def clouds_gif(clouds: Sequence[Cloud], fps: float = 20, points: int = 3_000) -> bytes:
    """Panels side by side.  Axes are drawn once, by matplotlib; the points of each frame are set by numpy."""
    require(len(clouds) > 0, "There is no panel to draw a GIF of; give at least one.")
    F = max(len(cloud.xs) for cloud in clouds)
    # A legend stands beside the picture, over none of its points; one that the next panel has, too, stands there.
    names = [cloud.label_names for cloud in clouds]
    sheets = [
        _Sheet(cloud, points, legend=after != cloud.label_names)
        for cloud, after in zip(clouds, [*names[1:], None], strict=True)
    ]
    frames = []
    for f in range(F):
        shown = [sheet.frame(round(f * (len(sheet.cloud.xs) - 1) / max(1, F - 1))) for sheet in sheets]
        frames.append(np.concatenate(shown, axis=1))
    return gif_bytes(frames, fps=fps, palette=_palette())


def _palette() -> np.ndarray:
    """Greys from black to white, then the labels' colours: (GREYS + 6, 3)."""
    greys = np.repeat(np.linspace(0, 255, GREYS).round()[:, None], 3, axis=1)
    return np.concatenate([greys, [rgb(color) for color in PALETTE]]).astype(np.uint8)


class _Sheet:
    """A panel with its axes drawn: (TOP + SIDE + BOTTOM, LEFT + SIDE + GAP, and its legend's width) numbers of
    colours.
    """

    def __init__(self, cloud: Cloud, points: int, legend: bool):
        self.cloud = cloud
        self.empty = _axes(cloud)
        if legend:
            self.empty = _with_legend(self.empty, cloud.label_names)
        self.font = ImageFont.load_default(14)
        # Unit coordinates -> pixels; y grows downwards in a picture.
        unit = (cloud.xs[:, :points] + cloud.extent) / (2 * cloud.extent)
        inside = np.all((unit > 0) & (unit < 1), -1)
        self.inside = inside
        self.columns = (LEFT + np.where(inside, unit[..., 0], 0) * (SIDE - 1)).astype(np.int32)
        self.rows = (TOP + (1 - np.where(inside, unit[..., 1], 0)) * (SIDE - 1)).astype(np.int32)
        labels = np.broadcast_to(cloud.labels[..., :points], inside.shape)
        self.colors = (GREYS + labels % len(PALETTE)).astype(np.uint8)

    def frame(self, f: int) -> np.ndarray:
        sheet = self.empty.copy()
        seen = self.inside[f]
        rows, columns, colors = self.rows[f][seen], self.columns[f][seen], self.colors[f][seen]
        for dy, dx in DOT:
            sheet[rows + dy, columns + dx] = colors
        image = Image.fromarray(sheet)
        ImageDraw.Draw(image).text((LEFT, TOP - 24), self.cloud.captions[f], fill=0, font=self.font)
        return np.asarray(image)


def _axes(cloud: Cloud) -> np.ndarray:
    """Title, axes and density as numbers of colours: greys."""
    width, height = LEFT + SIDE + GAP, TOP + SIDE + BOTTOM
    # Imported here: a page that shows no GIF yet would wait half a second for them.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width / 100, height / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((LEFT / width, BOTTOM / height, SIDE / width, SIDE / height))
    e = cloud.extent
    if cloud.background is not None:
        axes.imshow(
            1 - 0.35 * cloud.background, extent=(-e, e, -e, e), origin="lower", cmap="gray", vmin=0, vmax=1
        )
    axes.set(xlim=(-e, e), ylim=(-e, e), xlabel="x", ylabel="y", aspect="equal")
    figure.text(LEFT / width, 1 - 18 / height, cloud.title, fontsize=11, weight="bold")
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[..., :3].mean(-1)
    return (grey / 255 * (GREYS - 1)).round().astype(np.uint8)


def _with_legend(sheet: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The sheet, as much wider as its legend needs on the right; as it is without names."""
    if not names:
        return sheet
    font = ImageFont.load_default(12)
    left, wide = sheet.shape[1], 23 + math.ceil(max(map(font.getlength, names))) + GAP
    image = Image.fromarray(np.pad(sheet, ((0, 0), (0, wide)), constant_values=GREYS - 1))
    draw = ImageDraw.Draw(image)
    for k, name in enumerate(names):
        y = TOP + 8 + 18 * k
        draw.ellipse((left, y + 2, left + 9, y + 11), fill=GREYS + k)
        draw.text((left + 15, y), name, fill=0, font=font)
    return np.asarray(image).copy()
