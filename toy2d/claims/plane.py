"""What the lecture claims that the plane can test, in the lecture's order."""

from playground.claims import Claim
from playground.topics import (
    ANNEALED,
    ASSIGNMENT,
    BEYOND,
    CONDITIONAL,
    DDIM,
    DDPM,
    DPM,
    IMAGES,
    NCSN,
    PROBLEM_1,
    PROBLEM_2,
    SCORE,
)
from toy2d.claims import diffusion, langevin

CLAIMS = (
    Claim(
        SCORE, "A denoiser learned from samples moves points as the score says.",
        "autoencoder", "python -m toy2d autoencoder", langevin.learns_the_score,
    ),
    Claim(
        PROBLEM_1, "A learned score is good where there are data, and wrong where there are few.",
        "low-density", "python -m toy2d low-density", langevin.worse_at_low_density,
    ),
    Claim(
        PROBLEM_1, "Noise at many levels makes the score good where there were few data.",
        "low-density", "python -m toy2d low-density", langevin.many_levels_close_the_hole,
    ),
    Claim(
        PROBLEM_2, "Plain Langevin dynamics gets the weight π of a far mode wrong.",
        "mixing", "python -m toy2d mixing", langevin.plain_forgets_pi,
    ),
    Claim(
        PROBLEM_2, "The time that plain Langevin dynamics needs grows at least exponentially with the distance.",
        "crossing", "python -m toy2d crossing", langevin.time_grows_exponentially,
    ),
    Claim(
        ANNEALED, "Annealed Langevin dynamics recovers π.",
        "mixing", "python -m toy2d mixing", langevin.annealed_finds_pi,
    ),
    Claim(
        ANNEALED, "Without the noise z the samples collapse onto the modes.",
        "mixing", "python -m toy2d mixing --no-noise", langevin.collapses_without_noise,
    ),
    Claim(
        NCSN, "λ(σ) = σ² teaches one network all levels better than λ = 1.",
        "ncsn", "python -m toy2d ncsn", langevin.one_network_for_all_levels,
    ),
    Claim(
        DPM, "The forward chain reaches any of its noise levels in one step of closed form.",
        "dpm", "python -m toy2d forward", diffusion.forward_at_once,
    ),
    Claim(
        DPM, "Steps back are Gaussian when they are small, and not when they are large.",
        "dpm", "python -m toy2d forward", diffusion.small_steps_are_gaussian,
    ),
    Claim(
        DDPM, "DDPM and NCSN learn the same denoiser: each network serves the other's sampler.",
        "two-families", "python -m toy2d families", diffusion.families_exchange_samplers,
    ),
    Claim(
        DDIM, "In ten steps, DDIM (η = 0) is better than DDPM (η = 1).",
        "few-steps", "python -m toy2d steps", diffusion.few_steps_need_no_noise,
    ),
    Claim(
        CONDITIONAL, "Guidance draws samples beyond the class itself.",
        "guidance", "python -m toy2d guidance", diffusion.guidance_overshoots,
    ),
    Claim(
        IMAGES, "A sample of the posterior has twice the squared error of regression.",
        "inverse", "python -m toy2d inverse", diffusion.a_sample_costs_twice,
    ),
    Claim(
        IMAGES, "The regression's answer lies where data are rare.",
        "inverse", "python -m toy2d inverse", diffusion.regression_lies_between,
    ),
    Claim(
        ASSIGNMENT, "Inpainting by replacing what is known draws from the exact posterior.",
        "inpainting-2d", "python -m toy2d inpainting", diffusion.replacement_is_the_posterior,
    ),
    Claim(
        ASSIGNMENT, "Resampling (RePaint) brings replacement nearer to the posterior.",
        "inpainting-2d", "python -m toy2d inpainting", diffusion.resampling_mends_it,
    ),
    Claim(
        BEYOND, "In ten steps, DPM-Solver++ is better than DDIM.",
        "few-steps", "python -m toy2d steps", diffusion.solvers_need_fewer,
    ),
    Claim(
        BEYOND, "The deterministic flow gives the model's log density.",
        "likelihood", "python -m toy2d likelihood", diffusion.flow_knows_the_density,
    ),
)  # fmt: skip
