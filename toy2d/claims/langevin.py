"""Claims of the lecture's first half in the plane: denoising, scores, Langevin dynamics and its two problems."""

from dataclasses import replace

import numpy as np

from playground.claims import Outcome, within
from playground.progress import Report, part_of, turn_of
from playground.statistics import (
    Z,
    difference,
    interval,
    mean_difference,
    verdict,
)
from toy2d.autoencoder.experiment import AutoencoderConfig, autoencoder, moves_by_the_score
from toy2d.low_density.experiment import REPEATS, LowDensityConfig, Repeats, repeats
from toy2d.mixing.experiment import NEAR, MixingConfig, gets_wrong, mixing, off_by
from toy2d.mixing_time.experiment import SweepConfig, sweep
from toy2d.ncsn.experiment import NcsnConfig, learn_each, level_errors
from toy2d.net import LearnConfig, learn

LEARNING = LearnConfig(objective="dae", steps=600)
# A point between the modes may be far off, so that few points say little.
DENOISED = AutoencoderConfig(LEARNING.mixture, LEARNING.sigma, samples=100_000, resolution=11)
MIXING = MixingConfig(frames=2)
LOW_DENSITY = LowDensityConfig(steps=300, width=64, sigmas=7, resolution=41)
CROSSING = SweepConfig(distances=(1.0, 1.5, 2.0), measured_at=(1.0, 1.5, 2.0), particles=2_000, longest=2_000)
NCSN = NcsnConfig(train_steps=300)


def learns_the_score(report: Report) -> Outcome:
    found = moves_by_the_score(DENOISED, autoencoder(DENOISED, learn(LEARNING, report)))
    return Outcome(f"{found.words} {LEARNING.steps:,} training steps.", found.verdict)


def worse_at_low_density(report: Report) -> Outcome:
    """The share of the data less the share of the square where one score, learned at one level, is good to 10 %."""
    found: Repeats = repeats(LOW_DENSITY, report)
    area, mass = found.area["one"], found.mass["one"]
    gap = mean_difference(mass, area)
    return Outcome(
        f"Good to 10 % for {mass.mean():.1%} of the data, but on {area.mean():.1%} of the square: {interval(gap)} "
        f"apart, {REPEATS} trainings.",
        verdict(gap),
    )


def many_levels_close_the_hole(report: Report) -> Outcome:
    """The square's good area: many levels at their best sigma, and one level at its own."""
    config = replace(LOW_DENSITY, seed=100)  # other networks than the claim before
    gap = repeats(config, report).differences()["high"]
    return Outcome(
        f"The good area grows by {interval(gap)} of the square, {REPEATS} pairs of trainings.", verdict(gap)
    )


def plain_forgets_pi(report: Report) -> Outcome:
    found, pi = mixing(MIXING, report=report), MIXING.mixture.pi
    off = off_by(found.plain.shares[-1], found.weights, MIXING)
    return Outcome(
        f"π = {pi:g}, and {pi + off.value:.3f} of the particles end in the mode: {interval(off)} off, and {NEAR:g} is "
        f"tolerated. N = {MIXING.particles:,}, {MIXING.plain_steps:,} steps from a square.",
        gets_wrong(off),
    )


def annealed_finds_pi(report: Report) -> Outcome:
    config = replace(MIXING, seed=1, particles=10_000, plain=1)  # the annealed chain alone
    found, pi = mixing(config, report=report), config.mixture.pi
    off = off_by(found.annealed.shares[-1], found.weights, config)
    return Outcome(
        f"π = {pi:g}, and {pi + off.value:.3f} of the particles end in the mode: {interval(off)} off, and {NEAR:g} is "
        f"tolerated. N = {config.particles:,}, {config.L} levels of {config.T} steps.",
        within(NEAR, off),
    )


def collapses_without_noise(report: Report) -> Outcome:
    """Mean squared distance from the nearest mode's mean: 2 for exact samples of unit Gaussians in the plane."""
    spreads, mixture = [], MIXING.mixture.build()
    for turn, noise in enumerate((True, False)):
        config = replace(MIXING, noise=noise)
        chain = mixing(config, report=turn_of(report, turn, 2)).annealed
        own = mixture.means.numpy()[chain.modes[-1].astype(int)]
        spreads.append(np.square(chain.xs[-1] - own).sum(1))
    N = len(spreads[0])
    lost = difference(*(x for each in spreads for x in (each.mean(), each.std(ddof=1) / N**0.5)))
    return Outcome(
        f"Squared distance from the mode's mean: {spreads[0].mean():.3f} with z, {spreads[1].mean():.3g} without, 2 "
        f"for exact samples; {interval(lost)} is lost. N = {N:,}.",
        verdict(lost),
    )


def time_grows_exponentially(report: Report) -> Outcome:
    """log tau at three distances in a row: convex, if each step multiplies tau by no less than the step before."""
    found = sweep(CROSSING, report)
    taus = [(measured.steps, measured.error) for _, measured in found.measured]
    logs, errors = np.log([t for t, _ in taus]), np.array([e / t for t, e in taus])
    # the middle one counts twice: log tau_3 - 2 log tau_2 + log tau_1
    bend = difference(
        logs[2] + logs[0], float(np.hypot(errors[2], errors[0])), 2 * logs[1], 2 * float(errors[1])
    )
    steps = ", ".join(f"{t:,.0f} ± {Z * e:,.0f}" for t, e in taus)
    return Outcome(
        f"{steps} steps at distances {', '.join(f'{d:g}' for d, _ in found.measured)}; the second factor over the "
        f"first, as a logarithm: {interval(bend)}. N = {CROSSING.particles:,} from each mode.",
        verdict(bend),
    )


def one_network_for_all_levels(report: Report) -> Outcome:
    """lambda = sigma**2 against lambda = 1: the mean error over all levels, from the same points and first weights."""
    configs = {name: NCSN.learning(name) for name in ("ncsn_one", "ncsn")}
    networks, mixture = learn_each(configs, part_of(report, 0, 2 * NCSN.train_steps)), NCSN.mixture.build()
    means, ses = [], []
    for network in networks.values():
        errors, se = level_errors(network.denoise, mixture, NCSN.sigmas, NCSN.seed)
        means.append(float(errors.mean()))
        ses.append(float(np.linalg.norm(se)) / len(se))
    gain = difference(means[0], ses[0], means[1], ses[1])
    return Outcome(
        f"Mean of σ²‖error‖² over {NCSN.levels} levels: {means[0]:.3f} with λ = 1, {means[1]:.3f} with σ²; "
        f"{interval(gain)} less. {NCSN.train_steps} training steps, one training each.",
        verdict(gain),
    )
