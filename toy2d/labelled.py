"""Networks that know classes: a classifier of noised points, and a denoiser trained with label dropout."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from playground.checkpoint import (
    Shapes,
    load_checkpoint,
    outlined,
    require_format,
    require_shapes,
    save_checkpoint,
)
from playground.conditioning import Given, Hidden, Told, for_batch, given
from playground.denoisers import Denoiser, NetworkDenoiser, log_snr, standardised
from playground.errors import require, require_range
from playground.guidance import Gradient, gradient_of
from playground.levels import SCHEDULES, Level, seeded
from playground.objectives import Batch, Loss, ddpm_simple, dropping, noisy_classification, per_dimension
from playground.progress import Report, silent, turn_of
from playground.threads import one_thread
from playground.training import Recipe, Trainee, below, train, weights_from
from toy2d.conditional import component
from toy2d.mixture import Mixture
from toy2d.net import (
    CODE,
    FORMAT,
    LearnConfig,
    PlaneNet,
    config_from,
    halved,
    labelled_points_of_many,
    pi_code,
    require_code,
)
from toy2d.presets import MixtureSpec

DROPOUT = 0.2  # share of the training points whose class is hidden


@dataclass(frozen=True, eq=False)
class Models:
    """All that guidance needs.  conditional: class -> E[x0 | xt, c]; gradient: class -> grad log p(c | xt)."""

    unconditional: Denoiser
    conditional: Callable[[int], Denoiser]
    gradient: Callable[[int], Gradient]


def exact_models(mixture: Mixture) -> Models:
    """In closed form: grad log p(c | xt) is the component's score less the mixture's (Bayes)."""

    def gradient(label: int) -> Gradient:
        one = component(mixture, label)
        return lambda xt, level: one.score(xt, level) - mixture.score(xt, level)

    return Models(mixture, lambda label: component(mixture, label), gradient)


# --- networks ---------------------------------------------------------------------------------------------


class Classifier(nn.Module):
    """log p(c | xt) at every level: (B, 2), level -> (B, K).  mean (2,) and std: the data's, in their units.

    vector: how many numbers it may be told, as `PlaneNet` is.
    """

    mean: Tensor

    def __init__(self, K: int, width: int, mean: Tensor, std: float, vector: int = 0):
        super().__init__()
        self.net, self.std = PlaneNet(width, outputs=K, vector=vector), std
        self.register_buffer("mean", mean)

    def forward(
        self, xt: Tensor, level: Level, told: Told | None = None, hidden: Hidden | None = None
    ) -> Tensor:
        x, unit = standardised(xt, level, self.std, self.mean)
        each = {name: for_batch(name, value, x) for name, value in (told or {}).items()}
        return self.net(x, log_snr(unit, len(x)), each, hidden).log_softmax(1)

    def given(self, *, hidden: Hidden | None = None, **told: Any) -> Given:
        """The classifier of a condition, as `NetworkDenoiser.given`."""
        return given(self, hidden, told)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Both networks, which all guidance needs; where config.told_pi, they serve the mixture at every π."""

    config: LearnConfig
    classifier: Classifier
    denoiser: NetworkDenoiser

    def of(self, mixture: MixtureSpec) -> Models:
        """What guides on this mixture: the networks, told its π where they are told one."""
        told: dict[str, Any] = {"vector": pi_code(torch.tensor([mixture.pi]))} if self.config.told_pi else {}
        denoise, classify = ((net.given(**told) if told else net) for net in (self.denoiser, self.classifier))
        return Models(
            denoise,
            lambda label: self.denoiser.given(label=label, **told),
            lambda label: gradient_of(lambda xt, level: classify(xt, level)[:, label]),
        )

    def save(self, path: str | Path) -> Path:
        """One safetensors file, small as `toy2d.net.halved` has it.  Raises UserError where the disk refuses."""
        tensors = _named(self.classifier, self.denoiser)
        about = {
            "format": FORMAT,
            "guides": asdict(self.config),
            "data_std": self.denoiser.data_std,
            "pi": CODE,
        }
        return save_checkpoint(path, halved(tensors), about)


def load_pair(path: str | Path) -> Labelled:
    """What `Labelled.save` wrote.  Raises UserError for a file that is missing, damaged or something else."""
    tensors, about = load_checkpoint(path, _check)
    config = config_from(about["guides"])
    nets = _fresh(config, config.mixture.build().K, tensors["classifier.mean"], about["data_std"])
    for kind, net in zip(KINDS, nets, strict=True):
        net.load_state_dict(below(tensors, f"{kind}."))
        net.eval().requires_grad_(False)
    return Labelled(config, *nets)


def _check(about: dict[str, Any], shapes: Shapes) -> None:
    """Compares what the header says with the networks that it describes, before these are built."""
    require_format(about, FORMAT)
    require("guides" in about, "it holds no classifier with its denoiser")
    config = config_from(about["guides"])
    require_code(config, about)
    K = config.mixture.build().K
    with outlined():
        require_shapes(_named(*_fresh(config, K, torch.zeros(2), about["data_std"])), shapes)


KINDS = ("classifier", "denoiser")


def _named(*nets: nn.Module) -> dict[str, Tensor]:
    return {
        f"{kind}.{name}": value
        for kind, net in zip(KINDS, nets, strict=True)
        for name, value in net.state_dict().items()
    }


def _fresh(config: LearnConfig, K: int, mean: Tensor, std: float) -> tuple[Classifier, NetworkDenoiser]:
    """Both networks as a training of K classes begins, for data of this mean, (2,), and standard deviation."""
    vector = int(config.told_pi)
    with weights_from(config.seed):
        classifier = Classifier(K, config.width, mean, std, vector)
        return classifier, NetworkDenoiser(PlaneNet(config.width, classes=K, vector=vector), "v", std, mean)


# --- learning ---------------------------------------------------------------------------------------------


def learned_models(config: LearnConfig, dropout: float = DROPOUT, report: Report = silent) -> Models:
    """What `learned_pair` learns, for the config's own mixture."""
    return learned_pair(config, dropout, report).of(config.mixture)


def learned_pair(config: LearnConfig, dropout: float = DROPOUT, report: Report = silent) -> Labelled:
    """Trains both networks on config.points labelled points of the mixture, config.steps each, on the levels
    of config.schedule; dropout is the share of points whose class is hidden.  The mixture stays unseen.
    """
    require_range("The label dropout", dropout, 0, 1, open_ends=True)
    schedule, data = SCHEDULES[config.schedule](), _labelled_points(config)
    classifier, denoiser = _fresh(config, config.mixture.build().K, *_moments(data))
    tasks: tuple[tuple[nn.Module, Loss], ...] = (
        (classifier, noisy_classification(schedule)),
        (denoiser, dropping(per_dimension(ddpm_simple(schedule)), {"label": dropout})),
    )
    for turn, (net, loss) in enumerate(tasks):
        _train(net, data, config, loss, turn_of(report, turn, len(tasks)))
    return Labelled(config, classifier, denoiser)


def learned_denoiser(
    config: LearnConfig, dropout: float = DROPOUT, report: Report = silent
) -> NetworkDenoiser:
    """The denoiser alone, on points and levels as in `learned_pair`."""
    require_range("The label dropout", dropout, 0, 1, open_ends=True)
    schedule, data = SCHEDULES[config.schedule](), _labelled_points(config)
    mean, std = _moments(data)
    with weights_from(config.seed):
        net = PlaneNet(config.width, classes=config.mixture.build().K, vector=int(config.told_pi))
    denoiser = NetworkDenoiser(net, "v", std, mean)
    _train(denoiser, data, config, dropping(per_dimension(ddpm_simple(schedule)), {"label": dropout}), report)
    return denoiser


def _labelled_points(config: LearnConfig) -> Batch:
    """All of the training: the points, each with its class and, where π is told, with the π of its mixture."""
    if not config.told_pi:
        x0, label = config.mixture.build().sample_with_modes(config.points, seeded(config.seed))
        return Batch(x0, {"label": label})
    x0, pis, label = labelled_points_of_many(config.mixture, config.points, seeded(config.seed))
    return Batch(x0, {"label": label, "vector": pi_code(pis)})


def _moments(data: Batch) -> tuple[Tensor, float]:
    """Mean (2,) and standard deviation of the points."""
    return data.x0.mean(0), float(data.x0.std(0).square().mean().sqrt())


@one_thread()
def _train(net: nn.Module, data: Batch, config: LearnConfig, loss: Loss, report: Report) -> None:
    """To the end, with averaged weights."""
    trainee = Trainee(net, Recipe(config.steps, lr=config.lr, ema=0.99, seed=config.seed))

    def batches(step: int, rng: Generator) -> Batch:
        i = torch.randint(len(data.x0), (config.batch,), generator=rng)
        return Batch(data.x0[i], {name: values[i] for name, values in data.told.items()})

    for progress in train(trainee, batches, loss):
        report(progress.step, progress.steps)
    net.load_state_dict(trainee.averaged())
    net.eval().requires_grad_(False)
