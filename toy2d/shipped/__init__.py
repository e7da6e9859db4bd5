"""Networks of the pages' own defaults, trained before, so that a first visit need not wait for them.

`python -m toy2d.shipped` trains them again; toy2d/net.py says from what.  A page that asks for any other configuration
trains it.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from playground.progress import Report, silent
from toy2d.labelled import Labelled, load_pair
from toy2d.net import QUICK, LearnConfig, Learned, learn, load
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
# What pages show at a first visit, or where a learned score is chosen first: trained as short as the page says, beside
# the control that trains for longer.
# The first four are told π, so that they serve a page whose π is moved, too.
_LOW = LearnConfig(sigma=0.5, sigma_L=0.5, steps=600).telling_pi()
FIRST_VISITS = {
    "autoencoder": LearnConfig(objective="dae", steps=QUICK).telling_pi(),
    "ddpm-quick": LearnConfig(objective="ddpm", steps=QUICK).telling_pi(),
    "low-density-one": replace(_LOW, objective="dsm"),
    "low-density-many": replace(_LOW, objective="ncsn"),
}
FIRST_VISITS |= {
    f"weighted-{objective.replace('_', '-')}": LearnConfig(objective=objective, levels=10, steps=300)
    for objective in ("ncsn_one", "ncsn_sigma", "ncsn")
}
FIRST_VISITS |= {
    f"families-{objective}": LearnConfig(objective=objective, steps=120) for objective in ("ncsn", "ddpm")
}
ALL = DEFAULTS | FIRST_VISITS
OWN_DATA = "own-data"  # networks of no mixture: toy2d/own_data/experiment.py asks for them by their points
# Classifier and denoiser of page "Guidance", told π
PAIRS = {f"guidance-{preset.replace('_', '-')}": told(MixtureSpec(preset), "ddpm") for preset in PRESETS}


def path_of(name: str) -> Path:
    """The file of one of ALL or PAIRS, or of OWN_DATA."""
    return SHIPPED / f"{name}.safetensors"


def shipped(config: LearnConfig) -> Learned | None:
    """The shipped network of exactly this configuration, or None; one that is told π is told that of the mixture."""
    found = _loaded(config.training)
    return found and found.of(config.mixture)


def shipped_or_learned(config: LearnConfig, report: Report = silent) -> Learned:
    """The shipped network of this configuration; where there is none, one that is trained now."""
    return shipped(config) or learn(config.training, report).of(config.mixture)


@cache
def shipped_pair(config: LearnConfig) -> Labelled | None:
    """The shipped classifier and denoiser of this training, or None."""
    for name, pair in PAIRS.items():
        if config.training == pair and path_of(name).exists():
            found = load_pair(path_of(name))
            return found if found.config == pair else None
    return None


@cache
def _loaded(config: LearnConfig) -> Learned | None:
    """A file made from another configuration is passed over."""
    for name, default in ALL.items():
        if config == default and path_of(name).exists():
            found = load(path_of(name))
            return found if found.config == config else None
    return None
