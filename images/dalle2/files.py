"""The files of DALL-E 2's parts that are no denoisers: CLIP, its noise-aware encoder, the autoregressive prior."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from images.data.mnist import to_uint8
from images.models import FORMAT
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError


def save_net(
    path: str | Path, kind: str, net: Any, weights: Mapping[str, Tensor], about: dict[str, Any]
) -> Path:
    """Writes a network's weights, with its config `net` and its kind in the header."""
    return save_checkpoint(
        path, weights, {**about, "format": FORMAT, "model": {"kind": kind, "net": asdict(net)}}
    )


def load_net(
    path: str | Path, kind: str, config: type, called: str, device: torch.device | str
) -> tuple[nn.Module, dict[str, Any]]:
    """The network in eval mode, no gradients of its weights; and what is known about it.

    Raises UserError for a file that is missing or is no `called`.
    """
    weights, about = load_checkpoint(path)
    try:
        if about["model"]["kind"] != kind:
            raise KeyError(kind)
        net = config(**about["model"]["net"]).build()
        net.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{path} is no {called}: train one with 'python -m images train --preset {kind}'."
        ) from error
    return net.to(device).eval().requires_grad_(False), about


def cosine_sheet(cosines: Tensor, cell: int) -> np.ndarray:
    """A matrix of cosines as gray squares of `cell` pixels: white is 1, black -1."""
    return to_uint8(cosines).cpu().numpy().repeat(cell, 0).repeat(cell, 1)
