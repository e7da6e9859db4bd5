"""The lecture's Table 1 in the plane: eta against the number of steps, exact and learned score."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from playground.denoisers import Denoiser, counted
from playground.errors import SEEDS, require, require_whole
from playground.knobs import Knobs, choice, knob
from playground.levels import EVEN, SCHEDULES, SPACINGS, Level, Noise, seeded
from playground.progress import Report, part_of, silent
from playground.solvers import dpmpp_2m
from playground.statistics import Difference, difference, interval, verdict
from playground.steps import Moved, Step, ancestral, ddim, heun, last_but_one, side_by_side
from playground.walk import checked, final, starting_noise, walk, watched
from toy2d.distances import Distances, each_against
from toy2d.mixture import Mixture
from toy2d.net import Learned
from toy2d.presets import MixtureSpec
from toy2d.starts import MOST
from toy2d.work import require_walk

# The rows of Table 1 (Song et al. 2021), then the modern comparison.  Constructors, because 2M is stateful.
ROWS: dict[str, Callable[[], Step]] = {
    "η = 0 (DDIM)": lambda: ddim(0.0),
    "η = 0.2": lambda: ddim(0.2),
    "η = 0.5": lambda: ddim(0.5),
    "η = 1 (DDPM)": lambda: ddim(1.0),
    "σ̂ (DDPM)": lambda: ancestral("beta"),
    "Heun": lambda: heun(),
    "DPM-Solver++(2M)": lambda: dpmpp_2m(),
}
STEPS = (5, 10, 20, 50, 100)


@dataclass(frozen=True)
class FewStepsConfig(Knobs):
    """steps: the columns S, each a number of the schedule's 1,000 steps; spacing: which ones, see SPACINGS.
    particles, repeats: every cell is the mean over `repeats` clouds of `particles` samples.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    steps: tuple[int, ...] = STEPS
    particles: int = knob(500, 2, MOST, "The number of particles", page=(10, 10_000))
    repeats: int = knob(6, 2, 100, "The number of repeats")
    seed: int = knob(0, *SEEDS, "The seed")
    spacing: str = choice(EVEN, SPACINGS, "The spacing of the times")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            len(self.steps) > 0, "The table has no column; it needs at least one number of steps: choose one."
        )
        for S in self.steps:
            require_whole("The number of steps", S, 1, SCHEDULES[self.schedule]().T)
        self.require_walks()

    def require_walks(self, learned: bool = False) -> None:
        """Raises UserError where the table takes minutes; Heun's row counts twice."""
        calls = (len(ROWS) + 1) * sum(self.steps)
        require_walk(
            self.mixture, particles=self.particles, repeats=self.repeats, calls=calls, learned=learned
        )


@dataclass(frozen=True, eq=False)
class FewSteps:
    """cells, errors: (rows, columns) of distances and of their standard errors over the repeats; calls (rows,
    columns): of the denoiser; floor: of exact samples in place of a sampler's.
    """

    cells: tuple[tuple[Distances, ...], ...]
    errors: tuple[tuple[Distances, ...], ...]
    calls: np.ndarray
    floor: Distances

    def values(self, measure: str) -> np.ndarray:
        """One of the distances, (rows, columns)."""
        return np.array([[getattr(cell, measure) for cell in row] for row in self.cells])

    def standard_errors(self, measure: str) -> np.ndarray:
        """Its standard errors, (rows, columns)."""
        return np.array([[getattr(cell, measure) for cell in row] for row in self.errors])


def few_steps(config: FewStepsConfig, learned: Learned | None = None, report: Report = silent) -> FewSteps:
    """Fills the table, a column at a time.  Every cell starts from the same noise and meets the same exact samples."""
    config.require_walks(learned is not None)
    mixture, schedule = config.mixture.build(), SCHEDULES[config.schedule]()
    denoise = mixture if learned is None else learned.denoise
    n = config.particles * config.repeats
    truths = mixture.sample(n, seeded(config.seed + 1)).view(config.repeats, config.particles, 2)
    measure = each_against(mixture, truths)
    start = starting_noise((n, 2), schedule.level(schedule.T), seeded(config.seed))  # N(0, I) at any level
    columns, calls, done = [], [], 0
    for S in config.steps:
        steps = [Tallied(row()) for row in ROWS.values()]
        grid, starts = schedule.grid(S, config.spacing), start.repeat(len(ROWS), 1)
        states = checked(walk(side_by_side(steps), denoise, starts, grid, seeded(config.seed + 2)))
        ends = final(watched(states, part_of(report, done, sum(config.steps)), S))
        columns.append([_over_repeats(measure(x.reshape(truths.shape))) for x in ends.chunk(len(ROWS))])
        calls.append([step.calls for step in steps])
        done += S
    cells, errors = (
        tuple(zip(*[[cell[i] for cell in column] for column in columns], strict=True)) for i in range(2)
    )
    return FewSteps(cells, errors, np.array(calls).T, _floor(mixture, measure, config))


class Tallied:
    """The same step; it counts how often it asks the denoiser."""

    def __init__(self, step: Step):
        self.step, self.calls = step, 0

    def __call__(self, denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        asked = counted(denoise)
        moved = self.step(asked, xt, here, there, noise)
        self.calls += asked.calls
        return moved


def last_noises(config: FewStepsConfig) -> dict[str, list[tuple[float, float]]]:
    """For each spacing, over config.steps from two on: what sigma-hat adds in the last step but one, and what noise
    the level reached has (`last_but_one`).
    """
    schedule = SCHEDULES[config.schedule]()
    return {name: [last_but_one(schedule.grid(S, name)) for S in config.steps if S > 1] for name in SPACINGS}


def _floor(
    mixture: Mixture, measure: Callable[[Tensor], np.ndarray], config: FewStepsConfig, draws: int = 3
) -> Distances:
    """Fresh exact samples against the exact samples that the cells meet: both see the same reference samples."""
    rng, shape = seeded(config.seed + 3), (config.repeats, config.particles, 2)
    found = [measure(mixture.sample(shape[0] * shape[1], rng).view(shape)) for _ in range(draws)]
    return Distances(*np.mean(found, axis=(0, 1)).tolist())


def _over_repeats(found: np.ndarray) -> tuple[Distances, Distances]:
    """The mean distance of clouds, each to its own truth, and its standard error: (repeats, 5)."""
    return Distances(*found.mean(0)), Distances(*found.std(0, ddof=1) / len(found) ** 0.5)


DDIM, DDPM = "η = 0 (DDIM)", "η = 1 (DDPM)"


def said(config: FewStepsConfig, result: FewSteps, measure: str = "sliced") -> tuple[str, str]:
    """Whether η = 0 comes nearer than η = 1 in the fewest steps, and which row does best in the fewest and the most."""
    apart, N = _apart(result, measure), f"N = {config.repeats} × {config.particles:,}"
    values, rows, few = result.values(measure)[:, 0], list(ROWS), config.steps[0]
    ddim, ddpm = rows.index(DDIM), rows.index(DDPM)
    farther = apart(0, ddpm, ddim)
    first = (
        f"After {few} steps samples with η = 0 lie {values[ddim]:.3f} from exact ones, with η = 1 {values[ddpm]:.3f}: "
        f"{interval(farther)} farther."
    )
    columns = sorted({0, len(config.steps) - 1})
    best = " ".join(
        _best(config.steps[column], result.values(measure)[:, column], column, apart) for column in columns
    )
    floor = f"Two sets of exact samples are {getattr(result.floor, measure):.3f} apart ({N})."
    return f"{first} {best} {floor}", verdict(farther, N)


def _apart(result: FewSteps, measure: str) -> Callable[[int, int, int], Difference]:
    """(column, row, other row) -> how much farther the row is."""
    values, errors = result.values(measure), result.standard_errors(measure)
    return lambda column, row, other: difference(
        values[row, column], errors[row, column], values[other, column], errors[other, column]
    )


def _best(S: int, values: np.ndarray, column: int, apart: Callable[[int, int, int], Difference]) -> str:
    """The row that comes nearest in S steps; those that cannot be told from it are named, or counted where many."""
    best, rows = int(values.argmin()), list(ROWS)
    equal = [name for row, name in enumerate(rows) if row != best and apart(column, row, best).low <= 0]
    nearest = f"{rows[best]} ({values[best]:.3f})"
    if len(equal) == len(rows) - 1:
        return f"In {S} steps none can be told from the nearest, {nearest}."
    others = " and ".join(equal) if len(equal) < 3 else f"{len(equal)} others"
    return f"In {S} steps {nearest} is nearest" + (f"; {others} cannot be told from it." if equal else ".")
