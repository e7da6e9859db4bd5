"""Samplers newer than the lecture, for comparison; each has the signature of every other step."""

import torch
from torch import Tensor

from playground.denoisers import Denoiser, score_of
from playground.errors import require
from playground.levels import Level, Noise, x0_from_score
from playground.steps import Moved, Step


class dpmpp_2m:
    """DPM-Solver++(2M) (Lu et al. 2022, Algorithm 2, data prediction): second order for one call a step.

    It remembers the last estimate, and uses it only where a walk goes on from there.  With lambda = log(alpha / sigma)
    and h = lambda_s - lambda_t the step is

        xs = sigma_s / sigma_t * xt + alpha_s * (1 - exp(-h)) * D

    and D extrapolates x0_hat along lambda.  The first step has nothing to extrapolate from, and the last one,
    to clean data, has h infinite; both take D = x0_hat, which is DDIM.
    """

    def __init__(self) -> None:
        self._last: tuple[Level, Tensor, Tensor] | None = None  # where the step before led, its x0_hat and h

    def __call__(self, denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        x0_hat = denoise(xt, here)
        h = there.log_snr - here.log_snr
        D = x0_hat
        if self._last is not None and self._last[0] is here and bool(torch.isfinite(h).all()):
            _, before, h_before = self._last
            D = x0_hat + (x0_hat - before) * h / (2 * h_before)
        self._last = there, x0_hat, h
        keep = there.sigma / here.sigma
        return keep * xt + (there.alpha - keep * here.alpha) * D, x0_hat


def corrected(step: Step, corrections: int = 1, snr: float = 0.16) -> Step:
    """Predictor-corrector (Song et al. 2021, "Score-based ... SDEs", Algorithms 2 to 5).

    After each `step`, `corrections` Langevin steps at the level reached.  Their size follows from the wished
    signal-to-noise ratio r of a step: the paper's epsilon = 2 (r ||z|| / ||score||)**2 is a / 2 in the form that
    `langevin` has.  Its factor 1 - beta_i for DDPM's levels is left out.  Between all 1,000 levels of the linear
    schedule it is 0.98 or more; between neighbours of a subset it is the ratio of their alpha_bar, which falls to
    0.67 on 50 steps: there corrections are up to 1.5 times as large as with it.
    """
    require(
        corrections >= 0, f"The number of corrections is {corrections}; it must not be negative: raise it."
    )
    require(snr > 0, f"The corrector's signal-to-noise ratio is {snr:g}; it must be above 0: 0.16 is usual.")

    def predict_and_correct(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        xs, x0_hat = step(denoise, xt, here, there, noise)
        if there.is_clean:
            return xs, x0_hat  # clean data are the end: there is no noise left to spread
        for _ in range(corrections):
            z = noise(xs)
            score = score_of(denoise)(xs, there)
            x0_hat = x0_from_score(score, xs, there)
            a = 4 * (snr * _mean_norm(z) / _mean_norm(score)) ** 2
            xs = xs + (a / 2) * score + a.sqrt() * z
        return xs, x0_hat

    return predict_and_correct


def _mean_norm(x: Tensor) -> Tensor:
    """The batch mean of the norms, ()."""
    mean: Tensor = torch.linalg.vector_norm(x.flatten(1), dim=1).mean()
    return mean
