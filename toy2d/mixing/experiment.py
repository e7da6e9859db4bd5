"""Plain and annealed Langevin dynamics side by side, from the same start (Song and Ermon 2019, Section 3.2)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from playground.claims import all_of, within
from playground.errors import SEEDS, SIGMAS, require_whole
from playground.knobs import Knobs, choice, knob
from playground.levels import Level, geometric_sigmas, repeated, seeded
from playground.progress import Report, part_of, silent
from playground.statistics import FAILS, HOLDS, OPEN, Difference, Z, wilson
from playground.steps import Step, langevin
from playground.threads import one_thread
from playground.trajectory import frames_of
from playground.walk import State, checked, walk, watched
from toy2d.distances import modes_of, shares_of, total_variation
from toy2d.mixture import Mixture
from toy2d.net import Learned
from toy2d.presets import MixtureSpec, narrowest_std
from toy2d.starts import KEPT, LEVELS, MOST, STARTS
from toy2d.work import require_walk

NEAR = 0.05  # an error of a mode's share that counts as recovered; plain dynamics is 0.3 off


@dataclass(frozen=True)
class MixingConfig(Knobs):
    """Both chains of one comparison.  s is the standard deviation of the narrowest mode (1 in the paper).

    levels:     "own", the sigmas are the modes' own standard deviation, sigma_1 down to s, as the paper's authors
                ran it (so noise sqrt(sigma_i**2 - s**2) is added); or "added", noise sigma_1 down to sigma_L
    step_size:  a, in Algorithm 1's form x + (a / 2) * score + sqrt(a) * z, as a share of the narrowest mode's
                variance at the level: a_i = a * (added_i**2 + s**2); plain dynamics takes a * s**2
    L, T:       levels, and steps at each
    plain:      steps of plain dynamics; None: L * T, as many as the annealed chain takes
    start:      "square", uniform on [-8, 8]^2; "mode", all at the last mode's mean; "data", exact samples
    noise:      False takes z away from both chains
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    levels: str = choice("own", LEVELS, "The reading of sigma")
    L: int = knob(10, 1, 1_000, "The number of levels L", page=(1, 200))
    T: int = knob(100, 1, 10_000, "The number of steps at each level T", page=(1, 1_000))
    sigma_1: float = knob(20.0, *SIGMAS, "The highest level, sigma_1,", page=(0.1, 100.0))
    sigma_L: float = knob(0.1, *SIGMAS, "The lowest level, sigma_L,")
    step_size: float = knob(0.1, 1e-6, 1e4, "The step size", page=(0.001, 10.0))
    plain: int | None = None
    start: str = choice("square", STARTS, "The start")
    noise: bool = True
    particles: int = knob(2_000, 1, MOST, "The number of particles")
    frames: int = knob(100, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_whole("The number of plain steps", self.plain_steps, 1, 1_000_000)
        self.require_walks()

    def require_walks(self, learned: bool = False) -> None:
        """Raises UserError where both chains take minutes."""
        steps = self.L * self.T + self.plain_steps
        require_walk(self.mixture, particles=self.particles, steps=steps, learned=learned)

    @property
    def plain_steps(self) -> int:
        return self.L * self.T if self.plain is None else self.plain


@dataclass(frozen=True, eq=False)
class Chain:
    """F frames of a chain.  xs (F, up to 5,000, 2) float32; modes of these (F, B) uint8;
    shares (F, K) of all particles; steps, sigmas (F,), sigma the noise added at the frame.
    """

    xs: np.ndarray
    modes: np.ndarray
    shares: np.ndarray
    steps: np.ndarray
    sigmas: np.ndarray


@dataclass(frozen=True, eq=False)
class Mixing:
    """weights (K,): the true shares, in the order of the modes."""

    plain: Chain
    annealed: Chain
    weights: np.ndarray


@one_thread()
def mixing(config: MixingConfig, learned: Learned | None = None, report: Report = silent) -> Mixing:
    """Runs both chains on exact scores, or on learned ones: these at no less noise than they were trained on.

    Raises UserError where a chain diverges, which it does for a above 4.
    """
    config.require_walks(learned is not None)
    mixture = config.mixture.build()
    denoise = mixture if learned is None else learned.denoise
    least = 0.0 if learned is None else learned.config.smallest_sigma
    rng = seeded(config.seed)
    start = STARTS[config.start](mixture, config.particles, rng)
    step, grids = both_chains(config, narrowest_std(mixture), least)
    done, total = 0, sum(len(grid) - 1 for grid in grids)
    chains = []
    for grid in grids:
        states = checked(walk(step, denoise, start, grid, rng))
        states = watched(states, part_of(report, done, total), len(grid) - 1)
        chains.append(_chain(states, mixture, frames_of(len(grid) - 1, config.frames)))
        done += len(grid) - 1
    plain, annealed = chains
    return Mixing(plain, annealed, mixture.log_weights.exp().double().numpy())


def both_chains(config: MixingConfig, s: float, least: float = 0.0) -> tuple[Step, list[list[Level]]]:
    """The step that both chains take, and the grids of plain and of annealed dynamics; least: the least noise."""
    grids = [
        [Level.of(sigma=least)] * (config.plain_steps + 1),
        repeated([Level.of(sigma=max(sigma, least)) for sigma in added_sigmas(config, s)], config.T),
    ]
    step = langevin(lambda level: config.step_size * (level.sigma**2 + s**2), config.noise, estimate=False)
    return step, grids


def added_sigmas(config: MixingConfig, s: float) -> list[float]:
    """The noise added to the data at each of the L levels, most first."""
    if config.levels == "added":
        return geometric_sigmas(config.sigma_1, config.sigma_L, config.L)
    return [math.sqrt(max(0.0, sigma**2 - s**2)) for sigma in geometric_sigmas(config.sigma_1, s, config.L)]


def _chain(states: Iterator[State], mixture: Mixture, keep: frozenset[int]) -> Chain:
    xs, modes, shares, steps, sigmas = [], [], [], [], []
    for state in states:
        if state.index in keep:
            mode = modes_of(mixture, state.x)
            xs.append(state.x[:KEPT])
            modes.append(mode[:KEPT].to(torch.uint8))
            shares.append(shares_of(mode, mixture.K))
            steps.append(state.index)
            sigmas.append(float(state.level.sigma))
    return Chain(
        torch.stack(xs).numpy(),
        torch.stack(modes).numpy(),
        np.stack(shares),
        np.array(steps),
        np.array(sigmas),
    )


def said(config: MixingConfig, result: Mixing) -> tuple[str, str]:
    """The lecture's claim with this run's numbers, and whether it holds: plain dynamics gets the weights wrong,
    annealed dynamics right.  A share up to NEAR off counts as right.
    """
    off = [off_by(chain.shares[-1], result.weights, config) for chain in (result.plain, result.annealed)]
    n, pi = config.particles, float(result.weights[0])
    outcome = all_of([gets_wrong(off[0]), within(NEAR, off[1])], f"N = {n:,}")
    if len(result.weights) != 2:
        floor = wrong_mode_floor(result.weights, n)
        wrong, right = (f"{floor + each.value:.3f} ± {(each.high - each.low) / 2:.3f}" for each in off)
        return (
            f"In a wrong mode: {wrong} of plain Langevin's particles, {right} of annealed's, {floor:.3f} of {n:,} "
            f"exact samples; {NEAR:g} more is tolerated."
        ), outcome
    words = [
        f"{name} agrees with π within its noise" if each.low <= 0 <= each.high
        else f"{name} is {abs(each.value):.3f} off π, beyond its noise of ± {(each.high - each.low) / 2:.3f}"
        for name, each in zip(("Plain Langevin", "annealed"), off, strict=True)
    ]  # fmt: skip
    return f"{'; '.join(words)}; {NEAR:g} is tolerated (π = {pi:.2f}, {n:,} particles).", outcome


def gets_wrong(off: Difference) -> str:
    """Whether the claim holds that a weight comes out wrong: by more than NEAR."""
    return {HOLDS: FAILS, FAILS: HOLDS}.get(within(NEAR, off), OPEN)


def off_by(shares: np.ndarray, weights: np.ndarray, config: MixingConfig) -> Difference:
    """How far shares of the modes, (K,), are off their weights, with the interval that chance gives it.

    Of two modes: the first one's share less its weight, by Wilson's interval.  Of more: the share in a wrong mode less
    what exact samples have, by drawing as many particles anew.
    """
    n = config.particles
    if len(weights) == 2:
        low, high = (float(end) for end in wilson(float(shares[0]), n))
        weight = float(weights[0])
        return Difference(float(shares[0]) - weight, low - weight, high - weight)
    drawn = np.random.default_rng(config.seed).multinomial(n, shares / shares.sum(), 400) / n
    half = Z * float(np.abs(drawn - weights).sum(1).std() / 2)
    value = float(total_variation(shares, weights)) - wrong_mode_floor(weights, n)
    return Difference(value, value - half, value + half)


def wrong_mode_floor(weights: np.ndarray, n: int) -> float:
    """What the share in a wrong mode is on average for n exact samples: the mean absolute deviation of
    each count, by the normal approximation, halved and added up.
    """
    return float(np.sqrt(2 * weights * (1 - weights) / (np.pi * n)).sum() / 2)
