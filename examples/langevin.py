"""Langevin dynamics on two modes: from one start, plain dynamics never learns the weights."""

import torch

from playground.levels import CLEAN, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.mixture import two_modes

mixture, rng = two_modes(pi=0.8), seeded(0)
start = 16 * torch.rand((2_000, 2), generator=rng) - 8
x = final(walk(langevin(0.1), mixture, start, [CLEAN] * 1_001, rng))
print(
    f"weight of the first mode: 0.8; share of the particles there: {float((x.sum(1) > 0).float().mean()):.3f}"
)
