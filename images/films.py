"""What the pages of digits open with, made before: a first visit draws it, and computes only what is asked for.

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
    "Restored": "images.palette.experiment",
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
    """The result in the file of that name, where it was made for exactly this; else None."""
    return films.kept(FILMS / f"{name}.npz", made_for, RESULTS)
