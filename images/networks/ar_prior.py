"""DALL-E 2's autoregressive prior (Ramesh et al. 2022, Section 2.2): embeddings as sequences of bucket numbers.

An embedding is turned onto its principal directions, the directions of least variance are left out, and each
coordinate is rounded to one of a few buckets, in the order of decreasing variance.  A causal transformer predicts each
bucket from the caption and the buckets before it.  It is the one model here that is no denoiser and no walk.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from images.data.captions import LENGTH
from images.networks.clip import on_sphere, transformer
from images.networks.parts import require_size
from images.networks.prompted import shown
from playground.conditioning import Hidden, Told
from playground.errors import require, require_range
from playground.knobs import Knobs, knob
from playground.training import weights_from


@dataclass(frozen=True)
class ARPriorConfig(Knobs):
    """size: D, of embeddings; kept: principal directions; buckets: for each; width, layers: the transformer's."""

    size: int = 64
    kept: int = 16
    buckets: int = knob(32, 2, 1024, "The number of buckets")
    width: int = 64
    layers: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.width, self.layers)
        require_range("The number of principal directions", self.kept, 1, self.size)

    def build(self, seed: int = 0) -> "ARPrior":
        with weights_from(seed):
            return ARPrior(self)


class ARPrior(nn.Module):
    """Buckets (B, kept) int64 and a caption -> logits (B, kept, buckets), each place told those before it alone."""

    ends = ("words", "caption", "bucket", "leave")  # AdamW trains these (playground.muon)
    centre: Tensor
    directions: Tensor
    values: Tensor

    def __init__(self, config: ARPriorConfig):
        super().__init__()
        D, width = config.size, config.width
        self.config = config
        self.register_buffer("centre", torch.zeros(D))
        self.register_buffer("directions", torch.eye(D)[: config.kept])  # (kept, D), orthonormal rows
        self.register_buffer(
            "values", torch.zeros(config.kept, config.buckets)
        )  # what each bucket stands for
        self.words, self.caption = nn.Linear(D, width), nn.Linear(D, width)
        self.no_words, self.no_caption = nn.Parameter(torch.zeros(LENGTH, D)), nn.Parameter(torch.zeros(D))
        self.bucket = nn.Embedding(config.buckets, width)
        self.places = nn.Parameter(nn.init.normal_(torch.empty(LENGTH + 1 + config.kept, width), std=0.1))
        self.body = transformer(width, config.layers)
        self.leave = nn.Linear(width, config.buckets)

    @torch.no_grad()
    def fit(self, z: Tensor) -> "ARPrior":
        """Directions and buckets from embeddings (N, D): buckets hold equal shares, and stand for their means."""
        kept, buckets = self.config.kept, self.config.buckets
        require(
            len(z) >= buckets,
            f"There are {len(z)} embeddings for {buckets} buckets: give more, or have fewer buckets.",
        )
        self.centre.copy_(z.mean(0))
        _, vectors = torch.linalg.eigh(torch.cov(z.T).double())
        self.directions.copy_(vectors.flip(1).T[:kept])  # eigh's values rise
        turned = ((z - self.centre) @ self.directions.T).sort(0).values  # (N, kept)
        self.values.copy_(torch.stack([part.mean(0) for part in turned.tensor_split(buckets)], 1))
        return self

    def quantised(self, z: Tensor) -> Tensor:
        """(B, D) -> (B, kept): the bucket whose value is nearest, in the order of decreasing variance."""
        turned = (z - self.centre) @ self.directions.T
        between = (self.values[:, 1:] + self.values[:, :-1]) / 2
        return torch.searchsorted(between.contiguous(), turned.T.contiguous()).T

    def embedding(self, buckets: Tensor) -> Tensor:
        """(B, kept) -> (B, D), on the sphere: the nearest that the buckets can say."""
        turned = self.values.T.gather(0, buckets)
        return on_sphere(self.centre + turned @ self.directions)

    def forward(self, buckets: Tensor, told: Told | None = None, hidden: Hidden | None = None) -> Tensor:
        told, hidden = told or {}, hidden or {}
        B = len(buckets)
        words = self.words(shown(told.get("tokens"), self.no_words, hidden.get("tokens"), B))
        caption = self.caption(shown(told.get("vector"), self.no_caption, hidden.get("vector"), B))
        places = torch.cat([words, caption[:, None], self.bucket(buckets[:, : self.config.kept - 1])], 1)
        length = places.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool, device=places.device).triu(1)
        h = self.body(places + self.places[:length], mask=mask)
        return self.leave(h[:, LENGTH:])  # the caption's place predicts the first bucket

    @torch.no_grad()
    def sample(self, told: Told, count: int, rng: Generator) -> Tensor:
        """Embeddings on the sphere, (count, D), bucket by bucket: as many calls as directions.  told: a batch each."""
        buckets = torch.empty(count, 0, dtype=torch.long, device=self.centre.device)
        for _ in range(self.config.kept):
            p = self(buckets, told)[:, -1].softmax(1)
            buckets = torch.cat([buckets, torch.multinomial(p, 1, generator=rng)], 1)
        return self.embedding(buckets)
