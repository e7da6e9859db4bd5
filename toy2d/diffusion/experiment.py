"""The forward process and the way back, by DDPM, DDIM and Heun, with exact or learned denoisers."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.claims import all_of
from playground.errors import SEEDS
from playground.inpainting import climbing
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Schedule, seeded
from playground.progress import Report, silent
from playground.statistics import FAILS, HOLDS, Difference, equals, most_by_chance, wilson
from playground.steps import Step, ancestral, ddim, heun
from playground.trajectory import Trajectory, collect, frames_of, recorded
from playground.walk import checked, starting_noise, walk, watched
from toy2d.distances import exact_floors, modes_of, shares_of, sliced_wasserstein
from toy2d.net import Learned
from toy2d.presets import MixtureSpec
from toy2d.starts import KEPT, MOST
from toy2d.work import require_walk

SAMPLERS: dict[str, Callable[[float], Step]] = {
    "ddim": lambda eta: ddim(eta),
    "ddpm_tilde": lambda eta: ancestral("beta_tilde"),
    "ddpm_beta": lambda eta: ancestral("beta"),
    "heun": lambda eta: heun(),
}
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # that the page offers


@dataclass(frozen=True)
class DiffusionConfig(Knobs):
    """steps of the schedule's 1,000 are taken, evenly spread; eta counts for "ddim" alone."""

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    sampler: str = choice("ddim", SAMPLERS, "The sampler")
    eta: float = knob(0.0, 0, 1, "eta")
    steps: int = knob(50, 1, 1_000, "The number of steps", among=STEPS)
    particles: int = knob(2_000, 2, MOST, "The number of particles")
    frames: int = knob(60, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_walks()

    def require_walks(self, learned: bool = False) -> None:
        """Raises UserError where the way back takes minutes; Heun's calls are counted for all."""
        require_walk(self.mixture, particles=self.particles, calls=2 * self.steps, learned=learned)


@dataclass(frozen=True, eq=False)
class Process:
    """F frames of one direction.  xs, x0_hats (F, up to 5,000, 2); times, alpha_bars (F,); modes (B,) uint8: of
    the data a path began at (forward), or of the sample that it ends at (reverse).
    """

    xs: np.ndarray
    x0_hats: np.ndarray
    modes: np.ndarray
    times: np.ndarray
    alpha_bars: np.ndarray


@dataclass(frozen=True, eq=False)
class Diffusion:
    """shares, weights (K,): of all samples, and true; distance: sliced Wasserstein-1 to as many exact samples,
    and floors (pairs,): of two exact samples of that size to one another, pair by pair.
    """

    forward: Process
    reverse: Process
    shares: np.ndarray
    weights: np.ndarray
    distance: float
    floors: np.ndarray

    @property
    def floor(self) -> float:
        """The mean of them: no sampler can be expected to come nearer."""
        return float(self.floors.mean())


def diffusion(config: DiffusionConfig, learned: Learned | None = None, report: Report = silent) -> Diffusion:
    """Adds noise to data along the schedule, and samples back down from N(0, I)."""
    config.require_walks(learned is not None)
    mixture = config.mixture.build()
    schedule = SCHEDULES[config.schedule]()
    rng = seeded(config.seed)
    grid, times = schedule.grid(config.steps), schedule.subset(config.steps)
    keep = frames_of(config.steps, config.frames)

    x0, origins = mixture.sample_with_modes(config.particles, rng)
    # Climbing needs no step down and no denoiser: each move is a sample of q(xt | xs).
    forward = collect(walk(climbing(ddim()), mixture, x0, grid[::-1], rng), keep, KEPT)

    denoise = mixture if learned is None else learned.denoise
    start = starting_noise((config.particles, 2), grid[0], rng)
    states = checked(walk(SAMPLERS[config.sampler](config.eta), denoise, start, grid, rng))
    reverse, last = recorded(watched(states, report, config.steps), keep, KEPT)
    modes = modes_of(mixture, last)
    truth = mixture.sample(config.particles, rng)
    return Diffusion(
        _process(forward, origins, times[::-1], schedule),
        _process(reverse, modes, times, schedule),
        shares_of(modes, mixture.K),
        mixture.log_weights.exp().double().numpy(),
        sliced_wasserstein(last, truth),
        exact_floors(mixture, config.particles),
    )


def _process(trajectory: Trajectory, modes: Tensor, times: list[int], schedule: Schedule) -> Process:
    kept = [times[index] for index in trajectory.indices]
    x0_hats = trajectory.xs if trajectory.x0_hats is None else trajectory.x0_hats
    return Process(
        trajectory.xs.numpy(),
        x0_hats.numpy(),
        modes[:KEPT].to(torch.uint8).numpy(),
        np.array(kept),
        (schedule.alpha[kept] ** 2).numpy(),
    )


def said(config: DiffusionConfig, result: Diffusion) -> tuple[str, str]:
    """Whether the samples can be told from exact ones: by their distance beside its floor, or by the share of mode 1.

    Of exact samples one or the other says so by chance in 7.5 cases of 100 at most.
    """
    most, steps = most_by_chance(result.floors), f"{config.steps} step{'s' * (config.steps > 1)}"
    outcomes, share = [HOLDS if result.distance <= most else FAILS], ""
    if len(result.weights) == 2:
        found, pi = float(result.shares[0]), float(result.weights[0])
        low, high = (float(end) for end in wilson(found, config.particles))
        outcomes.append(equals(pi, Difference(found, low, high)))
        share = f" The share in mode 1 is {found:.3f} ({low:.3f} to {high:.3f}), and π is {pi:g}."
    return (
        f"Claim: after {steps} the samples cannot be told from exact ones (N = {config.particles:,}). Their distance "
        f"is {result.distance:.3f}; of exact samples from one another {result.floor:.3f}, by chance up to {most:.3f}."
        f"{share}"
    ), all_of(outcomes)
