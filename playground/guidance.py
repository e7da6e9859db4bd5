"""Guidance by gradients: a classifier's, or that of the distance to a measurement.

`gradient(xt, level) -> (B, *D)` is grad log p(c | xt).  Classifier-free guidance needs no gradient: it is
`playground.denoisers.guided`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from playground.denoisers import Denoiser
from playground.levels import Level, Noise
from playground.steps import Moved, Step, posterior_mean, variance_named

Gradient = Callable[[Tensor, Level], Tensor]
LogProb = Callable[[Tensor, Level], Tensor]


def gradient_of(log_prob: LogProb) -> Gradient:
    """grad_x of log p(c | x), by autograd; log_prob: (B, *D), level -> (B,)."""

    def gradient(xt: Tensor, level: Level) -> Tensor:
        with torch.enable_grad():
            x = xt.detach().requires_grad_()
            return torch.autograd.grad(log_prob(x, level).sum(), x)[0]

    return gradient


def pulling_between(
    gradient: Gradient, inside: float | Tensor, outside: float, low: float, high: float
) -> Gradient:
    """The gradient times `inside` at the levels with low < sigma / alpha <= high, times `outside` at all others.

    inside: one for all, or (B, 1, ..., 1), one for each sample.
    """

    def pull(xt: Tensor, level: Level) -> Tensor:
        chosen = (level.ratio > low) & (level.ratio <= high)
        scale = torch.where(chosen.to(xt.device), torch.as_tensor(inside).to(xt), xt.new_tensor(outside))
        return scale * gradient(xt, level) if bool((scale != 0).any()) else torch.zeros_like(xt)

    return pull


def classifier_guided(denoise: Denoiser, gradient: Gradient, scale: float = 1.0) -> Denoiser:
    """Dhariwal and Nichol (2021), Algorithm 2: eps_hat = eps - scale * sqrt(1 - alpha_bar) * grad log p(c | xt).

    The lecture's DDIM form, as a denoiser, so it serves every step: a score that grows by scale * gradient
    moves x0_hat by scale * sigma**2 / alpha * gradient.
    """
    return lambda xt, level: denoise(xt, level) + scale * level.sigma**2 / level.alpha * gradient(xt, level)


def guided_ancestral(gradient: Gradient, scale: float = 1.0, variance: str = "beta_tilde") -> Step:
    """Sohl-Dickstein et al. (2015); Dhariwal and Nichol (2021), Algorithm 1; the lecture's stochastic form:

    x_{t-1} ~ N(mu + scale * Sigma * grad log p(c | xt), Sigma)
    """
    variance_of = variance_named(variance)

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        x0_hat = denoise(xt, here)
        Sigma = variance_of(here, there) * (there.sigma > 0)
        mean = posterior_mean(x0_hat, xt, here, there) + scale * Sigma * gradient(xt, here)
        return mean + Sigma.sqrt() * noise(xt), x0_hat

    return step
