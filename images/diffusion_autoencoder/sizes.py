"""By the size of z: what is left for x_T to decide, and what can be read off z linearly.

Preechakul et al. (2022), Section 5.1 and Table 2; lecture, "Diffusion autoencoder".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from images.data.attributes import attributes
from images.data.mnist import Digits, to_model, to_uint8
from images.diffusion_autoencoder.experiment import LEAST_STEPS, codes, downward
from images.diffusion_autoencoder.measure import PROBED, probes
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, bootstrap, ratio_of, share_of
from images.metrics.pca import Basis, principal
from images.metrics.ridge import fitted
from images.models import Model
from playground.errors import SEEDS
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import Difference, interval, interval_of_mean, verdict
from playground.walk import final, starting_noise

READ = ("thickness", "slant", "width")
BATCH = 256


@dataclass(frozen=True)
class SizesConfig(Knobs):
    """digits: test digits; draws: of x_T for the z of each, in `steps` steps."""

    digits: int = knob(50, 10, 2000, "The number of digits")
    draws: int = knob(8, 2, 64, "The number of draws")
    steps: int = knob(20, LEAST_STEPS, 1000, "The number of steps")
    seed: int = knob(0, *SEEDS, "The seed")


@dataclass(frozen=True, eq=False)
class Size:
    """left: of each digit, (N,), the variance of a pixel over x_T with z told, as a share of that over all digits.

    kept: of each digit, (N,), the share of its draws whose class the metrics' classifier reads as the digit's own.
    probes: class accuracy on all test digits off z and off PCA of that size; lead: the first less the second, over the
    same digits.  explained: R**2 of thickness, slant and width off z, and off PCA.
    """

    size: int
    left: Tensor
    kept: Tensor
    probes: dict[str, Estimate]
    lead: Difference
    explained: dict[str, dict[str, Estimate]]


def measure(
    models: Mapping[str, Model],
    classifier: Classifier,
    training: Digits,
    test: Digits,
    config: SizesConfig,
    report: Report = silent,
) -> dict[str, Size]:
    """One training of each size."""
    basis = principal(to_model(training.images).flatten(1), max(size_of(model) for model in models.values()))
    found = {}
    for turn, (name, model) in enumerate(models.items()):
        report(turn, len(models))
        own = basis.of(size_of(model))
        left, kept = drawn(model, classifier, test, config)
        right = probes(model, own, training, test)
        found[name] = Size(
            size_of(model),
            left,
            kept,
            {view: share_of(hits) for view, hits in right.items()},
            interval_of_mean(right["z"].double() - right["PCA"].double()),
            explained(model, own, training, test, config.seed),
        )
    report(len(models), len(models))
    return found


def size_of(model: Model) -> int:
    """How many numbers z has.  Raises UserError for a model without an encoder."""
    model.part("encoder")
    return model.config.vector


def drawn(model: Model, classifier: Classifier, test: Digits, config: SizesConfig) -> tuple[Tensor, Tensor]:
    """left and kept of `Size`: z of each digit, with `draws` random x_T, the same for every model."""
    n, K = config.digits, config.draws
    x0 = to_model(test.images[:n]).to(model.device)
    z = codes(model, x0).repeat_interleave(K, 0)
    x_T = starting_noise(
        (n * K, *model.shape), model.schedule.grid(config.steps)[0], seeded(config.seed, model.device)
    )
    parts = zip(x_T.split(BATCH), z.split(BATCH), strict=True)
    x = torch.cat([final(downward(model, a, config.steps, b)) for a, b in parts]).clamp(-1, 1).cpu()
    within = x.view(n, K, -1).var(1).mean(1)  # the variance over x_T, unbiased
    total = to_model(test.images).flatten(1).var(0).mean()
    read = features(classifier, to_uint8(x)).classes.view(n, K)
    return (within / total).double(), (read == test.labels[:n, None]).double().mean(1)


def explained(
    model: Model, basis: Basis, training: Digits, test: Digits, seed: int
) -> dict[str, dict[str, Estimate]]:
    """R**2 on the test digits of ridge regressions of thickness, slant and width, off z and off PCA of that size."""
    seen, rng = training.images[:PROBED], seeded(seed)
    y, wanted = _values(seen), _values(test.images)
    whole = y.isfinite().all(1)
    found: dict[str, dict[str, Estimate]] = {}
    for view in ("z", "PCA"):
        a, b = (
            codes(model, x).cpu() if view == "z" else basis.projected(x.flatten(1))
            for x in (to_model(seen), to_model(test.images))
        )
        errors = (fitted(a[whole], y[whole])(b) - wanted).square()
        spread = (wanted - wanted.mean(0)).square()
        found[view] = {
            of: bootstrap(
                ratio_of((spread - errors)[:, k], spread[:, k]), len(b), rng, ends=(-torch.inf, 1.0)
            )
            for k, of in enumerate(READ)
        }  # fmt: skip
    return found


def _values(images: Tensor) -> Tensor:
    found = attributes(images)
    return torch.stack([getattr(found, name) for name in READ], 1).double()


def claims(found: Mapping[str, Size]) -> list[str]:
    """That a larger z leaves less to x_T, size by size, and that z is read better than PCA of its size."""
    rows: Sequence[Size] = sorted(found.values(), key=lambda row: row.size)
    said = []
    for small, large in pairwise(rows):
        d, N = interval_of_mean(small.left - large.left), f"N = {len(small.left)}, one training each"
        one, other = (interval(interval_of_mean(row.left)) for row in (large, small))
        said.append(
            f"With {large.size} numbers x_T decides less than with {small.size}: {one} against {other} of a pixel's "
            f"variance, {interval(d)} less, {N}; "
            f"**{verdict(d, N)}**."
        )
    for row in rows:
        said.append(
            f"The class is read better off {row.size} numbers of z than off as many of PCA: "
            f"{interval(row.probes['z'])} against {interval(row.probes['PCA'])}, {interval(row.lead)} more; "
            f"**{verdict(row.lead)}**."
        )
    return said
