"""New digits from noise, by any of the samplers."""

from dataclasses import dataclass

from torch import Tensor

from images.models import Model
from images.sampling import (
    HOLD,
    LANGEVIN,
    MOST,
    MOST_STEPS,
    SAMPLERS,
    Film,
    filmed,
    plan,
    require_calls,
    walked,
)
from playground.denoisers import HIGHEST, Denoiser, guided_between
from playground.errors import SEEDS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import EVEN, SPACINGS
from playground.progress import Report, silent

MOST_W = 20.0  # beyond this every digit is the same one


@dataclass(frozen=True)
class SampleConfig(Knobs):
    """count images by `sampler` in `steps` steps, spaced as SPACINGS says; eta counts for DDIM alone.

    label: the class that the model is told, None: nothing.  w: the lecture's guidance weight, 0 is the conditional
    model.
    """

    count: int = knob(25, 1, MOST, "The number of images")
    sampler: str = choice("DDIM", SAMPLERS, "The sampler")
    steps: int = knob(
        50, 1, MOST_STEPS, "The number of steps", among=(5, 8, 10, 20, 50, 100, 200, 500, 1_000)
    )
    eta: float = knob(0.0, 0, 1, "eta")
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 40
    spacing: str = choice(EVEN, SPACINGS, "The spacing of the times")
    label: int | None = knob(None, 0, 9, "The label", whole=True)
    w: float = knob(0.0, 0, MOST_W, "The guidance w", page=(0, 8))

    @staticmethod
    def quick() -> "SampleConfig":
        """What a page opens with: DPM-Solver++ (Lu et al. 2022) needs 8 calls for the distance of DDIM's 50."""
        return SampleConfig(sampler="DPM-Solver++", steps=8)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.spacing == EVEN or self.sampler not in LANGEVIN,
            f"The times are spaced as {self.spacing!r}, but annealed Langevin walks NCSN's levels, not a schedule's "
            f"times: choose {EVEN!r}, or another sampler.",
        )
        require(
            self.w == 0 or self.label is not None,
            f"The guidance w is {self.w:g}, but no label was given: guidance needs one, choose it or leave w at 0.",
        )
        require(
            self.sampler not in LANGEVIN or self.steps >= 2 * HOLD,
            f"Annealed Langevin has {self.steps} steps; it needs {2 * HOLD} or more, {HOLD} at each of two levels: "
            "raise them.",
        )


def sample(model: Model, config: SampleConfig, report: Report = silent) -> Film:
    """New digits from noise; report(done, total) is called after every step."""
    require_calls(model, images=config.count, steps=config.steps)
    step, grid = plan(model, config)
    denoise = told_label(model, config.label, config.w)
    return filmed(walked(model, step, denoise, grid, config, report), grid, config)


def told_label(
    model: Model, label: int | Tensor | None, w: float | Tensor = 0.0, low: float = 0.0, high: float = HIGHEST
) -> Denoiser:
    """The model told a label, () or (B,), and guided by itself told nothing (Ho and Salimans 2022); clipped after that.

    w: one for all, or (B, 1, 1, 1).  low, high: guided at levels with low < sigma / alpha <= high only.
    Raises UserError for a model that knows no labels.
    """
    if label is None:
        return model.within(model.denoise)
    require(
        "label" in model.told,
        f"The label {label} was asked for, but this model was trained without labels: choose one that knows them, such "
        "as a run of the preset labelled.",
    )
    return model.within(guided_between(model.denoise.given(label=label), model.denoise, w, low, high))
