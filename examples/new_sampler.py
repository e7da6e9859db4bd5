"""A new sampler in ten lines: the midpoint rule along the flow.  It runs on points and on digits, unchanged."""

from images.models import load_model
from playground.denoisers import clipped
from playground.levels import Level, eps_from_x0, linear_beta, noised, seeded
from playground.walk import final, starting_noise, walk
from toy2d.mixture import two_modes


def midpoint():
    """Half a step by Euler, then the whole step with what the denoiser says there (second order)."""

    def step(denoise, xt, here, there, noise):
        x0_hat = denoise(xt, here)
        half = Level(*((a * b).sqrt() for a, b in ((here.alpha, there.alpha), (here.sigma, there.sigma))))
        if there.is_clean:
            return noised(x0_hat, eps_from_x0(x0_hat, xt, here), there), x0_hat
        middle = noised(x0_hat, eps_from_x0(x0_hat, xt, here), half)
        eps = eps_from_x0(denoise(middle, half), middle, half)
        return there.alpha * (xt / here.alpha + (there.ratio - here.ratio) * eps), x0_hat

    return step


grid, rng, mixture = linear_beta().grid(20), seeded(0), two_modes(0.8)
x = final(walk(midpoint(), mixture, starting_noise((2_000, 2), grid[0], rng), grid, rng))
print(f"points: share of the first mode {float((x.sum(1) > 0).float().mean()):.3f}, weight 0.8")
digits = final(
    walk(
        midpoint(),
        clipped(load_model().denoise, -1, 1),
        starting_noise((4, 1, 28, 28), grid[0], rng),
        grid,
        rng,
    )
)
print(f"digits: {tuple(digits.shape)}, mean ink {float((digits + 1).mean() / 2):.3f}")
