"""What the metrics' classifier reads in the few digits that a page shows, as a sentence.

It judges and never guides.  Of so few digits only large differences can be told, and the sentence says how large.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from images.metrics.classifier import Classifier, features
from playground.claims import mostly, no_less
from playground.statistics import difference_of_shares, interval, told_share

SURE = 0.9  # a digit is clear where the most probable class has more than this probability


def clear(classifier: Classifier, images: np.ndarray | Tensor) -> np.ndarray:
    """Which of the images, (N, 28, 28) or (N, 1, 28, 28) uint8, the classifier is sure about: (N,) bool."""
    return (features(classifier, _batch(images)).probabilities.max(1).values > SURE).numpy()


def read(classifier: Classifier, images: np.ndarray | Tensor) -> np.ndarray:
    """The class that is read in each, (N,)."""
    return features(classifier, _batch(images)).classes.numpy()


def said_of_made(
    classifier: Classifier, images: np.ndarray, label: int | None, real: np.ndarray
) -> tuple[str, str]:
    """Whether new digits are as clear as real ones, or where a class was asked for, whether most are of it."""
    if label is None:
        return said_of_clear(clear(classifier, images), real)
    return said_of_class(read(classifier, images), label)


def said_of_clear(shown: np.ndarray, real: np.ndarray) -> tuple[str, str]:
    """How many of the shown digits are clear, and whether that is as many as of real ones; shown, real: what `clear`
    says of each.
    """
    n, share, truth = len(shown), float(shown.mean()), float(real.mean())
    fewer = difference_of_shares(truth, len(real), share, n)
    apart = (
        f"fewer, by {interval(fewer, '.0%')} of all" if fewer.low > 0
        else "no fewer within the noise"
    )  # fmt: skip
    return (
        f"Claim: as many are clear as of real digits. The metrics' classifier is sure of {shown.sum()} of these {n} "
        f"({share:.0%}), and of {truth:.0%} of {len(real):,} real ones: {apart}."
    ), no_less(fewer, f"N = {n}")


def said_of_class(
    seen: np.ndarray, asked: int | Sequence[int] | np.ndarray, what: str = "asked for"
) -> tuple[str, str]:
    """How many are read as the class that they should have, and whether most are; asked: of all, or of each."""
    right = np.asarray(seen) == np.asarray(asked)
    n, hits = len(right), int(right.sum())
    return (
        f"Claim: most are read as the class {what}: {hits} of {n}, {told_share(hits / n, n)}; chance has 10%.",
        mostly(hits, n),
    )


def counted(seen: np.ndarray) -> str:
    """ "3 (5 times), 8 (once)", the most frequent class first."""
    found = Counter(np.asarray(seen).tolist()).most_common()
    return ", ".join(f"{digit} ({'once' if n == 1 else f'{n} times'})" for digit, n in found)


def _batch(images: np.ndarray | Tensor) -> Tensor:
    return torch.as_tensor(np.asarray(images)).reshape(-1, 1, 28, 28)
