"""What the plane shows, in the lecture's order: the one list behind navigation, start page and command line."""

from playground.topics import Topic

TOPICS = (
    Topic(
        "autoencoder", "autoencoder", "Denoising autoencoder", "blur_off", "It denoises, and so knows the score."
    ),
    Topic(
        "score_fields", "score-fields", "Score fields", "explore", "Exact and learned arrows, and where they part."
    ),
    Topic(
        "low_density", "low-density", "Problem 1: low density", "blur_circular",
        "Where data are scarce, the score is wrong.",
    ),
    Topic("mixing", "mixing", "Mixing", "scatter_plot", "Move π: plain Langevin fails, annealed does not."),
    Topic(
        "mixing_time", "crossing", "Mixing time", "hourglass", "How long plain Langevin would need: steps, or years."
    ),
    Topic("annealing", "annealing", "Annealed Langevin", "stairs", "Levels, steps and step sizes, dissected."),
    Topic("ncsn", "ncsn", "NCSN", "stacked_line_chart", "One network for all σ; what λ(σ) does."),
    Topic(
        "forward_and_bound", "dpm", "Diffusion probabilistic model", "steps", "Chain, posterior and bound, in nats."
    ),
    Topic("diffusion", "diffusion", "Diffusion", "grain", "Data to noise, and back by DDPM or DDIM."),
    Topic(
        "ddpm_and_ncsn", "two-families", "DDPM against NCSN", "sync_alt", "Each network with the other's sampler."
    ),
    Topic(
        "few_steps", "few-steps", "Fewer steps", "fast_forward", "η, steps, and solvers that need fewer of them."
    ),
    Topic("likelihood", "likelihood", "Likelihood", "landscape", "The density, in nats, by the deterministic flow."),
    Topic("guidance", "guidance", "Guidance", "near_me", "Pull samples towards a class; see where they really end."),
    Topic(
        "inpainting", "inpainting-2d", "Inpainting in 2-D", "healing", "One coordinate is seen: who fills in the other?"
    ),
    Topic("own_data", "own-data", "Your own data", "draw", "Paint points: who memorises, who learns the shape?"),
)  # fmt: skip
