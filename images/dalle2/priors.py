"""The two priors against real embeddings: by distance, with its floor, and by the cosine, which misleads."""

import time
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from images.dalle2.clip_task import embedded
from images.dalle2.experiment import DrawConfig, Stack, imagined
from images.dalle2.prior_task import caption_of
from images.data.captions import codes_of
from images.data.mnist import Digits
from images.metrics.frechet import fitted, frechet_distance
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent

REAL, TEXT = "other real digits (floor)", "text embedding"
STEPS = (2, 5, 25, 50)


@dataclass(frozen=True)
class PriorsConfig(Knobs):
    """count: captions, those of as many test digits; as many others are the reference."""

    count: int = knob(2000, 100, 5000, "The number of captions")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True)
class Row:
    """distance: Frechet's, of embeddings to those of the reference's digits; cosine: the mean with the embedding of the
    digit whose caption was told; seconds: for all."""

    distance: float
    cosine: float
    seconds: float


def priors(stack: Stack, digits: Digits, config: PriorsConfig, report: Report = silent) -> dict[str, Row]:
    """Each prior draws an embedding for the full captions of the same digits."""
    n = config.count
    require(2 * n <= len(digits), f"There are {len(digits)} digits for 2 x {n}: ask for fewer.")
    z = embedded(stack.clip, digits.images[: 2 * n])
    own, reference = z[:n], fitted(z[n:].double().cpu())
    caption = caption_of(stack.clip, codes_of(digits.images[:n], digits.labels[:n]).to(z.device))

    def row(made: Tensor, seconds: float) -> Row:
        distance = frechet_distance(fitted(made.double().cpu()), reference)
        return Row(float(distance), float(F.cosine_similarity(made, own).mean()), seconds)

    rows = {REAL: row(own, 0.0), TEXT: row(caption["vector"], 0.0)}
    for number, steps in enumerate(STEPS):
        report(number, len(STEPS) + 1, f"{steps} steps")
        start = time.perf_counter()
        config_of = DrawConfig(count=1, steps=steps, frames=2)
        _, made = imagined(stack, caption, n, config_of, seeded(config.seed, z.device))
        rows[f"diffusion prior, {steps} steps"] = row(made, time.perf_counter() - start)
    if stack.ar_prior is not None:
        start = time.perf_counter()
        made = stack.ar_prior.sample(caption, n, seeded(config.seed, z.device))
        rows["autoregressive prior"] = row(made, time.perf_counter() - start)
        rounded = stack.ar_prior.embedding(stack.ar_prior.quantised(own))
        rows["its buckets alone, of real digits"] = row(rounded, 0.0)
    report(len(STEPS) + 1, len(STEPS) + 1)
    return rows
