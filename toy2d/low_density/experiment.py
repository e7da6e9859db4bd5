"""Problem 1 of the lecture: a score learned at one small noise level is poor where data are few, and the same with
many noise levels, where the hole closes.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from playground.errors import SEEDS, SIGMAS, require, seed_beside
from playground.knobs import Knobs, knob
from playground.levels import geometric_sigmas
from playground.progress import Report, silent, turn_of
from playground.statistics import FAILS, HOLDS, Difference, interval, mean_difference, verdict
from toy2d.net import POINTS, Learn, LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec
from toy2d.score_fields.experiment import Field, FieldConfig, score_field

TRAINED = {"one": "dsm", "many": "ncsn"}  # at one level, at many
COUNTS = (100, 300, 1_000, 3_000, 10_000, 30_000)  # training points of the sweep


@dataclass(frozen=True)
class LowDensityConfig(Knobs):
    """Two networks alike but for their levels: "one" sees noise sigma, "many" sees sigma_1 ... sigma, geometric.

    points, width, steps: of both.  told_pi: both are told π, and their points are of mixtures of every π, as in
    `LearnConfig`.  sigmas: how many levels the error of "many" is measured at.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma: float = knob(0.5, *SIGMAS, "sigma", among=(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0))
    sigma_1: float = 20.0
    points: int = knob(10_000, 2, 1_000_000, "The number of training points", among=POINTS)
    width: int = knob(96, 4, 1024, "The width of the network", among=(16, 32, 64, 96, 128, 256))
    steps: int = knob(
        600, 1, 100_000, "The number of training steps", among=(100, 300, 600, 1_500, 3_000, 6_000)
    )
    sigmas: int = knob(13, 2, 100, "The number of sigmas")
    resolution: int = 61
    seed: int = knob(0, *SEEDS, "The seed")
    told_pi: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            0 < self.sigma < self.sigma_1,
            f"sigma is {self.sigma:g}; it must be above 0 and below the highest level, {self.sigma_1:g}: choose, "
            "say, 0.5.",
        )

    def learning(self, name: str) -> LearnConfig:
        """What the network "one" or "many" is taught; both see the same points."""
        return LearnConfig(
            self.mixture, TRAINED[name], sigma=self.sigma, sigma_1=self.sigma_1, sigma_L=self.sigma,
            points=self.points, steps=self.steps, width=self.width, seed=self.seed,
        ).telling_pi(self.told_pi)  # fmt: skip


@dataclass(frozen=True, eq=False)
class LowDensity:
    """one, many: both learned scores at noise sigma, over the square, with their errors.
    high: of the network of many levels, at the level where the good area is largest.
    sigmas (N,); area, mass (N,): where the score of many levels is good to 10 %, as shares of the square and of the
    noisy data in it, at each level.  high_sigma: the level of `high`.
    """

    one: Field
    many: Field
    high: Field
    high_sigma: float
    sigmas: np.ndarray
    area: np.ndarray
    mass: np.ndarray


def learn_pair(config: LowDensityConfig, report: Report = silent, learn: Learn = learn) -> dict[str, Learned]:
    """Both networks, one after the other; learn: how, where there may be one already."""
    return {
        name: learn(config.learning(name), turn_of(report, i, len(TRAINED))).of(config.mixture)
        for i, name in enumerate(TRAINED)
    }


def low_density(config: LowDensityConfig, networks: dict[str, Learned]) -> LowDensity:
    """The error of both networks at noise sigma, and that of "many" at all levels."""

    def seen(name: str, sigma: float) -> Field:
        return score_field(FieldConfig(config.mixture, sigma, resolution=config.resolution), networks[name])

    sigmas = np.array(geometric_sigmas(config.sigma_1, config.sigma, config.sigmas))[::-1]
    fields = [seen("many", sigma) for sigma in sigmas.tolist()]
    best = int(np.argmax([each.error.area for each in fields]))
    return LowDensity(
        seen("one", config.sigma), fields[0], fields[best], float(sigmas[best]), sigmas,
        np.array([each.error.area for each in fields]), np.array([each.error.mass for each in fields]),
    )  # fmt: skip


# --- more seeds ------------------------------------------------------------------------------------------------

REPEATS = 5  # pairs of trainings
CLAIMS = {  # what is compared, and which of the two should have more of it
    "area": "good area at the same σ: many levels above one level",
    "mass": "data in good hands at that σ: one level above many levels",
    "high": "good area: many levels at their best σ above one level at its own",
}


@dataclass(frozen=True, eq=False)
class Repeats:
    """Of REPEATS pairs of networks, each from its own points, start and batches: (REPEATS,) each, as in `ScoreError`.

    area, mass: by name, at noise sigma; high: area of "many" at the level where it is largest.
    """

    area: dict[str, np.ndarray]
    mass: dict[str, np.ndarray]
    high: np.ndarray

    def differences(self) -> dict[str, Difference]:
        """By the names of CLAIMS: the mean over seeds of how much more there is, with Student's interval."""
        return {
            "area": mean_difference(self.area["many"], self.area["one"]),
            "mass": mean_difference(self.mass["one"], self.mass["many"]),
            "high": mean_difference(self.high, self.area["one"]),
        }


def repeats(config: LowDensityConfig, report: Report = silent) -> Repeats:
    """Both networks for config.seed and the seeds after it."""
    found = []
    for i in range(REPEATS):
        here = replace(config, seed=seed_beside(config.seed, i))
        found.append(low_density(here, learn_pair(here, turn_of(report, i, REPEATS))))
    area, mass = (
        {name: np.array([getattr(getattr(each, name).error, what) for each in found]) for name in TRAINED}
        for what in ("area", "mass")
    )
    return Repeats(area, mass, np.array([each.high.error.area for each in found]))


def said(config: LowDensityConfig, result: LowDensity, over_seeds: Repeats | None = None) -> tuple[str, str]:
    """What the networks that are shown know of the square; whether that is luck, where seeds were run -> sentence,
    verdict.  The shares are exact, on the grid that is drawn: what they vary with is the training.
    """
    one, high = result.one.error, result.high.error
    told = (
        f"One level: {one.mass:.0%} of the noisy data lie where the score is good to 10 %, but that is {one.area:.0%} "
        f"of the square. Trained at many levels, it is good on {high.area:.0%} at σ = {result.high_sigma:.2g}."
    )
    if over_seeds is None:
        holds = one.mass > one.area and high.area > one.area
        few = "One pair of networks, on a grid of exact scores: the button below asks whether it is luck."
        return f"{told} {few}", f"{HOLDS if holds else FAILS} for these two networks"
    more = over_seeds.differences()["high"]
    pairs = f"{REPEATS} pairs"
    return f"{told} Over {pairs} of networks: by {interval(more, '+.1%')}.", verdict(more, pairs)


# --- more data ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sweep:
    """points (N,); by name, "one" and "many": area (N,) good to 10 % at noise sigma, and the median relative error
    over the square, (N,).
    """

    points: np.ndarray
    area: dict[str, np.ndarray]
    median: dict[str, np.ndarray]


def sweep(config: LowDensityConfig, report: Report = silent) -> Sweep:
    """Both networks at noise sigma for 100 to 30,000 training points (config.points is not used)."""
    area: dict[str, list[float]] = {name: [] for name in TRAINED}
    median: dict[str, list[float]] = {name: [] for name in TRAINED}
    at = FieldConfig(config.mixture, config.sigma, resolution=config.resolution)
    for i, points in enumerate(COUNTS):
        part = turn_of(report, i, len(COUNTS))
        for name, network in learn_pair(replace(config, points=points), part).items():
            error = score_field(at, network).error
            area[name].append(error.area)
            median[name].append(float(np.median(error.relative)))
    areas, medians = ({name: np.array(v) for name, v in table.items()} for table in (area, median))
    return Sweep(np.array(COUNTS), areas, medians)
