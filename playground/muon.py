"""Muon: a hidden layer's matrix moves by the orthogonal matrix nearest to its momentum (Jordan et al. 2024).

torch ships `torch.optim.Muon`, for matrices in two dimensions, one after the other, in bfloat16.  Here convolutions
are matrices, too, equal shapes are orthogonalised together, in float32, which a CPU multiplies fastest, and through the
small Gram matrix.  The tests hold both to the same steps.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients: steep at zero, and then not far from one
ITERATIONS = 5


@torch.no_grad()
def orthogonalised(matrices: Tensor) -> Tensor:
    """(..., rows, columns), U S V^T -> U S' V^T with the entries of S' near one, between about 0.7 and 1.2.

    Newton-Schulz: X <- (a I + b G + c G**2) X with G = X X^T, five times.  All factors are polynomials of the first G,
    so they commute, and the iteration runs on G alone: G <- Q G Q, P <- Q P, and P X at the end.  For a convolution,
    with nine or more times as many columns as rows, that is a third of the work.  Zero stays zero.
    """
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonalised(matrices.mT).mT
    a, b, c = QUINTIC
    X = matrices / matrices.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    G: Tensor = X @ X.mT
    P: Tensor | None = None
    for left in reversed(range(ITERATIONS)):
        Q = b * G + c * (G @ G)
        Q.diagonal(dim1=-2, dim2=-1).add_(a)
        P = Q if P is None else Q @ P
        if left:
            G = Q @ G @ Q
    moved: Tensor = X if P is None else P @ X
    return moved


class Muon(torch.optim.Optimizer):
    """Nesterov's momentum, orthogonalised; a step is as large as lr * sqrt(max(1, rows / columns)) says.

    parameters: matrices, or convolutions, (out, in, k, k), which are taken as (out, k * k * in).
    weight_decay: decoupled, as AdamW has it.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor] | list[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for parameters in alike.values():
                self._move(parameters, group["lr"], group["momentum"], group["weight_decay"])

    def _move(self, parameters: list[Tensor], lr: float, momentum: float, weight_decay: float) -> None:
        """One step of parameters that have one shape."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        buffers = [self._buffer(parameter) for parameter in parameters]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, buffers, momentum)
        steps = orthogonalised(torch.stack([as_matrix(step) for step in ahead]))
        rows, columns = steps.shape[-2:]
        if weight_decay:
            torch._foreach_mul_(parameters, 1 - lr * weight_decay)
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.sub_(shaped(step, parameter.shape), alpha=lr * math.sqrt(max(1.0, rows / columns)))

    def _buffer(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        buffer: Tensor = state["momentum"]
        return buffer


def as_matrix(weight: Tensor) -> Tensor:
    """(out, in, *kernel) -> (out, kernel * in), without a copy where channels lie last; a matrix as it is."""
    return weight.movedim(1, -1).flatten(1)


def shaped(matrix: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `as_matrix`."""
    out, inputs, *kernel = shape
    return matrix.view(out, *kernel, inputs).movedim(-1, 1)


def hidden_matrices(net: nn.Module) -> list[str]:
    """The names of Muon's parameters: weights with two or more dimensions, but for a network's ends.

    A module names its ends, the parts that meet data or level, in `ends`; what has no such list is hidden throughout.
    """
    ends = [
        f"{prefix}.{end}." if prefix else f"{end}."
        for prefix, module in net.named_modules()
        for end in getattr(module, "ends", ())
    ]
    return [
        name
        for name, parameter in net.named_parameters()
        if parameter.ndim >= 2 and not name.startswith(tuple(ends))
    ]
