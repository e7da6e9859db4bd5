"""Twins of latent diffusion and of the diffusion autoencoder, in closed form.

Lecture, "Latent diffusion models" and "Diffusion autoencoder".  Nothing here is trained.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome
from playground.errors import SEEDS
from playground.knobs import Knobs, knob
from playground.levels import Level, ascending, linear_beta, seeded
from playground.progress import Report, silent
from playground.statistics import FAILS, HOLDS
from playground.steps import Step, ddim, heun
from playground.walk import final, walk
from toy2d.conditional import component, given
from toy2d.mixture import Mixture, two_modes

SCALES = tuple(10 ** (exponent / 4) for exponent in range(-8, 9))  # 0.01 to 100
COUNTS = (20, 40, 80, 160, 320)
STEPS: dict[str, Step] = {"DDIM": ddim(0.0), "Heun": heun()}
ORDERS = {"DDIM": 1, "Heun": 2}  # of a walk one way
# Of a walk up and down again.  A step of order p has a local error c h^(p+1); walked back it is c (-h)^(p+1), so for
# even p the two cancel, and the trip is of one order more (Hairer, Lubich and Wanner 2006, Section II.3).
TRIP_ORDERS = {"DDIM": 1, "Heun": 3}
FINEST = 1000  # steps of Heun that stand for the flow itself; their error is a tenth, (320 / 1000)^2, of the last one's
EXACT = 1e-9  # a way that is rounding only
NOTHING, MODE = "told nothing", "told the mode"
CLOSE = 0.3  # that a slope between two finite numbers of steps may be from its order


@dataclass(frozen=True)
class LatentsConfig(Knobs):
    """Two modes at y = -1 and 1, long in x.  weight: what a deviation in y costs beside one in x.

    spread, width: standard deviations of a mode in x and in y.  steps: of DDIM in the code; points: shown, inverted.
    """

    weight: float = knob(10.0, 0.1, 1000, "The weight of y", among=(0.5, 1.0, 2.0, 2.9, 3.0, 5.0, 10.0, 30.0))
    spread: float = knob(3.0, 0.1, 20, "The modes' spread in x", page=(0.5, 5.0))
    width: float = knob(0.2, 0.02, 2, "The modes' width in y", page=(0.05, 1.0))
    steps: int = knob(20, 2, 1000, "The number of steps", among=(5, 10, 20, 50, 100))
    points: int = knob(500, 10, 20_000, "The number of points")
    seed: int = knob(0, *SEEDS, "The seed")

    def build(self) -> Mixture:
        covariance = [[self.spread**2, 0.0], [0.0, self.width**2]]
        return Mixture.of([[0.0, -1.0], [0.0, 1.0]], covariances=[covariance] * 2, dtype=torch.float64)


# --- a code of one number ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Code:
    """c = along . (x - mean), x_hat = mean + c * back: the linear autoencoder with the least weighted squared error.

    kept: the share of the plain variance; confused: the least error of telling the mode from c, by Bayes' rule.
    latents: the law of c, scaled to variance one.
    """

    mean: Tensor
    along: Tensor
    back: Tensor
    kept: float
    confused: float
    latents: Mixture

    def rebuilt(self, x: Tensor) -> Tensor:
        """(N, 2) -> (N, 2)."""
        return self.mean + ((x - self.mean) @ self.along)[:, None] * self.back


def covariance(mixture: Mixture) -> Tensor:
    """Of the whole mixture, (D, D)."""
    w, apart = mixture.log_weights.exp(), mixture.means - mixture.mean()
    return torch.einsum("k,kij->ij", w, mixture.covariances + apart[:, :, None] * apart[:, None])


def code_of(mixture: Mixture, weight: float) -> Code:
    """PCA after y was multiplied by `weight`; weight = 1 is PCA itself.  For two modes alike but for their means."""
    S, W = covariance(mixture), torch.diag(torch.tensor([1.0, weight], dtype=torch.float64))
    v = torch.linalg.eigh(W @ S @ W)[1][:, -1]
    along = W @ v
    variance = along @ S @ along
    back = S @ along / variance  # the regression of x on c
    kept = float(back @ back * variance / S.trace())
    means = (mixture.means - mixture.mean()) @ along / variance.sqrt()  # (2,)
    spread = float(along @ mixture.covariances[0] @ along / variance)
    distance = abs(float(means[1] - means[0])) / math.sqrt(spread)
    confused = float(torch.special.ndtr(torch.tensor(-distance / 2)))
    latents = Mixture.of([[float(m)] for m in means], covariances=[[[spread]]] * 2, dtype=torch.float64)
    return Code(mixture.mean(), along, back, kept, confused, latents)


# --- the latents' scale -----------------------------------------------------------------------------------


def quantiles(line: Mixture, p: Tensor) -> Tensor:
    """Of a mixture on the line, by bisection: p (n,) -> (n,)."""
    std, w = line.covariances[:, 0, 0].sqrt(), line.log_weights.exp()
    low, high = torch.full_like(p, -100.0), torch.full_like(p, 100.0)
    for _ in range(80):
        middle = (low + high) / 2
        below = (w * torch.special.ndtr((middle[:, None] - line.means[:, 0]) / std)).sum(1) < p
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def scale_errors(line: Mixture, scales: Sequence[float], steps: int, n: int = 1000) -> Tensor:
    """Wasserstein-1 distance of samples made in c * x and divided by c, in standard deviations of x: (len(scales),).

    DDIM with the exact denoiser, from the quantiles of N(0, 1): nothing is drawn at random.  The error is the
    walk's alone: its start, where alpha_T c is not small, and its few steps, where structure lies below the last.

    All scales walk side by side: c * x at the level (alpha, sigma) is what x is at (c * alpha, sigma).
    """
    p = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    start = torch.special.ndtri(p)[:, None].repeat(len(scales), 1)
    c = torch.tensor(scales, dtype=torch.float64).repeat_interleave(n)[:, None]

    def denoise(xt: Tensor, level: Level) -> Tensor:
        return c * line(xt, Level(c * level.alpha, level.sigma.expand_as(c)))

    made = final(walk(ddim(0.0), denoise, start, linear_beta(1000).grid(steps), seeded(0))) / c
    return (made.view(len(scales), n).sort(1).values - quantiles(line, p)).abs().mean(1)


# --- there and back ---------------------------------------------------------------------------------------


def left_by(mixture: Mixture) -> dict[str, float]:
    """Mean variance, both coordinates summed, of what the decoder must still draw when z is known, in closed form.

    Its conditional is the mixture, the mode's Gaussian, or the mixture of y given x; the last is integrated over x.
    """
    w, S = mixture.log_weights.exp(), mixture.covariances
    x = torch.linspace(-12, 12, 481, dtype=torch.float64)
    line = Mixture(mixture.means[:, :1], S[:, :1, :1], mixture.log_weights)
    density = line.log_prob(x[:, None]).exp()
    variances = torch.tensor([given(mixture, 0, float(value)).std() ** 2 for value in x], dtype=torch.float64)
    return {
        "nothing": float(covariance(mixture).trace()),
        "the mode": float((w * S.diagonal(dim1=1, dim2=2).sum(1)).sum()),
        "x": float((density * variances).sum() / density.sum()),
    }


def climbed(mixture: Mixture, x: Tensor, modes: Tensor, name: str, told: bool, steps: int) -> Tensor:
    """Points x (N, 2) walked up from level 1 to T: x_T, (N, 2)."""
    return _carried(mixture, x, modes, name, told, _up(steps))


def brought_back(mixture: Mixture, top: Tensor, modes: Tensor, name: str, told: bool, steps: int) -> Tensor:
    """Where x_T (N, 2) ends after the same levels the other way."""
    return _carried(mixture, top, modes, name, told, _up(steps)[::-1])


def _up(steps: int) -> list[Level]:
    schedule = linear_beta(1000)
    return ascending(schedule.grid(steps), schedule.level(1))


def _carried(
    mixture: Mixture, x: Tensor, modes: Tensor, name: str, told: bool, grid: Sequence[Level]
) -> Tensor:
    """Along the grid by one step or another; told: each mode's points by the denoiser of that mode alone."""
    if not told:
        return final(walk(STEPS[name], mixture, x, grid, seeded(0)))
    ends = torch.empty_like(x)
    for k in range(mixture.K):
        which = modes == k
        ends[which] = final(walk(STEPS[name], component(mixture, k), x[which], grid, seeded(0)))
    return ends


@dataclass(frozen=True, eq=False)
class ThereAndBack:
    """Walks of the lecture's two modes up and down again: nothing of it depends on the code or on its scale.

    climbs, trips: (step, what is told) -> the median way of x_T from the flow's own, and from home after a walk up and
    down, beside COUNTS; misses: that from home as a root mean square.  climb_slopes, slopes: the orders seen at the
    last two.  left: z -> variance that remains.
    """

    points: int
    climbs: dict[tuple[str, str], np.ndarray]
    trips: dict[tuple[str, str], np.ndarray]
    misses: dict[tuple[str, str], np.ndarray]
    climb_slopes: dict[tuple[str, str], float]
    slopes: dict[tuple[str, str], float]
    left: dict[str, float]


def there_and_back(points: int, seed: int, report: Report = silent) -> ThereAndBack:
    pair = two_modes(0.8).to(torch.float64)
    home, of = pair.sample_with_modes(points, seeded(seed))
    climbs: dict[tuple[str, str], np.ndarray] = {}
    trips: dict[tuple[str, str], np.ndarray] = {}
    misses: dict[tuple[str, str], np.ndarray] = {}
    for what in (NOTHING, MODE):
        exact = climbed(pair, home, of, "Heun", what == MODE, FINEST)
        for name in STEPS:
            tops = [climbed(pair, home, of, name, what == MODE, n) for n in COUNTS]
            backs = [
                brought_back(pair, top, of, name, what == MODE, n)
                for top, n in zip(tops, COUNTS, strict=True)
            ]
            climbs[name, what] = np.array([_way(top, exact) for top in tops])
            trips[name, what] = np.array([_way(back, home) for back in backs])
            misses[name, what] = np.array([float((b - home).square().sum(1).mean().sqrt()) for b in backs])
            report(len(trips), 2 * len(STEPS))
    return ThereAndBack(points, climbs, trips, misses, _slopes(climbs), _slopes(trips), left_by(pair))


@dataclass(frozen=True, eq=False)
class Latents:
    """points, modes, and the points rebuilt by PCA and by the weighted code; scale_errors: beside SCALES."""

    config: LatentsConfig
    points: np.ndarray
    modes: np.ndarray
    codes: dict[str, Code]
    rebuilt: dict[str, np.ndarray]
    scale_errors: np.ndarray


def latents(config: LatentsConfig, report: Report = silent) -> Latents:
    mixture = config.build()
    x, modes = mixture.sample_with_modes(config.points, seeded(config.seed))
    codes = {"PCA": code_of(mixture, 1.0), "weighted": code_of(mixture, config.weight)}
    errors = scale_errors(codes["weighted"].latents, SCALES, config.steps)
    report(1, 1)
    return Latents(
        config, x.numpy(), modes.numpy(), codes, {name: code.rebuilt(x).numpy() for name, code in codes.items()},
        errors.numpy(),
    )  # fmt: skip


def _way(x: Tensor, to: Tensor) -> float:
    """The median distance, which no single point near the border between the modes decides."""
    return float((x - to).norm(dim=1).median())


def _slopes(ways: dict[tuple[str, str], np.ndarray]) -> dict[tuple[str, str], float]:
    """Of those that are not exact."""
    return {key: math.log2(way[-2] / way[-1]) for key, way in ways.items() if way.max() > EXACT}


def claims(found: Latents, ways: ThereAndBack) -> list[Outcome]:
    """Each with its numbers; all of it is exact but for the points of the round trips."""
    pca, weighted = found.codes["PCA"], found.codes["weighted"]
    errors = found.scale_errors
    best = int(errors.argmin())
    lost = pca.kept > 0.5 and pca.confused > 0.4 and weighted.confused < 0.1
    told, untold = ways.misses["DDIM", MODE], ways.misses["DDIM", NOTHING]
    said = [
        _judged(
            f"Claim: what varies most is not what matters most. PCA's one number keeps {pca.kept:.1%} of the variance, "
            f"and who guesses the mode from it is wrong in {pca.confused:.1%} (chance: 50 %). Where y weighs "
            f"{found.config.weight:g} times as much, it keeps {weighted.kept:.1%}, and {weighted.confused:.2%} are "
            "wrong. All in closed form.",
            lost,
        ),
        _judged(
            f"The sampler's error is U-shaped in the latents' scale: {errors[0]:.3f} at {SCALES[0]:g}, least "
            f"{errors[best]:.3f} at {SCALES[best]:.2g}, {errors[-1]:.3f} at {SCALES[-1]:g}, in "
            f"{found.config.steps} steps.",
            bool(errors[0] > 2 * errors[best] and errors[-1] > 2 * errors[best]),
        ),
    ]
    of = "x_T's way from the flow's own", "the way from home, up and down again,"
    for words, slopes, orders in ((of[0], ways.climb_slopes, ORDERS), (of[1], ways.slopes, TRIP_ORDERS)):
        for (name, what), slope in slopes.items():
            sentence = (
                f"{name}, {what}: twice as many steps divide {words} by 2^{slope:.2f}; order {orders[name]}."
            )
            said.append(_judged(sentence, abs(slope - orders[name]) < CLOSE))
    for (name, what), way in ways.trips.items():
        if (name, what) not in ways.slopes:
            sentence = (
                f"{name}, {what}, is exact in {COUNTS[0]} steps: each point is {way[0]:.0e} from home. A mode of "
                "variance one turns by the angle, and so does the step."
            )
            said.append(_judged(sentence, bool(way[0] < EXACT)))
    sentence = (
        f"Told the mode, {COUNTS[0]} steps of DDIM lose less ({told[0]:.2g}) than {COUNTS[2]} told nothing "
        f"({untold[2]:.2g}), root mean squares of {ways.points:,} points; those decide that come home to the "
        "other mode."
    )
    return [*said, _judged(sentence, bool(told[0] < untold[2]))]


def _judged(words: str, holds: bool) -> Outcome:
    return Outcome(words, HOLDS if holds else FAILS)
