"""Training as a generator: one Progress after each optimiser step, and everything else listens.

Each step's batch and noise come from a generator seeded by (seed, step), so a run that goes on from a
checkpoint repeats exactly what the run that was never stopped would have done.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor, nn

from playground.errors import SEEDS, UserError, require, require_whole
from playground.knobs import Knobs, choice, knob
from playground.muon import Muon, hidden_matrices

B = TypeVar("B")  # a batch: whatever the loss knows how to read; `playground.objectives.Batch` for denoisers
OPTIMIZERS = ("adamw", "muon")


@contextmanager
def weights_from(seed: int) -> Iterator[None]:
    """Networks built within it get the initial weights of this seed; torch's global stream is put back after it."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@dataclass(frozen=True)
class Recipe(Knobs):
    """The knobs of a training run.  steps: optimiser steps in all; warmup: steps of linear rise.

    optimizer: "adamw" for all parameters, or "muon" for the hidden matrices, with its own rate `matrix_lr`, and AdamW
    with `lr` for the rest.  Both rates rise and fall together.  betas: how long AdamW's two averages remember.
    """

    steps: int
    lr: float = 2e-3
    warmup: int = 100
    ema: float = 0.999
    clip: float = 1.0
    weight_decay: float = 0.0
    seed: int = knob(0, *SEEDS, "The seed")
    optimizer: str = choice("adamw", OPTIMIZERS, "The optimizer")
    matrix_lr: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.steps >= 1, f"Training has {self.steps} steps; it needs at least one: raise the length.")
        require_whole("The number of training steps", self.steps, 1, 10**10)
        require(
            0 < self.lr <= 1,
            f"The learning rate is {self.lr:g}; it must lie above 0 and be at most 1: 0.002 is a good start.",
        )
        require(
            0 < self.matrix_lr <= 1,
            f"Muon's learning rate is {self.matrix_lr:g}; it must lie above 0 and be at most 1: 0.01 is a good start.",
        )


@dataclass(frozen=True)
class Progress:
    """After optimiser step `step` of `steps`.  loss: () detached, the batch's mean; seconds: of this call."""

    step: int
    steps: int
    loss: Tensor
    lr: float
    seconds: float
    done_now: int

    @property
    def seconds_left(self) -> float:
        return self.seconds / self.done_now * (self.steps - self.step)


class Trainee:
    """What a training run changes: the network, its moving average, the optimisers' moments, the step.

    optimizers: "adam" and, where the recipe has it, "muon"; each with its own part of the parameters.
    """

    def __init__(self, net: nn.Module, recipe: Recipe):
        self.net, self.recipe, self.step = net, recipe, 0
        self.ema = {name: value.detach().clone() for name, value in net.state_dict().items()}
        self.optimizers = _optimizers(net, recipe)

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights, for `net.load_state_dict`."""
        return self.ema

    def tensors(self) -> dict[str, Tensor]:
        """All that is needed to go on, flat, for a checkpoint."""
        flat = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        flat |= {f"ema.{name}": value for name, value in self.ema.items()}
        for kind, optimizer in self.optimizers.items():
            for index, moments in optimizer.state_dict()["state"].items():
                flat |= {f"{kind}.{index}.{name}": value for name, value in moments.items()}
        return flat | {"step": torch.tensor(self.step)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Takes up where `tensors()` was called.  Names or shapes that do not fit are refused, untouched."""
        self.check(tensors)
        self.net.load_state_dict(below(tensors, "net."))
        for name, value in below(tensors, "ema.").items():
            self.ema[name].copy_(value)
        for kind, optimizer in self.optimizers.items():
            _restore_moments(optimizer, below(tensors, f"{kind}."))
        self.step = int(tensors["step"])

    def check(self, tensors: dict[str, Tensor]) -> None:
        """Raises UserError for tensors that `restore` would refuse; changes nothing."""
        self._refuse_another_network(tensors)
        self._refuse_another_optimizer(tensors)

    def _refuse_another_network(self, tensors: dict[str, Tensor]) -> None:
        """Compares everything but the moments, which do not exist before the first step."""
        own, given = (
            {name: value.shape for name, value in flat.items() if not _is_moment(name)}
            for flat in (self.tensors(), tensors)
        )
        wrong = sorted(name for name in own.keys() | given.keys() if own.get(name) != given.get(name))
        if wrong:
            raise UserError(
                f"The checkpoint holds another network than the one configured ({wrong[0]} does not fit): "
                "start a new run."
            )

    def _refuse_another_optimizer(self, tensors: dict[str, Tensor]) -> None:
        """Moments must belong to the parameters that each optimiser has; before the first step there are none."""
        given = {name: value.shape for name, value in tensors.items() if _is_moment(name) and value.ndim}
        own = {
            f"{kind}.{index}.{moment}": parameter.shape
            for kind, optimizer in self.optimizers.items()
            for index, parameter in enumerate(_parameters(optimizer))
            for moment in MOMENTS[kind]
            if parameter.ndim
        }
        if given and not given.items() <= own.items():
            raise UserError(
                f"The checkpoint was not made with the optimizer {self.recipe.optimizer!r}, and its moments are of no "
                "use to another: go on with the one it has, or start a new run."
            )


MOMENTS = {"adam": ("exp_avg", "exp_avg_sq"), "muon": ("momentum",)}  # by optimiser, as torch names them


def _is_moment(name: str) -> bool:
    return name.split(".")[0] in MOMENTS


def _optimizers(net: nn.Module, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
    """Each with its share of the parameters, and the highest rate of each group as its "peak"."""
    named = dict(net.named_parameters())
    matrices = hidden_matrices(net) if recipe.optimizer == "muon" else []
    rest = [parameter for name, parameter in named.items() if name not in matrices]
    fused = next(net.parameters()).device.type in ("cuda", "cpu")
    adam: list[dict[str, Any]] = [{"params": rest, "peak": recipe.lr}]
    made: dict[str, torch.optim.Optimizer] = {
        "adam": torch.optim.AdamW(
            adam, lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=fused
        )
    }
    if matrices:
        group: dict[str, Any] = {"params": [named[name] for name in matrices], "peak": recipe.matrix_lr}
        made["muon"] = Muon([group], lr=recipe.matrix_lr, weight_decay=recipe.weight_decay)
    return made


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _restore_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """tensors: "INDEX.MOMENT".  In memory they come to lie as their parameter does: the fused step needs that."""
    parameters = _parameters(optimizer)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, moment = name.split(".")
        if value.ndim:
            value = torch.empty_like(parameters[int(index)]).copy_(value)
        state.setdefault(int(index), {})[moment] = value.clone()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries below a prefix, without it."""
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def learning_rate(step: int, recipe: Recipe) -> float:
    """AdamW's: linear rise over `warmup` steps, then a cosine fall to zero at the last step."""
    return recipe.lr * rate_share(step, recipe)


def rate_share(step: int, recipe: Recipe) -> float:
    """The share of its highest rate that every optimiser has at a step."""
    rise = min(1.0, (step + 1) / max(1, recipe.warmup))
    return rise * (1 + math.cos(math.pi * step / recipe.steps)) / 2


def ema_decay(step: int, recipe: Recipe) -> float:
    """The average's decay, shorter at first, so that the random start is forgotten early."""
    return min(recipe.ema, (1 + step) / (10 + step))


def train(
    trainee: Trainee,
    batches: Callable[[int, Generator], B],
    loss_of: Callable[[Any, B, Generator], Tensor],
    *,
    autocast: torch.dtype | None = None,
) -> Iterator[Progress]:
    """Trains to `recipe.steps` and yields after every step.

    batches: (step, rng) -> a batch of any kind.  loss_of: (net, batch, rng) -> the loss of each sample, of order one:
    `playground.objectives.per_dimension` makes one of an objective.  autocast: torch.bfloat16 on a GPU.  Raises
    UserError when the loss stops being a number; the trainee then still holds the weights of the step before.
    """
    net, recipe = trainee.net.train(), trainee.recipe
    device = next(net.parameters()).device
    start, first = time.perf_counter(), trainee.step
    while trainee.step < recipe.steps:
        rng = Generator(device).manual_seed(_step_seed(recipe.seed, trainee.step))
        batch = batches(trainee.step, rng)
        with torch.autocast(device.type, autocast) if autocast else nullcontext():
            loss = loss_of(net, batch, rng).mean()
        lr = _optimise(trainee, loss)
        yield Progress(
            trainee.step, recipe.steps, loss.detach(), lr, time.perf_counter() - start, trainee.step - first
        )


def _step_seed(seed: int, step: int) -> int:
    """Seed s begins where no other is near: distinct for seeds below 1,000 and a million steps each.

    torch's CPU generator reads the low 32 bits only; multiples of 2**32 over the golden ratio lie far apart.
    """
    return (seed * 0x9E3779B1 + step) % 2**32


def _optimise(trainee: Trainee, loss: Tensor) -> float:
    """One step of every optimiser with clipped gradients, then the average; returns AdamW's learning rate."""
    recipe, share = trainee.recipe, rate_share(trainee.step, trainee.recipe)
    for optimizer in trainee.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(trainee.net.parameters(), recipe.clip)
    if not math.isfinite(
        norm.item()
    ):  # one wait for the GPU; a loss that is no number has no gradient either
        raise UserError(
            f"At step {trainee.step} the loss became {loss.item()} and its gradient {norm.item()}; both must stay "
            f"finite: choose {_lower_rates(recipe)}."
        )
    for optimizer in trainee.optimizers.values():
        optimizer.step()
    _average(trainee)
    trainee.step += 1
    return recipe.lr * share


def _lower_rates(recipe: Recipe) -> str:
    words = f"a learning rate below {recipe.lr:g}"
    return (
        words
        if recipe.optimizer == "adamw"
        else f"{words}, or one below {recipe.matrix_lr:g} for the matrices"
    )


@torch.no_grad()
def _average(trainee: Trainee) -> None:
    decay = ema_decay(trainee.step, trainee.recipe)
    current = trainee.net.state_dict()
    torch._foreach_lerp_(list(trainee.ema.values()), [current[name] for name in trainee.ema], 1 - decay)
