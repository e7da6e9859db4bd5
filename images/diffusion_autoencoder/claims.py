"""What is claimed of z and x_T, each with its numbers and a verdict; what is compared is compared digit by digit."""

from images.diffusion_autoencoder.measure import PCA, PLAIN, UNTOLD, Z_HEUN, Z_OWN, Z_RANDOM, Measured
from playground.statistics import FAILS, HOLDS, Difference, equals, interval, interval_of_mean, verdict


def claims(found: Measured) -> list[str]:
    """A sentence for each."""
    return _errors(found) + _shares(found) + _noise(found) + _ways(found)


def _errors(found: Measured) -> list[str]:
    few, N = found.config.steps[0], f"N = {found.config.digits}"
    lower = [
        (f"z and a random x_T, {few} steps, bring more of the digit back than PCA with {found.size} numbers",
         (Z_RANDOM, few), (PCA, 0)),
        (f"told z, {few} steps to its own x_T and back lose less than told nothing", (Z_OWN, few), (UNTOLD, few)),
        (f"and less than {few} steps of the shipped model, which knows no z", (Z_OWN, few), (PLAIN, few)),
        (f"Heun with {few} calls each way loses less than DDIM with as many", (Z_HEUN, few), (Z_OWN, few)),
    ]  # fmt: skip
    said = []
    for words, one, other in lower:
        more = interval_of_mean(found.each[other] - found.each[one])
        said.append(
            f"{words}: mean squared error {interval(found.errors[one], '.1e')} against "
            f"{interval(found.errors[other], '.1e')}, {interval(more, '.1e')} less; **{verdict(more, N)}**."
        )
    return said


def _shares(found: Measured) -> list[str]:
    rows = [
        (
            "a linear map reads the class off z better than off PCA of the same size",
            found.probes,
            "PCA",
            "class",
        ),
        (
            "where z is one digit's and x_T another's, the class is that of z's",
            found.follows,
            "x_T",
            "swapped",
        ),
    ]
    return [
        f"{words}: {interval(of['z'])} against {interval(of[other])}, {interval(found.leads[lead])} more; "
        f"**{verdict(found.leads[lead])}**."
        for words, of, other, lead in rows
    ]


def _noise(found: Measured) -> list[str]:
    return [
        f"x_T of real digits is not noise where there is {where}: mean square {interval(square, '.2f')}, noise has 1; "
        f"**{FAILS if equals(1, square) == HOLDS else HOLDS}**."
        for where, square in found.spreads.items()
    ]


def _ways(found: Measured) -> list[str]:
    said, pairs = [], f"{found.config.pairs} pairs"
    for way, more in found.evener.items():
        less = Difference(-more.value, -more.high, -more.low)
        said.append(
            f"the way between two digits by z and x_T is more even than by {way}: longest step over mean one is "
            f"{interval(less, '.2f')} less, {pairs}; **{verdict(less, pairs)}**."
        )
    return said
