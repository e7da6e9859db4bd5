"""Palette's twin in the plane: y = A x + noise is seen, and x asked for; the posterior is known in closed form.

A sample of the posterior has exactly twice the least squared error: the truth's variance about the regression, and its
own.  The mean of K samples costs 1 + 1/K.  The first step of a denoiser told y, from pure noise, is the regression.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome
from playground.errors import SEEDS
from playground.inpainting import following
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import (
    FAILS,
    HOLDS,
    Difference,
    equals,
    interval,
    interval_of_mean,
    ratio_of_means,
    verdict,
)
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk, watched
from toy2d.conditional import Posterior, posterior, told
from toy2d.presets import MixtureSpec
from toy2d.work import require_walk

SAME = 0.05  # of the least error: how far the first step from noise may be from the regression
# What is seen of (x, y): one coordinate, as a hole leaves it; their sum, as gray is of colours; both, but noisy.
OPERATORS: dict[str, tuple[tuple[float, ...], ...]] = {
    "x": ((1.0, 0.0),),
    "y": ((0.0, 1.0),),
    "sum": ((0.7071067811865476, 0.7071067811865476),),
    "both": ((1.0, 0.0), (0.0, 1.0)),
}


@dataclass(frozen=True)
class InverseConfig(Knobs):
    """seen: what A keeps; noise: the standard deviation in y; problems: pairs (x, y); samples: K of each posterior.

    value: the y whose posterior is drawn (for "both": of both coordinates); zeta: DPS's step.
    """

    mixture: MixtureSpec = field(default_factory=lambda: MixtureSpec("ring"))
    seen: str = choice("x", OPERATORS, "What is seen")
    noise: float = knob(0.5, 1e-3, 100, "The noise in what is seen", among=(0.1, 0.3, 0.5, 1.0, 2.0, 3.0))
    value: float = knob(2.0, -20, 20, "The observation", page=(-8, 8))
    problems: int = knob(1_000, 20, 20_000, "The number of problems")
    samples: int = knob(8, 1, 64, "The number of samples of each")
    steps: int = knob(50, 1, 1_000, "The number of steps")
    zeta: float = knob(0.3, 0, 10, "zeta")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_walk(self.mixture, problems=self.problems, samples=self.samples, calls=10 * self.steps)

    @property
    def A(self) -> Tensor:
        return torch.tensor(OPERATORS[self.seen], dtype=torch.float64)

    @property
    def std(self) -> Tensor:
        return torch.full((len(OPERATORS[self.seen]),), self.noise, dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Method:
    """ratio: a sample's squared error over the regression's, with its interval; means: the same of the mean of the
    first 1 to K samples, (K,); mean: of all K, with its interval; off: of the measurement, the root mean square of
    A x - y over the noise.
    """

    name: str
    ratio: Difference
    means: np.ndarray
    mean: Difference
    off: float


@dataclass(frozen=True, eq=False)
class Inverse:
    """least: the mean squared error of the regression; closed: what it is in expectation, in closed form.

    first: the root mean square distance of the first step, from noise, to the regression, over the root of `closed`.
    between: how much less likely the regression's point is than a sample, under the data, in nats.
    samples (n, 2), point (2,), peaks (K, 2): of the posterior for `value`, its samples, its regression, its modes.
    """

    methods: tuple[Method, ...]
    least: Difference
    closed: float
    first: float
    between: Difference
    samples: np.ndarray
    point: np.ndarray
    peaks: np.ndarray


def inverse(config: InverseConfig, report: Report = silent) -> Inverse:
    """Draws problems, answers each by regression and by K samples of every method."""
    mixture, rng = config.mixture.build().to(torch.float64), seeded(config.seed)
    truth = mixture.sample(config.problems, rng)
    clean = truth @ config.A.T
    y = clean + config.noise * torch.randn(clean.shape, generator=rng, dtype=torch.float64)
    exact = posterior(mixture, config.A, config.std, y)
    regression, errors = exact.mean(), squared(exact.mean(), truth)
    found = []
    for turn, (name, sample) in enumerate(SAMPLERS.items()):
        x = sample(config, exact, y, turn_of(report, turn, len(SAMPLERS)))
        found.append(_measured(name, x, truth, y, errors, config))
        if name == "exact":
            drawn = x[0]
    lost = mixture.log_prob(drawn) - mixture.log_prob(regression)
    one = shown(config)
    return Inverse(
        tuple(found), interval_of_mean(errors), float(exact.variance().mean()), first_step(config, exact, y),
        interval_of_mean(lost),
        one.sample(1_500, seeded(config.seed + 1))[:, 0].numpy(), one.mean()[0].numpy(), one.means[0].numpy(),
    )  # fmt: skip


def shown(config: InverseConfig) -> Posterior:
    """The posterior of config.value alone."""
    mixture = config.mixture.build().to(torch.float64)
    y = torch.full((1, len(config.A)), config.value, dtype=torch.float64)
    return posterior(mixture, config.A, config.std, y)


def squared(x: Tensor, truth: Tensor) -> Tensor:
    """(..., N, 2), (N, 2) -> (..., N)."""
    return (x - truth).square().sum(-1)


def _measured(
    name: str, x: Tensor, truth: Tensor, y: Tensor, errors: Tensor, config: InverseConfig
) -> Method:
    K, each = len(x), squared(x, truth).mean(0)
    running = x.cumsum(0) / torch.arange(1, K + 1)[:, None, None]
    costs = squared(running, truth)
    off = float((x @ config.A.T - y).square().mean().sqrt()) / config.noise
    least = errors.numpy()
    return Method(
        name, ratio_of_means(each.numpy(), least), (costs.mean(1) / errors.mean()).numpy(),
        ratio_of_means(costs[-1].numpy(), least), off,
    )  # fmt: skip


def first_step(config: InverseConfig, exact: Posterior, y: Tensor) -> float:
    """How far E[x0 | x_T, y] of pure noise x_T is from the regression, in least root mean square errors."""
    last, rng = SCHEDULES["linear"]().grid(1)[0], seeded(config.seed + 2)
    x_T = starting_noise(tuple(exact.mean().shape), last, rng).double()
    said = told(config.mixture.build(), config.A, config.std, y)(x_T, last.to(x_T))
    return float((squared(said, exact.mean()).mean() / exact.variance().mean()).sqrt())


# --- samplers: (config, exact posterior, y (N, M), report) -> (K, N, 2) -------------------------------------


def _exact(config: InverseConfig, exact: Posterior, y: Tensor, report: Report) -> Tensor:
    return exact.sample(config.samples, seeded(config.seed + 3))


def _told(config: InverseConfig, exact: Posterior, y: Tensor, report: Report) -> Tensor:
    """Palette's way: the denoiser is told y, and walked by DDPM's step."""
    denoise = told(config.mixture.build(), config.A, config.std, y)
    return _walked(config, ddim(1.0), denoise, len(y), report)


def _dps(config: InverseConfig, exact: Posterior, y: Tensor, report: Report) -> Tensor:
    """A denoiser that knows nothing of y, pulled towards it by gradients."""
    measured = y.repeat(config.samples, 1)
    step = following(ddim(1.0), lambda x: x @ config.A.T.to(x), measured.float(), config.zeta)
    return _walked(config, step, config.mixture.build(), len(y), report)


def _walked(config: InverseConfig, step, denoise, N: int, report: Report) -> Tensor:
    grid, rng = SCHEDULES["linear"]().grid(config.steps), seeded(config.seed + 4)
    start = starting_noise((config.samples * N, 2), grid[0], rng)
    states = checked(walk(step, denoise, start, grid, rng))
    return final(watched(states, report, config.steps)).double().view(config.samples, N, 2)


SAMPLERS: dict[str, Callable[[InverseConfig, Posterior, Tensor, Report], Tensor]] = {
    "exact": _exact, "told": _told, "dps": _dps,
}  # fmt: skip


def claims(config: InverseConfig, found: Inverse) -> list[Outcome]:
    """The lecture's and Palette's claims, each with its numbers; the first is of the denoiser that is told y."""
    N = f"N = {config.problems:,} problems"
    exact, walked, dps = (method.ratio for method in found.methods)
    gap, K, mean = found.between, config.samples, found.methods[0].mean
    return [
        Outcome(
            "Claim: who samples the posterior has twice the least squared error. The denoiser told y, in "
            f"{config.steps} steps, has {interval(walked, '.2f')} times it. Exact samples {interval(exact, '.2f')}, "
            f"which {equals(2, exact)}; DPS, told nothing, {interval(dps, '.2f')}, which {equals(2, dps)}. {N}.",
            equals(2, walked),
        ),
        Outcome(
            f"The mean of {K} exact samples costs 1 + 1/K = {1 + 1 / K:.3f} times the least: {interval(mean)}. {N}.",
            equals(1 + 1 / K, mean),
        ),
        Outcome(
            f"The first step from noise is the regression: they differ by {found.first:.1%} of the least error, and "
            f"{SAME:.0%} is tolerated. {N}.",
            HOLDS if found.first < SAME else FAILS,
        ),
        Outcome(
            f"The regression's point lies where data are rare: a sample is {interval(gap, '+.2f')} nats likelier under "
            f"the data. {N}.",
            verdict(gap, N),
        ),
    ]
