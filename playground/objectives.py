"""What a denoiser is trained to do: each objective returns the loss of every sample.

    objective(denoise, x0, rng) -> losses (B,)        x0: (B, *D)

The squared norms are sums over D, exactly as the lecture writes them, factors of one half included.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from playground.conditioning import Hidden, Told
from playground.denoisers import Denoiser
from playground.errors import require
from playground.levels import Level, Schedule, eps_from_x0, noised, randn_like, score_from_x0

Objective = Callable[[Denoiser, Tensor, Generator], Tensor]


def squared_norm(x: Tensor) -> Tensor:
    """(B, *D) -> (B,)."""
    return x.flatten(1).square().sum(1)


def dae(level: Level) -> Objective:
    """The denoising autoencoder's loss (lecture, first page): E ||d(x~) - x||**2 at one sigma."""

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        here = level.to(x0)
        return squared_norm(denoise(noised(x0, randn_like(x0, rng), here), here) - x0)

    return objective


def dsm(level: Level) -> Objective:
    """Denoising score matching at one sigma (lecture, "denoising score matching"; Vincent 2011):

    L_sigma = 1/2 E || s(x~) - (x - x~) / sigma**2 ||**2
    """
    return lambda denoise, x0, rng: _dsm_loss(denoise, x0, level.to(x0), rng)


def ncsn(sigmas: Sequence[float], weight: Callable[[Tensor], Tensor] = torch.square) -> Objective:
    """NCSN's sum 1/L sum_i lambda(sigma_i) L_i (Song and Ermon 2019, eq. 6), lambda(sigma) = sigma**2.

    Each sample draws its own i, so the batch mean estimates the sum.  (The lecture has lambda = sigma; with
    the square every level's loss is of order one.)
    """
    require(
        len(sigmas) > 0, "NCSN was given no noise levels; it needs at least one: pass geometric_sigmas(...)."
    )

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        table = torch.tensor(sigmas, dtype=x0.dtype, device=x0.device)
        i = torch.randint(len(sigmas), (len(x0),), generator=rng, device=x0.device)
        sigma = table[i].view(-1, *[1] * (x0.ndim - 1))
        level = Level(torch.ones_like(sigma), sigma)
        return weight(table[i]) * _dsm_loss(denoise, x0, level, rng)

    return objective


def _dsm_loss(denoise: Denoiser, x0: Tensor, level: Level, rng: Generator) -> Tensor:
    eps = randn_like(x0, rng)
    xt = noised(x0, eps, level)
    score_hat = score_from_x0(denoise(xt, level), xt, level)
    return squared_norm(score_hat + eps / level.sigma) / 2


def ddpm_simple(schedule: Schedule) -> Objective:
    """DDPM's simple loss (Ho et al. 2020, eq. 14): || eps - eps_hat(xt, t) ||**2, t uniform on 1..T."""
    return lambda denoise, x0, rng: _eps_loss(denoise, x0, schedule, uniform_times(x0, schedule, rng), rng)


def ddpm_min_snr(schedule: Schedule, gamma: float = 5.0) -> Objective:
    """The simple loss times min(1, gamma / SNR) (Hang et al. 2023, eq. 7), SNR = alpha**2 / sigma**2.

    The simple loss spends most of its weight on the last traces of noise, where nothing visible is decided.
    """

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        t = uniform_times(x0, schedule, rng)
        snr = (schedule.alpha / schedule.sigma).square().to(x0)[t]
        return (gamma / snr).clamp(max=1) * _eps_loss(denoise, x0, schedule, t, rng)

    return objective


def ddpm_clamped_snr(schedule: Schedule, low: float = 0.5, high: float = 5.0) -> Objective:
    """|| x0 - x0_hat ||**2 times SNR, the simple loss, where SNR is held between low and high; low = 0 is min-SNR.

    The simple loss and min-SNR hardly ask about x0 where nearly all is noise: there only what the denoiser is told can
    answer, so a code that is learned from the loss alone needs that question.
    """
    require(
        0 <= low <= high, f"The weights run from {low:g} to {high:g}; they must not fall: choose 0.5 and 5."
    )

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        t = uniform_times(x0, schedule, rng)
        level = schedule.at(t, x0)
        snr = (schedule.alpha / schedule.sigma).square().to(x0)[t]
        return snr.clamp(low, high) * squared_norm(
            denoise(noised(x0, randn_like(x0, rng), level), level) - x0
        )

    return objective


def regression(schedule: Schedule) -> Objective:
    """|| x0 - x0_hat(x_T, T) ||**2: only what is said of x0 at the last level, where x_T tells nothing.

    So a denoiser that is told something learns E[x0 | what it is told], the least squared error that there is
    (Palette's "Regression" baseline, Saharia et al. 2022); it can be sampled from in one step only.
    """

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        last = schedule.level(schedule.T).to(x0)
        return squared_norm(denoise(noised(x0, randn_like(x0, rng), last), last) - x0)

    return objective


def ddpm_weighted(schedule: Schedule, variance: str = "beta") -> Objective:
    """DDPM's loss with the bound's weight (lecture; Ho et al. 2020, eq. 12):

        beta_t**2 / (2 sigma_t**2 alpha_t (1 - alpha_bar_t)) || eps - eps_hat ||**2

    With sigma_t**2 = beta_tilde_t the weight at t = 1 is infinite, because beta_tilde_1 = 0; t starts at 2 there.
    """
    require(
        variance in ("beta", "beta_tilde"),
        f"The variance is {variance!r}; DDPM knows beta and beta_tilde: choose one of these.",
    )
    first = 1 if variance == "beta" else 2
    require(
        first <= schedule.T,
        f"The schedule has T = {schedule.T}; the weight with {variance} needs {first} or more: raise T.",
    )

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        t = uniform_times(x0, schedule, rng, first)
        weight = bound_weight(schedule, variance).to(x0)[t]
        return weight * _eps_loss(denoise, x0, schedule, t, rng)

    return objective


def bound_weight(schedule: Schedule, variance: str) -> Tensor:
    """The weight of || eps - eps_hat ||**2 in the bound, (T + 1,) float64; entry 0 is unused and zero."""
    alpha_bar = schedule.alpha**2
    alpha = alpha_bar[1:] / alpha_bar[:-1]
    beta = 1 - alpha
    beta_tilde = (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:]) * beta
    chosen = {"beta": beta, "beta_tilde": beta_tilde}[variance]
    return torch.cat([torch.zeros(1).double(), beta**2 / (2 * chosen * alpha * (1 - alpha_bar[1:]))])


def flow_matching(density: Callable[[Tensor], Tensor] = lambda u: u) -> Objective:
    """Conditional flow matching on the straight path x_s = (1 - s) x0 + s eps (Lipman et al. 2023; Liu et al. 2023):

        || u_hat - (eps - x0) ||**2,   u_hat = (x_s - x0_hat) / s,

    one more weight on the same levels: the error of x0_hat over s**2.  density: takes uniform numbers, (B,), to s,
    whose density it so chooses; uniform itself, or `logit_normal`.
    """

    def objective(denoise: Denoiser, x0: Tensor, rng: Generator) -> Tensor:
        s = density(spread(x0, rng)).clamp(1e-3, 1 - 1e-3).view(-1, *[1] * (x0.ndim - 1))
        level, eps = Level(1 - s, s), randn_like(x0, rng)
        x0_hat = denoise(noised(x0, eps, level), level)
        return squared_norm((x0_hat - x0) / s)

    return objective


def logit_normal(u: Tensor) -> Tensor:
    """Uniform numbers to s with logit(s) ~ N(0, 1): more of the middle levels (Esser et al. 2024, eq. 19)."""
    s: Tensor = torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6)).sigmoid()
    return s


def uniform_times(x0: Tensor, schedule: Schedule, rng: Generator, first: int = 1) -> Tensor:
    """One t for each sample, (B,), each uniform on first..T, and spread over the batch.

    One uniform number is shared by the batch (Kingma et al. 2021, Appendix I.1): the same expectation as
    independent draws, with far less variance.
    """
    n = schedule.T + 1 - first
    return first + (spread(x0, rng) * n).long().clamp(max=n - 1)


def spread(x0: Tensor, rng: Generator) -> Tensor:
    """Uniform numbers in [0, 1), (B,): one random shift of B even places, in random order."""
    B = len(x0)
    u = (torch.rand((), generator=rng, device=x0.device) + torch.arange(B, device=x0.device) / B).frac()
    return u[torch.randperm(B, generator=rng, device=x0.device)]


def _eps_loss(denoise: Denoiser, x0: Tensor, schedule: Schedule, t: Tensor, rng: Generator) -> Tensor:
    level = schedule.at(t, x0)
    eps = randn_like(x0, rng)
    xt = noised(x0, eps, level)
    return squared_norm(eps_from_x0(denoise(xt, level), xt, level) - eps)


# --- batches: what training hands to an objective ------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Batch:
    """What data hand to training.  x0: (B, *D); told: its conditions, (B, ...) each; hidden: which are withheld.

    where: bool, broadcasts to x0, True where x0 is to be made; None: everywhere.
    """

    x0: Tensor
    told: Told = field(default_factory=dict)
    hidden: Hidden = field(default_factory=dict)
    where: Tensor | None = None

    def seen_by(self, model: Any) -> Denoiser:
        """The model, told what goes with this batch."""
        view: Denoiser = model.given(hidden=self.hidden, **self.told) if self.told else model
        return view


def knowing(denoise: Denoiser, x0: Tensor, known: Tensor) -> Denoiser:
    """The denoiser, its estimate replaced by x0 where that is known: no error there, and no gradient."""
    return lambda xt, level: torch.where(known, x0, denoise(xt, level))


Loss = Callable[[Any, Batch, Generator], Tensor]  # (model, batch, rng) -> (B,)


def per_dimension(objective: Objective) -> Loss:
    """An objective as a loss of batches, divided by the number of dimensions of x0.

    So learning rates and the clipping of gradients carry over from points of the plane to images.  Where a batch says
    which part of x0 is to be made, the rest is handed to the denoiser's estimate, and only that part counts.
    """

    def loss(model: Any, batch: Batch, rng: Generator) -> Tensor:
        denoise, dimensions = batch.seen_by(model), batch.x0[0].numel()
        if batch.where is None:
            return objective(denoise, batch.x0, rng) / dimensions
        share = batch.where.expand_as(batch.x0).flatten(1).to(batch.x0).mean(1)
        return objective(knowing(denoise, batch.x0, ~batch.where), batch.x0, rng) / (share * dimensions)

    return loss


def dropping(loss: Loss, share: float | Mapping[str, float]) -> Loss:
    """Each condition is withheld with probability `share` (Ho and Salimans 2022, Algorithm 1).

    share: one number for all conditions, or one for each by name (DALL-E 2's decoder has 0.1 for the embedding and
    0.5 for the caption).  Samples, and conditions of one sample, are withheld independently.
    """

    def with_some_hidden(model: Any, batch: Batch, rng: Generator) -> Tensor:
        hidden = dict(batch.hidden)
        for name in batch.told:
            p = share if isinstance(share, (int, float)) else share.get(name, 0.0)
            drawn = torch.rand(len(batch.x0), generator=rng, device=batch.x0.device) < p
            hidden[name] = hidden[name] | drawn if name in hidden else drawn
        return loss(model, replace(batch, hidden=hidden), rng)

    for p in [share] if isinstance(share, (int, float)) else share.values():
        require(
            0 <= p < 1,
            f"A condition is withheld with probability {p:g}; it must be at least 0 and below 1: 0.1 is usual.",
        )
    return with_some_hidden


def noisy_classification(schedule: Schedule) -> Loss:
    """Cross-entropy, in nats, of a classifier log p(c | xt) (B, K) on noised x0, every level of the schedule alike.

    What guides a sampler must be trained so (lecture, "Conditional generation"): one that knows clean data only is
    asked about points that it has never seen.  The batch tells the label; the classifier is told all but that.
    """

    def loss(classify: Any, batch: Batch, rng: Generator) -> Tensor:
        level = schedule.at(uniform_times(batch.x0, schedule, rng), batch.x0)
        others = {name: value for name, value in batch.told.items() if name != "label"}
        seen = replace(batch, told=others, hidden={}).seen_by(classify)
        log_p = seen(noised(batch.x0, randn_like(batch.x0, rng), level), level)
        return cross_entropy(log_p, batch.told["label"], reduction="none")

    return loss
