"""A mixture of Gaussians at one level: all closed forms, and shorter ones where its modes are alike."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from playground.levels import Level


@dataclass(frozen=True, eq=False)
class Noised:
    """The mixture at one level: the components N(alpha mu_k, Q (alpha**2 lambda_k + sigma**2) Q^T).

    Few large operations serve all modes at once, and the batch is the last dimension in here: sums over modes and
    coordinates then run along it, which is ten times as fast as summing pairs that lie side by side.

    means (K, D); axes (D, K * D), all eigenvectors; centres, stds, gains (K, D, 1 or B) along them; log_scale (K, 1
    or B)
    """

    means: Tensor
    axes: Tensor
    centres: Tensor  # alpha Q^T mu
    stds: Tensor  # sqrt(alpha**2 lambda + sigma**2)
    log_scale: Tensor  # log w - log of the density's divisor
    gains: Tensor  # alpha lambda

    def log_prob(self, x: Tensor) -> Tensor:
        """(B, D) -> (B,)."""
        return self._log_joint(self._standard(x)).logsumexp(0)

    def responsibilities(self, x: Tensor) -> Tensor:
        """p(mode | x), (B, D) -> (B, K)."""
        return self._log_joint(self._standard(x)).softmax(0).T

    def log_responsibilities(self, x: Tensor) -> Tensor:
        """log p(mode | x), (B, D) -> (B, K)."""
        return self._log_joint(self._standard(x)).log_softmax(0).T

    def score(self, x: Tensor) -> Tensor:
        """sum_k p(k | x) * -S_k^-1 (x - alpha mu_k), (B, D) -> (B, D)."""
        y = self._standard(x)
        r = self._log_joint(y).softmax(0)
        return -(self.axes @ (r[:, None] * y / self.stds).flatten(0, 1)).T

    def denoise(self, xt: Tensor) -> Tensor:
        """sum_k p(k | xt) * (mu_k + alpha S (alpha**2 S + sigma**2 I)^-1 (xt - alpha mu_k)), (B, D) -> (B, D).

        Finite for alpha = 0 and for sigma = 0.
        """
        y = self._standard(xt)
        r = self._log_joint(y).softmax(0)
        moved = (r[:, None] * self.gains * y / self.stds).flatten(0, 1)
        return (self.means.T @ r + self.axes @ moved).T

    def _standard(self, x: Tensor) -> Tensor:
        """x as every mode sees it: along its eigenvectors, in its standard deviations, (B, D) -> (K, D, B)."""
        along = (self.axes.T @ x.T).view(*self.means.shape, -1)
        return (along - self.centres) / self.stds

    def _log_joint(self, y: Tensor) -> Tensor:
        """log w_k + log N_k, (K, D, B) -> (K, B)."""
        return torch.add(self.log_scale, y.square().sum(1), alpha=-0.5)


LOST = 1e-4  # of a logit, to rounding: beyond it modes are told apart by differences


@dataclass(frozen=True, eq=False)
class Alike:
    """What `Noised` says, in a fifth of the operations, for modes of one round covariance: v I at the level.

    |x|**2 / v is then in every mode's exponent, and goes out of the responsibilities,

        p(k | x) = softmax_k(slope mu_k . x + offset_k),  slope = alpha / v,  offset_k = log w_k - |alpha mu_k|**2 / 2 v

    so that a score is a product, a softmax and a product.  means (K, D); log_weights, offsets (K, 1 or B); alpha,
    variance, gain: numbers, or (B,) where each sample has its own level.
    """

    means: Tensor
    log_weights: Tensor
    offsets: Tensor
    alpha: float | Tensor
    variance: float | Tensor  # alpha**2 lambda + sigma**2
    gain: float | Tensor  # alpha lambda / variance: how much of xt is believed
    precise: bool  # that rounding loses less than LOST of a logit

    @staticmethod
    def of(
        means: Tensor, log_weights: Tensor, lengths: Tensor, reach: float, variance: float, level: Level
    ) -> "Alike":
        """lengths (K,): |mu_k|**2; reach: the largest of them; variance: of the clean modes."""
        alpha, sigma = (_plain(number, means) for number in (level.alpha, level.sigma))
        at = alpha**2 * variance + sigma**2
        share = alpha**2 / at
        offsets = log_weights - 0.5 * share * lengths[:, None]
        most = float(share.max()) if isinstance(share, Tensor) else share
        precise = reach * most * torch.finfo(means.dtype).eps <= LOST
        kind = Pair if len(means) == 2 else Alike
        return kind(means, log_weights, offsets, alpha, at, alpha * variance / at, precise)

    def log_prob(self, x: Tensor) -> Tensor:
        """(B, D) -> (B,), by differences: the exponents themselves are asked for."""
        scale = self.variance if isinstance(self.variance, Tensor) else x.new_tensor(self.variance)
        apart = sum((x[:, d] - self.alpha * self.means[:, d, None]).square() for d in range(x.shape[1]))
        logs = self.log_weights - 0.5 * apart / scale  # (K, B)
        return logs.logsumexp(0) - x.shape[1] / 2 * (2 * math.pi * scale).log()

    def responsibilities(self, x: Tensor) -> Tensor:
        """p(mode | x), (B, D) -> (B, K)."""
        return self._logits(x).softmax(0).T

    def log_responsibilities(self, x: Tensor) -> Tensor:
        """log p(mode | x), (B, D) -> (B, K)."""
        return self._logits(x).log_softmax(0).T

    def score(self, x: Tensor) -> Tensor:
        """(alpha sum_k p(k | x) mu_k - x) / v, (B, D) -> (B, D)."""
        return self._combined(x, self.alpha / self.variance, -1 / self.variance)

    def denoise(self, xt: Tensor) -> Tensor:
        """sum_k p(k | xt) mu_k pulled towards xt by the gain, (B, D) -> (B, D)."""
        return self._combined(xt, 1 - self.alpha * self.gain, self.gain)

    def _logits(self, x: Tensor) -> Tensor:
        """(B, D) -> (K, B)"""
        slope = self.alpha / self.variance
        if isinstance(slope, Tensor):
            return torch.addcmul(self.offsets, self.means @ x.T, slope)
        return torch.addmm(self.offsets, self.means, x.T, alpha=slope)

    def _combined(self, x: Tensor, of_means: float | Tensor, of_x: float | Tensor) -> Tensor:
        """of_means * sum_k p(k | x) mu_k + of_x * x, (B, D) -> (B, D), the batch last in memory."""
        r = self._logits(x).softmax(0)
        if isinstance(of_means, Tensor) or isinstance(of_x, Tensor):
            return torch.addcmul(of_means * (self.means.T @ r), x.T, torch.as_tensor(of_x).to(x)).T
        return torch.addmm(x.T, self.means.T, r, beta=of_x, alpha=of_means).T


@dataclass(frozen=True, eq=False)
class Pair(Alike):
    """Two such modes.  A softmax of two is the logistic function of their difference: half the numbers, and cheaper."""

    def _combined(self, x: Tensor, of_means: float | Tensor, of_x: float | Tensor) -> Tensor:
        """of_means * (mu_2 + p(1 | x) (mu_1 - mu_2)) + of_x * x, (B, D) -> (B, D), the batch last in memory."""
        slope = self.alpha / self.variance
        if isinstance(slope, Tensor) or isinstance(of_means, Tensor) or isinstance(of_x, Tensor):
            return super()._combined(x, of_means, of_x)
        # Copied at the start of a walk alone: what comes out is laid out so, and comes in again.
        columns = x.T.contiguous()
        r = torch.addmv(self._ahead, columns.T, self._apart, alpha=slope).sigmoid_()
        mixed = torch.addr(columns, self._apart, r, beta=of_x, alpha=of_means)
        return mixed.add_(self.means[1, :, None], alpha=of_means).T

    @cached_property
    def _apart(self) -> Tensor:
        """mu_1 - mu_2, (D,)."""
        return self.means[0] - self.means[1]

    @cached_property
    def _ahead(self) -> Tensor:
        """By how much the first mode's logit leads at x = 0, (1 or B,)."""
        return self.offsets[0] - self.offsets[1]


def _plain(number: Tensor, like: Tensor) -> float | Tensor:
    """A level's alpha or sigma as a number, or (B,) where there is one for each sample."""
    return float(number) if number.numel() == 1 else number.reshape(-1).to(like)
