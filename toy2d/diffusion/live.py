"""The way back of the page, for the browser to walk while π is dragged."""

from typing import Any

from playground.levels import SCHEDULES
from toy2d.diffusion.experiment import SAMPLERS, DiffusionConfig
from toy2d.live import LiveWalk, live, moves


def live_diffusion(config: DiffusionConfig) -> dict[str, Any] | None:
    """With the exact denoiser.  None for mixtures without a π, for Heun, whose step asks the denoiser twice and so is
    not affine in one answer, and for walks that a browser would be too slow for.
    """
    if not config.mixture.has_pi or config.sampler == "heun":
        return None
    grid = SCHEDULES[config.schedule]().grid(config.steps)
    start = {"kind": "normal", "std": 1.0}  # alpha**2 + sigma**2 = 1 at x_T, as `walk.prior` has it
    back = moves(SAMPLERS[config.sampler](config.eta), grid)
    walks = [None, LiveWalk("x0", start, back), LiveWalk("x0", start, back, drawn="drive")]
    return live(config.mixture.build(), walks, config.seed)
