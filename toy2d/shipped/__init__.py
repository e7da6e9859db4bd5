"""Networks of the pages' own defaults, trained before, so that a first visit need not wait for them.

`python -m toy2d.shipped` trains them again; toy2d/net.py says from what.  A page that asks for any other configuration
trains it.
"""

from functools import cache
from pathlib import Path

from toy2d.net import LearnConfig, Learned, load

SHIPPED = Path(__file__).parent
DEFAULTS = {"ncsn": LearnConfig(objective="ncsn"), "ddpm": LearnConfig(objective="ddpm")}


def path_of(name: str) -> Path:
    """The file of one of DEFAULTS."""
    return SHIPPED / f"{name}.safetensors"


@cache
def shipped(config: LearnConfig) -> Learned | None:
    """The shipped network of exactly this configuration, or None.  A file made from another one is passed over."""
    for name, default in DEFAULTS.items():
        if config == default and path_of(name).exists():
            found = load(path_of(name))
            return found if found.config == config else None
    return None
