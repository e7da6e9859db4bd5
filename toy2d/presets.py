"""A mixture named by plain numbers: what configurations, command lines and links hold instead of tensors."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from playground.knobs import Knobs, choice, knob
from toy2d.mixture import Mixture, anisotropic_pair, grid, ring, two_modes

PRESETS: dict[str, Callable[[float], Mixture]] = {
    "two_modes": lambda pi: two_modes(pi),
    "ring": lambda pi: ring(),
    "grid": lambda pi: grid(),
    "anisotropic_pair": lambda pi: anisotropic_pair(pi),
}
# What is shown is [-9, 9]^2.  Three standard deviations of every mode lie within, but for the anisotropic pair:
# its long modes reach 3.5 + 3 * 2 = 9.5.
EXTENT = 9.0


@dataclass(frozen=True)
class MixtureSpec(Knobs):
    """preset: a name in PRESETS; pi: the first mode's weight, used by the presets that have two modes."""

    preset: str = choice("two_modes", PRESETS, "The mixture")
    pi: float = knob(0.8, 0, 1, "pi", open_ends=True, page=(0.01, 0.99))

    @property
    def has_pi(self) -> bool:
        return self.preset in ("two_modes", "anisotropic_pair")

    def build(self, dtype: torch.dtype = torch.float32) -> Mixture:
        """Raises UserError for a pi outside (0, 1)."""
        return PRESETS[self.preset](self.pi).to(dtype)


def narrowest_std(mixture: Mixture) -> float:
    """The smallest standard deviation of any mode in any direction: what a step size must respect."""
    return math.sqrt(float(torch.linalg.eigvalsh(mixture.covariances.double()).min()))
