"""Guidance: where three ways of pulling samples towards a class end, and where people believe that they end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Generator, Tensor

from playground.claims import Outcome
from playground.denoisers import HIGHEST, Denoiser, guided_between, require_interval
from playground.errors import SEEDS, require
from playground.guidance import Gradient, classifier_guided, guided_ancestral, pulling_between
from playground.knobs import Knobs, knob
from playground.levels import CLEAN, SCHEDULES, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import difference, interval, verdict
from playground.steps import Step, ddim
from playground.trajectory import collect, frames_of
from playground.walk import State, checked, final, starting_noise, walk, watched
from toy2d.conditional import component
from toy2d.distances import sliced_wasserstein
from toy2d.labelled import Models, exact_models
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec
from toy2d.starts import KEPT
from toy2d.work import require_walk

BELIEF_EXTENT, BELIEF_SIDE = 12.0, 600  # the grid on which the believed density is evaluated: cells of 0.04
SWEEP = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
W_MOST = 20.0
FIRST = MixtureSpec("anisotropic_pair", 0.6)  # two classes that overlap


@dataclass(frozen=True)
class GuidanceConfig(Knobs):
    """label: the class, a component of the mixture; w: the lecture's; steps of the linear schedule's 1,000.

    low, high: w counts at levels with low < sigma / alpha <= high only; elsewhere it is 0.
    """

    mixture: MixtureSpec = FIRST
    label: int = 0
    w: float = knob(3.0, 0, W_MOST, "The guidance w")
    steps: int = knob(50, 1, 1_000, "The number of steps", among=(10, 20, 50, 100, 200, 500))
    particles: int = knob(2_000, 2, 50_000, "The number of particles", page=(100, 20_000))
    frames: int = knob(50, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")
    low: float = knob(0.0, 0, HIGHEST, "The level above which there is guidance")
    high: float = knob(HIGHEST, 0, HIGHEST, "The level up to which there is guidance")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_interval(self.low, self.high)
        K = self.mixture.build().K
        require(
            0 <= self.label < K,
            f"The class is {self.label}; this mixture has classes 0 to {K - 1}: choose one of these.",
        )
        self.require_walks(1)

    def require_walks(self, turns: int) -> None:
        """Raises UserError where `turns` walks by all methods take minutes; each step calls two denoisers."""
        require_walk(self.mixture, particles=self.particles, calls=2 * len(METHODS) * self.steps * turns)


def _gradient(models: Models, c: GuidanceConfig) -> Gradient:
    return pulling_between(models.gradient(c.label), 1 + c.w, 1.0, c.low, c.high)


# How each method walks: (models, config) -> step, denoiser.  The classifier's scale is s = 1 + w, so that
# w = 0 is the plain conditional for all, and with exact models DDIM and classifier-free are one and the same.
METHODS: dict[str, Callable[[Models, GuidanceConfig], tuple[Step, Denoiser]]] = {
    "stochastic": lambda m, c: (guided_ancestral(_gradient(m, c)), m.unconditional),
    "ddim": lambda m, c: (ddim(0.0), classifier_guided(m.unconditional, _gradient(m, c))),
    "free": lambda m, c: (
        ddim(0.0),
        guided_between(m.conditional(c.label), m.unconditional, c.w, c.low, c.high),
    ),
}


@dataclass(frozen=True, eq=False)
class Belief:
    """p(x) p(c | x)^(1 + w), normalised.  axis (H,); log_density (H, H), [i, j] at x = axis[j], y = axis[i];
    samples (B, 2); floor: the mean sliced Wasserstein distance of two such sets of samples.
    """

    axis: np.ndarray
    log_density: np.ndarray
    samples: np.ndarray
    floor: float


@dataclass(frozen=True, eq=False)
class Guided:
    """xs (F, up to 5,000, 2); sigmas, alphas (F,); along (B,): the end points along the class's axis.

    to_belief, to_conditional: sliced Wasserstein-1 distances, in units of x.
    """

    name: str
    xs: np.ndarray
    alphas: np.ndarray
    sigmas: np.ndarray
    along: np.ndarray
    to_belief: float
    to_conditional: float


@dataclass(frozen=True, eq=False)
class Guidance:
    """runs, one a method; axis (2,), a unit vector from the mixture's mean to the class's; along_belief and
    along_conditional (B,), exact samples on it; disagreement: the largest distance between an end point of DDIM with
    the classifier and of classifier-free guidance from the same noise.
    """

    runs: tuple[Guided, ...]
    belief: Belief
    conditional: np.ndarray
    axis: np.ndarray
    along_belief: np.ndarray
    along_conditional: np.ndarray
    disagreement: float


@dataclass(frozen=True, eq=False)
class GuidanceSweep:
    """ws (N,); distances (methods, N) to the believed density and floors (N,) of it."""

    ws: np.ndarray
    distances: np.ndarray
    floors: np.ndarray


def guidance(config: GuidanceConfig, models: Models | None = None, report: Report = silent) -> Guidance:
    """Walks every method from the same noise, with exact models or learned ones."""
    mixture = config.mixture.build()
    models = exact_models(mixture) if models is None else models
    rng = seeded(config.seed)
    belief, drawn = believed(mixture, config, rng)
    conditional = component(mixture, config.label).sample(config.particles, rng)
    axis = class_axis(mixture, config.label)
    runs, ends = [], []
    for turn, name in enumerate(METHODS):
        states = watched(_walked(name, models, config), turn_of(report, turn, len(METHODS)), config.steps)
        run, end = _run(name, states, config, drawn, conditional, axis)
        runs.append(run)
        ends.append(end)
    return Guidance(
        tuple(runs), belief, conditional.numpy(), axis.numpy(), (drawn @ axis).numpy(), (conditional @ axis).numpy(),
        float((ends[1] - ends[2]).norm(dim=1).max()),
    )  # fmt: skip


def overshoots(config: GuidanceConfig, result: Guidance) -> Outcome:
    """The claim that guidance draws samples beyond the class: classifier-free ones, along the class's axis."""
    along, own = result.runs[-1].along, result.along_conditional
    parts = (float(x) for each in (along, own) for x in (each.mean(), each.std(ddof=1) / len(each) ** 0.5))
    beyond = difference(*parts)
    return Outcome(
        f"With w = {config.w:g} samples end {interval(beyond, '.2f')} beyond the class's mean (its standard deviation: "
        f"{own.std():.2f}; N = {config.particles:,}).",
        verdict(beyond, f"N = {config.particles:,}"),
    )


def guidance_sweep(
    config: GuidanceConfig, models: Models | None = None, report: Report = silent
) -> GuidanceSweep:
    """The distance to the believed density for a row of w."""
    config.require_walks(len(SWEEP))
    mixture = config.mixture.build()
    models = exact_models(mixture) if models is None else models
    distances, floors = [], []
    for turn, w in enumerate(SWEEP):
        report(turn, len(SWEEP))
        here = replace(config, w=w)
        belief, drawn = believed(mixture, here, seeded(config.seed))
        floors.append(belief.floor)
        ends = [final(checked(_walked(name, models, here))) for name in METHODS]
        distances.append([sliced_wasserstein(end, drawn) for end in ends])
    return GuidanceSweep(np.array(SWEEP), np.array(distances).T, np.array(floors))


def _walked(name: str, models: Models, config: GuidanceConfig) -> Iterator[State]:
    rng = seeded(config.seed + 1)  # the same noise for each method
    grid = SCHEDULES["linear"]().grid(config.steps)
    step, denoise = METHODS[name](models, config)
    return checked(walk(step, denoise, starting_noise((config.particles, 2), grid[0], rng), grid, rng))


def _run(
    name: str,
    states: Iterator[State],
    config: GuidanceConfig,
    drawn: Tensor,
    conditional: Tensor,
    axis: Tensor,
) -> tuple[Guided, Tensor]:
    """What is kept of a walk, and its end points, (B, 2)."""
    trajectory = collect(states, frames_of(config.steps, config.frames))
    end = trajectory.xs[-1]
    alphas, sigmas = (
        np.array([float(getattr(lv, n)) for lv in trajectory.levels]) for n in ("alpha", "sigma")
    )
    return Guided(
        name, trajectory.xs[:, :KEPT].numpy(), alphas, sigmas, (end @ axis).numpy(),
        sliced_wasserstein(end, drawn), sliced_wasserstein(end, conditional),
    ), end  # fmt: skip


def class_axis(mixture: Mixture, label: int) -> Tensor:
    """The unit vector from the other classes' mean to the class's; the x axis where the two coincide."""
    others = torch.arange(mixture.K) != label
    w = mixture.log_weights.exp()[others]
    away = mixture.means[label] - (w / w.sum()) @ mixture.means[others] if mixture.K > 1 else mixture.means[0]
    length = away.norm()
    return away / length if length > 1e-6 else torch.tensor([1.0, 0.0]).to(away)


# --- what people believe ----------------------------------------------------------------------------------


def believed_log_density(mixture: Mixture, label: int, w: float, x: Tensor) -> Tensor:
    """log p(x) + (1 + w) log p(c | x), not normalised: (B, 2) -> (B,).  At w = 0 it is log p(x, c)."""
    return mixture.log_prob(x, CLEAN) + (1 + w) * mixture.log_responsibilities(x, CLEAN)[:, label]


def believed(
    mixture: Mixture, config: GuidanceConfig, rng: Generator, pairs: int = 4
) -> tuple[Belief, Tensor]:
    """The density on a fine grid, and samples of it (B, 2): a cell by its mass, a point uniformly within.

    It never exceeds p(x | c) / p(c)^w times a constant, so what lies outside the grid is negligible.
    """
    h = 2 * BELIEF_EXTENT / BELIEF_SIDE
    axis = (torch.arange(BELIEF_SIDE) + 0.5) * h - BELIEF_EXTENT
    x = torch.cartesian_prod(axis, axis).flip(1)  # x fastest
    log_mass = believed_log_density(mixture, config.label, config.w, x).log_softmax(0)

    def draw() -> Tensor:
        cell = torch.multinomial(log_mass.exp(), config.particles, replacement=True, generator=rng)
        return x[cell] + h * (torch.rand((config.particles, 2), generator=rng) - 0.5)

    first = draw()
    floor = float(np.mean([sliced_wasserstein(draw(), draw()) for _ in range(pairs)]))
    log_density = (log_mass - 2 * np.log(h)).reshape(BELIEF_SIDE, BELIEF_SIDE)
    thin = slice(None, None, 4)  # enough for contours
    return Belief(axis[thin].numpy(), log_density[thin, thin].numpy(), first.numpy(), floor), first
