"""NCSN in the plane: one network for all sigmas, and what the weight lambda(sigma) does to each level's error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from playground.denoisers import Denoiser, score_of
from playground.errors import SEEDS, SIGMAS
from playground.knobs import Knobs, knob
from playground.levels import Level, geometric_sigmas, repeated, seeded
from playground.objectives import dsm
from playground.progress import Report, part_of, silent, turn_of
from playground.statistics import difference, interval, verdict
from playground.steps import langevin
from playground.trajectory import Trajectory, frames_of, recorded
from playground.walk import checked, starting_noise, walk, watched
from toy2d.distances import Distances, distances, floors, modes_of
from toy2d.mixture import Mixture
from toy2d.net import Learn, LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec, narrowest_std
from toy2d.starts import KEPT, MOST
from toy2d.work import require_walk

# The objective that trains with each lambda, and lambda itself.
WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ncsn_one": np.ones_like,
    "ncsn_sigma": lambda sigma: sigma,
    "ncsn": np.square,
}
MEASURED = 4_000  # exact noised samples that the error is measured on, the same for all networks


@dataclass(frozen=True)
class NcsnConfig(Knobs):
    """levels, sigma_1, sigma_L: the geometric noise levels, trained on and sampled from.

    T, step_size: annealed Langevin takes T steps at each level, of a share `step_size` of the narrowest mode's
    variance there.
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    levels: int = knob(10, 2, 200, "The number of levels")
    sigma_1: float = knob(20.0, *SIGMAS, "The highest level, sigma_1,", page=(0.1, 100.0))
    sigma_L: float = knob(0.1, *SIGMAS, "The lowest level, sigma_L,", page=(0.01, 10.0))
    points: int = 10_000
    train_steps: int = knob(
        2_000, 1, 100_000, "The number of training steps", among=(120, 300, 1_000, 2_000, 5_000)
    )
    T: int = knob(100, 1, 1_000, "The number of steps at each level T")
    step_size: float = knob(0.1, 1e-6, 4, "The step size")
    particles: int = knob(1_000, 2, MOST, "The number of particles")
    frames: int = 40
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)  # refuses sigmas that do not fall
        calls = self.levels * self.T * len(WEIGHTS)
        require_walk(self.mixture, particles=self.particles, calls=calls, learned=True)

    @property
    def sigmas(self) -> list[float]:
        return geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)

    def learning(self, objective: str) -> LearnConfig:
        """The same points, network and steps for each of the objectives."""
        return LearnConfig(
            self.mixture, objective, sigma_1=self.sigma_1, sigma_L=self.sigma_L, levels=self.levels,
            points=self.points, steps=self.train_steps, seed=self.seed,
        )  # fmt: skip


# What a page shows unasked: seconds of work, where the whole takes half a minute.  With fewer sampling steps the chain
# itself is wrong in a tenth of the shares, and with lambda = 1 that error may cancel the network's.
FIRST = NcsnConfig(train_steps=300)


@dataclass(frozen=True, eq=False)
class Weighted:
    """One lambda.  errors, errors_se (L,): sigma**2 E||s_hat - s||**2 at each level and its standard error;
    shares (L,): of the level in the whole loss, at the exact score; xs (F, B, 2), modes (B,): annealed Langevin.
    """

    errors: np.ndarray
    errors_se: np.ndarray
    shares: np.ndarray
    distances: Distances
    xs: np.ndarray
    modes: np.ndarray


@dataclass(frozen=True, eq=False)
class Ncsn:
    """sigmas (L,); ceiling (L,): the error of the one Gaussian with the data's mean and covariance, so of a model
    that sees no modes; runs: by objective; exact: the same chain on exact scores, so what the chain alone gets
    wrong; frame_sigmas, frame_steps (F,).
    """

    sigmas: np.ndarray
    ceiling: np.ndarray
    runs: dict[str, Weighted]
    exact: Distances
    floor: Distances
    frame_sigmas: np.ndarray
    frame_steps: np.ndarray
    weights: np.ndarray


def learn_all(config: NcsnConfig, report: Report = silent, learn: Learn = learn) -> dict[str, Learned]:
    """The three networks, one for each lambda, from the same points and the same first weights."""
    return learn_each({objective: config.learning(objective) for objective in WEIGHTS}, report, learn)


def learn_each(
    configs: Mapping[str, LearnConfig], report: Report = silent, learn: Learn = learn
) -> dict[str, Learned]:
    """One network after the other, with one count of steps for all; learn: how, where there may be one already."""
    networks, before, total = {}, 0, sum(config.steps for config in configs.values())
    for name, config in configs.items():
        networks[name] = learn(config, part_of(report, before, total))
        before += config.steps
    return networks


def ncsn(config: NcsnConfig, networks: Mapping[str, Learned], report: Report = silent) -> Ncsn:
    """Each network's error at each level against the exact score, and samples by annealed Langevin dynamics."""
    mixture = config.mixture.build()
    truth = mixture.sample(config.particles, seeded(config.seed + 1))
    turns = len(networks) + 1
    frames, last = _annealed(config, mixture, mixture, turn_of(report, 0, turns))
    lowest = level_losses(mixture, config)
    runs = {
        objective: _weighted(
            config, objective, network, mixture, truth, lowest, turn_of(report, number, turns)
        )
        for number, (objective, network) in enumerate(networks.items(), start=1)
    }
    return Ncsn(
        np.array(config.sigmas), level_errors(_one_gaussian(mixture), mixture, config.sigmas, config.seed)[0], runs,
        distances(mixture, last, truth), floors(mixture, config.particles),
        np.array([float(level.sigma) for level in frames.levels]), np.array(frames.indices),
        mixture.log_weights.exp().double().numpy(),
    )  # fmt: skip


def _weighted(
    config: NcsnConfig, objective: str, network: Learned, mixture: Mixture, truth: Tensor, lowest: np.ndarray,
    report: Report,
) -> Weighted:  # fmt: skip
    errors, errors_se = level_errors(network.denoise, mixture, config.sigmas, config.seed)
    loss = WEIGHTS[objective](np.array(config.sigmas)) * lowest
    frames, last = _annealed(config, network.denoise, mixture, report)
    modes = modes_of(mixture, last)[:KEPT].to(torch.uint8)
    return Weighted(
        errors,
        errors_se,
        loss / loss.sum(),
        distances(mixture, last, truth),
        frames.xs.numpy(),
        modes.numpy(),
    )


@torch.no_grad()
def level_errors(
    denoise: Denoiser, mixture: Mixture, sigmas: Sequence[float], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """sigma_i**2 E||s_hat - s||**2 on exact noised samples, and its standard error, (L,) each.

    Times sigma**2, because the score is of order 1 / sigma: then 2, the dimension, is what s_hat = 0 would give
    at high noise, at every level alike.
    """
    rng = seeded(seed + 2)
    means, ses = [], []
    for sigma in sigmas:
        level = Level.of(sigma=sigma)
        x = mixture.sample_noised(MEASURED, level, rng)
        off = sigma**2 * (score_of(denoise)(x, level) - mixture.score(x, level)).square().sum(1)
        means.append(float(off.mean()))
        ses.append(float(off.std()) / MEASURED**0.5)
    return np.array(means), np.array(ses)


def mean_error(run: Weighted) -> tuple[float, float]:
    """The mean of a network's error over the levels, and its standard error: the levels are measured independently."""
    return float(run.errors.mean()), float(np.linalg.norm(run.errors_se)) / len(run.errors)


def said(config: NcsnConfig, result: Ncsn) -> tuple[str, str]:
    """Whether lambda = sigma² beats lambda = 1 by the score's error, and by the modes' shares -> sentence, verdict."""
    one, squared = result.runs["ncsn_one"], result.runs["ncsn"]
    error = difference(*mean_error(one), *mean_error(squared))
    modes = difference(*in_wrong_mode(one), *in_wrong_mode(squared))
    at = f"N = {config.particles:,}"
    return (
        f"λ = σ² misses the score by less than λ = 1, on average over the levels: by {interval(error)}. Of its samples "
        f"fewer are in a wrong mode, by {interval(modes, '+.3f')}: {verdict(modes, at)}. The chain alone, on exact "
        f"scores, has {result.exact.weights:.3f} there; exact samples {result.floor.weights:.3f}; {at}.",
        f"{verdict(error)} for these networks",
    )


def in_wrong_mode(run: Weighted) -> tuple[float, float]:
    """The share of a network's samples in a wrong mode, and its standard error."""
    return run.distances.weights, run.distances.weights_se


def chain_too_short(result: Ncsn) -> bool:
    """Whether the chain's own error is several times the floor, so that a network's may cancel it."""
    return result.exact.weights - 2 * result.exact.weights_se > 3 * result.floor.weights


def level_losses(mixture: Mixture, config: NcsnConfig) -> np.ndarray:
    """L_i at the exact score: what of each level's loss no training can take away, (L,)."""
    rng = seeded(config.seed + 3)
    x0 = mixture.sample(MEASURED, rng)
    return np.array([float(dsm(Level.of(sigma=sigma))(mixture, x0, rng).mean()) for sigma in config.sigmas])


def _one_gaussian(mixture: Mixture) -> Mixture:
    w, mean = mixture.log_weights.exp(), mixture.mean()
    d = mixture.means - mean
    covariance = torch.einsum("k,kij->ij", w, mixture.covariances + d[:, :, None] * d[:, None, :])
    return Mixture(mean[None], covariance[None], torch.zeros_like(w[:1]))


def _annealed(
    config: NcsnConfig, denoise: Denoiser, mixture: Mixture, report: Report
) -> tuple[Trajectory, Tensor]:
    """Algorithm 1 on the network's scores -> the kept frames, and all last points (B, 2).

    Its step is a share of the narrowest mode's variance at the level, which is Algorithm 1's sigma_i**2 where the
    noise is larger than the modes, and does not come to rest where it is smaller.
    """
    s, rng = narrowest_std(mixture), seeded(config.seed)
    grid = repeated([Level.of(sigma=sigma) for sigma in config.sigmas], config.T)
    step = langevin(lambda level: config.step_size * (level.sigma**2 + s**2), estimate=False)
    start = starting_noise((config.particles, 2), grid[0], rng, mixture.std())
    states = watched(checked(walk(step, denoise, start, grid, rng)), report, len(grid) - 1)
    return recorded(states, frames_of(len(grid) - 1, config.frames), KEPT)
