"""New digits from noise, by any of the samplers."""

from dataclasses import dataclass

from images.models import Model
from images.sampling import HOLD, LANGEVIN, MOST, SAMPLERS, Film, filmed, plan, walked
from playground.denoisers import clipped
from playground.errors import require, require_known, require_range
from playground.levels import EVEN, SPACINGS
from playground.progress import Report, silent


@dataclass(frozen=True)
class SampleConfig:
    """count images by `sampler` in `steps` steps, spaced as SPACINGS says; eta counts for DDIM alone."""

    count: int = 25
    sampler: str = "DDIM"
    steps: int = 50
    eta: float = 0.0
    seed: int = 0
    frames: int = 40
    spacing: str = EVEN

    def __post_init__(self) -> None:
        require_known("The spacing of the times", self.spacing, SPACINGS)
        require(
            self.spacing == EVEN or self.sampler not in LANGEVIN,
            f"The times are spaced as {self.spacing!r}, but annealed Langevin walks NCSN's levels, not a schedule's "
            f"times: choose {EVEN!r}, or another sampler.",
        )
        require_range("The number of images", self.count, 1, MOST)
        require_range("eta", self.eta, 0, 1)
        require_known("The sampler", self.sampler, SAMPLERS)
        require(
            self.sampler not in LANGEVIN or self.steps >= 2 * HOLD,
            f"Annealed Langevin has {self.steps} steps; it needs {2 * HOLD} or more, {HOLD} at each of two levels: "
            "raise them.",
        )


def sample(model: Model, config: SampleConfig, report: Report = silent) -> Film:
    """New digits from noise; report(done, total) is called after every step."""
    step, grid = plan(model, config)
    return filmed(walked(model, step, clipped(model.denoise, -1, 1), grid, config, report), grid, config)
