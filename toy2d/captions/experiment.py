"""DALL-E 2 in the plane, every part in closed form: p(x | caption) = integral of p(x | z, caption) p(z | caption) dz.

A caption names a side of the plane and is true of the modes that lie there.  An "image embedding" z = u . x + noise is
one number, the place along a direction u.  Then (x, z) is a Gaussian mixture in three dimensions, the prior
p(z | caption) is its marginal and the decoder p(x | z, caption) its conditional (Ramesh et al. 2022, Section 2).
The "text embedding" is what a caption alone says of z: its mean.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Generator, Tensor

from playground.errors import SEEDS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, seeded
from playground.progress import Report, silent, turn_of
from playground.solvers import dpmpp_2m
from playground.statistics import Difference, mean_difference, verdict
from playground.trajectory import collect, frames_of
from playground.walk import checked, final, starting_noise, walk, watched
from toy2d.distances import sliced_wasserstein
from toy2d.mixture import Mixture
from toy2d.presets import MixtureSpec
from toy2d.starts import KEPT
from toy2d.work import require_walk

SIDES = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "upper": (0.0, 1.0), "lower": (0.0, -1.0)}
ANY = "any"
CAPTIONS = (*SIDES, ANY)
SAMPLED, UNTOLD, TEXT = "z of the prior", "z, no caption", "text embedding"
WAYS = {
    SAMPLED: "a z that the prior drew, and the caption",
    UNTOLD: "a z that the prior drew, and no caption",
    TEXT: "the mean z of the caption in its place, and the caption",
}
PARTS = 8  # of the particles, for the spread of distances


@dataclass(frozen=True)
class CaptionsConfig(Knobs):
    """caption: a side, or any; angle: of u, in degrees; noise: the standard deviation that z adds to u . x."""

    mixture: MixtureSpec = field(default_factory=lambda: MixtureSpec("ring"))
    caption: str = choice("upper", CAPTIONS, "The caption")
    angle: float = knob(0.0, -360, 360, "The angle", page=(0.0, 180.0))
    noise: float = knob(0.3, 0.01, 100, "The noise of z", page=(0.05, 3.0))
    steps: int = knob(50, 2, 1_000, "The number of steps", among=(10, 20, 50, 100, 200))
    particles: int = knob(4_000, 10 * PARTS, 50_000, "The number of particles", page=(100, 20_000))
    frames: int = knob(50, 2, 1_000, "The number of frames")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_walk(self.mixture, particles=self.particles, calls=(1 + len(WAYS)) * self.steps)
        _ = true_of(self.mixture.build(), self.caption)

    @property
    def direction(self) -> Tensor:
        """u, (2,)."""
        angle = math.radians(self.angle)
        return torch.tensor([math.cos(angle), math.sin(angle)])


def true_of(mixture: Mixture, caption: str) -> Mixture:
    """p(x | caption): the modes whose centres lie on that side, a mixture again.  Raises UserError where none does."""
    if caption == ANY:
        return mixture
    there = mixture.means @ torch.tensor(SIDES[caption]).to(mixture.means) > 0.1
    require(
        bool(there.any()),
        f"No mode of this mixture lies on the side {caption!r}: choose another caption or mixture.",
    )
    kept = mixture.log_weights[there]
    return Mixture(mixture.means[there], mixture.covariances[there], kept.log_softmax(0))


def embeddings_of(mixture: Mixture, u: Tensor, noise: float) -> Mixture:
    """p(z) of z = u . x + noise * eps, a mixture on the line."""
    u = u.to(mixture.means)
    variances = torch.einsum("i,kij,j->k", u, mixture.covariances, u) + noise**2
    return Mixture((mixture.means @ u)[:, None], variances[:, None, None], mixture.log_weights)


@dataclass(frozen=True, eq=False)
class Decoder:
    """p(x | z) for a z of each sample, as a denoiser of x: a mixture with its own means and weights for each.

    means (K, 2, B), the batch last in memory; covariances (K, 2, 2); log_weights (K, B).
    """

    means: Tensor
    covariances: Tensor
    log_weights: Tensor

    @staticmethod
    def of(mixture: Mixture, u: Tensor, noise: float, z: Tensor) -> "Decoder":
        """Conditions each mode on z (B, 1), and weighs it by how well it explains z (Bishop 2006, eq. 2.81, 2.82)."""
        u = u.to(mixture.means)
        along = mixture.covariances @ u  # (K, 2), Cov(x, z)
        variances = (along @ u + noise**2)[:, None]  # (K, 1), Var(z)
        apart = z.T - (mixture.means @ u)[:, None]  # (K, B)
        gain = along / variances
        means = mixture.means[:, :, None] + gain[:, :, None] * apart[:, None]
        covariances = mixture.covariances - gain[:, :, None] * along[:, None, :]
        log_weights = mixture.log_weights[:, None] - 0.5 * (apart**2 / variances + variances.log())
        return Decoder(means, covariances, log_weights.log_softmax(0))

    def __call__(self, xt: Tensor, level: Level) -> Tensor:
        """E[x0 | xt, z], (B, 2)."""
        alpha, sigma = level.alpha.reshape(-1, 1, 1), level.sigma.reshape(-1, 1, 1)
        noisy = alpha**2 * self.covariances + sigma**2 * torch.eye(2).to(xt)
        apart = xt.T - alpha * self.means  # (K, 2, B)
        solved = torch.linalg.solve(noisy, apart)
        logits = self.log_weights - 0.5 * ((apart * solved).sum(1) + torch.logdet(noisy)[:, None])
        each = self.means + alpha * (self.covariances @ solved)
        return (logits.softmax(0)[:, None] * each).sum(0).T

    def sample(self, rng: Generator) -> Tensor:
        """One exact x for each z, (B, 2)."""
        k = torch.multinomial(self.log_weights.T.exp(), 1, generator=rng)[:, 0]
        roots = torch.linalg.cholesky(self.covariances)[k]
        eps = torch.randn((len(k), 2, 1), generator=rng, dtype=self.means.dtype)
        return self.means[k, :, torch.arange(len(k))] + (roots @ eps)[..., 0]


@dataclass(frozen=True, eq=False)
class Way:
    """How the decoder was told.  xs (F, up to 5,000, 2); z (up to 5,000,); distance: sliced Wasserstein-1 to
    p(x | caption), the mean of PARTS parts; likely: the mean log density of the end points under p(x | caption).
    """

    name: str
    xs: np.ndarray
    z: np.ndarray
    distance: float
    above: Difference
    likely: float


@dataclass(frozen=True, eq=False)
class Captions:
    """ways: by name; floor: the distance of exact samples to as many others; captions of the frames."""

    config: CaptionsConfig
    ways: dict[str, Way]
    floor: float
    exact: np.ndarray
    likely: float
    frames: tuple[str, ...]

    @property
    def at(self) -> str:
        return f"N = {self.config.particles // PARTS:,} in each of {PARTS} parts"

    @property
    def verdict(self) -> str:
        """The claim: told the text embedding, its samples lie farther from the truth than exact ones do."""
        return verdict(self.ways[TEXT].above, self.at)


def captions(config: CaptionsConfig, report: Report = silent) -> Captions:
    """The prior's walk, then the decoder's for each way, from the same noise."""
    mixture, u, n = config.mixture.build(), config.direction, config.particles
    truth = true_of(mixture, config.caption)
    p_z = embeddings_of(truth, u, config.noise)
    turns = 1 + len(WAYS)
    grid = SCHEDULES["linear"]().grid(config.steps)
    rng = seeded(config.seed)
    states = checked(walk(dpmpp_2m(), p_z, starting_noise((n, 1), grid[0], rng), grid, rng))
    z = final(watched(states, turn_of(report, 0, turns), config.steps))
    mean = p_z.mean().expand(n, 1)
    told = {SAMPLED: (truth, z), UNTOLD: (mixture, z), TEXT: (truth, mean)}
    exact, others = (truth.sample(n, seeded(config.seed + k)) for k in (1, 2))
    floors = _parts(exact, others)
    ways = {}
    for turn, (name, (data, embedding)) in enumerate(told.items(), start=1):
        decoder = Decoder.of(data, u, config.noise, embedding)
        rng = seeded(config.seed + 3)  # the same noise for each way
        states = checked(walk(dpmpp_2m(), decoder, starting_noise((n, 2), grid[0], rng), grid, rng))
        path = collect(
            watched(states, turn_of(report, turn, turns), config.steps),
            frames_of(config.steps, config.frames),
        )
        apart = _parts(path.xs[-1], others)
        ways[name] = Way(
            name, path.xs[:, :KEPT].numpy(), embedding[:KEPT, 0].numpy(), float(apart.mean()),
            mean_difference(apart, floors), float(truth.log_prob(path.xs[-1]).mean()),
        )  # fmt: skip
    said = tuple(f"ᾱ = {float(level.alpha) ** 2:.3g}" for level in path.levels)
    return Captions(
        config, ways, float(floors.mean()), exact[:KEPT].numpy(), float(truth.log_prob(exact).mean()), said
    )


def _parts(x: Tensor, y: Tensor) -> np.ndarray:
    """The distance of each part of x to the same part of y, (PARTS,)."""
    return np.array([sliced_wasserstein(a, b) for a, b in zip(x.chunk(PARTS), y.chunk(PARTS), strict=True)])
