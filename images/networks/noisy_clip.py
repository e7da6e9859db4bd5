"""A noise-aware CLIP (Nichol et al. 2021, GLIDE, Section 2.4): its image encoder sees noised digits, and how noised.

A clean CLIP asked about noise answers at random, and its gradient with it; the guide of the classes had to know the
noise for the same reason.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from images.networks.clip import on_sphere
from images.networks.guide import GuideConfig
from images.networks.parts import require_size
from playground.knobs import Knobs, knob
from playground.levels import Level
from playground.training import weights_from


@dataclass(frozen=True)
class NoisyClipConfig(Knobs):
    """size: D, of CLIP's embeddings; width: channels at 14 x 14, twice that at 7 x 7; blocks at each."""

    size: int = knob(64, 4, 1024, "The size of an embedding")
    width: int = 24
    blocks: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.blocks)

    def build(self, seed: int = 0) -> "NoisyClip":
        with weights_from(seed):
            return NoisyClip(self)


class NoisyClip(nn.Module):
    """xt (B, 1, 14, 14), level -> (B, D) on CLIP's sphere: where the digit under the noise is believed to lie."""

    ends = ("eye.embed", "eye.enter", "eye.head")  # AdamW trains these (playground.muon)

    def __init__(self, config: NoisyClipConfig):
        super().__init__()
        self.eye = GuideConfig(config.width, config.blocks, classes=config.size, patch=1).build()

    def forward(self, xt: Tensor, level: Level) -> Tensor:
        return on_sphere(self.eye.read(xt, level))
