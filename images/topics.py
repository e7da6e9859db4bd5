"""What the digits show: the one list behind navigation, start page and command line."""

from playground.topics import Topic

TOPICS = (
    Topic("generate", "generate", "Generate", "auto_awesome", "Digits from noise, step by step."),
    Topic("inpainting", "inpaint", "Inpaint", "brush", "Paint a hole into a digit; see it filled in."),
    Topic(
        "guidance", "digits-guidance", "Guidance on digits", "label", "Ten classes, pulled harder and harder."
    ),
    Topic(
        "palette", "palette", "Palette", "palette", "One network told a damaged picture: colour, holes, JPEG."
    ),
    Topic(
        "diffusion_autoencoder",
        "autoencode",
        "Diffusion autoencoder",
        "compress",
        "A digit as z, what it is, and x_T, the rest.",
    ),
    Topic(
        "latent",
        "latent",
        "Latent diffusion",
        "deblur",
        "The same diffusion, in an autoencoder's small latents.",
    ),
    Topic("train", "train", "Train", "model_training", "Train the model on real digits, and watch."),
    Topic("families", "families", "DDPM and NCSN", "compare", "The lecture's two families, side by side."),
    Topic(
        "dalle2", "dalle2", "DALL-E 2", "draw", "A caption becomes a digit, through CLIP, prior and decoder."
    ),
    Topic("runs", "compare", "Runs and metrics", "monitoring", "Runs compared by loss, samples and metrics."),
    Topic("table1", "table1", "Table 1", "table_chart", "The lecture's table of η and steps, on MNIST."),
)
# folders with a command.py
COMMANDS = (
    "train", "generate", "inpainting", "runs", "table1", "families", "guidance", "palette", "dalle2",
    "latent", "diffusion_autoencoder", "classify",
)  # fmt: skip
