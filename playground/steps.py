"""Steps: one move of a sampler, from the level `here` to the level `there`.

Every step is made by a constructor that holds its knobs, `ddim(eta=0.5)`, and has the same form:

    step(denoise, xt, here, there, noise) -> xs, x0_hat        xt, xs, x0_hat: (B, *D)
"""

from collections.abc import Callable, Sequence
from itertools import count

import torch
from torch import Tensor

from playground.denoisers import Denoiser, score_of
from playground.errors import require
from playground.levels import Level, Noise, eps_from_x0, per_level, per_move, x0_from_score

Moved = tuple[Tensor, Tensor | None]  # xs, and the estimate x0_hat that led there, where there is one
Step = Callable[[Denoiser, Tensor, Level, Level, Noise], Moved]
StepSize = Callable[[Level], Tensor | float]


# --- Langevin ---------------------------------------------------------------------------------------------


def langevin(step_size: float | StepSize, noise: bool = True, estimate: bool = True) -> Step:
    """Langevin dynamics at the level `here`, as NCSN's Algorithm 1 writes it, line 6:

        x <- x + (a / 2) * score + sqrt(a) * z,    z ~ N(0, I)

    The lecture's other form, x + alpha * score + sqrt(2 * alpha) * z, is the same chain with a = 2 * alpha.
    step_size: a, or a function of the level.  noise=False takes z away: gradient ascent on the log density.
    estimate=False leaves x0_hat out, for long walks whose x0_hat nobody reads.
    """
    require(
        callable(step_size) or step_size > 0,
        f"The step size is {step_size}; Langevin dynamics needs one above 0: raise it.",
    )
    factors, noisy = _factors(step_size), noise

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        half, root = (factor.to(xt) for factor in factors(here))
        score = score_of(denoise)(xt, here)
        xs = half * score + xt  # laid out in memory as the score is: a mixture has its reasons
        if noisy:
            xs = torch.addcmul(xs, root, noise(xt))
        return xs, x0_from_score(score, xt, here) if estimate else None

    return step


def _factors(size: float | StepSize) -> Callable[[Level], tuple[Tensor, Tensor]]:
    """a / 2 and sqrt(a) at each level, once for as long as it is held; plain numbers keep all their digits."""

    def at(level: Level) -> tuple[Tensor, Tensor]:
        a = size(level) if callable(size) else size
        a = a if isinstance(a, Tensor) else torch.tensor(a, dtype=torch.float64)
        return a / 2, a.sqrt()

    return per_level(at)


def annealed(eps: float, sigma_L: float) -> StepSize:
    """Algorithm 1, line 3: a_i = eps * sigma_i**2 / sigma_L**2.

    (The lecture's prose has sigma_i / sigma_L.  The square keeps a step's signal-to-noise ratio the same at
    every level, because the score is of order 1 / sigma.)
    """
    return lambda level: eps * level.sigma**2 / sigma_L**2


# --- DDPM and DDIM ----------------------------------------------------------------------------------------


def added_variance(here: Level, there: Level) -> Tensor:
    """Variance of q(xt | xs) for a cleaner `there`; beta_t for neighbours of DDPM's chain, and >= 0 always."""
    return (here.sigma**2 - (here.alpha / there.alpha) ** 2 * there.sigma**2).clamp(min=0)


def posterior_variance(here: Level, there: Level) -> Tensor:
    """Variance of q(xs | xt, x0): beta_tilde (lecture, "has a closed form"), for any two levels."""
    return added_variance(here, there) * there.sigma**2 / here.sigma**2


def posterior_mean(x0: Tensor, xt: Tensor, here: Level, there: Level) -> Tensor:
    """Mean of q(xs | xt, x0): mu_tilde (lecture, "has a closed form"), for any two levels."""
    from_x0, from_xt = posterior_weights(here, there)
    return from_x0 * x0 + from_xt * xt


def posterior_weights(here: Level, there: Level) -> tuple[Tensor, Tensor]:
    """What mu_tilde takes of x0 and of xt."""
    from_x0 = there.alpha * added_variance(here, there) / here.sigma**2
    return from_x0, (here.alpha / there.alpha) * there.sigma**2 / here.sigma**2


def last_but_one(grid: list[Level]) -> tuple[float, float]:
    """Standard deviations at the last step but one: of the noise that `ancestral("beta")` adds, and of the noise
    that the level reached has.  What was added beyond that, nothing takes away: the last step is the last.
    """
    require(
        len(grid) >= 3,
        f"A walk of {len(grid) - 1} step has no last step but one: take two steps or more.",
    )
    return float(added_variance(grid[-3], grid[-2]).sqrt()), float(grid[-2].sigma)


VARIANCES = {"beta": added_variance, "beta_tilde": posterior_variance}
VARIANCE_SIGNS = {"beta": "β", "beta_tilde": "β̃"}  # as a page and a chart write them


def variance_named(name: str) -> Callable[[Level, Level], Tensor]:
    """One of DDPM's two variances of the reverse process."""
    require(
        name in VARIANCES,
        f"The variance is {name!r}; DDPM knows {' and '.join(VARIANCES)}: choose one of these.",
    )
    return VARIANCES[name]


def ancestral(variance: str = "beta_tilde") -> Step:
    """DDPM's sampling (Ho et al. 2020, Algorithm 2), with sigma_t**2 = "beta" or "beta_tilde".

    On a subset of the steps "beta" is the sigma-hat row of DDIM's Table 1.  Arriving at clean data no noise is
    added, as in the lecture's last line.
    """
    variance_of = variance_named(variance)
    weights = per_move(posterior_weights)
    std = per_move(lambda here, there: variance_of(here, there).sqrt() * (there.sigma > 0))

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        x0_hat = denoise(xt, here)
        from_x0, from_xt = weights(here, there)
        return from_x0 * x0_hat + from_xt * xt + std(here, there) * noise(xt), x0_hat

    return step


def ddim(eta: float = 0.0) -> Step:
    """DDIM (Song et al. 2021), eq. 12 and 16; eta = 0 is deterministic, eta = 1 is DDPM with beta_tilde."""
    require(
        0 <= eta <= 1, f"eta is {eta:g}; it must lie from 0 (DDIM) to 1 (DDPM): choose a value in that range."
    )

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        x0_hat = denoise(xt, here)
        eps_hat = eps_from_x0(x0_hat, xt, here)
        if eta == 0:  # all noise is what was there, and no variance need be worked out
            return there.alpha * x0_hat + there.sigma * eps_hat, x0_hat
        std = eta * posterior_variance(here, there).sqrt()
        direction = (there.sigma**2 - std**2).clamp(min=0).sqrt()
        return there.alpha * x0_hat + direction * eps_hat + std * noise(xt), x0_hat

    return step


def heun() -> Step:
    """Heun's second-order step for the probability-flow ODE (Karras et al. 2022, Algorithm 1), along the angle.

    DDIM's eta = 0 is its Euler step.  The last step, to clean data, stays Euler: no denoiser defines eps at
    sigma = 0.
    """
    euler = ddim(0.0)

    def step(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        xs, x0_hat = euler(denoise, xt, here, there, noise)
        if x0_hat is not None and not there.is_clean:
            xs = xs + heun_correction(denoise, xs, x0_hat, here, there)
        return xs, x0_hat

    return step


def heun_correction(denoise: Denoiser, xs: Tensor, x0_hat: Tensor, here: Level, there: Level) -> Tensor:
    """What Heun's rule adds to xs (B, *D), DDIM's step with x0_hat from `here` to `there`: (B, *D).

    With theta = arctan(sigma / alpha) and y = x / scale the flow is dy/dtheta = v / scale (Salimans and Ho 2022,
    Section 4).  DDIM turns y by the angle delta, which is exact while dv/dtheta = -y.  What is missing there, r,
    taken as constant over the step, adds (1 - cos delta) r to y and sin(delta) r to v: so tan(delta / 2) times
    the change of v that DDIM did not foresee belongs to x.  At one x, v falls by scale**2 / sigma for each unit of x0.

    Karras et al. average eps against sigma / alpha instead.  For small steps that is the same; but where a
    schedule ends in almost pure noise their factor is that of sigma / alpha, 2e4 on the cosine schedule, while
    this one is at most 1.
    """
    turned = torch.tan((there.angle - here.angle) / 2)
    return turned * there.scale**2 / there.sigma * (x0_hat - denoise(xs, there))


# --- several at once --------------------------------------------------------------------------------------


def side_by_side(steps: Sequence[Step]) -> Step:
    """R samplers as one, x (R * B, *D): the denoiser answers all of them in one call, if it is their first.

    They take the same noise, drawn once, (B, *D): what R walks from one seed draw one after the other.
    """

    def together(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        parts, answers = xt.chunk(len(steps)), denoise(xt, here).chunk(len(steps))
        drawn: list[Tensor] = []
        moved = [
            step(_answered(denoise, x, here, x0_hat), x, here, there, _once(noise, drawn))
            for step, x, x0_hat in zip(steps, parts, answers, strict=True)
        ]
        return torch.cat([xs for xs, _ in moved]), torch.cat(answers)

    return together


def in_unison(step: Step, R: int) -> Step:
    """One step for R walks side by side, x (R * B, *D), whose noise is the same, (B, *D), drawn once."""

    def together(denoise: Denoiser, xt: Tensor, here: Level, there: Level, noise: Noise) -> Moved:
        def shared(x: Tensor) -> Tensor:
            return noise(x[: len(x) // R]).repeat(R, *[1] * (x.ndim - 1))

        return step(denoise, xt, here, there, shared)

    return together


def _answered(denoise: Denoiser, xt: Tensor, here: Level, x0_hat: Tensor) -> Denoiser:
    """The denoiser, which was asked about xt before."""
    return lambda x, level: x0_hat if x is xt and level is here else denoise(x, level)


def _once(noise: Noise, drawn: list[Tensor]) -> Noise:
    """The noise of `drawn`, one after the other, and what is missing there."""
    turn = count()

    def again(x: Tensor) -> Tensor:
        i = next(turn)
        if i == len(drawn):
            drawn.append(noise(x))
        return drawn[i]

    return again
