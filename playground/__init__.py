"""The engine: levels, denoisers, steps, and one walk.

A denoiser sees a noise level, never a schedule or a timestep; a sampler is a step that is walked along a grid of noise
levels.  Nothing here knows of points or pictures; `playground.ui` is what the app's pages share.
"""

from importlib import import_module
from typing import Any

# Name -> module; looked up at first use, so that a command line that needs no network does not load torch.  The loop
# itself is `playground.walk.walk`: its module has its name.
_HOME = {
    **dict.fromkeys(("Level", "Noise", "Schedule", "SCHEDULES", "CLEAN", "linear_beta", "cosine"), "levels"),
    **dict.fromkeys(("geometric_sigmas", "repeated", "noised", "seeded", "gaussian"), "levels"),
    **dict.fromkeys(("Denoiser", "NetworkDenoiser", "clipped", "counted", "guided", "score_of"), "denoisers"),
    **dict.fromkeys(("Conditional", "Given", "both"), "conditioning"),
    **dict.fromkeys(("Step", "ancestral", "annealed", "ddim", "heun", "langevin"), "steps"),
    **dict.fromkeys(("corrected", "dpmpp_2m"), "solvers"),
    **dict.fromkeys(("projected", "pinned", "climbing", "resampled", "dps"), "inpainting"),
    **dict.fromkeys(("classifier_guided", "gradient_of", "guided_ancestral"), "guidance"),
    **dict.fromkeys(("State", "checked", "final", "starting_noise", "watched"), "walk"),
    **dict.fromkeys(("Trajectory", "collect", "recorded"), "trajectory"),
    **dict.fromkeys(
        ("Batch", "dae", "ddpm_min_snr", "ddpm_simple", "ddpm_weighted", "dropping", "dsm"), "objectives"
    ),
    **dict.fromkeys(("flow_matching", "ncsn", "noisy_classification", "per_dimension"), "objectives"),
    **dict.fromkeys(("Progress", "Recipe", "Trainee", "train"), "training"),
}
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(import_module(f"playground.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """The public names; in place of `__all__`, which would hide the modules from pdoc's pages."""
    return sorted({*globals(), *_HOME})
