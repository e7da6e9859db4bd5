"""How even a path of images is, in the features of the metrics' classifier, which no model on the way has seen."""

from torch import Tensor

from images.metrics.classifier import Features


def unevenness(path: Features) -> float:
    """Longest over mean step between neighbours of a path of K images, K - 1 steps: 1 is even, K - 1 one leap."""
    steps = path.deep.diff(dim=0).norm(dim=1)
    return float(steps.max() / steps.mean())


def third_classes(path: Features) -> Tensor:
    """Which images between the ends are read as neither end is, (K - 2,) bool."""
    classes = path.classes
    return (classes[1:-1] != classes[0]) & (classes[1:-1] != classes[-1])
