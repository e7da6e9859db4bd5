"""What the plane shows, in the lecture's order: the one list behind navigation, start page and command line."""

from playground.topics import (
    ANNEALED,
    ASSIGNMENT,
    BEYOND,
    CONDITIONAL,
    DALLE2,
    DDIM,
    DDPM,
    DPM,
    LATENT,
    MATCHING,
    NCSN,
    PROBLEM_1,
    PROBLEM_2,
    SCORE,
    Topic,
)

TOPICS = (
    Topic(
        "autoencoder", "autoencoder", "Denoising autoencoder", "blur_off", "It denoises, and so knows the score.",
        SCORE, "The best denoiser points to where the data are denser: $d(\\tilde x) = \\tilde x + σ^2 ∇ \\log q_σ$.",
    ),
    Topic(
        "score_fields", "score-fields", "Score fields", "explore", "Exact and learned arrows, and where they part.",
        MATCHING, "A network that only predicts the noise learns the score ∇ log p(x).",
    ),
    Topic(
        "low_density", "low-density", "Problem 1: low density", "blur_circular",
        "Where data are scarce, the score is wrong.",
        PROBLEM_1, "A score learned from data is poor where there are few; noise at many levels puts data everywhere.",
    ),
    Topic(
        "mixing", "mixing", "Mixing", "scatter_plot", "Move π: plain Langevin fails, annealed does not.",
        PROBLEM_2, "Plain Langevin dynamics gets the weights of far modes wrong; annealed Langevin recovers them.",
    ),
    Topic(
        "mixing_time", "crossing", "Mixing time", "hourglass", "How long plain Langevin would need: steps, or years.",
        PROBLEM_2, "Plain Langevin dynamics is right in the end, only not within any time that one can wait.",
    ),
    Topic(
        "annealing", "annealing", "Annealed Langevin", "stairs", "Levels, steps and step sizes, dissected.",
        ANNEALED, "Langevin dynamics from large to small noise needs enough levels and steps, of size ∝ σ².",
    ),
    Topic(
        "ncsn", "ncsn", "NCSN", "stacked_line_chart", "One network for all σ; what λ(σ) does.",
        NCSN, "One network learns the scores of all noise levels, if λ(σ) weighs their losses alike.",
    ),
    Topic(
        "forward_and_bound", "dpm", "Diffusion probabilistic model", "steps", "Chain, posterior and bound, in nats.",
        DPM, "Noise added in small Gaussian steps can be undone by Gaussian steps, learned through a bound.",
    ),
    Topic(
        "diffusion", "diffusion", "Diffusion", "grain", "Data to noise, and back by DDPM or DDIM.",
        DPM, "The forward process turns any data into N(0, I); its reversal turns N(0, I) into data.",
    ),
    Topic(
        "ddpm_and_ncsn", "two-families", "DDPM against NCSN", "sync_alt", "Each network with the other's sampler.",
        DDPM, "DDPM and NCSN are very similar: both learn to denoise samples at different levels of noise.",
    ),
    Topic(
        "few_steps", "few-steps", "Fewer steps", "fast_forward", "η, steps, and solvers that need fewer of them.",
        DDIM, "The same trained model gives good samples in far fewer steps when no noise is added (η = 0).",
    ),
    Topic(
        "guidance", "guidance", "Guidance", "near_me", "Pull samples towards a class; see where they really end.",
        CONDITIONAL, "A classifier, or the model's own conditional half, pulls samples towards a class.",
    ),
    Topic(
        "latents", "latents-2d", "Latents in the plane", "compress", "One number of two: which, at which scale.",
        LATENT, "What varies most is not what matters most; latents need a scale, and a z that says what a point is.",
    ),
    Topic(
        "inpainting", "inpainting-2d", "Inpainting in 2-D", "healing",
        "One coordinate is seen: who fills in the other?",
        ASSIGNMENT, "A trained diffusion model fills in what is missing, without new training.",
    ),
    Topic(
        "likelihood", "likelihood", "Likelihood", "landscape", "The density, in nats, by the deterministic flow.",
        BEYOND, "A diffusion model knows its own density: follow the deterministic flow and add up its divergence.",
    ),
    Topic(
        "inverse_problems", "inverse", "Palette's twin", "linear_scale", "Regression, samples, and the factor of two.",
        CONDITIONAL, "Told a damaged picture, a model samples what it could have been; regression says the mean.",
    ),
    Topic(
        "captions", "caption-twin", "DALL-E 2 in the plane", "text_fields",
        "Prior and decoder in closed form: what the text embedding does in the place of z.",
        DALLE2, "A prior is needed: the caption's own embedding leads the decoder to one place, often between modes.",
    ),
    Topic(
        "own_data", "own-data", "Your own data", "draw", "Paint points: who memorises, who learns the shape?",
        BEYOND, "The best denoiser of a finite set returns that set; a network must do worse to invent.",
    ),
)  # fmt: skip
# folder -> its subcommands and what each does, so that help is given without importing what runs them
COMMANDS = {
    "autoencoder": {
        "autoencoder": "a denoising autoencoder beside the optimal denoiser",
        "autoencoder-sigmas": "the autoencoder's error as sigma goes down",
    },
    "score_fields": {
        "field": "the score as arrows; exact, and learned with --learned",
        "train": "train a score and keep it in a file for --model",
    },
    "low_density": {
        "low-density": "a score learned at one noise level, and at many: its error",
        "low-density-data": "the same for 100 to 30,000 training points",
    },
    "mixing": {"mixing": "plain and annealed Langevin dynamics, shares against pi"},
    "mixing_time": {
        "crossing": "the time plain Langevin needs, by crossings and by formulas",
        "recovery": "recovered against true weight, plain and annealed",
    },
    "annealing": {"annealing": "annealed Langevin: L, T, eps, sigma_1 against errors"},
    "ncsn": {"ncsn": "one network for all sigmas; lambda = 1, sigma, sigma^2 compared"},
    "forward_and_bound": {
        "forward": "the forward chain, its closed form, one step's posterior",
        "bound": "the variational bound, term by term, against the exact value",
        "losses": "DDPM's simple and weighted loss, one network by each",
    },
    "diffusion": {"diffusion": "the forward process and back by DDPM, DDIM or Heun"},
    "ddpm_and_ncsn": {
        "told-noise": "annealed Langevin told sigma_i, and told the noise that is there",
        "families": "networks trained as NCSN and DDPM, with both's samplers",
    },
    "few_steps": {"steps": "eta x number of steps; round trip and orders of the solvers"},
    "guidance": {
        "guidance": "classifier and classifier-free guidance, and truth",
        "best-w": "the best w of networks trained for shorter and longer, and of the exact model",
    },
    "latents": {"latents": "what a code keeps, its scale, and inversion told the mode, exact"},
    "inpainting": {"inpainting": "fill in a coordinate; four methods against the truth"},
    "likelihood": {"likelihood": "log density by the probability-flow ODE, against the exact one"},
    "inverse_problems": {"inverse": "inverse problems: regression, samples, the factor of two"},
    "captions": {"caption-twin": "DALL-E 2 in the plane: prior, decoder, and truth"},
    "own_data": {"own-data": "finite data: memorised by the exact optimum, learned by a network"},
    "claims": {"claims": "the lecture's claims, each measured: number, interval, verdict"},
}
