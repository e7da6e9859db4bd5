"""What the digits show: the one list behind navigation, start page and command line."""

from playground.topics import ASSIGNMENT, AUTOENCODER, CONDITIONAL, DALLE2, DDIM, DDPM, IMAGES, LATENT, Topic

TOPICS = (
    Topic(
        "families", "families", "DDPM and NCSN", "compare", "The lecture's two families, side by side.",
        DDPM, "On digits, too, DDPM and NCSN train the same denoiser; what differs is the walk.",
    ),
    Topic(
        "table1", "table1", "Table 1", "table_chart", "The lecture's table of η and steps, on MNIST.",
        DDIM, "With few steps DDIM (η = 0) is best; with a thousand, DDPM's larger variance σ̂.",
    ),
    Topic(
        "guidance", "digits-guidance", "Guidance on digits", "label", "Ten classes, pulled harder and harder.",
        CONDITIONAL, "Guidance makes digits of the class that was asked for, and pays in variety.",
    ),
    Topic(
        "palette", "palette", "Palette", "palette", "One network told a damaged picture: colour, holes, JPEG.",
        IMAGES, "One network that is told the damaged picture restores colour, holes, sides and JPEG.",
    ),
    Topic(
        "clip", "clip", "CLIP", "join_inner", "Digits found by text, cosines, zero-shot classes, and the gap.",
        DALLE2, "CLIP puts a picture and its caption near each other, and can tell classes it was never taught.",
    ),
    Topic(
        "dalle2", "dalle2", "DALL-E 2", "draw", "A caption becomes a digit, through CLIP, prior and decoder.",
        DALLE2, "A caption becomes CLIP's image embedding (the prior), and that a picture (the decoder).",
    ),
    Topic(
        "variations", "variations", "Variations and in between", "difference",
        "Digits that CLIP embeds alike, and the way from one to another: what varies, what stays.",
        DALLE2, "An embedding keeps what a picture is about and lets the rest go; between two lie pictures, too.",
    ),
    Topic(
        "autoencoders", "autoencoder-latents", "Autoencoder and latents", "photo_size_select_small",
        "What f = 2, 4 and 8 keep of a digit, beside PCA.",
        LATENT, "An autoencoder keeps what matters of a picture in far fewer numbers, but generates nothing.",
    ),
    Topic(
        "latent", "latent", "Latent diffusion", "deblur", "The same diffusion, in an autoencoder's small latents.",
        LATENT, "Diffusion in an autoencoder's small latents costs less and loses little.",
    ),
    Topic(
        "diffusion_autoencoder", "autoencode", "Diffusion autoencoder", "compress",
        "A digit as z, what it is, and $x_T$, the rest.",
        AUTOENCODER, "A digit is z, what it is, and $x_T$, the rest; both together give it back.",
    ),
    Topic(
        "change", "between", "In between and change", "tune", "From one digit to another; thicker, slanted, wider.",
        AUTOENCODER, "Straight lines in z lead from one digit to another, and along thickness and slant.",
    ),
    Topic(
        "train", "train", "Train", "model_training", "Train the model on real digits, and watch.",
        ASSIGNMENT, "A diffusion model for MNIST is trained by predicting the noise in noised digits.",
    ),
    Topic(
        "generate", "generate", "Generate", "auto_awesome", "Digits from noise, step by step.",
        ASSIGNMENT, "The trained model turns noise into digits, by the steps of the plane, unchanged.",
    ),
    Topic(
        "inpainting", "inpaint", "Inpaint", "brush", "Paint a hole into a digit; see it filled in.",
        ASSIGNMENT, "The same trained model fills in what was painted over, in several ways.",
    ),
    Topic(
        "runs", "compare", "Runs and metrics", "monitoring", "Runs compared by loss, samples and metrics.",
        ASSIGNMENT, "How good are the digits? Distance to real ones, beside what real ones are apart.",
    ),
)  # fmt: skip
# folder -> its subcommands and what each does, so that help is given without importing what runs them
COMMANDS = {
    "train": {
        "train-stack": "train CLIP, priors, decoder and upsampler, or go on with it (DALL-E 2)",
        "minutes": "how long the presets take on this machine, by a second of each",
        "looks": "keep the digits of finished runs, or of models, as their presets' pictures",
        "train": "train a model, or go on with one",
    },
    "generate": {
        "films": "make again what the pages of digits open with",
        "sample": "new digits from noise",
    },
    "inpainting": {
        "inpaint-table": "all ways of inpainting on the same digits and masks, measured",
        "inpaint": "fill a hole in a digit",
    },
    "runs": {
        "losses": "draw the losses of trainings beside each other",
        "ship": "write a model in float16 with a card, as the repository carries it",
        "evaluate": "measure a model: Frechet distance, ...",
    },
    "table1": {"table1": "the lecture's Table 1 on MNIST, cell by cell"},
    "families": {"annealing": "annealed Langevin as written, and told the noise that is there"},
    "guidance": {
        "guidance": "digits guided with and without a classifier, measured",
        "guide-accuracy": "how often guides are right, level by level",
    },
    "palette": {
        "palette-table": "regression, generalist and specialists on the same digits",
        "palette": "damaged digits restored by one network, and measured",
    },
    "dalle2": {
        "clip-between": "digits between two, along CLIP's sphere (DALL-E 2)",
        "table-priors": "the priors' embeddings against real ones (DALL-E 2)",
        "clip": "CLIP's zero-shot classes and attributes on the test digits (DALL-E 2)",
        "table-clip": "CLIPs by what counts as a positive, and a bag of words, compared (DALL-E 2)",
        "table-upsampler": "the upsampler told true and drawn small digits, measured (DALL-E 2)",
        "table-guidance": "the decoder guided by itself or by a CLIP, measured (DALL-E 2)",
        "draw": "digits for a caption (DALL-E 2)",
        "table-captions": "what prior and caption are for, measured from pixels (DALL-E 2)",
        "variations": "digits that CLIP embeds as it does a given one (DALL-E 2)",
    },
    "scenes": {
        "table-scenes": "colours bound to digits, with and without a caption's words (DALL-E 2)",
        "draw-scene": "two digits in two colours for a caption (DALL-E 2)",
    },
    "variations": {
        "table-variations": "what varies among digits of one embedding, and what stays (DALL-E 2)"
    },
    "autoencoders": {"autoencoders": "latents at f = 2, 4 and 8, measured"},
    "latent": {
        "latent-table": "pixels against latents: cost and distance",
        "latent": "new digits by diffusion in latents",
    },
    "diffusion_autoencoder": {
        "table-z": "what x_T decides and what z tells, by the size of z",
        "reconstruct": "a digit to z and x_T, and back",
        "sample-z": "new digits: z from its prior",
    },
    "change": {
        "between": "from one digit to another, by z and x_T",
        "change": "a digit made thicker, more slanted or wider",
    },
    "classify": {"train-classifier": "the classifier behind the metrics"},
    "claims": {"claims": "the lecture's claims, each measured: number, interval, verdict"},
}
