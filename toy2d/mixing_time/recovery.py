"""The weight that a chain recovers against the true one, for many weights (the lecture's Problem 2)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from playground.errors import SEEDS, require, require_range, require_whole
from playground.knobs import Knobs, choice, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.statistics import interval, mean_difference, verdict
from playground.threads import one_thread
from playground.walk import checked, final, walk, watched
from toy2d.distances import modes_of
from toy2d.mixing.experiment import MixingConfig, both_chains
from toy2d.mixing_time.relaxation import GridChain, along, grid_chain, shares_after
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec
from toy2d.starts import KEPT, SQUARE, STARTS
from toy2d.work import require_walk

DISTANCE = 5.0  # of the paper's modes, (5, 5) and (-5, -5)


@dataclass(frozen=True)
class RecoveryConfig(Knobs):
    """Plain and annealed chains at each weight of `pis`, `repeats` independent runs of `particles` each.
    The other fields are MixingConfig's; plain dynamics takes L * T steps, too.
    """

    pis: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    repeats: int = knob(5, 2, 100, "The number of repeats", page=(2, 10))
    L: int = knob(10, 1, 1_000, "The number of levels L", page=(1, 200))
    T: int = knob(100, 1, 10_000, "The number of steps at each level T", page=(1, 1_000))
    sigma_1: float = 20.0
    step_size: float = knob(0.1, 0.01, 0.5, "The step size")
    start: str = choice("square", STARTS, "The start")
    particles: int = 500
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.pis) >= 2, "The sweep has fewer than two weights: give two or more.")
        for pi in self.pis:
            require_range("pi", pi, 0, 1, open_ends=True)
        require_whole("The number of particles", self.particles, 1, KEPT // self.repeats)
        steps = 2 * self.L * self.T * len(self.pis)
        one = self.at(0)  # validates a single run
        require_walk(one.mixture, particles=self.particles, repeats=self.repeats, steps=steps)

    def at(self, i: int) -> MixingConfig:
        return MixingConfig(
            MixtureSpec("two_modes", self.pis[i]), "own", self.L, self.T, self.sigma_1, step_size=self.step_size,
            start=self.start, particles=self.particles * self.repeats, frames=2, seed=self.seed,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recovery:
    """pis (P,); plain, annealed (P, repeats): the share in mode 1 at the end of each run;
    expected (P,): what plain's is on average, by the chain's transition matrix on a grid.
    """

    pis: np.ndarray
    plain: np.ndarray
    annealed: np.ndarray
    expected: np.ndarray


@one_thread()
def recovery(config: RecoveryConfig, report: Report = silent) -> Recovery:
    """All weights' particles are one walk, along the line through the modes: across it, nothing depends on the mode.

    Raises UserError for a weight, a step size or a number out of range.
    """
    rng, one = seeded(config.seed), config.at(0)
    line, start = _all_weights(config), _starts(config, rng)
    step, grids = both_chains(one, s=1.0)
    shares, total = [], sum(len(grid) - 1 for grid in grids)
    for turn, grid in enumerate(grids):
        states = checked(walk(step, line, start, grid, rng))
        end = final(watched(states, part_of(report, turn * (len(grid) - 1), total), len(grid) - 1))
        first = (modes_of(line, end) == 0).view(len(config.pis), config.repeats, config.particles)
        shares.append(first.double().mean(2).numpy())
    steps = config.L * config.T
    expected = [plain_share(pi, config.start, config.step_size, steps) for pi in config.pis]
    plain, annealed = shares
    return Recovery(np.array(config.pis), plain, annealed, np.array(expected))


def _all_weights(config: RecoveryConfig) -> Mixture:
    """The modes on the line, with every particle's own weights: those of its run."""
    lines = [along(pi, DISTANCE).to(torch.float32) for pi in config.pis]
    weights = torch.stack([line.log_weights for line in lines], 1)  # (2, P)
    per_pi = config.repeats * config.particles
    return Mixture(lines[0].means, lines[0].covariances, weights.repeat_interleave(per_pi, 1))


def _starts(config: RecoveryConfig, rng: Generator) -> Tensor:
    """Where the particles of each weight start in the plane, seen along the line, (P * repeats * particles, 1)."""
    mixtures = [config.at(i).mixture.build() for i in range(len(config.pis))]
    starts = [STARTS[config.start](mixture, config.repeats * config.particles, rng) for mixture in mixtures]
    return torch.cat(starts).sum(1, keepdim=True) / 2**0.5


def plain_share(pi: float, start: str, step_size: float, steps: int) -> float:
    """The expected share in mode 1 after about `steps` plain steps (to 4): no particle is walked."""
    chain = grid_chain(along(pi, DISTANCE), step_size)
    every = min(steps, 4)  # two squarings of the matrix, and a row times it for each four steps
    return float(shares_after(chain, _start(chain, start, pi)[None], steps, every)[-1, 0])


def _start(chain: GridChain, start: str, pi: float) -> np.ndarray:
    """The start's distribution along the line through the modes, on the grid, up to a factor."""
    at = 2**0.5 * DISTANCE
    spread = {
        "square": lambda u: np.clip(2**0.5 * SQUARE - np.abs(u), 0, None),  # a square seen from its corner
        "mode": lambda u: (np.abs(u + at) == np.abs(u + at).min()).astype(float),
        "data": lambda u: pi * np.exp(-0.5 * (u - at) ** 2) + (1 - pi) * np.exp(-0.5 * (u + at) ** 2),
    }
    return spread[start](chain.u)


def said(found: Recovery) -> tuple[str, str]:
    """Whether annealed chains end nearer to π than plain ones: the mean over the weights, of all repeats in pairs."""
    off = {name: np.abs(getattr(found, name) - found.pis[:, None]).mean(0) for name in ("plain", "annealed")}
    apart = mean_difference(off["plain"], off["annealed"])
    return (
        f"Off π by {off['plain'].mean():.3f} on average over {len(found.pis)} weights: plain Langevin; by "
        f"{off['annealed'].mean():.3f}: annealed. It is nearer by {interval(apart)}, {len(off['plain'])} runs each."
    ), verdict(apart)
