"""Networks of the pages' own defaults, trained before, so that a first visit need not wait for them.

`python -m toy2d.shipped` trains them again; toy2d/net.py says from what.  A page that asks for any other configuration
trains it.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from toy2d.net import LearnConfig, Learned, load
from toy2d.presets import MixtureSpec

SHIPPED = Path(__file__).parent
PRESETS = ("two_modes", "anisotropic_pair")  # whose π a network may be told


def told(mixture: MixtureSpec, objective: str) -> LearnConfig:
    """What a network that is told π is trained from: it takes the place of ten seconds of training at each π."""
    return LearnConfig(mixture, objective, points=200_000, steps=8_000, batch=512, told_pi=True)


DEFAULTS = {"ncsn": LearnConfig(objective="ncsn"), "ddpm": LearnConfig(objective="ddpm")}
DEFAULTS |= {
    f"{objective}-told-{preset.replace('_', '-')}": told(MixtureSpec(preset), objective)
    for objective in ("ncsn", "ddpm")
    for preset in PRESETS
}


def path_of(name: str) -> Path:
    """The file of one of DEFAULTS."""
    return SHIPPED / f"{name}.safetensors"


def shipped(config: LearnConfig) -> Learned | None:
    """The shipped network of exactly this configuration, or None; one that is told π is told that of the mixture."""
    if not config.told_pi:
        return _loaded(config)
    many = _loaded(replace(config, mixture=MixtureSpec(config.mixture.preset)))
    return many and many.at(config.mixture.pi)


@cache
def _loaded(config: LearnConfig) -> Learned | None:
    """A file made from another configuration is passed over."""
    for name, default in DEFAULTS.items():
        if config == default and path_of(name).exists():
            found = load(path_of(name))
            return found if found.config == config else None
    return None
