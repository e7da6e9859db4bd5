"""The deterministic flow: paths that keep their order, data encoded and decoded, and how fast solvers converge."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from playground.denoisers import Denoiser
from playground.errors import SEEDS, require, require_range, require_whole
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, Schedule, seeded
from playground.progress import Report, silent
from playground.solvers import dpmpp_2m
from playground.steps import Step, ddim, heun, side_by_side
from playground.trajectory import Trajectory, collect, frames_of
from playground.walk import final, starting_noise, walk
from toy2d.distances import modes_of
from toy2d.few_steps.experiment import Tallied
from toy2d.few_steps.quantiles import flowed, has_line
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec
from toy2d.work import require_walk

SOLVERS: dict[str, Callable[[], Step]] = {
    "DDIM": lambda: ddim(0.0),
    "Heun": lambda: heun(),
    "DPM-Solver++(2M)": lambda: dpmpp_2m(),
}


@dataclass(frozen=True)
class FlowConfig(Knobs):
    """steps: those that errors are measured at.  end: sigma / alpha of the last level in `orders`, above zero, so
    that the flow is smooth all the way.  points: paths that errors are measured on, in float64.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    steps: tuple[int, ...] = (5, 10, 20, 40, 80, 160)
    end: float = knob(0.1, 1e-3, 10, "The end of the flow, sigma / alpha,")
    points: int = knob(200, 2, 5_000, "The number of points")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.steps) >= 2, "Orders are slopes; they need two numbers of steps or more: add one.")
        for n in self.steps:
            require_whole("The number of steps", n, 2, 900)
        require_walk(self.mixture, points=self.points, calls=(len(SOLVERS) + 1) * sum(self.steps))


# --- paths of one dimension -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Paths:
    """x (F, B), at times (F,); swaps: how often two paths changed places, over all steps and pairs."""

    x: np.ndarray
    times: np.ndarray
    swaps: int


def paths(
    pi: float, eta: float, steps: int = 50, particles: int = 40, schedule: str = "linear", seed: int = 0
) -> Paths:
    """Paths of a one-dimensional mixture, weight pi at 5 and 1 - pi at -5, from evenly spread noise.

    On the line, E[x0 | xt] rises with xt (its slope is a posterior variance), and a step of DDIM with eta = 0 is
    a sum of xt and x0_hat with positive weights: so no step, however long, makes two paths change places.
    """
    require_range("pi", pi, 0, 1, open_ends=True)
    require_whole("The number of paths", particles, 2, 500)
    mixture = Mixture.of([[5.0], [-5.0]], [pi, 1 - pi], dtype=torch.float64)
    chain = SCHEDULES[schedule]()
    quantiles = (torch.arange(particles, dtype=torch.float64) + 0.5) / particles
    start = torch.special.ndtri(quantiles)[:, None]
    grid = levels_at(chain, chain.subset(steps))
    x = collect(walk(ddim(eta), mixture, start, grid, seeded(seed))).xs[:, :, 0]
    return Paths(x.numpy(), np.array(chain.subset(steps)), swaps(x))


def swaps(x: Tensor) -> int:
    """How many pairs change their order from one state to the next, in all: (F, B) -> a count."""
    above = x[:, :, None] > x[:, None, :]  # (F, B, B)
    return int((above[1:] != above[:-1]).sum()) // 2


# --- there and back ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """errors, calls (len(SOLVERS), len(steps)): root mean square of ||decoded - data||, in units of x, and denoiser
    calls; encode, decode: the walk of DDIM with `shown` steps; modes (B,): of the data.
    """

    steps: np.ndarray
    errors: np.ndarray
    calls: np.ndarray
    encode: Trajectory
    decode: Trajectory
    modes: np.ndarray
    shown: int


def round_trip(config: FlowConfig, shown: int = 20, report: Report = silent) -> RoundTrip:
    """Data up the schedule and down again, by the same solver on the same levels (Song et al. 2021, Section 5.4).

    The levels run from t = 1, where noise is 1 % of the data's unit, to T: no denoiser defines noise at t = 0.
    """
    schedule, mixture = SCHEDULES[config.schedule](), config.mixture.build(torch.float64)
    x0 = mixture.sample(config.points, seeded(config.seed))
    errors, calls, starts = [], [], x0.repeat(len(SOLVERS), 1)
    for j, n in enumerate(config.steps):
        up = _levels_up(schedule, n)
        latent, asked_up = _walked(mixture, starts, up)
        back, asked_down = _walked(mixture, latent, up[::-1])
        errors.append([float((x - x0).square().sum(1).mean().sqrt()) for x in back.chunk(len(SOLVERS))])
        calls.append(asked_up + asked_down)
        report(j + 1, len(config.steps))
    up, keep = _levels_up(schedule, shown), frames_of(shown, 60)
    encode = collect(walk(ddim(), mixture, x0, up, seeded(0)), keep)
    decode = collect(walk(ddim(), mixture, encode.xs[-1], up[::-1], seeded(0)), keep)
    modes = modes_of(mixture, x0).to(torch.uint8).numpy()
    return RoundTrip(
        np.array(config.steps), np.array(errors).T, np.array(calls).T, encode, decode, modes, shown
    )


def _walked(denoise: Denoiser, x: Tensor, grid: list[Level]) -> tuple[Tensor, np.ndarray]:
    """All solvers side by side along one grid, x (len(SOLVERS) * B, 2): where they end, and how often each asked."""
    steps = [Tallied(solver()) for solver in SOLVERS.values()]
    end = final(walk(side_by_side(steps), denoise, x, grid, seeded(0)))
    return end, np.array([step.calls for step in steps])


def _levels_up(schedule: Schedule, n: int) -> list[Level]:
    """n + 1 levels from t = 1 to T, evenly spread, in float64."""
    return levels_at(
        schedule, torch.linspace(1, schedule.T, n + 1, dtype=torch.float64).round().int().tolist()
    )


def levels_at(schedule: Schedule, times: list[int]) -> list[Level]:
    """The schedule's own float64, which `schedule.grid` rounds to float32."""
    return [Level(schedule.alpha[t], schedule.sigma[t]) for t in times]


# --- orders of convergence --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Orders:
    """errors, calls (len(SOLVERS), len(steps)): the median over paths of ||x - x_exact|| at the end, in units of x,
    and denoiser calls; orders (len(SOLVERS),): minus the slope of log error against log steps, over the last three.
    """

    steps: np.ndarray
    errors: np.ndarray
    calls: np.ndarray
    orders: np.ndarray


def orders(config: FlowConfig, report: Report = silent) -> Orders:
    """Each solver from the schedule's last level to `end`, against the flow's exact ends.

    The levels are even in log(alpha / sigma), where all three solvers have their clean order.  The median, since
    the few paths that start beside the watershed between two modes have errors of another size.
    """
    mixture, schedule = config.mixture.build(torch.float64), SCHEDULES[config.schedule]()
    high = float(schedule.sigma[-1] / schedule.alpha[-1])
    start = starting_noise((config.points, 2), _preserving(high), seeded(config.seed)).double()
    exact = exact_ends(mixture, start, high, config.end)
    found, calls, starts = [], [], start.repeat(len(SOLVERS), 1)
    for j, n in enumerate(config.steps):
        grid = [_preserving(s) for s in np.geomspace(high, config.end, n + 1)]
        ends, asked = _walked(mixture, starts, grid)
        found.append([float((x - exact).norm(dim=1).median()) for x in ends.chunk(len(SOLVERS))])
        calls.append(asked)
        report(j + 1, len(config.steps))
    errors = np.array(found).T
    steps = np.array(config.steps)
    slopes = [-np.polyfit(np.log(steps[-3:]), np.log(e[-3:]), 1)[0] for e in errors]
    return Orders(steps, errors, np.array(calls).T, np.array(slopes))


def _preserving(ratio: float) -> Level:
    """The variance-preserving level with sigma / alpha = ratio, in float64."""
    alpha = torch.tensor(1 / np.sqrt(1 + ratio**2), dtype=torch.float64)
    return Level(alpha, ratio * alpha)


def exact_ends(mixture: Mixture, x: Tensor, high: float, low: float) -> Tensor:
    """Where the flow ends: by quantiles for two round modes, which is exact, and by scipy's DOP853 for all others."""
    if has_line(mixture):
        return flowed(mixture, x, _preserving(high), _preserving(low))
    return exact_flow(mixture, x, high, low)


def exact_flow(denoise: Denoiser, x: Tensor, high: float, low: float) -> Tensor:
    """The probability-flow ODE from sigma / alpha = high to low, x (B, D) float64 at the variance-preserving levels.

    In u = x / alpha against log s, s = sigma / alpha, it reads du / dlog s = s * eps_hat (Song et al. 2021, eq. 14).
    """

    def slope(log_s: float, u: np.ndarray) -> np.ndarray:
        level = Level.of(sigma=np.exp(log_s), like=x)
        ut = torch.from_numpy(u).reshape(x.shape)
        return (ut - denoise(ut, level)).flatten().numpy()  # alpha is 1, so that s * eps_hat = u - x0_hat

    u = (x / _preserving(high).alpha).flatten().numpy()
    ends = np.log(high), np.log(low)
    solved = solve_ivp(slope, ends, u, method="DOP853", rtol=1e-10, atol=1e-10)
    return _preserving(low).alpha * torch.from_numpy(solved.y[:, -1]).reshape(x.shape)
