"""A topic: one claim of the lecture, one folder, one page, and its commands; and the tour through all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

# The lecture's headings, in its order; the tour follows them.
SCORE = "The optimal denoising function"
MATCHING = "Denoising score matching"
PROBLEM_1 = "Problem 1 with Langevin dynamics sampling"
PROBLEM_2 = "Problem 2: Bad mixing of Langevin dynamics"
ANNEALED = "Annealed Langevin dynamics"
NCSN = "Noise conditional score networks (NCSN)"
DPM = "Diffusion probabilistic models"
DDPM = "Denoising diffusion probabilistic models (DDPM)"
DDIM = "Denoising diffusion implicit model (DDIM)"
CONDITIONAL = "Conditional generation with diffusion-based models"
IMAGES = "Image generation conditioned on images"
DALLE2 = "DALL·E-2"
LATENT = "Latent diffusion models"
AUTOENCODER = "Diffusion autoencoder"
ASSIGNMENT = "Home assignment"
BEYOND = "Beyond the lecture"
SECTIONS = (
    SCORE, MATCHING, PROBLEM_1, PROBLEM_2, ANNEALED, NCSN, DPM, DDPM, DDIM,
    CONDITIONAL, IMAGES, DALLE2, LATENT, AUTOENCODER, ASSIGNMENT, BEYOND,
)  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """folder: in its wing's package, holding page.py and command.py.  address: the page's, which bookmarks know.

    icon: a Material symbol's name.  blurb: what the start page says of it, one line: what is measured there.
    section: of the lecture, one of SECTIONS.  claim: the lecture's, in one sentence; the page opens with it.
    """

    folder: str
    address: str
    title: str
    icon: str
    blurb: str
    section: str = BEYOND
    claim: str = ""


def touring(topics: Iterable[Topic]) -> list[Topic]:
    """All topics in the lecture's order; within a section they keep the order they come in."""
    return sorted(topics, key=lambda topic: SECTIONS.index(topic.section))
