"""DDPM against NCSN: networks trained in either way, and each family's sampler run with all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.claims import all_of, within
from playground.denoisers import Denoiser
from playground.errors import SEEDS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, geometric_sigmas, repeated, seeded
from playground.progress import Report, part_of, silent
from playground.statistics import Difference, difference, interval
from playground.steps import Step, ancestral, ddim, langevin
from playground.trajectory import frames_of, recorded
from playground.walk import checked, starting_noise, walk, watched
from toy2d.distances import Distances, distances, floors, modes_of
from toy2d.mixture import Mixture
from toy2d.ncsn.experiment import level_errors
from toy2d.net import LearnConfig, Learned
from toy2d.presets import MixtureSpec, narrowest_std
from toy2d.starts import KEPT, MOST
from toy2d.work import require_walk

TRAINED = ("ncsn", "ddpm")  # the objectives that are compared
SAMPLERS = ("annealed", "ddpm", "ddim")


@dataclass(frozen=True)
class FamiliesConfig(Knobs):
    """sigma_1, sigma_L, levels, T, step_size: NCSN's levels, and annealed Langevin dynamics on them.
    schedule, steps: DDPM's levels, and how many of them DDPM and DDIM take.

    inside: DDPM's sampler takes only levels whose sigma / alpha lies from sigma_L to sigma_1, where both kinds
    of network have learned something; False: all of the schedule's.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma_1: float = 20.0
    sigma_L: float = 0.1
    levels: int = knob(10, 2, 200, "The number of levels")
    T: int = knob(30, 1, 1_000, "The number of steps at each level T")
    step_size: float = knob(0.1, 1e-6, 4, "The step size")
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    steps: int = knob(50, 2, 1_000, "The number of steps", page=(2, 500))
    inside: bool = True
    points: int = 10_000
    train_steps: int = knob(
        2_000, 1, 100_000, "The number of training steps", among=(120, 300, 1_000, 2_000, 5_000)
    )
    particles: int = knob(1_000, 2, MOST, "The number of particles", page=(2, 20_000))
    frames: int = 50
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)  # refuses sigmas that do not fall
        calls = (self.levels * self.T + 2 * self.steps) * len(TRAINED)
        require_walk(self.mixture, particles=self.particles, calls=calls, learned=True)

    def learning(self) -> dict[str, LearnConfig]:
        """The same points, network and steps for both objectives."""
        return {
            objective: LearnConfig(
                self.mixture, objective, sigma_1=self.sigma_1, sigma_L=self.sigma_L, schedule=self.schedule,
                points=self.points, steps=self.train_steps, seed=self.seed,
            )
            for objective in TRAINED
        }  # fmt: skip

    def exploding(self) -> list[Level]:
        """NCSN's view, alpha = 1: the grid of annealed Langevin dynamics."""
        return repeated(
            [Level.of(sigma=s) for s in geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)], self.T
        )

    def preserving(self) -> list[Level]:
        """DDPM's view, alpha**2 + sigma**2 = 1: `steps` steps down the schedule, the last one to clean data."""
        schedule = SCHEDULES[self.schedule]()
        if not self.inside:
            return schedule.grid(self.steps)
        ratio = schedule.sigma / schedule.alpha
        times = ((ratio >= self.sigma_L) & (ratio <= self.sigma_1)).nonzero().flatten()
        require(
            len(times) >= self.steps,
            f"The schedule has {len(times)} levels from sigma {self.sigma_L:g} to {self.sigma_1:g}, and {self.steps} "
            "steps are asked for: take fewer steps, or all levels.",
        )
        chosen = torch.linspace(len(times) - 1, 0, self.steps, dtype=torch.float64).round().int()
        return [schedule.level(int(times[i])) for i in chosen] + [schedule.level(0)]


# What a page shows unasked: seconds of work, where the whole takes half a minute.
FIRST = FamiliesConfig(train_steps=120, T=20, particles=500)


@dataclass(frozen=True, eq=False)
class Run:
    """One network with one sampler.  xs (F, up to 5,000, 2); modes (B,); alphas, sigmas, indices (F,)."""

    distances: Distances
    calls: int
    xs: np.ndarray
    modes: np.ndarray
    alphas: np.ndarray
    sigmas: np.ndarray
    indices: np.ndarray


@dataclass(frozen=True, eq=False)
class Families:
    """runs: by (network, sampler), the network "exact", "ncsn" or "ddpm"; errors (n,): sigma**2 E||s_hat - s||**2 of
    the two trained ones at `sigmas`, all in NCSN's view.
    """

    runs: dict[tuple[str, str], Run]
    floor: Distances
    sigmas: np.ndarray
    errors: dict[str, np.ndarray]
    weights: np.ndarray


def two_families(
    config: FamiliesConfig, networks: Mapping[str, Learned], report: Report = silent
) -> Families:
    """Every network with every sampler, from as many particles, against the same exact samples."""
    mixture = config.mixture.build()
    denoisers: dict[str, Denoiser] = {"exact": mixture} | {
        name: each.denoise for name, each in networks.items()
    }
    truth = mixture.sample(config.particles, seeded(config.seed + 1))
    samplers = samplers_of(config, mixture)
    runs: dict[tuple[str, str], Run] = {}
    done, total = 0, len(denoisers) * sum(len(grid) - 1 for _, grid in samplers.values())
    for trained, denoise in denoisers.items():
        for sampler, (step, grid) in samplers.items():
            part = part_of(report, done, total)
            runs[trained, sampler] = _run(config, step, grid, denoise, mixture, truth, part)
            done += len(grid) - 1
    sigmas = np.geomspace(config.sigma_1, config.sigma_L, 16)
    errors = {
        name: level_errors(each.denoise, mixture, sigmas.tolist(), config.seed)[0]
        for name, each in networks.items()
    }
    weights = mixture.log_weights.exp().double().numpy()
    return Families(runs, floors(mixture, config.particles), sigmas, errors, weights)


OWN = {
    "annealed": ("ncsn", "ddpm"),
    "ddpm": ("ddpm", "ncsn"),
    "ddim": ("ddpm", "ncsn"),
}  # its network, the other's
SAME = 0.05  # a difference in the share of samples in a wrong mode that does not matter


def exchanged(result: Families) -> dict[str, Difference]:
    """By sampler: how many more samples are in a wrong mode with the other family's network than with its own."""
    found = {}
    for sampler, (own, other) in OWN.items():
        ours, theirs = (result.runs[name, sampler].distances for name in (own, other))
        found[sampler] = difference(theirs.weights, theirs.weights_se, ours.weights, ours.weights_se)
    return found


def alike(found: Mapping[str, Difference], at: str = "") -> str:
    """Whether no sampler's change matters: all must lie within SAME, and one beyond it is enough to say no."""
    return all_of((within(SAME, change) for change in found.values()), at)


def said(config: FamiliesConfig, result: Families) -> tuple[str, str]:
    """What the other family's network changes, sampler by sampler -> sentence, verdict."""
    found = exchanged(result)
    changes = ", ".join(f"{CALLED[sampler]} {interval(change, '+.3f')}" for sampler, change in found.items())
    return (
        f"With the other family's network, more samples in a wrong mode: {changes}; {SAME:g} is tolerated. Two sets "
        f"of exact samples: {result.floor.weights:.3f}. N = {config.particles:,}, {config.train_steps:,} steps of "
        "training.",
        alike(found, f"N = {config.particles:,}"),
    )


CALLED = {"annealed": "annealed Langevin", "ddpm": "DDPM", "ddim": "DDIM"}


def samplers_of(config: FamiliesConfig, mixture: Mixture) -> dict[str, tuple[Step, list[Level]]]:
    """Each family's step with its grid of levels: all that differs between the two."""
    s = narrowest_std(mixture)
    annealed = langevin(lambda level: config.step_size * (level.sigma**2 + s**2))
    return {
        "annealed": (annealed, config.exploding()),
        "ddpm": (ancestral("beta_tilde"), config.preserving()),
        "ddim": (ddim(0.0), config.preserving()),
    }


def _run(
    config: FamiliesConfig, step: Step, grid: list[Level], denoise: Denoiser, mixture: Mixture, truth: Tensor,
    report: Report,
) -> Run:  # fmt: skip
    rng = seeded(config.seed)
    # A Gaussian of the data's mean and variance: with the highest level near the data's own size, both count.
    start = (
        starting_noise((config.particles, 2), grid[0], rng, mixture.std()) + grid[0].alpha * mixture.mean()
    )
    states = watched(checked(walk(step, denoise, start, grid, rng)), report, len(grid) - 1)
    kept, last = recorded(states, frames_of(len(grid) - 1, config.frames), KEPT)
    return Run(
        distances(mixture, last, truth), len(grid) - 1, kept.xs.numpy(),
        modes_of(mixture, last)[:KEPT].to(torch.uint8).numpy(),
        np.array([float(level.alpha) for level in kept.levels]),
        np.array([float(level.sigma) for level in kept.levels]),
        np.array(kept.indices),
    )  # fmt: skip
