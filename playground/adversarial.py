"""A maker and a critic: the adversarial loss, and two trainings in turn that are saved and taken up as one.

The critic gives real samples high scores and made ones low scores, the maker is trained to be scored high (Goodfellow
et al. 2014).  A training is a generator of steps, so "in turn" is: one step of one, one step of the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor, nn

from playground.errors import UserError, require_range
from playground.training import Progress, Recipe, Trainee, below, train

B = TypeVar("B")
CRITIC = "critic."  # what its tensors' names begin with in a checkpoint


def hinge_critic(real: Tensor, made: Tensor) -> Tensor:
    """The critic's hinge loss (Lim and Ye 2017), scores (B, ...) of any shape -> (B,):

    1/2 max(0, 1 - s(real)) + 1/2 max(0, 1 + s(made)), the mean over a sample's scores; 1 for a critic that says 0.
    """
    return ((1 - real).relu().flatten(1).mean(1) + (1 + made).relu().flatten(1).mean(1)) / 2


def hinge_maker(made: Tensor) -> Tensor:
    """The maker's: minus the score, (B, ...) -> (B,).  No hinge here, or a maker that is losing would learn nothing."""
    return -made.flatten(1).mean(1)


def adaptive_weight(faithful: Tensor, adversarial: Tensor, last: Tensor, most: float) -> Tensor:
    """The quotient of two losses' gradients, in length, at the maker's last weights (Esser et al. 2021, eq. 7).

    faithful, adversarial: () each; -> (), no gradient.  With it both pull equally hard.  At most `most`: a critic that
    has nothing to say has no gradient, and the quotient would be any number.
    """
    one, other = (
        torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (faithful, adversarial)
    )
    weight: Tensor = one / (other + 1e-8)
    return weight.clamp(max=most).detach()


def critics_recipe(recipe: Recipe, share: float, lr: float) -> Recipe:
    """Of the critic that enters when `share` of the maker's run is over: its steps, its own rate, AdamW alone.

    A share and not a step number: a run that is shorter than the number would never meet its critic.
    """
    require_range("The share of the run before the critic enters", share, 0, 0.9)
    steps = recipe.steps - int(share * recipe.steps)
    return replace(
        recipe,
        steps=steps,
        lr=lr,
        warmup=min(50, steps // 10 + 1),
        optimizer="adamw",
        betas=(0.5, 0.9),
        seed=(recipe.seed + 1) % 2**31,
    )


class Rivals:
    """Two trainees that are one to whoever saves, restores or counts.  The maker is what the run is about."""

    def __init__(self, maker: Trainee, critic: nn.Module, share: float, lr: float):
        self.maker = maker
        self.critic = Trainee(critic, critics_recipe(maker.recipe, share, lr))
        self.starts = (
            maker.recipe.steps - self.critic.recipe.steps
        )  # the maker's step at which the critic enters

    @property
    def net(self) -> nn.Module:
        return self.maker.net

    @property
    def recipe(self) -> Recipe:
        return self.maker.recipe

    @property
    def step(self) -> int:
        return self.maker.step

    def averaged(self) -> dict[str, Tensor]:
        return self.maker.averaged()

    def tensors(self) -> dict[str, Tensor]:
        return self.maker.tensors() | {CRITIC + name: value for name, value in self.critic.tensors().items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """As `Trainee.restore`: what does not fit is refused, and neither of the two is touched."""
        makers = {name: value for name, value in tensors.items() if not name.startswith(CRITIC)}
        critics = below(tensors, CRITIC)
        if not critics:
            raise UserError("The checkpoint holds no critic, and this run has one: start a new run.")
        self.maker.check(makers)
        self.critic.check(critics)
        self.maker.restore(makers)
        self.critic.restore(critics)


MakersLoss = Callable[[Any, Any, B, Generator], Tensor]  # (maker, critic or None, batch, rng) -> (B,)
CriticsLoss = Callable[[Any, Any, B, Generator], Tensor]  # (critic, maker, batch, rng) -> (B,)


def train_rivals(
    rivals: Rivals,
    batches: Callable[[int, Generator], B],
    makers_loss: MakersLoss[B],
    critics_loss: CriticsLoss[B],
    *,
    autocast: torch.dtype | None = None,
) -> Iterator[Progress]:
    """Yields the maker's progress after each of its steps; from `rivals.starts` on a step of the critic goes before.

    Until then the maker's loss gets None for a critic.  Each step's batch and noise follow from the seed, the step
    and whose it is, so a run that goes on from `rivals.tensors()` repeats one that was never stopped.
    """
    maker, critic = rivals.maker, rivals.critic

    def judged(net: Any, batch: B, rng: Generator) -> Tensor:
        entered = maker.step >= rivals.starts
        return makers_loss(net, critic.net.requires_grad_(False) if entered else None, batch, rng)

    def judging(net: Any, batch: B, rng: Generator) -> Tensor:
        return critics_loss(net.requires_grad_(True), maker.net, batch, rng)

    making = train(maker, batches, judged, autocast=autocast)
    criticising = train(critic, batches, judging, autocast=autocast)
    while maker.step < maker.recipe.steps:
        if maker.step >= rivals.starts:
            next(criticising)
        yield next(making)
