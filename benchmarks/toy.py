"""Plain Langevin on the paper's mixture: this project beside a textbook loop, numpy and, where installed, blackjax.

    python -m benchmarks.toy [--particles 5000] [--steps 1000] [--rounds 5] [--threads 2]

All contestants take the same steps, x + (a/2) score + sqrt(a) z, in float32, in turn, in one process.  A ratio is
the textbook's best time over the contestant's best time, warm: compilation is timed apart.

Where smalldiffusion is installed, a second race: DDIM along the same 51 levels from the same noise, by the optimal
denoiser of the same 1,000 points, with its own `samples` and `IdealDenoiser` and with ours.
"""

# ruff: noqa: E402
import argparse
import math
import os
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--particles", type=int, default=5_000)
parser.add_argument("--steps", type=int, default=1_000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=os.cpu_count())
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # before torch is loaded

import numpy as np
import torch

from playground.levels import CLEAN, Level, geometric_sigmas, seeded
from playground.steps import ddim, langevin
from playground.walk import final, walk
from toy2d.empirical import Empirical
from toy2d.mixture import two_modes

A = 0.1
B, N = arguments.particles, arguments.steps
MIXTURE = two_modes(0.8)
START = 16 * torch.rand(B, 2, generator=seeded(0)) - 8
MU, LOG_W = MIXTURE.means, MIXTURE.log_weights


def textbook() -> torch.Tensor:
    """The log density as one writes it down, and autograd for its gradient."""
    x, rng = START, seeded(1)
    for _ in range(N):
        x = x.detach().requires_grad_()
        log_p = torch.logsumexp(LOG_W - ((x[:, None] - MU) ** 2).sum(-1) / 2 - math.log(2 * math.pi), 1)
        score = torch.autograd.grad(log_p.sum(), x)[0]
        x = x + A / 2 * score + math.sqrt(A) * torch.randn(B, 2, generator=rng)
    return x.detach()


def numpy_loop() -> torch.Tensor:
    """The score by hand, in numpy."""
    x, rng = START.numpy().copy(), np.random.default_rng(1)
    mu, log_w = MU.numpy(), LOG_W.numpy()
    for _ in range(N):
        d = mu - x[:, None]  # (B, K, 2)
        log_joint = log_w - (d**2).sum(-1) / 2
        r = np.exp(log_joint - log_joint.max(1, keepdims=True))
        r /= r.sum(1, keepdims=True)
        score = (r[:, :, None] * d).sum(1)
        x = x + A / 2 * score + math.sqrt(A) * rng.standard_normal((B, 2), dtype=np.float32)
    return torch.from_numpy(x)


def playground() -> torch.Tensor:
    """The playground, as the pages use it."""
    return final(walk(langevin(A, estimate=False), MIXTURE, START, [CLEAN] * (N + 1), seeded(1)))


def blackjax_loop() -> Callable[[], torch.Tensor] | None:
    """blackjax's SGLD kernel (x + e * grad + sqrt(2 e) z, so e = a / 2) under vmap and scan."""
    try:
        import blackjax
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    mu, log_w = jnp.asarray(MU.numpy()), jnp.asarray(LOG_W.numpy())

    def log_p(x, _):
        return jax.scipy.special.logsumexp(log_w - ((x - mu) ** 2).sum(-1) / 2)

    sgld = blackjax.sgld(jax.grad(log_p))

    @jax.jit
    def run(x, key):
        def move(x, key):
            keys = jax.random.split(key, B)
            return jax.vmap(lambda k, x: sgld.step(k, x, 0.0, A / 2))(keys, x), None

        return jax.lax.scan(move, x, jax.random.split(key, N))[0]

    start = jnp.asarray(START.numpy())
    return lambda: torch.from_numpy(np.array(run(start, jax.random.key(1))))


# --- DDIM by the optimal denoiser of points ------------------------------------------------------------------

POINTS, PARTICLES, SIGMAS = MIXTURE.sample(1_000, seeded(2)), 500, geometric_sigmas(20.0, 0.1, 51)
NOISE = SIGMAS[0] * torch.randn(PARTICLES, 2, generator=seeded(3))


def playground_ddim() -> torch.Tensor:
    levels = [Level.of(1.0, sigma) for sigma in SIGMAS]
    return final(walk(ddim(), Empirical(POINTS), NOISE, levels, seeded(4)))


def smalldiffusion_ddim() -> Callable[[], torch.Tensor] | None:
    """gam = 1 and mu = 0 make its sampler DDIM."""
    try:
        from accelerate import Accelerator
        from smalldiffusion import IdealDenoiser, samples
    except ImportError:
        return None
    denoiser, here, sigmas = IdealDenoiser(POINTS), Accelerator(cpu=True), torch.tensor(SIGMAS)
    return lambda: list(samples(denoiser, sigmas, gam=1.0, mu=0.0, xt=NOISE, accelerator=here))[-1]


# --- in turns ------------------------------------------------------------------------------------------------


def race(contestants: dict[str, Callable[[], torch.Tensor] | None]) -> None:
    """Prints each one's best time of all rounds, and the first one's over it; who is not installed does not run."""
    runs = {name: run for name, run in contestants.items() if run is not None}
    best = {}
    for name, run in runs.items():
        begun = time.perf_counter()
        share = float((run().sum(1) > 0).float().mean())
        print(f"{name:24}  first run {time.perf_counter() - begun:6.2f} s  share in mode 1 {share:.3f}")
        best[name] = math.inf
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    first = next(iter(best.values()))
    for name, seconds in best.items():
        print(f"{name:24}  {seconds:6.3f} s  ratio {first / seconds:5.2f}")


def main() -> None:
    print(f"{arguments.threads} threads, best of {arguments.rounds}, torch {torch.__version__}\n")
    print(f"Langevin: {B:,} particles, {N:,} steps")
    langevins = {"textbook autograd loop": textbook, "numpy": numpy_loop, "blackjax": blackjax_loop()}
    race({**langevins, "playground": playground})
    if (peer := smalldiffusion_ddim()) is None:
        print("\nDDIM: smalldiffusion is not installed, so there is nothing to race")
        return
    print(f"\nDDIM: {PARTICLES} particles, {len(SIGMAS) - 1} steps, {len(POINTS):,} points")
    race({"smalldiffusion": peer, "playground": playground_ddim})
    print(f"largest difference of the two ends: {float((peer() - playground_ddim()).abs().max()):.2g}")


if __name__ == "__main__":
    main()
