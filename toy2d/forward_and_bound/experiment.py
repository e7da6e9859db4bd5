"""The forward chain beside its closed form, and the posterior of one of its steps (lecture, "Diffusion
probabilistic models").
"""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome
from playground.errors import SEEDS, require_whole
from playground.inpainting import climbing
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, Schedule, noised, randn_like, seeded
from playground.objectives import squared_norm
from playground.statistics import FAILS, HOLDS
from playground.steps import added_variance, ddim, posterior_mean, posterior_variance
from playground.walk import walk
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec

SIDE = 121  # points a side of the grid on which q(x_{t-1} | x_t) is shown
LENGTHS = (5, 10, 20, 50, 100, 200, 500, 1_000)  # chains that pages offer, and whose bounds are compared


@dataclass(frozen=True)
class ForwardConfig(Knobs):
    """A chain of `steps` of the schedule's 1,000 levels, evenly spread, `particles` times from one and the same x_0.

    t: the step of the chain, 2..steps, whose posterior is looked at; at t = 1 the posterior is the point x_0.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    steps: int = knob(5, 2, 1_000, "The number of steps", among=LENGTHS)
    t: int = 3
    particles: int = knob(1_000, 2, 5_000, "The number of particles")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_whole("The step t", self.t, 2, self.steps)

    def chain(self) -> Schedule:
        return thinned(SCHEDULES[self.schedule](), self.steps)


def thinned(schedule: Schedule, steps: int) -> Schedule:
    """The chain on a subset of the steps (lecture, "a subset of steps"): S + 1 levels, evenly spread, data first."""
    times = schedule.subset(steps)[::-1]
    return Schedule(f"{schedule.name}, {steps} steps", schedule.alpha[times], schedule.sigma[times])


# --- the chain ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Forward:
    """alpha_bars (S + 1,), entry t of x_t; x0 (2,).

    xs (S + 1, B, 2): the chain, step by step.  closed (S + 1, B, 2): by the closed form, one eps for each particle.
    mean (S + 1, 2), variance (S + 1,): the chain's, the variance per dimension.
    deviation: how far the chain's mean and variance stray from the closed form, at the worst of all steps, in
    standard errors: of the mean by both coordinates, of the variance by its 2 B values (normal approximation).
    """

    alpha_bars: np.ndarray
    x0: np.ndarray
    xs: np.ndarray
    closed: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    deviation: float


def forward(config: ForwardConfig) -> Forward:
    """x_t by q(x_t | x_{t-1}), one step after the other, and by q(x_t | x_0) at once."""
    chain, mixture, rng = config.chain(), config.mixture.build(torch.float64), seeded(config.seed)
    x0 = mixture.sample(1, rng)
    start = x0.expand(config.particles, 2)
    levels = [Level(a, s) for a, s in zip(chain.alpha, chain.sigma, strict=True)]
    # Climbing, a step is a sample of q(x_t | x_{t-1}); nothing is denoised on the way.
    xs = torch.stack([state.x for state in walk(climbing(ddim()), mixture, start, levels, rng)])
    eps = randn_like(start, rng)
    closed = torch.stack([noised(start, eps, level) for level in levels])
    mean = xs.mean(1)
    variance = xs.var(1).mean(1)
    return Forward(
        (chain.alpha**2).numpy(), x0[0].numpy(), xs.numpy(), closed.numpy(), mean.numpy(), variance.numpy(),
        _deviation(chain, x0, mean, variance, config.particles),
    )  # fmt: skip


def _deviation(chain: Schedule, x0: Tensor, mean: Tensor, variance: Tensor, n: int) -> float:
    alpha, sigma = chain.alpha[1:, None], chain.sigma[1:, None]
    of_mean = (mean[1:] - alpha * x0).abs() / (sigma / n**0.5)
    of_variance = (variance[1:, None] / sigma**2 - 1).abs() / (2 / (2 * (n - 1))) ** 0.5
    return float(max(of_mean.max(), of_variance.max()))


# --- when is the reverse step one hump? ----------------------------------------------------------------------


def two_humped(mixture: Mixture, chain: Schedule, n: int, seed: int = 0) -> np.ndarray:
    """The share of n points x_t, drawn at each t = 2..S, whose true reverse step has two humps: (S - 1,).

    For two round modes of one width: there q(x_{t-1} | x_t) is a mixture of two Gaussians of one width s whose
    centres lie 2 d s apart, and it has two humps where |log r_1 / r_2| < 2 log(d - u) + 2 d u, with
    u = sqrt(d**2 - 1) (Holzmann and Vollmer 2008), r_k the share of mode k in x_t.
    """
    rng, shares = seeded(seed), []
    apart, width = (mixture.means[0] - mixture.means[1]).norm(), mixture.covariances[0, 0, 0]
    for t in range(2, len(chain.alpha)):
        here, there = (Level(chain.alpha[i], chain.sigma[i]) for i in (t, t - 1))
        prior = there.alpha**2 * width + there.sigma**2  # of a mode at t - 1
        likelihood = added_variance(here, there) / (here.alpha / there.alpha) ** 2
        gain = likelihood / (likelihood + prior)  # of x_{t-1}'s mean to the mode's
        d = float(gain * there.alpha * apart / (2 * (gain * prior).sqrt()))
        if d <= 1:
            shares.append(0.0)
            continue
        u = math.sqrt(d**2 - 1)
        most = 2 * math.log(d - u) + 2 * d * u
        log_r = mixture.log_responsibilities(mixture.sample_noised(n, here, rng), here)
        shares.append(float(((log_r[:, 0] - log_r[:, 1]).abs() < most).double().mean()))
    return np.array(shares)


# --- the posterior of one step --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Circle:
    """N(mean, std**2 I) in the plane: isotropic noise makes every Gaussian of the chain a circle."""

    mean: np.ndarray
    std: float


@dataclass(frozen=True, eq=False)
class Posterior:
    """One step of one path: x0, xt, xs = x_{t-1}, (2,) each.

    known:      q(x_{t-1} | x_0)
    likelihood: q(x_t | x_{t-1}) as a function of x_{t-1}
    posterior:  q(x_{t-1} | x_t, x_0), in proportion to the product of these two
    model:      p(x_{t-1} | x_t) by its variance, "beta" and "beta_tilde": the posterior at x0_hat = E[x_0 | x_t]
    kl:         of the posterior to the model, by variance, in nats: one sample of the bound's L_{t-1}
    axes, reverse: the true q(x_{t-1} | x_t) on a grid, (W,), (H,) and (H, W), as a density
    reverse_kl: of that to the model, by variance, in nats: what no Gaussian step with this mean can avoid
    """

    x0: np.ndarray
    xt: np.ndarray
    xs: np.ndarray
    known: Circle
    likelihood: Circle
    posterior: Circle
    model: dict[str, Circle]
    kl: dict[str, float]
    axes: tuple[np.ndarray, np.ndarray]
    reverse: np.ndarray
    reverse_kl: dict[str, float]


def posterior(config: ForwardConfig, path: Forward) -> Posterior:
    """The posterior of step t of the chain's first particle.  Ho et al. 2020, eq. 6 and 7."""
    chain, mixture = config.chain(), config.mixture.build(torch.float64)
    here, there = (Level(chain.alpha[i], chain.sigma[i]) for i in (config.t, config.t - 1))
    x0, xt, xs = (torch.as_tensor(x)[None] for x in (path.x0, path.xs[config.t, 0], path.xs[config.t - 1, 0]))
    beta, beta_tilde, ratio = (
        added_variance(here, there),
        posterior_variance(here, there),
        here.alpha / there.alpha,
    )
    mean = posterior_mean(mixture(xt, here), xt, here, there)
    mu = posterior_mean(x0, xt, here, there)
    variances = {"beta": beta, "beta_tilde": beta_tilde}
    model = {name: _circle(mean, variance) for name, variance in variances.items()}
    axes, density = _reverse(mixture, xt, here, there, mean)
    return Posterior(
        x0[0].numpy(),
        xt[0].numpy(),
        xs[0].numpy(),
        _circle(there.alpha * x0, there.sigma**2),
        _circle(xt / ratio, beta / ratio**2),
        _circle(mu, beta_tilde),
        model,
        {name: _kl(mu, beta_tilde, mean, variance) for name, variance in variances.items()},
        axes,
        density,
        {name: _kl_on_grid(axes, density, circle) for name, circle in model.items()},
    )


def _circle(mean: Tensor, variance: Tensor) -> Circle:
    return Circle(mean[0].numpy(), float(variance.sqrt()))


def _kl(mean: Tensor, variance: Tensor, other: Tensor, other_variance: Tensor) -> float:
    """KL( N(mean, variance I) || N(other, other_variance I) ) in the plane, in nats."""
    ratio = variance / other_variance
    return float((squared_norm(mean - other)[0] / other_variance + 2 * (ratio - 1 - ratio.log())) / 2)


def _reverse(
    mixture: Mixture, xt: Tensor, here: Level, there: Level, mean: Tensor
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """q(x_{t-1} | x_t), in proportion to q(x_t | x_{t-1}) q(x_{t-1}), on a square around its mean."""
    half = _reach(mixture, xt, here, there, mean)
    ticks = torch.linspace(-half, half, SIDE, dtype=torch.float64)
    axes = (mean[0, 0] + ticks, mean[0, 1] + ticks)
    x = torch.cartesian_prod(axes[1], axes[0]).flip(1)  # (H * W, 2), x fastest
    ratio, beta = here.alpha / there.alpha, added_variance(here, there)
    log_q = mixture.log_prob(x, there) - squared_norm(xt - ratio * x) / (2 * beta)
    cell = float(ticks[1] - ticks[0]) ** 2
    density = (log_q.softmax(0) / cell).reshape(SIDE, SIDE)
    return (axes[0].numpy(), axes[1].numpy()), density.numpy()


def _reach(mixture: Mixture, xt: Tensor, here: Level, there: Level, mean: Tensor) -> float:
    """How far q(x_{t-1} | x_t) goes from its mean: to the posteriors of all modes that x_t may come from, and on."""
    modes = mixture.means[mixture.responsibilities(xt, here)[0] > 1e-3]
    centres = posterior_mean(modes, xt, here, there)
    return float((centres - mean).norm(dim=1).max() + 5 * added_variance(here, there).sqrt())


def _kl_on_grid(axes: tuple[np.ndarray, np.ndarray], density: np.ndarray, circle: Circle) -> float:
    """KL( density || circle ) by the midpoint rule, in nats."""
    x, y = np.meshgrid(*axes)
    square = ((x - circle.mean[0]) ** 2 + (y - circle.mean[1]) ** 2) / circle.std**2
    log_p = -square / 2 - np.log(2 * np.pi * circle.std**2)
    cell = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    log_q = np.log(np.maximum(density, 1e-300))
    return float((density * (log_q - log_p)).sum() * cell)


def at_once(config: ForwardConfig, path: Forward) -> Outcome:
    """The lecture's claim that x_t can be drawn in one step of closed form, by the chain's means and variances."""
    numbers = 3 * config.steps  # two coordinates of the mean and a variance a step
    chance = NormalDist().inv_cdf(
        (1 + 0.95 ** (1 / numbers)) / 2
    )  # the worst of so many, in 95 cases of 100 (Sidak)
    return Outcome(
        f"One step of closed form does what the chain does: at worst {path.deviation:.2f} standard errors apart, of "
        f"{numbers:,} numbers, where chance alone goes to {chance:.2f} (N = {config.particles:,} chains).",
        HOLDS if path.deviation < chance else FAILS,
    )


def said(config: ForwardConfig, path: Forward, found: Posterior) -> tuple[str, str]:
    """Whether chain and closed form agree; and how much of the true reverse step a Gaussian misses."""
    missed, claim = max(0.0, found.reverse_kl["beta"]), at_once(config, path)
    return (
        f"{claim.words} At t = {config.t} of {config.steps} the true reverse step is {missed:.2g} nats from "
        "the best Gaussian with variance β."
    ), claim.verdict
