"""A small classifier whose inner maps say how alike two digits look, and the critic that looks at patches."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from images.networks.parts import channels_last, norm, require_size
from playground.knobs import Knobs, knob


@dataclass(frozen=True)
class PerceptionConfig(Knobs):
    """width: channels at 28 x 28, twice that at 14 x 14, three times that at 7 x 7."""

    width: int = 16
    classes: int = knob(10, 2, 1000, "The number of classes")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, 1)

    def build(self) -> "Perception":
        return Perception(self)


class Perception(nn.Module):
    """(B, 1, 28, 28) in [-1, 1] -> logits (B, classes).

    It shares nothing with the metrics' classifier or the guides: another shape (no fold, pooling in place of strides),
    another seed, other batches.  A loss that looked through the metrics' own eyes would only be told what it wants.
    """

    ends = ("enter", "head")  # AdamW trains these (playground.muon)

    def __init__(self, config: PerceptionConfig):
        super().__init__()
        one, two, three = config.width, 2 * config.width, 3 * config.width
        self.enter = nn.Conv2d(1, one, 3, padding=1)
        self.fine = nn.Sequential(norm(one), nn.SiLU(), nn.Conv2d(one, one, 3, padding=1), nn.SiLU())
        self.middle = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(one, two, 3, padding=1), norm(two), nn.SiLU())
        self.coarse = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(two, three, 3, padding=1), norm(three), nn.SiLU()
        )
        self.head = nn.Linear(three, config.classes)
        channels_last(self)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> (B, width, 28, 28), (B, 2 width, 14, 14), (B, 3 width, 7, 7)."""
        fine = self.fine(self.enter(x.contiguous(memory_format=torch.channels_last)))
        middle = self.middle(fine)
        return fine, middle, self.coarse(middle)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.maps(x)[-1].amax((2, 3)))
        return logits


def perceptual_distance(net: Perception, x: Tensor, y: Tensor) -> Tensor:
    """LPIPS (Zhang et al. 2018), eq. 1, every channel weighing one: (B, 1, H, W) twice -> (B,).

    At each place of each map the features' directions are compared, so how strongly a feature answers does not count.
    """
    pairs = zip(net.maps(x), net.maps(y), strict=True)
    return torch.stack([_apart(a, b) for a, b in pairs]).sum(0)


def _apart(a: Tensor, b: Tensor) -> Tensor:
    """(B, C, H, W) twice -> (B,): squared difference of unit vectors over channels, the mean over places."""
    a, b = (F.normalize(features.float(), dim=1, eps=1e-3) for features in (a, b))
    return (a - b).square().sum(1).mean((1, 2))


class PatchCritic(nn.Module):
    """(B, 1, 28, 28) -> scores (B, 14, 14): is this patch of 12 x 12 pixels real?  PatchGAN (Isola et al. 2017), small.

    It sees no whole digit, so it can ask for sharp strokes and cannot ask for another class.
    """

    ends = ("enter", "leave")  # AdamW trains these (playground.muon)

    def __init__(self, width: int = 24):
        super().__init__()
        self.enter = nn.Conv2d(1, width, 4, stride=2, padding=1)  # a field of 4 pixels
        self.middle = nn.Conv2d(width, 2 * width, 3, padding=1)  # 8
        self.norm, self.leave = norm(2 * width), nn.Conv2d(2 * width, 1, 3, padding=1)  # 12
        channels_last(self)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.enter(x.contiguous(memory_format=torch.channels_last)), 0.2)
        scores: Tensor = self.leave(F.leaky_relu(self.norm(self.middle(h)), 0.2))[:, 0]
        return scores
