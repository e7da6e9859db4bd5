"""How long Langevin dynamics takes between two round modes: three answers without a single random number.

Turned so that its first axis runs through both means, the density is a product: a mixture on the line times a
normal distribution across.  The chain's noise is round, so the two coordinates are independent chains, and the
one along the line is the slow one.  So one dimension is enough, and exact.

All times are relaxation times, tau in exp(-t / tau), the way any start is forgotten; rates of both directions
add up, 1 / tau = k_12 + k_21.  The chain x + (a / 2) * score + sqrt(a) * z is Euler's scheme for

    dX = 1/2 grad log p dt + dW     with dt = a,

so one step is a units of time, and a time is divided by a to count steps.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import simpson
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from playground.errors import require_range
from toy2d.mixture import Mixture

PER_STD = 2  # grid points to a standard deviation of a step: sums of smooth functions are then very good
TAIL = 7.0  # standard deviations beyond the outer mean at which the grid ends


def along(pi: float, distance: float) -> Mixture:
    """`two_modes(pi, distance)` along the line through its means: modes at +- sqrt(2) * distance, float64."""
    at = math.sqrt(2) * distance
    return Mixture.of([[at], [-at]], [pi, 1 - pi], dtype=torch.float64)


def curvature(line: Mixture, u: float) -> float:
    """U'' of U = -log p at u, for two unit modes at +- m: 1 - 4 m**2 r (1 - r), r = p(mode 1 | u)."""
    r = float(line.responsibilities(_column(u))[0, 0])
    return 1 - 4 * float(line.means[0, 0]) ** 2 * r * (1 - r)


def _log_prob(line: Mixture, u: float) -> float:
    return float(line.log_prob(_column(u)))


def _column(u: float) -> torch.Tensor:
    return torch.tensor([[u]], dtype=torch.float64)


# --- formulas ---------------------------------------------------------------------------------------------


def eyring_kramers(line: Mixture) -> float:
    """The formula of Eyring and Kramers (1940), as a relaxation time; NaN where the density has one mode only.

        k_1 = sqrt(U''(top of mode 1) * |U''(saddle)|) / (4 pi) * p(saddle) / p(top of mode 1),   U = -log p

    4 pi and not 2 pi, because time runs at half speed in dX = 1/2 grad log p dt + dW.  It takes the saddle for a
    parabola.  Between two Gaussians it is a log cosh, as narrow as it is sharp at every distance, so the formula
    stays too fast by sqrt(pi / 2) = 1.25 even for high barriers; see `kramers`.
    """
    m = float(line.means[0, 0])
    tops = [_extremum(line, top - m / 2, top + m / 2, -1) for top in (m, -m)]
    saddle = _extremum(line, tops[1], tops[0], 1)
    bends = [curvature(line, u) for u in (*tops, saddle)]
    flat = all(
        abs(float(line.score(_column(u)))) < 1e-3 for u in (*tops, saddle)
    )  # else an end of the search
    if not (flat and min(bends[:2]) > 0 > bends[2]):
        return math.nan
    high = _log_prob(line, saddle)
    return 4 * math.pi / sum(
        math.sqrt(bend * -bends[2]) * math.exp(high - _log_prob(line, top))
        for top, bend in zip(tops, bends, strict=False)
    )  # fmt: skip


def _extremum(line: Mixture, low: float, high: float, sign: int) -> float:
    """Where sign * log p is least between low and high."""
    found = minimize_scalar(
        lambda u: sign * _log_prob(line, u), bounds=(low, high), method="bounded", options={"xatol": 1e-6}
    )
    return float(found.x)


def kramers(line: Mixture) -> float:
    """Kramers (1940) with the barrier's own shape, exact as the barrier grows: 2 w_1 w_2 * integral of 1 / p
    from mean to mean."""
    m = float(line.means[0, 0])
    w = line.log_weights.exp().tolist()
    u = torch.linspace(-m, m, 2001, dtype=torch.float64)
    log_p = line.log_prob(u[:, None])
    low = float(log_p.min())  # taken out, or 1 / p would overflow
    return 2 * w[0] * w[1] * float(simpson((low - log_p).exp().numpy(), x=u.numpy())) * math.exp(-low)


# --- the chain on a grid ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GridChain:
    """The chain with step a, along the line.  u (n,); P (n, n), rows sum to one; border: above it mode 1 is the
    likelier one; lands (n,): the probability that the next step from u ends there.
    """

    u: np.ndarray
    P: np.ndarray
    border: float
    lands: np.ndarray


def grid_chain(line: Mixture, a: float) -> GridChain:
    """Raises UserError for a below 0.01, where the grid grows large, or above 0.5, where Euler's scheme is crude."""
    require_range("The step size", a, 0.01, 0.5)
    m, std = float(line.means[0, 0]), math.sqrt(a)
    finer = math.sqrt(1 + a * m**2 / 2)  # the step's drift stretches the saddle by 1 + a (m**2 - 1) / 2
    n = 2 * math.ceil(PER_STD * finer * (m + TAIL) / std) + 1
    u = np.linspace(-m - TAIL, m + TAIL, n)
    to = u + a / 2 * line.score(torch.tensor(u)[:, None])[:, 0].numpy()
    P = np.exp(-0.5 * ((u - to[:, None]) / std) ** 2)
    w = line.log_weights.exp().tolist()
    border = math.log(w[1] / w[0]) / (2 * m)
    return GridChain(u, P / P.sum(1, keepdims=True), border, ndtr((to - border) / std))


def stationary(P: np.ndarray) -> np.ndarray:
    """The distribution (n,) with pi P = pi, by Grassmann, Taksar and Heyman (1985).

    Nothing is subtracted, so it is right to rounding even where modes exchange 1e-30 of their mass a step.
    """
    P = P.copy()
    n = len(P)
    for k in range(n - 1, 0, -1):  # leave state k out: what went through it goes directly
        P[:k, k] /= P[k, :k].sum()
        P[:k, :k] += np.outer(P[:k, k], P[k, :k])
    pi = np.ones(n)
    for k in range(1, n):
        pi[k] = pi[:k] @ P[:k, k]
    return pi / pi.sum()


def relaxation_steps(chain: GridChain, a: float) -> float:
    """-1 / log(lambda_2), lambda_2 the second eigenvalue of P: the chain's own relaxation time, in steps.

    The gap is the Dirichlet form of the second eigenfunction f,

        1 - lambda_2 = 1/2 sum_ij pi_i P_ij (f_i - f_j)**2 / sum_i pi_i f_i**2,

    a sum of positive numbers: 1 - (an eigenvalue) would be all rounding where lambda_2 = 1 - 1e-12.
    """
    pi = stationary(chain.P)
    Q = np.linalg.matrix_power(chain.P, math.ceil(8 / a))
    f = chain.lands
    for _ in range(8):  # eight times eight units of time; whatever else there is halves in less than two
        f = Q @ f
        f = f - pi @ f
        f = f / np.abs(f).max()
    form = 0.5 * np.einsum("i,ij,ij->", pi, chain.P, (f[:, None] - f) ** 2)
    return -1 / math.log1p(-form / (pi @ f**2))


def shares_after(chain: GridChain, start: np.ndarray, steps: int, every: int) -> np.ndarray:
    """The expected share in mode 1 after every, 2 every, ... steps, of distributions `start` (B, n) -> (F, B)."""
    now = start / start.sum(-1, keepdims=True)
    for _ in range(every - 1):  # rows times a matrix: far less work than the matrix's power
        now = now @ chain.P
    leap = np.linalg.matrix_power(chain.P, every)
    shares = []
    for _ in range(steps // every):
        shares.append(now @ chain.lands)
        now = now @ leap
    return np.stack(shares)
