"""Muon (Jordan et al. 2024): momentum whose update of a weight matrix is made orthogonal, all its directions alike.

torch has a Muon since 2.9, for matrices only and in bfloat16, which a CPU without instructions for it takes ten times
as long for.  This one takes convolutions as (out, in * k * k), works in float32 on CPUs, and stacks matrices of one
shape, so that a network's many small ones are a few large products.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# The quintic's coefficients: steep at zero, so that five rounds bring every singular value to about one.
QUINTIC = (3.4445, -4.7750, 2.0315)
MATRICES = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)


def hidden_matrices(net: nn.Module) -> list[Tensor]:
    """The weights of linear and convolutional layers inside a network, in its order.

    Not those of layers that a module names in OUTER: its first and last ones, and what embeds levels and labels, where
    rows mean things of their own and a common size would be wrong.
    """
    outer = {
        f"{path}.{name}" if path else name
        for path, module in net.named_modules()
        for name in getattr(module, "OUTER", ())
    }
    found = []
    for path, module in net.named_modules():
        inside = not any(path == name or path.startswith(f"{name}.") for name in outer)
        if inside and isinstance(module, MATRICES) and module.weight.requires_grad:
            found.append(module.weight)
    return found


def orthogonalised(G: Tensor, rounds: int = 5) -> Tensor:
    """Newton-Schulz: (..., n, m) -> about U V^T of G = U S V^T, each singular value between 0.7 and 1.2."""
    a, b, c = QUINTIC
    tall = G.shape[-2] > G.shape[-1]
    X: Tensor = G.mT if tall else G
    X = X / X.flatten(-2).norm(dim=-1)[..., None, None].clamp(min=1e-7)
    for _ in range(rounds):
        A = X @ X.mT
        X = a * X + (b * A + c * (A @ A)) @ X
    return X.mT if tall else X


class Muon(torch.optim.Optimizer):
    """update = orthogonalised(Nesterov momentum) * sqrt(max(1, rows / columns)), times lr.

    weight_decay: a share of each weight, times lr, as AdamW has it.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.01,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            stacks: dict[tuple[int, int], list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    stacks.setdefault(_shape(parameter), []).append(parameter)
            for shape, parameters in stacks.items():
                self._step_stack(group, shape, parameters)

    def _step_stack(self, group: dict[str, Any], shape: tuple[int, int], parameters: list[Tensor]) -> None:
        updates = torch.stack([self._momentum(group, parameter).reshape(shape) for parameter in parameters])
        on_gpu = updates.device.type == "cuda"
        whitened = orthogonalised(updates.bfloat16() if on_gpu else updates.float()).to(updates)
        size = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
        for parameter, update in zip(parameters, whitened, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(update.reshape(parameter.shape), alpha=-size)

    def _momentum(self, group: dict[str, Any], parameter: Tensor) -> Tensor:
        """The average of the gradients, looked ahead by one step (Nesterov)."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        average = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
        return parameter.grad.lerp(average, group["momentum"])


def _shape(parameter: Tensor) -> tuple[int, int]:
    return len(parameter), parameter[0].numel()
