"""Training Palette: the denoiser is told the damaged picture, and its loss counts only where the picture is missing."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator

from images.data.corruptions import TASKS, coloured, damaged
from images.data.mnist import Digits, load, to_model
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.levels import seeded
from playground.objectives import Batch

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "palette"
SHIPPED = Path(__file__).parents[1] / "shipped" / "palette.safetensors"


@dataclass(frozen=True, eq=False)
class PaletteTask(DenoiserTask):
    """corruptions: the tasks that it is trained on; all of them make a generalist, one a specialist."""

    corruptions: tuple[str, ...] = tuple(TASKS)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        images, labels = digits.images.to(device), digits.labels.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            i = torch.randint(len(images), (size,), generator=rng, device=device)
            x0 = coloured(to_model(images[i]), labels[i], rng)
            found = damaged(x0, rng, self.corruptions)
            return Batch(x0, {"image": found.seen}, where=found.hole)

        return draw

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Row by row: what is seen, and what is made of it; four test digits for each corruption."""
        model = self.model.around(net)
        digits, rng = load("test", download=False), seeded(0, device)
        x0 = coloured(to_model(digits.images[:4]).to(device), digits.labels[:4].to(device), rng)
        rows = []
        for name in self.corruptions:
            seen = TASKS[name](x0, rng).seen
            rows += [seen, drawn_by(model, 4, {"image": seen}, rng)]
        return sheet(torch.cat(rows), columns=8)


def task_of(config: "TrainConfig") -> PaletteTask:
    net = UNetConfig(config.width, config.blocks, patch=config.patch, channels=3, tell=TellConfig(image=3))
    model = replace(config.model, net=net, shape=(3, 28, 28), kind=KIND)
    return PaletteTask(model, config.loss, (config.using,) if config.using in TASKS else tuple(TASKS))
