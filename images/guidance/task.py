"""Training a guide: a classifier that has seen every noise level, or one that has seen clean digits only."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from images.data.mnist import Digits, load, to_model
from images.networks.files import load_net, save_net
from images.networks.guide import Guide, GuideConfig
from images.training.tasks import Batches, labelled
from playground.gif import tiled
from playground.levels import linear_beta, noised, randn_like, seeded
from playground.objectives import Batch, Loss, noisy_classification

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "guide"
SHIPPED = Path(__file__).parents[1] / "shipped" / "guide.safetensors"
SHIPPED_CLEAN = SHIPPED.with_name("guide-clean.safetensors")
LEVELS = (1, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)  # of the linear schedule


@dataclass(frozen=True)
class GuideTask:
    """clean: trained on digits without noise, which cannot guide; it is there to fail in public."""

    net: GuideConfig
    clean: bool = False

    def build(self, seed: int) -> Guide:
        return self.net.build(seed)

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        return labelled(digits, size, device)

    def loss(self) -> Loss:
        if not self.clean:
            return noisy_classification(linear_beta())
        nearly_clean = linear_beta().level(1)

        def loss(guide: Any, batch: Batch, rng: Generator) -> Tensor:
            log_p = guide(batch.x0, nearly_clean)
            return torch.nn.functional.nll_loss(log_p, batch.told["label"], reduction="none")

        return loss

    def preview(self, net: nn.Module, device: torch.device) -> np.ndarray:
        """Noised digits, ten at each of eight levels; those that the guide takes for another class are inverted."""
        digits, rows = load("test", download=False), []
        images, labels = to_model(digits.images[:10]).to(device), digits.labels[:10].to(device)
        for t in LEVELS[:8]:
            level = linear_beta().level(t).to(images)
            xt = noised(images, randn_like(images, seeded(t, device)), level)
            right = net(xt, level).argmax(1) == labels
            shown = ((xt / float(level.scale)).clamp(-1, 1) + 1) / 2
            rows.append(torch.where(right[:, None, None, None], shown, 1 - shown))
        sheet = (torch.cat(rows)[:, 0] * 255).round().to(torch.uint8)
        return tiled(sheet.cpu().numpy(), columns=10)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return save_net(path, KIND, self.net, weights, about, clean=self.clean)


def task_of(config: "TrainConfig") -> GuideTask:
    return GuideTask(GuideConfig(config.width, config.blocks), clean=config.objective == "simple")


def load_guide(path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> Guide:
    """Raises UserError for a file that is missing, damaged, or holds something else."""
    return load_net(path, KIND, GuideConfig, "guide", device)[0]


@torch.no_grad()
def accuracy_by_level(guide: Guide, digits: Digits, seed: int = 0) -> dict[int, float]:
    """t of the linear schedule -> the share of noised digits whose class it names; at the end it can only guess.

    t = 0: clean digits, told the least noise.
    """
    x0, schedule = to_model(digits.images), linear_beta()
    found = {}
    for t in (0, *LEVELS):
        level = schedule.level(max(t, 1)).to(x0)
        xt = noised(x0, randn_like(x0, seeded(seed + t)), level) if t else x0
        named = torch.cat([guide(part, level).argmax(1) for part in xt.split(1_000)])
        found[t] = float((named == digits.labels).double().mean())
    return found
