"""Networks that know classes: a classifier of noised points, and a denoiser trained with label dropout."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from playground.denoisers import Denoiser, NetworkDenoiser
from playground.errors import require_range
from playground.guidance import Gradient, gradient_of
from playground.levels import SCHEDULES, Level, noised, randn_like, seeded
from playground.objectives import ddpm_simple, uniform_times
from playground.training import Recipe, Trainee, train
from toy2d.conditional import component
from toy2d.mixture import Mixture
from toy2d.net import Centred, LearnConfig, PlaneNet, Report


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

    def __init__(self, K: int, width: int, mean: Tensor, std: float):
        super().__init__()
        self.net, self.std = PlaneNet(width, outputs=K), std
        self.register_buffer("mean", mean)

    def forward(self, xt: Tensor, level: Level) -> Tensor:
        alpha, sigma = self.std * level.alpha.to(xt), level.sigma.to(xt)
        unit = (xt - level.alpha.to(xt) * self.mean) / (alpha**2 + sigma**2).sqrt()
        log_snr = (alpha / sigma).clamp(1e-4, 1e4).log().reshape(-1).expand(len(xt))
        return self.net(unit, log_snr).log_softmax(1)


class Labelled(nn.Module):
    """One network for E[x0 | xt, c] and E[x0 | xt]: the class goes in one-hot, and class K is the null token."""

    def __init__(self, K: int, width: int, mean: Tensor, std: float):
        super().__init__()
        self.net, self.K, self.std = PlaneNet(width, extra=K + 1), K, std
        self.register_buffer("mean", mean)

    def given(self, label: Tensor) -> Centred:
        """The denoiser of these classes: label (), one for the whole batch, or (B,)."""
        code = one_hot(label, self.K + 1).float()

        def net(x: Tensor, log_snr: Tensor) -> Tensor:
            return self.net(x, log_snr, code.expand(len(x), -1))

        return Centred(NetworkDenoiser(net, "v", self.std), self.mean)


# --- learning ---------------------------------------------------------------------------------------------
# A batch is (B, 3): a point, and its class as a third number, for `train` hands on one tensor.


def learned_models(config: LearnConfig, dropout: float = 0.2, report: Report | None = None) -> Models:
    """Trains both networks on config.points labelled points of the mixture, config.steps each, on the levels
    of config.schedule; dropout is the share of points whose class is hidden.  The mixture stays unseen.
    """
    require_range("The label dropout", dropout, 0, 1, open_ends=True)
    mixture = config.mixture.build()
    x0, label = mixture.sample_with_modes(config.points, seeded(config.seed))
    data = torch.cat([x0, label[:, None].to(x0)], 1)
    shape = (mixture.K, config.width, x0.mean(0), float(x0.std(0).square().mean().sqrt()))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        classifier, denoiser = Classifier(*shape), Labelled(*shape)
    losses = (classifier_loss(config), dropout_loss(config, dropout))
    for turn, (net, loss) in enumerate(zip((classifier, denoiser), losses, strict=True)):
        _train(net, data, config, loss, turn * config.steps, report)
    return Models(
        denoiser.given(torch.tensor(mixture.K)),
        lambda label: denoiser.given(torch.tensor(label)),
        lambda label: gradient_of(lambda xt, level: classifier(xt, level)[:, label]),
    )


def classifier_loss(config: LearnConfig) -> Callable[[Classifier, Tensor, Generator], Tensor]:
    """Cross-entropy on noised points, every level alike: a classifier of clean points cannot guide."""
    schedule = SCHEDULES[config.schedule]()

    def loss(classify: Classifier, batch: Tensor, rng: Generator) -> Tensor:
        x0, label = batch[:, :2], batch[:, 2].long()
        level = schedule.at(uniform_times(x0, schedule, rng), x0)
        log_p = classify(noised(x0, randn_like(x0, rng), level), level)
        return cross_entropy(log_p, label, reduction="none")

    return loss


def dropout_loss(config: LearnConfig, dropout: float) -> Callable[[Labelled, Tensor, Generator], Tensor]:
    """DDPM's simple loss, the class replaced by the null token with probability `dropout` (Ho and Salimans
    2022, Algorithm 1).
    """
    simple = ddpm_simple(SCHEDULES[config.schedule]())

    def loss(net: Labelled, batch: Tensor, rng: Generator) -> Tensor:
        x0, label = batch[:, :2], batch[:, 2].long()
        hidden = torch.rand(len(x0), generator=rng) < dropout
        return simple(net.given(torch.where(hidden, net.K, label)), x0, rng)

    return loss


def _train(
    net: nn.Module, data: Tensor, config: LearnConfig, loss: Callable, before: int, report: Report | None
) -> None:
    """To the end, with averaged weights; `before` steps of two times config.steps are done already."""
    trainee = Trainee(net, Recipe(config.steps, lr=config.lr, ema=0.99, seed=config.seed))

    def batches(step: int, rng: Generator) -> Tensor:
        return data[torch.randint(len(data), (config.batch,), generator=rng)]

    for progress in train(trainee, batches, loss):
        if report is not None:
            report(before + progress.step, 2 * config.steps)
    net.load_state_dict(trainee.averaged())
    net.eval().requires_grad_(False)
