"""What the pages of digits open with, and what their first slider leads to, made before: no network is asked for it.

NAME.npz is what a page opens with, NAME-*.npz the slider's other notches, what buttons lead to, and what the page opens
with where MNIST's files are not here.
`python -m images films` makes the files again; a test holds them to what is computed today.
"""

from pathlib import Path
from typing import Any

from playground import films
from playground.films import content, digest, packed

__all__ = ["content", "digest", "kept", "packed"]

FILMS = Path(__file__).parent / "shipped" / "films"
# What a file may hold beside arrays, lists and texts, and where it is: imported when a file has it.
RESULTS = {
    "Film": "images.sampling",
    "LatentFilm": "images.latent.experiment",
    "InBytes": "images.palette.experiment",
    "Shown": "images.autoencoders.experiment",
    "Reconstruction": "images.diffusion_autoencoder.experiment",
    "Drawing": "images.dalle2.experiment",
    "ZeroShot": "images.dalle2.clip_experiment",
    "Clouds": "images.dalle2.clip_experiment",
    "Gap": "images.dalle2.clip_experiment",
    "Share": "images.dalle2.agreement",
    "Estimate": "images.metrics.estimates",
}


def kept(name: str, made_for: Any) -> Any | None:
    """The result that was made for exactly this, in the file of that name or in another of its page; else None."""
    paths = [FILMS / f"{name}.npz", *sorted(FILMS.glob(f"{name}-*.npz"))]
    found = (films.kept(path, made_for, RESULTS) for path in paths)
    return next((each for each in found if each is not None), None)
