"""Claims of the lecture's second half in the plane: diffusion, few steps, guidance, inpainting, likelihood."""

from dataclasses import replace

import numpy as np

from playground.claims import Outcome
from playground.levels import SCHEDULES
from playground.progress import Report, turn_of
from playground.statistics import (
    Z,
    difference,
    difference_of_shares,
    interval,
    verdict,
    wilson,
)
from toy2d.ddpm_and_ncsn.experiment import FamiliesConfig, said, two_families
from toy2d.few_steps.experiment import ROWS, FewStepsConfig, few_steps
from toy2d.forward_and_bound.experiment import ForwardConfig, at_once, forward, thinned, two_humped
from toy2d.guidance.experiment import GuidanceConfig, guidance, overshoots
from toy2d.inpainting.experiment import InpaintConfig, inpainting, replaces_exactly
from toy2d.inverse_problems.experiment import InverseConfig, claims, inverse
from toy2d.likelihood.experiment import LikelihoodConfig, knows_the_density, likelihood
from toy2d.ncsn.experiment import learn_each

FORWARD = ForwardConfig()
FAMILIES = FamiliesConfig(train_steps=600, T=20, levels=10, particles=1_000, frames=2)
FEW = FewStepsConfig(steps=(10,), repeats=24)  # with 6 repeats DPM-Solver++ and DDIM cannot be told apart
GUIDED = GuidanceConfig(frames=2)
INPAINT = InpaintConfig(frames=2, resamplings=10)
LIKELIHOOD = LikelihoodConfig(resolution=9, samples=300)
INVERSE = InverseConfig(problems=1_000, samples=4)


def forward_at_once(report: Report) -> Outcome:
    """The chain's mean and variance against the closed form's, at the worst of all steps."""
    return at_once(FORWARD, forward(FORWARD))


def small_steps_are_gaussian(report: Report, n: int = 2_000) -> Outcome:
    """The share of points whose true reverse step has two humps, at the worst step: 5 steps against 1,000."""
    mixture, schedule = FORWARD.mixture.build(), SCHEDULES["linear"]()
    few, many = (float(two_humped(mixture, thinned(schedule, steps), n).max()) for steps in (5, 1_000))
    fall = difference_of_shares(few, n, many, n)
    return Outcome(
        f"Steps back with two humps, at the worst t: {few:.1%} of 5 steps, {many:.1%} of 1,000; {interval(fall)} less. "
        f"N = {n:,}.",
        verdict(fall),
    )


def families_exchange_samplers(report: Report) -> Outcome:
    """Each sampler with either network: by how much the share in a wrong mode changes."""
    networks = learn_each(FAMILIES.learning(), turn_of(report, 0, 2))
    found = two_families(FAMILIES, networks, turn_of(report, 1, 2))
    sentence, outcome = said(FAMILIES, found)
    return Outcome(f"{sentence} One training each.", outcome)


def few_steps_need_no_noise(report: Report) -> Outcome:
    return _rows(report, "η = 1 (DDPM)", "η = 0 (DDIM)")


def solvers_need_fewer(report: Report) -> Outcome:
    return _rows(report, "η = 0 (DDIM)", "DPM-Solver++(2M)")


def _rows(report: Report, worse: str, better: str) -> Outcome:
    """The sliced distance of two rows of the table, in its one column."""
    found = few_steps(FEW, report=report)
    at = {name: i for i, name in enumerate(ROWS)}
    values, errors = found.values("sliced")[:, 0], found.standard_errors("sliced")[:, 0]
    gain = difference(*(float(x[at[name]]) for name in (worse, better) for x in (values, errors)))
    return Outcome(
        f"Sliced distance after {FEW.steps[0]} steps: {worse} {values[at[worse]]:.3f}, {better} "
        f"{values[at[better]]:.3f}, floor {found.floor.sliced:.3f}; {interval(gain)} less. "
        f"N = {FEW.repeats} times {FEW.particles:,}.",
        verdict(gain),
    )


def guidance_overshoots(report: Report) -> Outcome:
    return overshoots(GUIDED, guidance(GUIDED, report=report))


def replacement_is_the_posterior(report: Report) -> Outcome:
    return replaces_exactly(INPAINT, inpainting(INPAINT, report))


def resampling_mends_it(report: Report) -> Outcome:
    """How much nearer RePaint's share in the lower mode is to the exact one than replacement's."""
    found = inpainting(replace(INPAINT, seed=10), report)
    runs = {run.name: run for run in found.runs}
    N, methods = INPAINT.particles, ("replacement", "repaint")
    # |share - exact| of both; where the share is off by more than its noise, its sign is known
    errors = {name: abs(runs[name].low - found.low) for name in methods}
    se = {name: float(np.diff(wilson(runs[name].low, N))[0]) / (2 * Z) for name in methods}
    gain = difference(errors["replacement"], se["replacement"], errors["repaint"], se["repaint"])
    return Outcome(
        f"The share in the lower mode is {errors['replacement']:.3f} off with replacement, {errors['repaint']:.3f} "
        f"with {INPAINT.resamplings} resamplings: {interval(gain)} nearer. N = {N:,}.",
        verdict(gain),
    )


def flow_knows_the_density(report: Report) -> Outcome:
    found = knows_the_density(LIKELIHOOD, likelihood(LIKELIHOOD, report=report))
    return Outcome(f"{found.words} {LIKELIHOOD.steps} steps of Heun.", found.verdict)


def a_sample_costs_twice(report: Report) -> Outcome:
    """Palette's factor: the squared error of a sample by a denoiser told y over the regression's."""
    return claims(INVERSE, inverse(INVERSE, report))[0]


def regression_lies_between(report: Report) -> Outcome:
    config = replace(INVERSE, seed=1)
    return claims(config, inverse(config, report))[-1]
