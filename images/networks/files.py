"""The files of networks that are no denoisers: CLIPs, guides, autoencoders, the autoregressive prior."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from images.models import FORMAT
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError

N = TypeVar("N", bound=nn.Module, covariant=True)


class Plan(Protocol[N]):
    """The config of a network."""

    def build(self) -> N: ...


def save_net(
    path: str | Path, kind: str, net: Any, weights: dict[str, Tensor], about: dict[str, Any], **more: Any
) -> Path:
    """Writes a network's weights; its config `net`, its kind and what `more` says of it go into the header."""
    model = {"kind": kind, "net": asdict(net), **more}
    return save_checkpoint(path, weights, {**about, "format": FORMAT, "model": model})


def load_net(
    path: str | Path,
    kind: str,
    config: Callable[..., Plan[N]],
    called: str,
    device: torch.device | str,
    preset: str = "",
) -> tuple[N, dict[str, Any]]:
    """The network in eval mode, no gradients of its weights; and what is known about it.

    preset: which trains one, where that is not its kind.  Raises UserError for a file that is missing, damaged, or no
    `called`.
    """
    weights, about = load_checkpoint(path)
    try:
        if about["model"]["kind"] != kind:
            raise KeyError(kind)
        net = config(**about["model"]["net"]).build()
        net.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        make = f"python -m images train --preset {preset or kind}"
        raise UserError(f"{path} is no {called}: train one with '{make}', or name another file.") from error
    return net.to(device).eval().requires_grad_(False), about
