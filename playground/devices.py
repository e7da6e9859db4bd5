"""Where tensors can live on this machine."""

import torch

from playground.errors import UserError


def devices() -> list[str]:
    """The names of the devices that are there, the fastest first; "cuda" is the first GPU of those numbered."""
    found = []
    if torch.cuda.is_available():
        found += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def best_device() -> torch.device:
    """A CUDA GPU where there is one, else Apple's, else the CPU."""
    return torch.device(devices()[0])


def device_named(name: torch.device | str | None) -> torch.device:
    """The device of a name, the best one for None.  Raises UserError for one that is not on this machine."""
    if name is None:
        return best_device()
    known = devices()
    if str(name) not in (*known, *(f"{each}:0" for each in known if ":" not in each)):
        raise UserError(
            f"There is no device {str(name)[:40]!r} on this machine; there are {', '.join(known)}: choose one of these."
        )
    return torch.device(name)
