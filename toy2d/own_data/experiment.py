"""Finite data: the exact optimum memorises them, a network trained on them generalises, or memorises as well."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import SEEDS, require_whole
from playground.knobs import Knobs, knob, limits
from playground.levels import SCHEDULES, Level, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import difference_of_shares, interval, verdict
from playground.steps import ddim
from playground.trajectory import collect, frames_of
from playground.walk import State, checked, starting_noise, walk, watched
from playground.work import require_work
from toy2d.datasets import DATASETS, MOST_POINTS, draw
from toy2d.distances import sliced_wasserstein
from toy2d.empirical import Empirical, nearest_distances
from toy2d.net import LearnConfig, Learned, learn_points, load
from toy2d.shipped import OWN_DATA, path_of
from toy2d.starts import KEPT
from toy2d.work import LONGEST, NETWORK, RATE

FRESH = 4_000  # fresh points against which the threshold is set
LAST = (20, 10, 5, 2, 1)
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class OwnDataConfig(Knobs):
    """source: a name in DATASETS, n points of it; or any other name, for `given` points of one's own.

    threshold: what counts as a copy, as a share of the typical distance of fresh data to the training points.
    train_steps, width: the network's, trained by DDPM's simple loss; steps, eta: the sampler's.
    """

    source: str = "moons"
    n: int = knob(
        100,
        2,
        MOST_POINTS,
        "The number of training points",
        among=(2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000),
    )
    given: Points = ()
    threshold: float = knob(0.2, 0, 2, "The threshold", open_ends=True, page=(0.02, 1.0))
    train_steps: int = knob(
        300, 1, 100_000, "The number of training steps", among=(100, 300, 1_000, 3_000, 10_000)
    )
    width: int = knob(96, 4, 1024, "The width of the network", among=(8, 16, 32, 64, 96, 192))
    steps: int = knob(50, 1, 1_000, "The number of steps", among=(10, 20, 50, 100, 200))
    eta: float = knob(1.0, 0, 1, "eta")
    particles: int = knob(1_000, 2, 20_000, "The number of particles", page=(10, 5_000))
    frames: int = knob(50, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.given:
            draw(self.source, self.n, seeded(0))  # refuses an unknown name, and numbers out of range
        require_whole("The number of given points", len(self.given) or 2, 2, MOST_POINTS)
        self.learning()
        walked = {"particles": self.particles, "steps": self.steps}
        # The exact optimum weighs all training points at every call.
        require_work(RATE, LONGEST, **walked, training_points=len(self.given) or self.n)
        require_work(RATE / NETWORK, LONGEST, **walked)

    @property
    def training(self) -> Hashable:
        """All that the network depends on."""
        return self.source, self.n, self.given, self.learning()

    def learning(self) -> LearnConfig:
        """What the network is trained by; raises UserError for settings out of range."""
        return LearnConfig(
            objective="ddpm", points=self.n, steps=self.train_steps, width=self.width, seed=self.seed
        )

    def training_points(self) -> Tensor:
        """(N, 2)."""
        if self.given:
            return torch.tensor(self.given, dtype=torch.float32)
        return draw(self.source, self.n, seeded(self.seed))

    def fresh_points(self, n: int, seed: int) -> Tensor | None:
        """n points that no training has seen; None where the data are given, and more cannot be had."""
        return None if self.given else self.fresh(n, seed)

    def fresh(self, n: int, seed: int) -> Tensor:
        """As `fresh_points`, of a named data set only."""
        return draw(self.source, n, seeded(1_000_003 + self.seed + 7_919 * seed))


@dataclass(frozen=True, eq=False)
class Sampled:
    """xs (F, up to 5,000, 2); alphas (F,); nearest (B,): each end point's distance to its nearest training point;
    copies: the share below the threshold; to_fresh: sliced Wasserstein-1 to as many fresh points, or None.
    """

    xs: np.ndarray
    alphas: np.ndarray
    nearest: np.ndarray
    copies: float
    to_fresh: float | None


@dataclass(frozen=True, eq=False)
class OwnData:
    """points (N, 2); optimum and network, the latter None where none was given.

    reference (M,): distances to the nearest training point of fresh data or, where these cannot be had, of each
    training point to the others; typical: their median; below: its share times this counts as a copy;
    fresh_copies: the share of the reference below that; floor: distance of two fresh samples, or None.
    """

    points: np.ndarray
    optimum: Sampled
    network: Sampled | None
    reference: np.ndarray
    typical: float
    below: float
    fresh_copies: float
    floor: float | None


# What networks come with the app, by their files' names: that of the page as it opens, one for each other number of
# points and each other shape of its first controls, and those that its buttons ask for.
OPENS = OwnDataConfig()
SHIPPED = {
    OWN_DATA: OPENS,
    **{f"{OWN_DATA}-{n}": replace(OPENS, n=int(n)) for n in limits(OwnDataConfig, "n").among if n != OPENS.n},
    **{f"{OWN_DATA}-{name}": replace(OPENS, source=name) for name in DATASETS if name != OPENS.source},
    f"{OWN_DATA}-memorises": replace(OPENS, n=5, train_steps=3_000),
    f"{OWN_DATA}-learns": replace(OPENS, n=1_000, train_steps=1_000),
    f"{OWN_DATA}-narrow": replace(OPENS, n=20, width=8),
}


def shipped_network(config: OwnDataConfig) -> Learned | None:
    """The network of these data and this training, made before; None where there is none."""
    name = _NAMES.get(config.training)
    return _loaded(name) if name is not None and path_of(name).exists() else None


_NAMES = {made_for.training: name for name, made_for in SHIPPED.items()}


@cache
def _loaded(name: str) -> Learned:
    return load(path_of(name))


def train_network(config: OwnDataConfig, report: Report = silent) -> Learned:
    """The network of these data, trained on nothing but its points."""
    return learn_points(config.training_points(), config.learning(), report)


def own_data(config: OwnDataConfig, learned: Learned | None = None, report: Report = silent) -> OwnData:
    """Samples from the exact optimum for the training points and, where there is one, from the network."""
    points = config.training_points()
    reference = reference_distances(config, points)
    typical = float(reference.median())
    below = config.threshold * typical
    denoisers: list[Denoiser] = [Empirical(points)] + ([] if learned is None else [learned.denoise])
    runs, moves = [], len(last_fine_grid(config.steps)) - 1
    for turn, denoise in enumerate(denoisers):
        states = watched(_walk(config, denoise, points), turn_of(report, turn, len(denoisers)), moves)
        runs.append(_sampled(config, states, points, below))
    return OwnData(
        points.numpy(), runs[0], runs[1] if learned is not None else None, reference.numpy(), typical, below,
        float((reference < below).double().mean()), fresh_floor(config),
    )  # fmt: skip


def reference_distances(config: OwnDataConfig, points: Tensor) -> Tensor:
    """How far new data lie from the training points: of fresh data where there are any, else leaving one out."""
    fresh = config.fresh_points(FRESH, 0)
    if fresh is None:
        distinct = points.unique(dim=0)  # a point given twice is no new place
        return nearest_distances(distinct, distinct, leave_one_out=True)
    return nearest_distances(fresh, points)


def fresh_floor(config: OwnDataConfig, pairs: int = 16) -> float | None:
    """The mean distance of two fresh samples, as large as those that are drawn."""
    if config.given:
        return None
    drawn = [config.fresh(config.particles, 1 + i) for i in range(2 * pairs)]
    return float(np.mean([sliced_wasserstein(drawn[i], drawn[i + 1]) for i in range(0, 2 * pairs, 2)]))


def last_fine_grid(steps: int) -> list[Level]:
    """The schedule's grid, and at its end the levels of LAST as well: a copy is told from its neighbour only
    where the noise is less than the distance between training points.
    """
    schedule = SCHEDULES["linear"]()
    return [schedule.level(t) for t in sorted({*schedule.subset(steps), *LAST}, reverse=True)]


def _walk(config: OwnDataConfig, denoise: Denoiser, points: Tensor) -> Iterator[State]:
    """From noise around the data's mean, which the last level still shows a little of: DDPM, or DDIM at eta 0."""
    rng, grid = seeded(config.seed + 1), last_fine_grid(config.steps)
    start = starting_noise((config.particles, 2), grid[0], rng, float(points.std(0).mean())) + grid[
        0
    ].alpha * points.mean(0)
    return checked(walk(ddim(config.eta), denoise, start, grid, rng))


def _sampled(config: OwnDataConfig, states: Iterator[State], points: Tensor, below: float) -> Sampled:
    trajectory = collect(states, frames_of(len(last_fine_grid(config.steps)) - 1, config.frames))
    end = trajectory.xs[-1]
    nearest = nearest_distances(end, points)
    fresh = config.fresh_points(config.particles, 99)
    return Sampled(
        trajectory.xs[:, :KEPT].numpy(),
        np.array([float(level.alpha) for level in trajectory.levels]),
        nearest.numpy(),
        float((nearest < below).double().mean()),
        None if fresh is None else sliced_wasserstein(end, fresh),
    )


def said(config: OwnDataConfig, result: OwnData) -> tuple[str, str]:
    """Who copies: the exact optimum; and whether the network copies less than that."""
    best, N = result.optimum.copies, config.particles
    beside = f"{result.fresh_copies:.0%} of {'the points themselves' if config.given else 'fresh data'} lie so near"
    if result.network is None:
        return f"The exact optimum copies a training point in {best:.0%} of {N:,} samples; {beside}.", ""
    less = difference_of_shares(best, N, result.network.copies, N)
    return (
        f"The exact optimum copies a training point in {best:.0%} of {N:,} samples, the network in "
        f"{result.network.copies:.0%}: {interval(less, '.0%')} fewer; {beside}."
    ), verdict(less)
