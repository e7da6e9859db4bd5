"""Networks that know classes: a classifier of noised points, and a denoiser trained with label dropout."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from playground.denoisers import Denoiser, NetworkDenoiser, log_snr, standardised
from playground.errors import require_range
from playground.guidance import Gradient, gradient_of
from playground.levels import SCHEDULES, Level, seeded
from playground.objectives import (
    Batch,
    Loss,
    ddpm_simple,
    dropping,
    noisy_classification,
    per_dimension,
)
from playground.progress import Report, silent, turn_of
from playground.training import Recipe, Trainee, train, weights_from
from toy2d.conditional import component
from toy2d.mixture import Mixture
from toy2d.net import LearnConfig, PlaneNet

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
    """log p(c | xt) at every level: (B, 2), level -> (B, K).  mean (2,) and std: the data's, in their units."""

    mean: Tensor

    def __init__(self, K: int, width: int, mean: Tensor, std: float):
        super().__init__()
        self.net, self.std = PlaneNet(width, outputs=K), std
        self.register_buffer("mean", mean)

    def forward(self, xt: Tensor, level: Level) -> Tensor:
        x, unit = standardised(xt, level, self.std, self.mean)
        return self.net(x, log_snr(unit, len(x))).log_softmax(1)


# --- learning ---------------------------------------------------------------------------------------------


def learned_models(config: LearnConfig, dropout: float = DROPOUT, report: Report = silent) -> Models:
    """Trains both networks on config.points labelled points of the mixture, config.steps each, on the levels
    of config.schedule; dropout is the share of points whose class is hidden.  The mixture stays unseen.
    """
    require_range("The label dropout", dropout, 0, 1, open_ends=True)
    mixture, schedule = config.mixture.build(), SCHEDULES[config.schedule]()
    x0, label = mixture.sample_with_modes(config.points, seeded(config.seed))
    mean, std = x0.mean(0), float(x0.std(0).square().mean().sqrt())
    with weights_from(config.seed):
        classifier = Classifier(mixture.K, config.width, mean, std)
        denoiser = NetworkDenoiser(PlaneNet(config.width, classes=mixture.K), "v", std, mean)
    tasks: tuple[tuple[nn.Module, Loss], ...] = (
        (classifier, noisy_classification(schedule)),
        (denoiser, dropping(per_dimension(ddpm_simple(schedule)), dropout)),
    )
    for turn, (net, loss) in enumerate(tasks):
        _train(net, Batch(x0, {"label": label}), config, loss, turn_of(report, turn, len(tasks)))
    return Models(
        denoiser,
        lambda label: denoiser.given(label=label),
        lambda label: gradient_of(lambda xt, level: classifier(xt, level)[:, label]),
    )


def learned_denoiser(
    config: LearnConfig, dropout: float = DROPOUT, report: Report = silent
) -> NetworkDenoiser:
    """The denoiser alone, on points and levels as in `learned_models`."""
    require_range("The label dropout", dropout, 0, 1, open_ends=True)
    mixture, schedule = config.mixture.build(), SCHEDULES[config.schedule]()
    x0, label = mixture.sample_with_modes(config.points, seeded(config.seed))
    with weights_from(config.seed):
        net = PlaneNet(config.width, classes=mixture.K)
    denoiser = NetworkDenoiser(net, "v", float(x0.std(0).square().mean().sqrt()), x0.mean(0))
    loss = dropping(per_dimension(ddpm_simple(schedule)), dropout)
    _train(denoiser, Batch(x0, {"label": label}), config, loss, report)
    return denoiser


def _train(net: nn.Module, data: Batch, config: LearnConfig, loss: Loss, report: Report) -> None:
    """To the end, with averaged weights."""
    trainee = Trainee(net, Recipe(config.steps, lr=config.lr, ema=0.99, seed=config.seed))

    def batches(step: int, rng: Generator) -> Batch:
        i = torch.randint(len(data.x0), (config.batch,), generator=rng)
        return Batch(data.x0[i], {"label": data.told["label"][i]})

    for progress in train(trainee, batches, loss):
        report(progress.step, progress.steps)
    net.load_state_dict(trainee.averaged())
    net.eval().requires_grad_(False)
