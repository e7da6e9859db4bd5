"""What the lecture claims that the shipped models can test on digits, in the lecture's order."""

from images.claims import latents, measures
from playground.claims import Claim
from playground.topics import ASSIGNMENT, AUTOENCODER, CONDITIONAL, DALLE2, IMAGES, LATENT

CLAIMS = (
    Claim(
        CONDITIONAL, "Guidance makes more of the digits the class that was asked for.",
        "digits-guidance", "python -m images guidance", measures.guidance_raises_agreement,
    ),
    Claim(
        IMAGES, "A sample of Palette has twice the squared error of regression.",
        "palette", "python -m images palette", measures.palette_costs_twice,
    ),
    Claim(
        DALLE2, "CLIP tells classes that it was never taught.",
        "clip", "python -m images clip", measures.clip_tells_classes,
    ),
    Claim(
        DALLE2, "An embedding drawn by the prior serves the decoder better than the caption's own.",
        "dalle2", "python -m images table-captions", measures.prior_beats_text_embedding,
    ),
    Claim(
        DALLE2, "The diffusion prior's embeddings serve the decoder better than the autoregressive prior's.",
        "dalle2", "python -m images table-captions", measures.diffusion_prior_beats_autoregressive,
    ),
    Claim(
        DALLE2, "Told true small digits, the upsampler draws what was asked more often than told the decoder's.",
        "dalle2", "python -m images table-upsampler", measures.true_small_digits_serve_better,
    ),
    Claim(
        DALLE2, "From one digit to another CLIP's arc is a more even way than blending pixels.",
        "variations", "python -m images clip-between --measure 50", measures.arc_is_more_even_than_pixels,
    ),
    Claim(
        LATENT, "An autoencoder keeps more of a digit than as many numbers of PCA.",
        "autoencoder-latents", "python -m images autoencoders", latents.autoencoder_keeps_more_than_pca,
    ),
    Claim(
        LATENT, "A critic of patches gives up squared error for sharper strokes.",
        "autoencoder-latents", "python -m images autoencoders", latents.critic_trades_error_for_sharpness,
    ),
    Claim(
        LATENT, "What the autoencoder loses, no diffusion in its latents brings back.",
        "latent", "python -m images latent-table", latents.diffusion_brings_nothing_back,
    ),
    Claim(
        AUTOENCODER, "z decides what the digit is, x_T does not.",
        "autoencode", "python -m images reconstruct --measure 100", measures.z_decides_the_class,
    ),
    Claim(
        AUTOENCODER, "A digit's class is read off z by a linear map better than off PCA of its size.",
        "autoencode", "python -m images table-z", latents.z_is_read_linearly,
    ),
    Claim(
        AUTOENCODER, "The noise that a real digit comes from is not normal: nearly nothing on empty paper.",
        "autoencode", "python -m images reconstruct --measure 100", latents.own_noise_is_not_noise,
    ),
    Claim(
        AUTOENCODER, "Along a straight line in z a digit leans more and more.",
        "between", "python -m images change --measure 100", latents.attributes_have_directions,
    ),
    Claim(
        ASSIGNMENT, "The shipped model's digits are as near to the test digits as real ones are.",
        "generate", "python -m images evaluate", measures.digits_as_good_as_real,
    ),
)  # fmt: skip
