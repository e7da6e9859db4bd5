"""DALL-E 2's diffusion prior (Ramesh et al. 2022, Section 2.2): a denoiser of CLIP's image embeddings.

A transformer over the caption's words, its embedding, the noise level, the noised image embedding, and a last place
where the clean embedding is read off.  The places are few and ordered, so it needs no causal mask.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from images.data.captions import LENGTH
from images.networks.clip import transformer
from images.networks.parts import LevelEmbedding, require_size, zeroed
from images.networks.prompted import require_length, shown
from images.networks.telling import TellConfig
from playground.conditioning import Hidden, Told


@dataclass(frozen=True)
class CaptionPriorConfig:
    """size: of embeddings and of the caption's tokens; width, layers: the transformer's."""

    size: int = 64
    width: int = 64
    layers: int = 3

    def __post_init__(self) -> None:
        require_size(self.width, self.layers)

    @property
    def tell(self) -> TellConfig:
        return TellConfig(vector=self.size, tokens=self.size)

    def build(self) -> "CaptionPrior":
        return CaptionPrior(self)


class CaptionPrior(nn.Module):
    """x (B, D), log_snr (B,), told the caption's embedding (B, D) and its words (B, LENGTH, D) -> (B, D)."""

    ends = ("embed", "enter", "words", "caption", "leave")  # AdamW trains these (playground.muon)

    def __init__(self, config: CaptionPriorConfig):
        super().__init__()
        D, width = config.size, config.width
        self.config = config
        self.embed = LevelEmbedding(width)
        self.enter, self.words, self.caption = nn.Linear(D, width), nn.Linear(D, width), nn.Linear(D, width)
        self.no_words, self.no_caption = nn.Parameter(torch.zeros(LENGTH, D)), nn.Parameter(torch.zeros(D))
        self.places = nn.Parameter(nn.init.normal_(torch.empty(LENGTH + 4, width), std=0.1))
        self.body = transformer(width, config.layers)
        self.leave = zeroed(nn.Linear(width, D))

    def forward(
        self, x: Tensor, log_snr: Tensor, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        told, hidden = told or {}, hidden or {}
        B = len(x)
        words = self.words(shown(told.get("tokens"), self.no_words, hidden.get("tokens"), B))
        caption = self.caption(shown(told.get("vector"), self.no_caption, hidden.get("vector"), B))
        last = torch.zeros_like(caption)
        singles = torch.stack([caption, self.embed(log_snr), self.enter(x), last], 1)  # (B, 4, width)
        h = self.body(torch.cat([words, singles], 1) + self.places)
        return self.leave(h[:, -1])

    def require_told(self, told: Told) -> None:
        """Raises UserError for conditions that this network does not know, or of another size."""
        self.config.tell.require(told)
        require_length(told)
