"""What a network is told, made into what its blocks understand: `playground.conditioning` names the four ways in.

All of it starts at zero, so a network that is told more begins as the one that is told less, and may start from its
weights.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from images.networks.parts import zeroed
from playground.conditioning import Hidden, Told
from playground.errors import UserError, require, require_range


@dataclass(frozen=True)
class TellConfig:
    """What the network may be told; 0: not this.

    classes: labels 0..classes - 1.  vector: its length.  tokens: the length of each.  image: its channels.
    """

    classes: int = 0
    vector: int = 0
    tokens: int = 0
    image: int = 0

    def __post_init__(self) -> None:
        for name, most in (("classes", 100_000), ("vector", 65_536), ("tokens", 65_536), ("image", 1024)):
            require_range(f"What the network is told ({name})", getattr(self, name), 0, most)

    @property
    def names(self) -> tuple[str, ...]:
        """The conditions by their names in `playground.conditioning`."""
        sizes = {"label": self.classes, "vector": self.vector, "tokens": self.tokens, "image": self.image}
        return tuple(name for name, size in sizes.items() if size)

    def require(self, told: Told) -> None:
        """Raises UserError for conditions that this network does not know, or of another size."""
        sizes = {"vector": (-1, self.vector), "tokens": (-1, self.tokens), "image": (-3, self.image)}
        for name, value in told.items():
            if name not in self.names:
                known = ", ".join(self.names) or "nothing"
                raise UserError(
                    f"The network was told a condition ({name}), but it knows {known}: choose a model that was "
                    "trained with it."
                )
            if name == "label":
                if value.device.type != "cpu":
                    continue  # to look at its numbers would make a GPU wait; the embedding refuses them itself
                outside = value[(value < 0) | (value >= self.classes)]
                if outside.numel():
                    wrong = int(outside.flatten()[0])
                    raise UserError(
                        f"The label is {wrong}; known are 0 to {self.classes - 1}: choose one of these."
                    )
            else:
                axis, size = sizes[name]
                require(
                    value.shape[axis] == size,
                    f"The {name} that the network was told has the size {value.shape[axis]}; it must be {size}.",
                )


class Telling(nn.Module):
    """Told and hidden -> what is added to the level's embedding, the tokens, and the image beside x."""

    def __init__(self, config: TellConfig, cond: int):
        super().__init__()
        self.config = config
        if config.classes:
            self.label = zeroed(nn.Embedding(config.classes + 1, cond))  # the last row: not told
        if config.vector:
            self.vector = zeroed(nn.Linear(config.vector, cond))
            self.no_vector = nn.Parameter(torch.zeros(cond))
        if config.tokens:
            self.no_token = nn.Parameter(torch.zeros(config.tokens))

    def added(self, cond: Tensor, told: Told, hidden: Hidden) -> Tensor:
        """The level's embedding (B, cond), with the label's row and the vector's map added."""
        B = len(cond)
        if self.config.classes:
            null = torch.full((B,), self.config.classes, device=cond.device)
            cond = cond + self.label(
                torch.where(_hidden("label", told, hidden, null), null, told.get("label", null))
            )
        if self.config.vector:
            mapped = self.vector(told["vector"]) if "vector" in told else self.no_vector.expand(B, -1)
            cond = cond + torch.where(_hidden("vector", told, hidden, cond)[:, None], self.no_vector, mapped)
        return cond

    def tokens(self, told: Told, hidden: Hidden, like: Tensor) -> Tensor | None:
        """(B, n, C) for the attention, the null token in place of each that is withheld; None where there are none."""
        if not self.config.tokens:
            return None
        tokens = told.get("tokens", self.no_token.expand(len(like), 1, -1))
        return torch.where(_hidden("tokens", told, hidden, like)[:, None, None], self.no_token, tokens)

    def beside(self, x: Tensor, told: Told, hidden: Hidden) -> Tensor:
        """The told image for x (B, C, H, W), zero where withheld, and a channel that says whether there is one."""
        channels = self.config.image
        B, _, H, W = x.shape
        shown = (~_hidden("image", told, hidden, x)).to(x)[:, None, None, None]
        image = told.get("image", x.new_zeros((B, channels, H, W)))
        return torch.cat([image * shown, shown.expand(B, 1, H, W)], 1)


def _hidden(name: str, told: Told, hidden: Hidden, like: Tensor) -> Tensor:
    """Whose condition is missing, (B,): withheld, or not told to anyone."""
    if name not in told:
        return torch.ones(len(like), dtype=torch.bool, device=like.device)
    return hidden.get(name, torch.zeros(len(like), dtype=torch.bool, device=like.device))
