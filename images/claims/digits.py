"""What the lecture claims that the shipped models can test on digits, in the lecture's order."""

from images.claims import measures
from playground.claims import Claim
from playground.topics import ASSIGNMENT, AUTOENCODER, CONDITIONAL, DALLE2, IMAGES

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
        AUTOENCODER, "z decides what the digit is, x_T does not.",
        "autoencode", "python -m images reconstruct --measure 100", measures.z_decides_the_class,
    ),
    Claim(
        ASSIGNMENT, "The shipped model's digits are as near to the test digits as real ones are.",
        "generate", "python -m images evaluate", measures.digits_as_good_as_real,
    ),
)  # fmt: skip
