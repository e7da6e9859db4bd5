"""Does a weaker model want a larger w?  Labelled networks of several lengths of training, and the truth beside them.

Where the conditional distribution is known, the distance of guided samples to it says what guidance repairs: an exact
model is best at w = 0, and what a network has not learned may be made up for by leading it away from itself.
"""

from dataclasses import dataclass

import numpy as np

from playground.denoisers import guided
from playground.errors import SEEDS, require, require_range, seed_beside
from playground.knobs import Knobs, knob
from playground.levels import SCHEDULES, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import Difference, interval, mean_difference, verdict
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk
from toy2d.conditional import component
from toy2d.distances import sliced_wasserstein
from toy2d.guidance.experiment import FIRST, W_MOST
from toy2d.labelled import DROPOUT, Models, exact_models, learned_denoiser
from toy2d.net import LearnConfig
from toy2d.presets import MixtureSpec
from toy2d.work import require_walk

EXACT = "exact"


@dataclass(frozen=True)
class BestWConfig(Knobs):
    """lengths: of training, in steps, from short to long; trainings: of each length; ws: the weights tried, 0 first."""

    mixture: MixtureSpec = FIRST
    label: int = 0
    lengths: tuple[int, ...] = (50, 200, 2_000)
    trainings: int = knob(6, 2, 50, "The number of trainings")
    ws: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
    steps: int = knob(50, 1, 1_000, "The number of steps")
    particles: int = knob(2_000, 2, 50_000, "The number of particles")
    points: int = knob(10_000, 2, 1_000_000, "The number of training points")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        K = self.mixture.build().K
        require(
            0 <= self.label < K,
            f"The class is {self.label}; this mixture has classes 0 to {K - 1}: choose one of these.",
        )
        for w in self.ws:
            require_range("The guidance w", w, 0, W_MOST)
        require(
            len(self.ws) >= 2 and self.ws[0] == 0,
            "The weights w must begin with 0, no guidance, and go on: give two or more.",
        )
        require(bool(self.lengths), "No length of training was given; give at least one.")
        for steps in self.lengths:
            self.learning(steps, 0)
        walks = 2 * self.steps * len(self.ws) * (len(self.lengths) + 1) * self.trainings
        require_walk(self.mixture, learned=True, particles=self.particles, calls=walks)

    def learning(self, steps: int, number: int) -> LearnConfig:
        """The training of a length with the number `number`, each from a seed of its own."""
        seed = seed_beside(self.seed, number)
        return LearnConfig(self.mixture, "ddpm", points=self.points, steps=steps, seed=seed)


@dataclass(frozen=True, eq=False)
class BestW:
    """distances: row -> (trainings, ws), sliced Wasserstein-1 from the exact conditional; rows: lengths, then EXACT.

    floor: of two exact samples, the mean.
    """

    config: BestWConfig
    distances: dict[str, np.ndarray]
    floor: float

    def best(self, row: str) -> np.ndarray:
        """The w of the least distance in each training, (trainings,)."""
        return np.array(self.config.ws)[self.distances[row].argmin(1)]

    def gain(self, row: str) -> Difference:
        """How much nearer the best w is than none.  Of each training w is chosen by the others: a least of many is
        small by chance, too."""
        found = self.distances[row]
        chosen = [np.delete(found, k, 0).mean(0).argmin() for k in range(len(found))]
        return mean_difference(found[:, 0], found[np.arange(len(found)), chosen])

    def larger(self) -> Difference | None:
        """By how much the best w of the shortest training is larger than that of the longest; None for one length."""
        if len(self.config.lengths) < 2:
            return None
        first, last = (self.best(str(self.config.lengths[k])) for k in (0, -1))
        return mean_difference(first, last)


def best_w(config: BestWConfig, report: Report = silent) -> BestW:
    """Trains every length from every seed, and walks each network at every w from the same noise."""
    mixture = config.mixture.build()
    truth, rows = component(mixture, config.label), [*map(str, config.lengths), EXACT]
    found, floors = {row: np.zeros((config.trainings, len(config.ws))) for row in rows}, []
    for number in range(config.trainings):
        rng = seeded(seed_beside(config.seed, number))
        drawn, other = (truth.sample(config.particles, rng) for _ in range(2))
        floors.append(sliced_wasserstein(drawn, other))
        for place, row in enumerate(rows):
            part = turn_of(report, number * len(rows) + place, config.trainings * len(rows))
            part(0, 1, row)
            models = _models(config, row, number, part)
            found[row][number] = [
                sliced_wasserstein(_ends(config, models, w, number), drawn) for w in config.ws
            ]
    report(1, 1)
    return BestW(config, found, float(np.mean(floors)))


def _models(config: BestWConfig, row: str, number: int, report: Report) -> Models:
    if row == EXACT:
        return exact_models(config.mixture.build())
    denoiser = learned_denoiser(config.learning(int(row), number), DROPOUT, report)
    nobody = exact_models(config.mixture.build()).gradient  # no classifier is asked here
    return Models(denoiser, lambda label: denoiser.given(label=label), nobody)


def _ends(config: BestWConfig, models: Models, w: float, number: int):
    """Where guided samples end, (particles, 2); the same noise for every row and w of one number."""
    rng, grid = seeded(seed_beside(config.seed, number)), SCHEDULES["linear"]().grid(config.steps)
    denoise = guided(models.conditional(config.label), models.unconditional, w)
    start = starting_noise((config.particles, 2), grid[0], rng)
    return final(checked(walk(ddim(0.0), denoise, start, grid, rng)))


def claims(found: BestW) -> list[str]:
    """Whether guidance repairs, and whether the weaker network wants more of it, each with its numbers."""
    config = found.config
    N = f"{config.trainings} trainings of each, {config.particles:,} particles"
    said = []
    for row in found.distances:
        gain, name = found.gain(row), "the exact model" if row == EXACT else f"{row} steps of training"
        said.append(
            f"**{name}:** at its best w (mean {found.best(row).mean():.2f}) nearer to the truth than at w = 0 by "
            f"{interval(gain)}; that it is nearer {verdict(gain, f'{config.trainings} trainings')}; {N}, floor "
            f"{found.floor:.3f}."
        )
    if (larger := found.larger()) is not None:
        said.append(
            f"**The weaker model wants the larger w:** {config.lengths[0]} steps against {config.lengths[-1]}, the "
            f"best w is larger by {interval(larger, '.2f')}: {verdict(larger, f'{config.trainings} trainings')}; {N}."
        )
    return said
