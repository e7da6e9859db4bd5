"""A score learned from points of the plane, in seconds on one CPU core."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import one_hot

from playground.checkpoint import (
    Shapes,
    load_checkpoint,
    outlined,
    require_format,
    require_shapes,
    save_checkpoint,
)
from playground.conditioning import Given, Hidden, Told
from playground.denoisers import NetworkDenoiser
from playground.errors import SEEDS, SIGMAS, require
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Level, geometric_sigmas, seeded
from playground.objectives import (
    Batch,
    Objective,
    dae,
    ddpm_simple,
    ddpm_weighted,
    dropping,
    dsm,
    ncsn,
    per_dimension,
)
from playground.progress import Report, silent
from playground.threads import one_thread
from playground.training import Recipe, Trainee, train, weights_from
from playground.work import require_work
from toy2d.conditional import component
from toy2d.presets import MixtureSpec

FORMAT = 1  # of what `Learned.save` writes
CODE = "log odds"  # what `pi_code` makes of π; files from before 2026-11-28 do not say it, and were told half of that
# Steps x batch x width in a second, on one core: 18e6 at width 96 and 6e6 at 1,024 were measured.
TRAINING, LONGEST = 1e7, 15 * 60.0
UNTOLD = 0.05  # share of the points whose π is withheld, where π is told: so the null token is learned, too
# Where π is told, there is more to learn in as many steps: a higher rate and larger batches let it.  After 400 steps of
# DDPM's loss such a network misses the score at t = 500 by 0.12, 0.11 and 0.12 of it at π = 0.05, 0.5 and 0.95, those
# trained for one of these alone by 0.15, 0.19 and 0.14 (python -m benchmarks.told).
TOLD_LR, TOLD_BATCH = 1.5e-2, 512
PIS = (0.01, 0.99)  # the π of the points are drawn between these: all that the pages' sliders reach
POINTS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)  # of training, and steps of it, that pages offer
STEPS = (100, 200, 400, 800, 1_500, 2_000, 3_000, 4_000, 8_000)
QUICK = 400  # training steps that a page begins with, for its viewer waits; the command lines take them all


OBJECTIVES: dict[str, Callable[["LearnConfig"], Objective]] = {
    "dae": lambda c: dae(Level.of(sigma=c.sigma)),
    "dsm": lambda c: dsm(Level.of(sigma=c.sigma)),
    "ncsn": lambda c: ncsn(geometric_sigmas(c.sigma_1, c.sigma_L, c.levels)),
    "ncsn_sigma": lambda c: ncsn(geometric_sigmas(c.sigma_1, c.sigma_L, c.levels), lambda sigma: sigma),
    "ncsn_one": lambda c: ncsn(geometric_sigmas(c.sigma_1, c.sigma_L, c.levels), torch.ones_like),
    "ddpm": lambda c: ddpm_simple(SCHEDULES[c.schedule]()),
    "ddpm_weighted": lambda c: ddpm_weighted(SCHEDULES[c.schedule]()),
}


@dataclass(frozen=True)
class LearnConfig(Knobs):
    """What is learned, from how much, for how long.

    objective:  "dae" or "dsm", one level `sigma`; "ncsn", `levels` geometric ones from sigma_1 to sigma_L, weighted by
                lambda = sigma**2 ("ncsn_sigma": sigma, as the lecture has it; "ncsn_one": 1); "ddpm", the levels
                of a variance-preserving `schedule` of 1,000 steps, with DDPM's simple loss ("ddpm_weighted": with
                the weights of the variational bound)
    points:     training points drawn from the mixture; the network sees nothing else of it
    told_pi:    each point is drawn from a mixture of a π of its own, and the network is told that π: one network for
                all mixtures of a preset of two modes, whatever `mixture.pi` is
    """

    mixture: MixtureSpec = field(default_factory=MixtureSpec)
    objective: str = choice("ncsn", OBJECTIVES, "The objective")
    sigma: float = knob(1.0, *SIGMAS, "The training sigma")
    sigma_1: float = 20.0
    sigma_L: float = 0.1
    levels: int = 50
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    points: int = knob(10_000, 2, 1_000_000, "The number of training points", among=POINTS)
    steps: int = knob(2_000, 1, 100_000, "The number of training steps", among=STEPS)
    batch: int = knob(256, 1, 100_000, "The batch")
    width: int = knob(96, 4, 1024, "The width of the network")
    lr: float = knob(3e-3, 0, 1, "The learning rate", open_ends=True)
    seed: int = knob(0, *SEEDS, "The seed")
    told_pi: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        geometric_sigmas(self.sigma_1, self.sigma_L, self.levels)  # refuses levels that do not fall
        require_work(TRAINING, LONGEST, steps=self.steps, batch=self.batch, width=self.width)
        require(
            not self.told_pi or self.mixture.has_pi,
            f"A network is told pi, and the mixture is {self.mixture.preset}, which has none: choose two_modes.",
        )

    @property
    def smallest_sigma(self) -> float:
        """The least noise that the network has seen, in units of x; below it its score is a guess."""
        if self.objective.startswith("ddpm"):
            first = SCHEDULES[self.schedule]().level(1)
            return float(first.sigma / first.alpha)
        return self.sigma if self.objective in ("dae", "dsm") else self.sigma_L

    def telling_pi(self, told: bool = True) -> "LearnConfig":
        """The same, for all π, with the rate and the batch that such a training takes.

        told False: as it is, for this π alone.
        """
        return replace(self, told_pi=True, lr=TOLD_LR, batch=TOLD_BATCH) if told else self

    @property
    def training(self) -> "LearnConfig":
        """All that its training depends on: the network that is told π is one and the same at every π."""
        return replace(self, mixture=MixtureSpec(self.mixture.preset)) if self.told_pi else self


# --- the network ------------------------------------------------------------------------------------------


class PlaneNet(nn.Module):
    """(x (B, 2), log_snr (B,)) -> (B, outputs): three hidden layers on sines and cosines of the level and of x.

    classes: how many labels it may be told, as {"label": (B,)}; they go in one-hot, with one more for "not told".
    vector: how many numbers it may be told, as {"vector": (B, vector)}; they go in as they are, with a 1 for "told".

    log_snr runs over about 20 units, so its periods run from 50 (which end of the noise) down to 1.6.
    Without the features of x a ring of modes looks to a fresh network like one blob, and it stays with that.
    """

    level_waves: Tensor
    x_waves: Tensor

    def __init__(
        self, width: int = 96, periods: int = 6, x_periods: int = 3, outputs: int = 2, classes: int = 0,
        vector: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.classes, self.vector = classes, vector
        self.register_buffer("level_waves", 2 * math.pi / 50 * 2.0 ** torch.arange(periods), persistent=False)
        self.register_buffer("x_waves", 2.0 ** torch.arange(x_periods), persistent=False)
        codes = sum(size + 1 for size in (classes, vector) if size)
        sizes = [2 + 4 * x_periods + 2 * periods + codes, width, width, width]
        hidden = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.SiLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(width, outputs))
        self.ends = ("layers.0", f"layers.{len(hidden)}")  # left to AdamW where Muon trains the rest

    def forward(
        self, x: Tensor, log_snr: Tensor, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        phase = torch.cat([log_snr[:, None] * self.level_waves, (x[:, :, None] * self.x_waves).flatten(1)], 1)
        told, hidden = told or {}, hidden or {}
        code = [self._code(x, told, hidden)] if self.classes else []
        code += [self._numbers(x, told, hidden)] if self.vector else []
        return self.layers(torch.cat([x, phase.sin(), phase.cos(), *code], 1))

    def _code(self, x: Tensor, told: Told, hidden: Hidden) -> Tensor:
        """(B, classes + 1): the label one-hot; the last entry is the null token."""
        null = torch.full((len(x),), self.classes, device=x.device)
        label = told.get("label", null)
        if "label" in hidden:
            label = torch.where(hidden["label"], null, label)
        return one_hot(label, self.classes + 1).to(x)

    def _numbers(self, x: Tensor, told: Told, hidden: Hidden) -> Tensor:
        """(B, vector + 1): the numbers and a 1; the null token is all zeros."""
        if "vector" not in told:
            return x.new_zeros(len(x), self.vector + 1)
        code = torch.cat([told["vector"], torch.ones_like(told["vector"][:, :1])], 1)
        return torch.where(hidden["vector"][:, None], 0.0, code) if "vector" in hidden else code


@dataclass(frozen=True, eq=False)
class Learned:
    """denoise: a Denoiser, in eval mode, with averaged weights; losses: (steps,) per dimension."""

    config: LearnConfig
    denoise: NetworkDenoiser | Given  # the network, or what it is when told something
    losses: Tensor

    @property
    def network(self) -> NetworkDenoiser:
        """The network itself, whatever it is told."""
        model = self.denoise.model if isinstance(self.denoise, Given) else self.denoise
        assert isinstance(model, NetworkDenoiser)
        return model

    def at(self, pi: float) -> "Learned":
        """The same network told this π, the weight of the first mode; its denoiser is no network of its own."""
        told = self.network.given(vector=pi_code(torch.tensor([pi])))
        return Learned(replace(self.config, mixture=replace(self.config.mixture, pi=pi)), told, self.losses)

    def of(self, mixture: MixtureSpec) -> "Learned":
        """What serves this mixture: told its π where the network is told one, else the network as it is."""
        return self.at(mixture.pi) if self.config.told_pi else self

    def save(self, path: str | Path, small: bool = False) -> Path:
        """One safetensors file; small: as `halved` has it.  Raises UserError where the disk refuses."""
        tensors = self.network.state_dict() | {"losses": self.losses}
        tensors = halved(tensors) if small else tensors
        about = {
            "format": FORMAT,
            "learn": asdict(self.config),
            "data_std": self.network.data_std,
            "pi": CODE,
        }
        return save_checkpoint(path, tensors, about)


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Half the bytes: a network's matrices and its losses in float16, 1/2,048 of each number off at most; means and
    biases stay.
    """
    return {
        name: value.half() if value.ndim == 2 or name == "losses" else value
        for name, value in tensors.items()
    }


# --- learning ---------------------------------------------------------------------------------------------

Learn = Callable[[LearnConfig, Report], Learned]


def learn(config: LearnConfig, report: Report = silent) -> Learned:
    """Draws the points, trains, returns the averaged network; calls report(done, total) after every step."""
    rng = seeded(config.seed)
    if not config.told_pi:
        return learn_points(config.mixture.build().sample(config.points, rng), config, report)
    points, pis = points_of_many(config.mixture, config.points, rng)
    return learn_points(points, config, report, {"vector": pi_code(pis)})


def points_of_many(mixture: MixtureSpec, n: int, rng: Generator) -> tuple[Tensor, Tensor]:
    """n points (n, 2), each of a mixture of its own whose π, (n, 1), is one of `drawn_pis`."""
    points, pis, _ = labelled_points_of_many(mixture, n, rng)
    return points, pis


def labelled_points_of_many(mixture: MixtureSpec, n: int, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """As `points_of_many`, and the mode of each point, (n,)."""
    first, second = (component(mixture.build(), k).sample(n, rng) for k in (0, 1))
    pis = drawn_pis(n, rng)
    in_first = torch.rand((n, 1), generator=rng) < pis
    return torch.where(in_first, first, second), pis, (~in_first[:, 0]).long()


def drawn_pis(n: int, rng: Generator) -> Tensor:
    """n weights (n, 1) between PIS, by the law that Jeffreys (1946) has for a share, 1 / sqrt(π (1 - π)): the angle
    arcsin(sqrt(π)) is uniform, so that mixtures as far apart from each other are as frequent, also near both ends,
    where a uniform π hardly comes.
    """
    low, high = (math.asin(math.sqrt(pi)) for pi in PIS)
    return (low + (high - low) * torch.rand((n, 1), generator=rng)).sin().square()


def pi_code(pi: Tensor) -> Tensor:
    """What the network is told of π: its log odds, in which the logit of a mode's posterior is linear."""
    return pi.logit()


@one_thread()
def learn_points(
    points: Tensor, config: LearnConfig, report: Report = silent, told: Told | None = None
) -> Learned:
    """The same from points that are given, (N, 2): config.mixture and config.points are ignored.

    told: what the network is told of each point, (N, ...); it learns to do without, too.
    """
    told = told or {}
    net = _build(config, float(points.std(0).square().mean().sqrt()), points.mean(0))
    trainee = Trainee(net, Recipe(config.steps, lr=config.lr, ema=0.99, seed=config.seed))

    def batches(step: int, rng: Generator) -> Batch:
        i = torch.randint(len(points), (config.batch,), generator=rng)
        return Batch(points[i], {name: values[i] for name, values in told.items()})

    loss = per_dimension(OBJECTIVES[config.objective](config))
    losses = []
    for progress in train(trainee, batches, dropping(loss, UNTOLD) if told else loss):
        losses.append(progress.loss)
        report(progress.step, progress.steps)
    net.load_state_dict(trainee.averaged())
    return _frozen(config, net, torch.stack(losses))


def load(path: str | Path) -> Learned:
    """What `Learned.save` wrote.  Raises UserError for a file that is missing, damaged or something else."""
    tensors, about = load_checkpoint(path, _check)
    config, losses = config_from(about["learn"]), tensors.pop("losses")
    net = _build(config, about["data_std"], tensors["mean"])
    net.load_state_dict({_now(name): value for name, value in tensors.items()})
    return _frozen(config, net, losses.float())


def _check(about: dict[str, Any], shapes: Shapes) -> None:
    """Compares what the header says with the network that it describes, before that is built."""
    require_format(about, FORMAT)
    require("learn" in about, "it holds no score learned here; `python -m toy2d train` writes one")
    config = config_from(about["learn"])
    require_code(config, about)
    others = {_now(name): shape for name, shape in shapes.items() if name != "losses"}
    require(len(shapes.get("losses", ())) == 1, "it lacks the losses of its training")
    with outlined():
        require_shapes(_build(config, about["data_std"], torch.zeros(2)).state_dict(), others)


def require_code(config: LearnConfig, about: dict[str, Any]) -> None:
    """Whether a file's networks, if they are told π, were told it as `pi_code` tells it."""
    require(
        not config.told_pi or about.get("pi") == CODE,
        "it was told π in another way than this version tells it",
    )


def _now(name: str) -> str:
    """Files from before 2026-11-25 hold the centring as a module around the network."""
    return name.removeprefix("denoise.")


def config_from(plain: dict[str, Any]) -> LearnConfig:
    return LearnConfig(**{**plain, "mixture": MixtureSpec(**plain["mixture"])})


def _build(config: LearnConfig, data_std: float, mean: Tensor) -> NetworkDenoiser:
    """A fresh network; its random start comes from the seed and leaves no trace elsewhere."""
    with weights_from(config.seed):
        return NetworkDenoiser(PlaneNet(config.width, vector=int(config.told_pi)), "v", data_std, mean)


def _frozen(config: LearnConfig, net: NetworkDenoiser, losses: Tensor) -> Learned:
    return Learned(config, net.eval().requires_grad_(False), losses)
