"""Log density by the probability-flow ODE against the mixture's own (Song et al. 2021, "Score-based ... SDEs",
Section 4.3), and whose the error is: the steps', the prior's, the network's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome, within
from playground.denoisers import Denoiser, counted
from playground.errors import SEEDS, SIGMAS, require
from playground.knobs import Knobs, knob
from playground.levels import Level, noised, randn_like, seeded
from playground.likelihood import log_likelihood
from playground.objectives import squared_norm
from playground.progress import Report, silent, ticker
from playground.statistics import difference, interval
from playground.steps import heun
from playground.trajectory import collect
from playground.walk import walk
from toy2d.mixture import Mixture
from toy2d.net import Learned
from toy2d.presets import EXTENT, MixtureSpec
from toy2d.work import require_walk

NUMBERS = (5, 10, 20, 40, 80)  # of ODE steps, for the curve
RHO = 7.0  # Karras et al. 2022, eq. 5
NATS = 0.05  # an error of log p that does not matter
KEPT = 1_000  # points whose way to the prior is shown
Flow = Callable[[Tensor, list[Level]], tuple[Tensor, Tensor]]  # x (B, 2), grid -> log p (B,), x at the end


@dataclass(frozen=True)
class LikelihoodConfig(Knobs):
    """The flow takes `steps` steps of Heun's rule through sigma / alpha = sigma_min ... sigma_max, where
    alpha**2 + sigma**2 = 1; from a grid of `resolution`**2 points, and from `samples` exact samples.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    steps: int = knob(40, 2, 10_000, "The number of ODE steps", among=(5, 10, 20, 40, 80, 160))
    sigma_min: float = knob(
        0.05, *SIGMAS, "The noise where the flow starts, sigma_min,", among=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    )
    sigma_max: float = knob(
        100.0, *SIGMAS, "The noise where the flow ends, sigma_max,", among=(10.0, 20.0, 50.0, 100.0, 150.0)
    )
    resolution: int = knob(41, 2, 1_000, "The resolution")
    samples: int = knob(500, 2, 100_000, "The number of samples")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            0 < self.sigma_min < self.sigma_max,
            f"The noise runs from {self.sigma_min:g} to {self.sigma_max:g}; it must start above 0 and rise: "
            "choose, say, 0.05 and 100.",
        )
        self.require_flows()

    def require_flows(self, learned: bool = False) -> None:
        """Raises UserError where the flows take minutes: Heun calls twice a step, and each call has two derivatives."""
        points = self.samples + self.resolution**2
        require_walk(self.mixture, points=points, calls=6 * self.steps, learned=learned)

    def grid(self, steps: int | None = None) -> list[Level]:
        """Little noise first, float64; levels lie closer where there is little (Karras et al. 2022, eq. 5)."""
        low, high = self.sigma_min ** (1 / RHO), self.sigma_max ** (1 / RHO)
        ratios = torch.linspace(low, high, (steps or self.steps) + 1, dtype=torch.float64) ** RHO
        alphas = (1 + ratios**2).rsqrt()
        return [Level(alpha, alpha * ratio) for alpha, ratio in zip(alphas, ratios, strict=True)]


@dataclass(frozen=True, eq=False)
class Errors:
    """Mean absolute errors of log p over exact samples, in nats.

    total:     of the flow against the mixture at the flow's first level, sigma_min
    total_se:  the standard error of that
    steps:     of the exact denoiser with the exact density at the last level: the discretisation alone
    prior:     N(0, I) instead of the exact density at the last level
    network:   the learned denoiser instead of the exact one; 0 where none was learned
    smoothing: the mixture at sigma_min against the data's own density, at sigma = 0
    """

    total: float
    total_se: float
    steps: float
    prior: float
    network: float
    smoothing: float


@dataclass(frozen=True, eq=False)
class Likelihood:
    """axis (W,); exact, flow (W, W): log density at noise sigma_min, the mixture's own and the flow's, in nats;
    [i, j] is at x = axis[j], y = axis[i].

    nll, flow_nll: mean -log p of the exact samples, the mixture's own and the flow's, in nats
    mass, exact_mass: of the flow's density, and of the mixture's, within the square
    numbers (N,), by_steps, total_by_steps (N,): ODE steps, and Errors.steps and Errors.total with so many
    xs (F, B, 2), modes (B,), ratios (F,): the flow from data to prior, and sigma / alpha on the way
    """

    axis: np.ndarray
    exact: np.ndarray
    flow: np.ndarray
    errors: Errors
    nll: float
    flow_nll: float
    mass: float
    exact_mass: float
    numbers: np.ndarray
    by_steps: np.ndarray
    total_by_steps: np.ndarray
    xs: np.ndarray
    modes: np.ndarray
    ratios: np.ndarray


def likelihood(
    config: LikelihoodConfig, learned: Learned | None = None, report: Report = silent
) -> Likelihood:
    """The flow's log density on a grid of points and on samples; with the exact denoiser, or with a learned one."""
    config.require_flows(learned is not None)
    mixture = config.mixture.build(torch.float64)
    numbers = sorted({*NUMBERS, config.steps})
    passes = 1 if learned is None else 2  # of the samples; the points of the square make one
    tick = ticker(report, _calls(config, numbers, passes))
    exact_flow = flow_of(counted(mixture, tick))
    flow = exact_flow if learned is None else flow_of(counted(learned.denoise, tick), torch.float32)

    rng = seeded(config.seed + 1)
    x0, modes = mixture.sample_with_modes(config.samples, rng)
    x = noised(x0, randn_like(x0, rng), config.grid()[0])
    found = {n: _compared(mixture, exact_flow, flow, x, config.grid(n)) for n in numbers}
    errors, flow_nll = found[config.steps]
    smoothing = mixture.log_prob(x0, config.grid()[0]) - mixture.log_prob(x0)
    axis, exact_map, flow_map = _map(config, mixture, flow)
    cell = float(axis[1] - axis[0]) ** 2
    xs, ratios = _way(config, mixture if learned is None else learned.denoise, x[:KEPT], learned)
    return Likelihood(
        axis.numpy(), exact_map.numpy(), flow_map.numpy(),
        Errors(**errors, smoothing=float(smoothing.abs().mean())),
        float(-mixture.log_prob(x, config.grid()[0]).mean()), flow_nll,
        float(flow_map.exp().sum() * cell), float(exact_map.exp().sum() * cell),
        np.array(numbers),
        np.array([found[n][0]["steps"] for n in numbers]), np.array([found[n][0]["total"] for n in numbers]),
        xs, modes[:KEPT].to(torch.uint8).numpy(), ratios,
    )  # fmt: skip


def _calls(config: LikelihoodConfig, numbers: list[int], passes: int) -> int:
    """Calls of a denoiser in all: two a step, and one at the start of each flow."""
    return sum(passes * (2 * n + 1) for n in numbers) + 2 * config.steps + 1


def flow_of(denoise: Denoiser, dtype: torch.dtype = torch.float64) -> Flow:
    """x, grid -> log p less the prior's part, and where the flow carried x to; float64 whatever the denoiser takes.

    The prior's part is left to the caller, so that one flow serves the exact density at its end and N(0, I).
    """

    def flow(x: Tensor, grid: list[Level]) -> tuple[Tensor, Tensor]:
        gained, end = log_likelihood(
            denoise, x.to(dtype), grid, log_prior=lambda end: torch.zeros(len(end)).to(end)
        )
        return gained.double(), end.double()

    return flow


def normal(x: Tensor) -> Tensor:
    """log N(x; 0, I), (B, 2) -> (B,)."""
    return -squared_norm(x) / 2 - math.log(2 * math.pi)


def _compared(
    mixture: Mixture, exact_flow: Flow, flow: Flow, x: Tensor, grid: list[Level]
) -> tuple[dict[str, float], float]:
    """What Errors holds but for the smoothing, and the flow's mean -log p."""
    exact = mixture.log_prob(x, grid[0])
    gained, end = exact_flow(x, grid)
    right, plain = gained + mixture.log_prob(end, grid[-1]), gained + normal(end)
    found = plain
    if flow is not exact_flow:
        gained, end = flow(x, grid)
        found = gained + normal(end)
    error = (found - exact).abs()
    errors = {
        "total": float(error.mean()), "total_se": float(error.std() / len(x) ** 0.5),
        "steps": float((right - exact).abs().mean()), "prior": float((plain - right).abs().mean()),
        "network": float((found - plain).abs().mean()),
    }  # fmt: skip
    return errors, float(-found.mean())


def _map(config: LikelihoodConfig, mixture: Mixture, flow: Flow) -> tuple[Tensor, Tensor, Tensor]:
    """The axis (W,), and log densities on the square, (W, W): the mixture's own, the flow's."""
    axis = torch.linspace(-EXTENT, EXTENT, config.resolution, dtype=torch.float64)
    points = torch.cartesian_prod(axis, axis).flip(1)  # x fastest
    gained, end = flow(points, config.grid())
    exact = mixture.log_prob(points, config.grid()[0])
    side = len(axis), len(axis)
    return axis, exact.reshape(side), (gained + normal(end)).reshape(side)


def _way(
    config: LikelihoodConfig, denoise: Denoiser, x: Tensor, learned: Learned | None
) -> tuple[np.ndarray, np.ndarray]:
    """The same flow, kept on the way: Heun's steps climb the grid as well as they walk down it."""
    x = x if learned is None else x.float()
    trajectory = collect(walk(heun(), denoise, x, config.grid(), seeded(0)))
    ratios = np.array([float(level.sigma / level.alpha) for level in trajectory.levels])
    return trajectory.xs.float().numpy(), ratios


def knows_the_density(config: LikelihoodConfig, result: Likelihood) -> Outcome:
    """The claim that the flow gives the density, by the mean error of log p over exact samples."""
    error = difference(result.errors.total, result.errors.total_se, 0.0, 0.0)
    return Outcome(
        f"The flow's log p is {interval(error, '.4f')} nats off the exact one on average, and {NATS:g} is tolerated "
        f"(N = {config.samples:,} points).",
        within(NATS, error),
    )


def said(config: LikelihoodConfig, result: Likelihood) -> tuple[str, str]:
    """Whether the flow's density is the exact one, and whose error it is for the most part."""
    e, claim = result.errors, knows_the_density(config, result)
    parts = {"the steps": e.steps, "the prior at the end": e.prior, "the network": e.network}
    worst = max(parts, key=lambda name: abs(parts[name]))
    return (
        f"{claim.words} Most of it is by {worst}. That the flow starts at σ/α = {config.sigma_min:g}, not at the data, "
        f"costs another {e.smoothing:.4f}."
    ), claim.verdict
