"""The denoising autoencoder beside the optimal denoiser (the lecture's first section)."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.claims import Outcome, within
from playground.denoisers import score_of
from playground.errors import SEEDS, SIGMAS
from playground.knobs import Knobs, knob
from playground.levels import CLEAN, Level, geometric_sigmas, noised, randn_like, seeded
from playground.objectives import squared_norm
from playground.progress import Report, silent, turn_of
from playground.statistics import Difference, interval, ratio_of_means
from toy2d.mixture import Mixture
from toy2d.net import QUICK, LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec
from toy2d.score_fields.experiment import TOLERANCE, Field, FieldConfig, score_field

KEPT = 2_000  # points whose way there and back is shown; the losses count all


@dataclass(frozen=True)
class AutoencoderConfig(Knobs):
    """Where the autoencoder is looked at: at noise sigma, on `samples` fresh points, and on a grid."""

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma: float = knob(1.0, *SIGMAS, "sigma", among=(0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0))
    samples: int = knob(20_000, 2, 1_000_000, "The number of samples")
    resolution: int = 91
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """field: scores on the grid; sigma**2 times these are the displacements d(x~) - x~.

    clean, noisy, exact, learned (up to 2,000, 2): x, x~, the optimal d*(x~) and the network's d(x~); modes: of x.
    loss, optimal_loss: E ||d(x~) - x||**2 of both, summed over dimensions, on fresh points;
    excess: E ||d(x~) - d*(x~)||**2, which is their difference in expectation;
    relative: the error of the displacement, sqrt(excess / E ||d*(x~) - x~||**2), over the points.
    """

    field: Field
    clean: np.ndarray
    noisy: np.ndarray
    exact: np.ndarray
    learned: np.ndarray
    modes: np.ndarray
    loss: float
    optimal_loss: float
    excess: float
    relative: Difference


def autoencoder(config: AutoencoderConfig, learned: Learned) -> Autoencoder:
    """Holds d(x~) against d*(x~) = x~ + sigma**2 * score: lecture, "the optimal denoising is given by"."""
    mixture = config.mixture.build()
    level = Level.of(sigma=config.sigma)
    rng = seeded(config.seed + 1)  # not the training points, which come from the seed itself
    x, modes = mixture.sample_with_modes(config.samples, rng)
    noisy = noised(x, randn_like(x, rng), level)
    exact, d = mixture(noisy, level), denoised(learned, noisy, level)
    return Autoencoder(
        score_field(FieldConfig(config.mixture, config.sigma, resolution=config.resolution), learned),
        x[:KEPT].numpy(),
        noisy[:KEPT].numpy(),
        exact[:KEPT].numpy(),
        d[:KEPT].numpy(),
        modes[:KEPT].to(torch.uint8).numpy(),
        _mean_square(d - x),
        _mean_square(exact - x),
        _mean_square(d - exact),
        _relative(d - exact, exact - noisy),
    )


@torch.no_grad()
def denoised(learned: Learned, noisy: Tensor, level: Level) -> Tensor:
    return learned.denoise(noisy, level)


def _relative(off: Tensor, way: Tensor) -> Difference:
    """The root of E ||off||**2 over E ||way||**2, (B, 2) each, and of the ends of that ratio's interval."""
    squares = ratio_of_means(squared_norm(off.double()).numpy(), squared_norm(way.double()).numpy())
    return Difference(*(max(0.0, x) ** 0.5 for x in (squares.value, squares.low, squares.high)))


def _mean_square(x: Tensor) -> float:
    """E ||x||**2 over a batch, (B, 2)."""
    return float(squared_norm(x.double()).mean())


# --- the error as sigma goes down -----------------------------------------------------------------------------


@dataclass(frozen=True)
class DescentConfig(Knobs):
    """One autoencoder for each of `levels` geometric sigmas, each trained for `steps` on the same `points`.

    told_pi: they are told π, and their points are of mixtures of every π, as in `LearnConfig`.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    sigma_1: float = 3.0
    sigma_L: float = 0.1
    levels: int = knob(6, 2, 100, "The number of sigmas")
    points: int = 10_000
    steps: int = QUICK
    width: int = 96
    samples: int = knob(20_000, 2, 1_000_000, "The number of samples")
    seed: int = knob(0, *SEEDS, "The seed")
    told_pi: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)  # refuses levels that do not fall


@dataclass(frozen=True, eq=False)
class Descent:
    """Each (levels,).  Three root mean square errors of scores over the clean data, as shares of that of
    grad log p itself, so that total <= smoothing + learning:

    smoothing:  grad log q_sigma against grad log p, what the noise costs
    learning:   (d(x~) - x~) / sigma**2 against grad log q_sigma, what the network costs
    total:      (d(x~) - x~) / sigma**2 against grad log p
    loss, optimal_loss: E ||d(x~) - x||**2 on fresh points, of the network and of the optimal denoiser d*;
    excess: E ||d(x~) - d*(x~)||**2.
    """

    sigmas: np.ndarray
    smoothing: np.ndarray
    learning: np.ndarray
    total: np.ndarray
    loss: np.ndarray
    optimal_loss: np.ndarray
    excess: np.ndarray


def descent(config: DescentConfig, report: Report = silent) -> Descent:
    """Trains an autoencoder at each sigma; reports the training steps of all of them."""
    mixture = config.mixture.build()
    sigmas = geometric_sigmas(config.sigma_1, config.sigma_L, config.levels)
    rows = []
    for i, sigma in enumerate(sigmas):
        network = learn(_learning(config, sigma), turn_of(report, i, config.levels))
        rows.append(_errors(config, mixture, network.of(config.mixture), sigma))
    return Descent(np.array(sigmas), *np.array(rows).T)


def _learning(config: DescentConfig, sigma: float) -> LearnConfig:
    return LearnConfig(
        config.mixture, "dae", sigma=sigma, points=config.points, steps=config.steps, width=config.width,
        seed=config.seed,
    ).telling_pi(config.told_pi)  # fmt: skip


@torch.no_grad()
def _errors(config: DescentConfig, mixture: Mixture, learned: Learned, sigma: float) -> list[float]:
    level, rng = Level.of(sigma=sigma), seeded(config.seed + 1)
    x = mixture.sample(config.samples, rng)
    noisy = noised(x, randn_like(x, rng), level)
    clean, smooth, s_hat = (
        mixture.score(x, CLEAN),
        mixture.score(x, level),
        score_of(learned.denoise)(x, level),
    )
    size = _mean_square(clean)
    scores = [
        (_mean_square(error) / size) ** 0.5 for error in (smooth - clean, s_hat - smooth, s_hat - clean)
    ]
    d, optimal = learned.denoise(noisy, level), mixture(noisy, level)
    return [*scores, _mean_square(d - x), _mean_square(optimal - x), _mean_square(d - optimal)]


def moves_by_the_score(config: AutoencoderConfig, result: Autoencoder) -> Outcome:
    """The lecture's claim that a denoiser learned from samples moves points as the score says."""
    return Outcome(
        f"The network moves points as σ² times the score does, but for {interval(result.relative, '.1%')} of the way; "
        f"{TOLERANCE:.0%} is tolerated. N = {config.samples:,} points, one training.",
        within(TOLERANCE, result.relative),
    )


def said(config: AutoencoderConfig, result: Autoencoder) -> tuple[str, str]:
    """The claim with its number, and how near the network's loss comes to the best there is."""
    claim = moves_by_the_score(config, result)
    return (
        f"{claim.words} Its loss is {result.loss:.3f}; no denoiser has less than {result.optimal_loss:.3f}."
    ), claim.verdict
