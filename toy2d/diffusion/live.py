"""The way back of the page, for the browser to walk while π, the number of steps or η is dragged."""

from functools import lru_cache
from typing import Any

from playground.levels import SCHEDULES
from toy2d.diffusion.experiment import SAMPLERS, STEPS, DiffusionConfig
from toy2d.live import LiveWalk, Move, Places, live, moves

ETA_STEP = 0.05  # from notch to notch of the page's slider
MOST_NOTCHED = 200  # steps up to which each η has a walk of its own: beyond, the numbers are too many to send


def live_diffusion(config: DiffusionConfig) -> dict[str, Any] | None:
    """With the exact denoiser.  None for Heun, whose step asks the denoiser twice and so is not affine in one answer,
    and for walks that a browser would be too slow for.
    """
    if config.sampler == "heun":
        return None
    start = {"kind": "normal", "std": 1.0}  # alpha**2 + sigma**2 = 1 at x_T, as `walk.starting_noise` has it

    def way(steps: int, eta: float) -> list[Move]:
        return _back(config.sampler, config.schedule, steps, eta)

    back = way(config.steps, config.eta)
    walks = [None, LiveWalk("x0", start, back), LiveWalk("x0", start, back, drawn="drive")]
    sliders: dict[str, Places | None] = {
        "steps": Places(0, 1, [way(steps, config.eta) for steps in STEPS], [f"{n} steps" for n in STEPS])
    }
    if config.sampler == "ddim" and config.steps <= MOST_NOTCHED:
        etas = [round(ETA_STEP * k, 2) for k in range(round(1 / ETA_STEP) + 1)]
        walked = [way(config.steps, eta) for eta in etas]
        sliders["eta"] = Places(0, ETA_STEP, walked, [f"η = {eta:g}" for eta in etas])
    if config.mixture.has_pi:
        sliders["pi"] = None
    return live(config.mixture.build(), walks, config.seed, sliders)


@lru_cache(256)
def _back(sampler: str, schedule: str, steps: int, eta: float) -> list[Move]:
    return moves(SAMPLERS[sampler](eta), SCHEDULES[schedule]().grid(steps))
