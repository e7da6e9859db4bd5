"""What is claimed of z and x_T, each with its numbers and a verdict."""

from images.diffusion_autoencoder.measure import PCA, PLAIN, UNTOLD, Z_OWN, Z_RANDOM, Measured
from images.metrics.estimates import verdict
from playground.statistics import interval


def claims(found: Measured) -> list[str]:
    """A sentence for each."""
    errors, few = found.errors, found.config.steps[0]
    own, N = errors[Z_OWN, few], found.config.digits
    lower = [
        (
            f"z and a random x_T, {few} steps, bring more of the digit back than PCA with {found.size} numbers",
            errors[Z_RANDOM, few],
            errors[PCA, 0],
        ),
        (
            f"told z, {few} steps to its own x_T and back lose less than told nothing",
            own,
            errors[UNTOLD, few],
        ),
        (f"and less than {few} steps of the shipped model, which knows no z", own, errors[PLAIN, few]),
    ]
    higher = [
        (
            "a linear map reads the class off z better than off PCA of the same size",
            found.probes,
            ".3f",
            "PCA",
        ),
        ("where z is one digit's and x_T another's, the class is that of z's", found.follows, ".2f", "x_T"),
    ]
    sentences = [
        f"{words}: mean squared error {interval(a, '.1e')} against {interval(b, '.1e')}, N = {N}; {verdict(b, a)}."
        for words, a, b in lower
    ]
    return sentences + [
        f"{words}: {interval(of['z'], form)} against {interval(of[other], form)}; {verdict(of['z'], of[other])}."
        for words, of, form, other in higher
    ]
