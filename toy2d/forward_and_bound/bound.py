"""The variational bound term by term, in nats, against the exact negative log likelihood of the mixture."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.bound import VARIANCES, bound_samples, bound_terms
from playground.claims import all_of
from playground.denoisers import Denoiser, counted
from playground.errors import SEEDS
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, Schedule, eps_from_x0, noised, randn_like, seeded
from playground.objectives import squared_norm
from playground.progress import Report, silent, ticker, turn_of
from playground.statistics import difference, interval, verdict
from playground.steps import VARIANCE_SIGNS, ddim
from playground.walk import final, starting_noise, walk
from toy2d.distances import Distances, distances, floors
from toy2d.forward_and_bound.experiment import LENGTHS, thinned
from toy2d.mixture import Mixture
from toy2d.net import LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec
from toy2d.work import require_walk

STRATA = 20


@dataclass(frozen=True)
class BoundConfig(Knobs):
    """The bound of a chain of `steps` of the schedule's 1,000 levels, on `samples` fresh points."""

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    steps: int = knob(100, 2, 1_000, "The number of steps", among=LENGTHS)
    samples: int = knob(2_000, 2, 100_000, "The number of samples")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_terms(1)

    def require_terms(self, models: int, learned: bool = False) -> None:
        """Raises UserError where the terms of `models` models, with both variances, take minutes."""
        calls = len(VARIANCES) * self.steps * models
        require_walk(self.mixture, samples=self.samples, calls=calls, learned=learned)

    def points(self) -> tuple[Tensor, Tensor]:
        """Fresh x0, (B, 2) float32, and their exact -log p(x0), (B,) float64."""
        x0 = self.mixture.build().sample(self.samples, seeded(self.seed + 1))
        return x0, -self.mixture.build(torch.float64).log_prob(x0.double())


@dataclass(frozen=True, eq=False)
class Bound:
    """Of one model ("exact", or a network's name) with one variance, in nats.

    terms (S + 1,): L_0, ..., L_T, means over the samples.  total: their sum.  gap, gap_se: total minus the exact
    negative log likelihood of the same points, and its standard error over them.
    """

    model: str
    variance: str
    terms: np.ndarray
    total: float
    gap: float
    gap_se: float


@dataclass(frozen=True, eq=False)
class Bounds:
    """nll, nll_se: mean exact -log p(x0) of the points, and how far it may lie from the entropy."""

    rows: tuple[Bound, ...]
    nll: float
    nll_se: float


def models_of(mixture: Mixture, learned: Mapping[str, Learned]) -> dict[str, Denoiser]:
    return {"exact": mixture} | {name: each.denoise for name, each in learned.items()}


def bounds(config: BoundConfig, learned: Mapping[str, Learned], report: Report = silent) -> Bounds:
    """Every model with both variances, each term of the chain computed (Ho et al. 2020, eq. 5).

    All see the same x0 and the same noise.
    """
    config.require_terms(max(1, len(learned)), bool(learned))
    chain = thinned(SCHEDULES[config.schedule](), config.steps)
    x0, nll = config.points()
    models = models_of(config.mixture.build(), learned)
    jobs = [(name, denoise, variance) for name, denoise in models.items() for variance in VARIANCES]
    tick = ticker(report, len(jobs) * config.steps)
    rows = []
    for name, denoise, variance in jobs:
        terms = bound_terms(counted(denoise, tick), x0, chain, variance, seeded(config.seed + 2))
        gap = terms.sum(1) - nll
        rows.append(
            Bound(
                name, variance, terms.mean(0).numpy(), float(terms.sum(1).mean()), float(gap.mean()), _se(gap)
            )
        )
    return Bounds(tuple(rows), float(nll.mean()), _se(nll))


def _se(x: Tensor) -> float:
    return float(x.std() / len(x) ** 0.5)


# --- the gap against the length of the chain ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Gaps:
    """lengths (N,); by (model, variance): the gap and its standard error, (N,) each, in nats."""

    lengths: np.ndarray
    gaps: dict[tuple[str, str], np.ndarray]
    errors: dict[tuple[str, str], np.ndarray]


def gaps_by_length(config: BoundConfig, learned: Mapping[str, Learned], report: Report = silent) -> Gaps:
    """The bound less the exact value for chains of 5 to 1,000 steps, by stratified sampling of t."""
    x0, nll = config.points()
    models = models_of(config.mixture.build(), learned)
    keys = [(name, variance) for name in models for variance in VARIANCES]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in keys}
    tick = ticker(report, len(keys) * len(LENGTHS))
    for length in LENGTHS:
        chain = thinned(SCHEDULES[config.schedule](), length)
        for name, variance in keys:
            strata = min(STRATA, length - 1)
            samples = bound_samples(models[name], x0, chain, variance, seeded(config.seed + 2), strata=strata)
            gap = samples.total - nll
            found[name, variance].append((float(gap.mean()), _se(gap)))
            tick()
    table = {key: np.array(rows).T for key, rows in found.items()}
    return Gaps(np.array(LENGTHS), {k: v[0] for k, v in table.items()}, {k: v[1] for k, v in table.items()})


# --- the simple and the weighted loss -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Loss:
    """One trained network.  eps_errors (N,): E ||eps_hat - E[eps | x_t]||**2 at Losses.times; gap, gap_se: of its
    bound over 1,000 steps, by variance, in nats; distances: of its samples by DDIM in 50 steps.
    """

    eps_errors: np.ndarray
    gap: dict[str, float]
    gap_se: dict[str, float]
    distances: Distances


@dataclass(frozen=True, eq=False)
class Losses:
    """times (N,), steps of the schedule's 1,000; losses by the networks' names; floor: of two exact samples."""

    times: np.ndarray
    losses: dict[str, Loss]
    floor: Distances


OBJECTIVE = {"simple": "ddpm", "weighted": "ddpm_weighted"}


def learn_both(
    config: BoundConfig, points: int = 10_000, steps: int = 2_000, width: int = 96, report: Report = silent
) -> dict[str, Learned]:
    """A network by DDPM's simple loss and one by the weighted loss: same data, same start, same noise."""
    networks = {}
    for i, (name, objective) in enumerate(OBJECTIVE.items()):
        learning = LearnConfig(
            config.mixture, objective, schedule=config.schedule, points=points, steps=steps, width=width,
            seed=config.seed,
        )  # fmt: skip
        networks[name] = learn(learning, turn_of(report, i, len(OBJECTIVE)))
    return networks


def losses(config: BoundConfig, learned: Mapping[str, Learned], report: Report = silent) -> Losses:
    """Networks that differ in their loss only, by three measures (config.steps counts for none of them)."""
    schedule = SCHEDULES[config.schedule]()
    times = np.unique(np.geomspace(1, schedule.T, 25).round().astype(int))
    results = {}
    tick = ticker(report, len(learned))
    for name, each in learned.items():
        results[name] = _measured(config, schedule, each, times)
        tick()
    return Losses(times, results, floors(config.mixture.build(), config.samples))


def _measured(config: BoundConfig, schedule: Schedule, learned: Learned, times: np.ndarray) -> Loss:
    x0, nll = config.points()
    mixture, rng = config.mixture.build(), seeded(config.seed + 2)
    errors = [_eps_error(mixture, learned, noised(x0, randn_like(x0, rng), level), level)
              for level in (schedule.level(int(t)) for t in times)]  # fmt: skip
    gaps = {
        variance: bound_samples(learned.denoise, x0, schedule, variance, seeded(config.seed + 3)).total - nll
        for variance in VARIANCES
    }
    grid = schedule.grid(50)
    samples = final(walk(ddim(), learned.denoise, starting_noise(tuple(x0.shape), grid[0], rng), grid, rng))
    return Loss(
        np.array(errors),
        {variance: float(gap.mean()) for variance, gap in gaps.items()},
        {variance: _se(gap) for variance, gap in gaps.items()},
        distances(mixture, samples, x0),
    )


@torch.no_grad()
def _eps_error(mixture: Mixture, learned: Learned, xt: Tensor, level: Level) -> float:
    """E ||eps_hat - eps*||**2; float64, because at small noise eps is a difference of near numbers over sigma."""
    wide, there = xt.double(), level.to(xt.double())
    exact = eps_from_x0(mixture.to(wide)(wide, there), wide, there)
    return float(squared_norm(eps_from_x0(learned.denoise(xt, level), xt, level) - exact).mean())


def said_of_bound(config: BoundConfig, result: Bounds) -> tuple[str, str]:
    """Whether the bound of the last two rows lies above the exact -log p: both must, each with its whole interval."""
    gaps = {row.variance: difference(row.gap, row.gap_se, 0.0, 0.0) for row in result.rows[-2:]}
    rows = [f"{interval(gap)} nats with {VARIANCE_SIGNS[variance]}" for variance, gap in gaps.items()]
    return (
        f"Claim: the {result.rows[-1].model} model's bound lies above the exact −log p: by {' and '.join(rows)} "
        f"(N = {config.samples:,} points)."
    ), all_of(map(verdict, gaps.values()), f"N = {config.samples:,}")


def said_of_losses(result: Losses) -> tuple[str, str]:
    """Whether the weighted loss, which is the bound's own, has the lower bound of the two."""
    simple, weighted = (result.losses[name] for name in ("simple", "weighted"))
    apart = difference(
        simple.gap["beta"], simple.gap_se["beta"], weighted.gap["beta"], weighted.gap_se["beta"]
    )
    return (
        f"The weighted loss, which is the bound's own, has the lower bound: by {interval(apart)} nats. Samples: "
        f"simple {simple.distances.sliced:.3f}, weighted {weighted.distances.sliced:.3f}, floor "
        f"{result.floor.sliced:.3f}."
    ), verdict(apart)
