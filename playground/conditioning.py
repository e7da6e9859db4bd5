"""A conditional model is a family of denoisers: `model.given(label=7)` is a Denoiser like any other.

The condition is bound before a sampler sees the model, so `walk`, the steps, guidance and the objectives do not
know that conditions exist.  What may be told, by name, and how a network takes it in:

    label   (B,) integers          a row of a table, added to the level's embedding
    vector  (B, E)                 a linear map of it, added to the level's embedding
    tokens  (B, n, C)              more keys and values for the attention
    image   (B, C', H, W)          concatenated to x, after x was divided by its scale

Each may lack the batch dimension: then it holds for the whole batch.  The network owns its null tokens: what is
withheld (`hidden`) or not told at all is replaced by something that it learned to expect there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from playground.errors import require, require_known
from playground.levels import Level

Denoise = Callable[[Tensor, Level], Tensor]  # `playground.denoisers.Denoiser`, which is built on this file

Told = Mapping[str, Tensor]
Hidden = Mapping[str, Tensor]  # name -> (B,) bool, True where that condition is withheld
DIMENSIONS = {"label": 0, "vector": 1, "tokens": 2, "image": 3}  # of one sample's condition


class Conditional(Protocol):
    """E[x0 | xt, condition] for every condition.  Called itself it is told nothing: the unconditional one."""

    def __call__(self, xt: Tensor, level: Level) -> Tensor: ...

    def given(self, *, hidden: Hidden | None = None, **told: Any) -> Denoise:
        """The denoiser of this condition; hidden says of each sample whether the condition is withheld."""
        ...


@dataclass(frozen=True, eq=False)
class Given:
    """A denoiser that was told something.  `model` takes (xt, level, told, hidden) and may be told nothing.

    It is a value, not a closure, so that `both` can see when two of them belong to one model.
    """

    model: Callable[..., Tensor]
    told: Told
    hidden: Hidden = field(default_factory=dict)

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        return self.model(xt, level, self.told, self.hidden)


def given(model: Callable[..., Tensor], hidden: Hidden | None, told: Mapping[str, Any]) -> Given:
    """Checks the names and shapes of what is told.  Raises UserError for a condition that there is not."""
    for name, value in told.items():
        require_known("The condition", name, DIMENSIONS)
        shape, dimensions = tuple(torch.as_tensor(value).shape), DIMENSIONS[name]
        require(
            len(shape) in (dimensions, dimensions + 1),
            f"The {name} has the shape {shape}; it must have {dimensions} dimensions, or {dimensions + 1} with the "
            "batch first: reshape it.",
        )
    tensors = {name: torch.as_tensor(value) for name, value in told.items()}
    return Given(model, tensors, {} if hidden is None else hidden)


def for_batch(name: str, value: Tensor, like: Tensor) -> Tensor:
    """One condition for each sample of `like` (B, ...): a single one is repeated.  Raises UserError for another B."""
    if value.ndim == DIMENSIONS[name]:
        value = value.expand(len(like), *value.shape)
    require(
        len(value) == len(like),
        f"There are {len(value)} conditions ({name}) for {len(like)} samples; each sample needs one: pass as many, or "
        "one without a batch dimension for all.",
    )
    return value.to(like.device) if name == "label" else value.to(like)


# --- both halves of guidance at once ------------------------------------------------------------------------


def both(first: Denoise, second: Denoise) -> Callable[[Tensor, Level], tuple[Tensor, Tensor]]:
    """Two denoisers at the same xt: in one call of the network where both are the same model, told differently."""
    one, two = _as_given(first), _as_given(second)
    if one is None or two is None or not _joinable(one, two):
        return lambda xt, level: (first(xt, level), second(xt, level))

    def together(xt: Tensor, level: Level) -> tuple[Tensor, Tensor]:
        told, hidden = _joined(one, two, xt)
        alpha, sigma = (torch.cat([p, p]) if p.ndim else p for p in (level.alpha, level.sigma))
        halves = one.model(torch.cat([xt, xt]), Level(alpha, sigma), told, hidden).chunk(2)
        return halves[0], halves[1]

    return together


def _as_given(denoise: Denoise) -> Given | None:
    """A model that was told nothing is the same model, given nothing."""
    if isinstance(denoise, Given):
        return denoise
    return Given(denoise, {}) if hasattr(denoise, "given") else None


def _joinable(one: Given, two: Given) -> bool:
    """The same model, and conditions of the same size wherever both are told."""
    shared = one.told.keys() & two.told.keys()
    sizes = (
        (name, view.told[name].shape[-DIMENSIONS[name] or None :]) for name in shared for view in (one, two)
    )
    return one.model is two.model and len(set(sizes)) == len(shared)


def _joined(one: Given, two: Given, xt: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What two views of a model are told, one after the other along the batch; who is not told has it withheld."""
    told, hidden = {}, {}
    no = torch.zeros(len(xt), dtype=torch.bool, device=xt.device)
    for name in one.told.keys() | two.told.keys():
        stand_in = one.told[name] if name in one.told else two.told[name]
        values = [for_batch(name, view.told.get(name, stand_in), xt) for view in (one, two)]
        withheld = [view.hidden.get(name, no) if name in view.told else ~no for view in (one, two)]
        told[name], hidden[name] = torch.cat(values), torch.cat(withheld)
    return told, hidden
