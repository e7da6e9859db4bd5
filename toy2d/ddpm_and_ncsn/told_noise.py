"""Annealed Langevin dynamics told Algorithm 1's noise, and told the noise that is there: in the plane it is the same.

On digits the network is 4 to 27 standard deviations off the shell that it has learned (`playground.annealing`); in two
dimensions the same chain is at most about one standard deviation off, where the network has seen plenty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from playground.annealing import actual, off_the_shell, settling, told, variances
from playground.denoisers import Denoiser
from playground.errors import require
from playground.knobs import Knobs, knob
from playground.levels import Level, geometric_sigmas, repeated, seeded
from playground.progress import Report, silent
from playground.steps import annealed, langevin
from playground.walk import checked, final, starting_noise, walk
from toy2d.distances import Distances, distances
from toy2d.mixture import Mixture
from toy2d.net import LearnConfig
from toy2d.presets import MixtureSpec
from toy2d.starts import MOST

TOLD = ("sigma_i, as written", "the noise that is there")


@dataclass(frozen=True)
class ToldConfig(Knobs):
    """levels of `hold` steps from sigma_1 to sigma_L, as on digits.  repeats: independent runs, for the intervals."""

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma_1: float = 30.0
    sigma_L: float = 0.01
    levels: int = knob(20, 2, 200, "The number of levels")
    hold: int = knob(5, 1, 1_000, "The number of steps at each level")
    train_steps: int = 2_000
    particles: int = knob(1_000, 2, MOST, "The number of particles")
    repeats: int = knob(8, 2, 100, "The number of repeats")
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        work = self.levels * self.hold * self.particles * self.repeats
        require(
            work <= 50_000_000,
            f"{work:,} moves of a particle are asked for; at most 50,000,000 are made: lower particles or repeats.",
        )
        geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)

    @property
    def sigmas(self) -> list[float]:
        return geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)

    @property
    def c(self) -> float:
        return settling(self.sigmas[0] / self.sigmas[1], self.hold)

    def learning(self) -> LearnConfig:
        """NCSN's network for this chain, trained on as much noise as the chain ever has, 1.5 sigma_1 at most."""
        return LearnConfig(
            self.mixture, "ncsn", sigma_1=1.5 * self.sigma_1, sigma_L=self.sigma_L, steps=self.train_steps,
            seed=self.seed,
        )  # fmt: skip


MEASURES = ("log_likelihood", "weights", "sliced")  # fields of `Distances`


@dataclass(frozen=True, eq=False)
class Told:
    """measured: by network, what it is told and measure, one value of each repeat, (R,); floors: of exact samples,
    drawn independently, by measure.  v: the noise's variance in units of sigma_i**2 before each step.
    """

    measured: dict[str, dict[str, dict[str, np.ndarray]]]
    floors: dict[str, np.ndarray]
    v: np.ndarray

    def difference(self, network: str, measure: str) -> tuple[float, float]:
        """As written less told: the mean over the repeats and its standard error; both have the same noise."""
        written, there = (self.measured[network][name][measure] for name in TOLD)
        return mean_and_se(written - there)

    def off(self, D: int = 2) -> tuple[float, float]:
        """The least and most standard deviations off the shell in D dimensions, where v has settled."""
        settled = self.v[len(self.v) // 2 :]
        return off_the_shell(settled.min(), D), off_the_shell(settled.max(), D)


def mean_and_se(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


def told_noise(config: ToldConfig, networks: Mapping[str, Denoiser], report: Report = silent) -> Told:
    """The exact denoiser and `networks`, each told both, on the same starts and noise, against exact samples."""
    mixture = config.mixture.build()
    denoisers = {"exact": mixture.denoise} | dict(networks)
    runs: dict[str, dict[str, list[Distances]]] = {name: {each: [] for each in TOLD} for name in denoisers}
    floors = []
    for repeat in range(config.repeats):
        rng = seeded(10_000_019 + 1_009 * config.seed + repeat)
        truth, other = (mixture.sample(config.particles, rng) for _ in range(2))
        floors.append(distances(mixture, other, truth))
        for name, denoise in denoisers.items():
            for each in TOLD:
                x = walked(config, denoise, mixture, each, config.seed + 1_000 * repeat)
                runs[name][each].append(distances(mixture, x, truth))
        report(repeat + 1, config.repeats)
    measured = {name: {each: _columns(rows) for each, rows in of.items()} for name, of in runs.items()}
    return Told(measured, _columns(floors), np.array(variances(config.sigmas, config.c, config.hold)))


def _columns(rows: list[Distances]) -> dict[str, np.ndarray]:
    return {measure: np.array([getattr(row, measure) for row in rows]) for measure in MEASURES}


def walked(config: ToldConfig, denoise: Denoiser, mixture: Mixture, what: str, seed: int) -> Tensor:
    """(B, 2): the end of one chain.  Both start and draw alike; only what the denoiser is told differs.

    The last step denoises in one and is Langevin's in the other; sigma_L is too small for that to be seen.
    """
    sigmas, c, rng = config.sigmas, config.c, seeded(seed)
    if what == TOLD[0]:
        step = langevin(annealed(c * sigmas[-1] ** 2, sigmas[-1]), estimate=False)
        grid = repeated([Level.of(sigma=sigma) for sigma in sigmas], config.hold)
    else:
        step, grid = told(c), actual(sigmas, c, config.hold)
    start = (
        starting_noise((config.particles, 2), Level.of(sigma=sigmas[0]), rng, mixture.std()) + mixture.mean()
    )
    return final(checked(walk(step, denoise, start, grid, rng)))
