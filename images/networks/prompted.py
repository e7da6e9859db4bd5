"""DALL-E 2's decoder (Ramesh et al. 2022, Section 2.1): a U-Net told an embedding of the image, and a caption.

The embedding enters twice: added to the level's embedding, and as four tokens of its own, which stand before the
caption's tokens in the attention.  Embedding and caption are withheld independently.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from images.data.captions import LENGTH
from images.networks.parts import require_size
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from playground.conditioning import Hidden, Told
from playground.errors import require

OWN = 4  # tokens that the embedding becomes


@dataclass(frozen=True)
class PromptedConfig:
    """width, blocks, patch, channels: the U-Net's; size: of the embedding and of each of the `length` tokens."""

    width: int = 32
    blocks: int = 1
    patch: int = 1
    size: int = 64
    channels: int = 1
    length: int = LENGTH

    def __post_init__(self) -> None:
        require_size(self.width, self.blocks)

    @property
    def tell(self) -> TellConfig:
        return TellConfig(vector=self.size, tokens=self.size)

    def build(self) -> "PromptedUNet":
        return PromptedUNet(self)


class PromptedUNet(nn.Module):
    """x (B, C, H, W), log_snr (B,), told a vector (B, size) and tokens (B, length, size) -> (B, C, H, W)."""

    ends = ("as_tokens",)  # AdamW trains these (playground.muon)

    def __init__(self, config: PromptedConfig):
        super().__init__()
        self.unet = UNetConfig(
            config.width, config.blocks, patch=config.patch, channels=config.channels, tell=config.tell
        ).build()
        self.as_tokens = nn.Linear(config.size, OWN * config.size)
        self.no_embedding = nn.Parameter(torch.zeros(OWN, config.size))
        self.no_caption = nn.Parameter(torch.zeros(config.length, config.size))

    def forward(
        self, x: Tensor, log_snr: Tensor, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        told, hidden = told or {}, hidden or {}
        B, size = len(x), self.no_caption.shape[1]
        own = self.as_tokens(told["vector"]).view(B, OWN, size) if "vector" in told else None
        tokens = torch.cat(
            [
                shown(own, self.no_embedding, hidden.get("vector"), B),
                shown(told.get("tokens"), self.no_caption, hidden.get("tokens"), B),
            ],
            1,
        )  # (B, OWN + length, size)
        passed_on = {name: value for name, value in told.items() if name != "tokens"} | {"tokens": tokens}
        withheld = {name: value for name, value in hidden.items() if name != "tokens"}
        return self.unet(x, log_snr, passed_on, withheld)

    def require_told(self, told: Told) -> None:
        """Raises UserError for conditions that this network does not know, or of another size."""
        self.unet.require_told(told)
        require_length(told, len(self.no_caption))


def shown(told: Tensor | None, null: Tensor, hidden: Tensor | None, B: int) -> Tensor:
    """What is told (B, *S), with the null (*S) for whom it is withheld from, or for all where nothing is told."""
    nulls = null.expand(B, *null.shape)
    if told is None:
        return nulls
    return told if hidden is None else torch.where(hidden.view(B, *[1] * null.ndim), nulls, told)


def require_length(told: Told, length: int = LENGTH) -> None:
    """Captions have `length` tokens, words that are not there included."""
    if "tokens" in told:
        count = told["tokens"].shape[-2]
        require(
            count == length, f"The caption has {count} tokens; it must have {length}: make it by tokens_of."
        )
