"""The variational bound on -log p(x0), term by term, for any denoiser, any schedule and x of any shape.

    -log p(x0) <= L_T + sum_{t=2..T} L_{t-1} + L_0                    (lecture; Ho et al. 2020, eq. 5)
    L_T     = KL( q(x_T | x0) || N(0, I) )
    L_{t-1} = KL( N(mu_tilde(x0), beta_tilde_t) || N(mu_tilde(x0_hat), sigma_t**2) )
    L_0     = -log p(x0 | x_1), the decoder's term

Each is an expectation over xt ~ q(xt | x0); what is computed has one draw of xt in it, and is unbiased.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from playground.denoisers import Denoiser
from playground.errors import require, require_range
from playground.levels import Level, Schedule, noised, randn_like
from playground.objectives import squared_norm
from playground.steps import added_variance, posterior_variance

Decoder = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # x0, mean (B, *D), std () -> -log p(x0 | x_1), (B,) nats
VARIANCES = ("beta", "beta_tilde")


# --- decoders ---------------------------------------------------------------------------------------------


def gaussian_decoder(x0: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """For continuous data: -log N(x0; mean, std**2 I), (B, *D) -> (B,), in nats."""
    D = x0[0].numel()
    return squared_norm((x0 - mean) / std) / 2 + D * (std.log() + 0.5 * math.log(2 * math.pi))


def discretised_decoder(x0: Tensor, mean: Tensor, std: Tensor, values: int = 256) -> Tensor:
    """For images of `values` grays spread over [-1, 1] (Ho et al. 2020, Section 3.3, eq. 13), in nats.

    The probability of a gray is the Gaussian's mass in its bin, half way to each neighbour; the first and the
    last bin reach to infinity, so the probabilities sum to one.
    """
    half = 1 / (values - 1)
    low = torch.where(x0 <= -1 + half, -math.inf, (x0 - half - mean) / std)
    high = torch.where(x0 >= 1 - half, math.inf, (x0 + half - mean) / std)
    # Both tails of the normal distribution are alike, and only the lower one has digits to spare.
    low, high = (torch.where(low > 0, -high, low), torch.where(low > 0, -low, high))
    top = torch.special.log_ndtr(high)
    mass = top + torch.log1p(-(torch.special.log_ndtr(low) - top).exp())
    total: Tensor = -mass.flatten(1).sum(1)
    return total


# --- terms ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Chain:
    """What the terms need of a schedule, entry t for x_t -> x_{t-1}, (T + 1,) float64; entry 0 is unused.

    mean_weight: mu_tilde's factor of x0.  ratio: beta_tilde / sigma**2, at most 1; entry 1 is 0.
    """

    variance: Tensor
    mean_weight: Tensor
    ratio: Tensor

    @staticmethod
    def of(schedule: Schedule, variance: str) -> "_Chain":
        require(
            variance in VARIANCES,
            f"The variance is {variance!r}; DDPM knows {' and '.join(VARIANCES)}: choose one of these.",
        )
        require(
            variance == "beta" or schedule.T >= 2,
            "The schedule has T = 1, where beta_tilde is 0 and the decoder has no width: choose beta.",
        )
        here = Level(schedule.alpha[1:], schedule.sigma[1:])
        there = Level(schedule.alpha[:-1], schedule.sigma[:-1])
        beta, beta_tilde = added_variance(here, there), posterior_variance(here, there)
        chosen = {"beta": beta, "beta_tilde": beta_tilde}[variance].clone()
        if variance == "beta_tilde":
            chosen[0] = beta_tilde[
                1
            ]  # beta_tilde_1 = 0 would be no density; DDPM's code, too, takes the next
        zero = torch.zeros(1, dtype=torch.float64)
        mean_weight = there.alpha * beta / here.sigma**2
        return _Chain(*(torch.cat([zero, column]) for column in (chosen, mean_weight, beta_tilde / chosen)))


def prior_term(x0: Tensor, schedule: Schedule) -> Tensor:
    """L_T, exact: KL( q(x_T | x0) || N(0, I) ), (B, *D) -> (B,) float64 on the CPU, in nats."""
    alpha, variance, D = schedule.alpha[-1], schedule.sigma[-1] ** 2, x0[0].numel()
    return (alpha**2 * squared_norm(x0.cpu().double()) + D * (variance - 1 - variance.log())) / 2


@torch.no_grad()
def _step_term(
    denoise: Denoiser,
    x0: Tensor,
    t: Tensor,
    schedule: Schedule,
    chain: _Chain,
    rng: Generator,
    decoder: Decoder,
) -> Tensor:
    """L_{t-1} for each sample's own t (B,), one draw of xt; where t = 1 it is L_0.  (B,) float64, in nats.

    The network runs where x0 is; the sums run on the CPU, because not every GPU has float64.
    """
    level = schedule.at(t, x0)
    x0_hat = denoise(noised(x0, randn_like(x0, rng), level), level).cpu().double()
    x0, t = x0.cpu().double(), t.cpu()
    variance, weight, ratio = chain.variance[t], chain.mean_weight[t], chain.ratio[t]
    distance = weight**2 * squared_norm(x0 - x0_hat) / (2 * variance)  # of the two means
    widths = x0[0].numel() * (ratio - 1 - ratio.log()) / 2  # infinite at t = 1, where it is not used
    if not bool((t == 1).any()):
        return distance + widths
    return torch.where(t == 1, decoder(x0, x0_hat, chain.variance[1].sqrt()), distance + widths)


def bound_terms(
    denoise: Denoiser,
    x0: Tensor,
    schedule: Schedule,
    variance: str,
    rng: Generator,
    decoder: Decoder = gaussian_decoder,
) -> Tensor:
    """L_0, L_1, ..., L_T of each x0 (B, *D), one draw of each xt: (B, T + 1) float64 on the CPU, in nats.

    Their sum over dimension 1 estimates the bound.  variance: sigma_t**2 of p, "beta" or "beta_tilde".  It
    calls the denoiser T times; `bound_samples` estimates the sum with fewer calls.
    """
    chain = _Chain.of(schedule, variance)
    times = (torch.full((len(x0),), t, device=x0.device) for t in range(1, schedule.T + 1))
    steps = [_step_term(denoise, x0, t, schedule, chain, rng, decoder) for t in times]
    return torch.stack([*steps, prior_term(x0, schedule)], dim=1)


@dataclass(frozen=True, eq=False)
class BoundSamples:
    """Unbiased estimates for each x0, (B,) float64 on the CPU, in nats: L_T; L_1 + ... + L_{T-1}; L_0."""

    prior: Tensor
    steps: Tensor
    decoder: Tensor

    @property
    def total(self) -> Tensor:
        return self.prior + self.steps + self.decoder


def bound_samples(
    denoise: Denoiser,
    x0: Tensor,
    schedule: Schedule,
    variance: str,
    rng: Generator,
    decoder: Decoder = gaussian_decoder,
    strata: int = 20,
) -> BoundSamples:
    """The bound by stratified sampling of t: strata + 1 calls of the denoiser instead of T.

    2..T is cut into `strata` ranges that grow with t, as the terms fall; in each range every x0 draws a t of
    its own, weighted by the range's length.  The x0 are independent, so the spread of `total` over a batch
    gives the standard error, that of t and of the noise included.
    """
    chain = _Chain.of(schedule, variance)

    def term(t: Tensor) -> Tensor:
        return _step_term(denoise, x0, t, schedule, chain, rng, decoder)

    first = term(torch.ones(len(x0), dtype=torch.long, device=x0.device))
    steps = torch.zeros_like(first)
    for low, high in ranges(schedule.T, strata):
        t = torch.randint(low, high, (len(x0),), generator=rng, device=x0.device)
        steps += (high - low) * term(t)
    return BoundSamples(prior_term(x0, schedule), steps, first)


def ranges(T: int, strata: int) -> list[tuple[int, int]]:
    """2..T in `strata` half-open ranges of about equal length in log t; T - 1 strata take every t once."""
    require_range("The number of strata", strata, 1, max(1, T - 1))
    edges = [2]
    for left in range(strata, 0, -1):  # a range is at least one t long, and leaves one for each that follows
        wished = round(edges[-1] * ((T + 1) / edges[-1]) ** (1 / left))
        edges.append(min(max(wished, edges[-1] + 1), T + 2 - left))
    return [(low, high) for low, high in pairwise(edges) if low < high]
