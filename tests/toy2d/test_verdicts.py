"""The sentences below the pictures are made from the results: another result, another sentence and outcome."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from playground.statistics import FAILS, HOLDS, OPEN
from toy2d.annealing.experiment import Annealing, AnnealingConfig
from toy2d.annealing.experiment import said as annealing_said
from toy2d.autoencoder.experiment import AutoencoderConfig, autoencoder
from toy2d.autoencoder.experiment import said as autoencoder_said
from toy2d.ddpm_and_ncsn.experiment import OWN, Families, FamiliesConfig, Run
from toy2d.ddpm_and_ncsn.experiment import said as families_said
from toy2d.diffusion.experiment import Diffusion, DiffusionConfig, diffusion
from toy2d.diffusion.experiment import said as diffusion_said
from toy2d.distances import Distances
from toy2d.few_steps.experiment import ROWS, FewSteps, FewStepsConfig
from toy2d.few_steps.experiment import said as few_steps_said
from toy2d.forward_and_bound.bound import (
    Bound,
    BoundConfig,
    Bounds,
    Loss,
    Losses,
    said_of_bound,
    said_of_losses,
)
from toy2d.forward_and_bound.experiment import ForwardConfig, forward, posterior
from toy2d.forward_and_bound.experiment import said as forward_said
from toy2d.guidance.experiment import GuidanceConfig, guidance
from toy2d.guidance.figures import said as guidance_said
from toy2d.inpainting.experiment import InpaintConfig, inpainting, is_exact
from toy2d.inpainting.figures import said as inpainting_said
from toy2d.likelihood.experiment import LikelihoodConfig, likelihood
from toy2d.likelihood.experiment import said as likelihood_said
from toy2d.low_density.experiment import LowDensity, LowDensityConfig, Repeats
from toy2d.low_density.experiment import said as low_density_said
from toy2d.mixing_time.experiment import Crossing, CrossingConfig, Measured, Times
from toy2d.mixing_time.experiment import said as crossing_said
from toy2d.mixing_time.recovery import Recovery
from toy2d.mixing_time.recovery import said as recovery_said
from toy2d.ncsn.experiment import Ncsn, NcsnConfig, Weighted, chain_too_short
from toy2d.ncsn.experiment import said as ncsn_said
from toy2d.net import LearnConfig, learn
from toy2d.own_data.experiment import OwnData, OwnDataConfig, Sampled
from toy2d.own_data.experiment import said as own_said
from toy2d.presets import MixtureSpec
from toy2d.score_fields.experiment import Field, FieldConfig, ScoreError
from toy2d.score_fields.experiment import said as field_said

NONE = np.zeros(1)


def apart(weights: float = 0.0, se: float = 0.01, sliced: float = 0.1) -> Distances:
    return Distances(weights, se, sliced, 0.1, -3.0)


@pytest.mark.parametrize(("wrong", "outcome"), [(0.30, FAILS), (0.03, HOLDS), (0.01, HOLDS)])
def test_annealing_fails_where_more_are_in_a_wrong_mode_than_of_exact_samples(wrong, outcome):
    found = Annealing(NONE, NONE, NONE, NONE, apart(wrong), apart(0.02))
    sentence, told = annealing_said(AnnealingConfig(particles=500), found)
    assert told == outcome and f"{wrong:.3f}" in sentence and "N = 500" in sentence


class Off:
    """A network whose displacement is too long by a share of it, everywhere."""

    def __init__(self, share: float) -> None:
        self.share, self.mixture = share, MixtureSpec().build()

    def denoise(self, x, level):
        return x + (1 + self.share) * (self.mixture.to(x)(x, level) - x)


@pytest.mark.parametrize(("share", "outcome"), [(0.09, HOLDS), (0.11, FAILS)])
def test_a_denoiser_and_its_score_may_be_a_tenth_off(share, outcome):
    """Its score is off by the same share, at each point of the square and so for all of the data or for few."""
    config = AutoencoderConfig(samples=200, resolution=31)
    found = autoencoder(config, Off(share))
    sentence, told = autoencoder_said(config, found)
    assert (
        told == outcome and f"{share:.1%} ({share:.1%} to {share:.1%})" in sentence and "N = 200" in sentence
    )
    field_sentence, told = field_said(FieldConfig(resolution=31), found.field.error)
    assert told == outcome and ("100.0% of them" in field_sentence) == (outcome == HOLDS)


def test_the_autoencoders_sentence_is_its_own_losses():
    config = AutoencoderConfig(samples=200, resolution=11)
    found = autoencoder(config, learn(LearnConfig(objective="dae", points=200, steps=2, width=8)))
    sentence, told = autoencoder_said(config, found)
    assert told == FAILS and f"less than {found.optimal_loss:.3f}" in sentence


@pytest.mark.parametrize(("steps", "least", "most"), [(1, 0, 0), (2, 0, 0), (200, 7, 10)])
def test_samples_can_be_told_from_exact_ones_after_few_steps(steps, least, most):
    """One step ends at the mean of all data, where none lie.  Of ten sets of exact samples 0.75 can be told by chance,
    and more than three in one case of 200 (binomial).
    """
    told = []
    for seed in range(10):
        config = DiffusionConfig(steps=steps, particles=500, seed=seed, frames=2)
        sentence, outcome = diffusion_said(config, diffusion(config))
        assert "N = 500" in sentence and ("1 step the" in sentence) == (steps == 1)
        told.append(outcome)
    assert least <= told.count(HOLDS) <= most


@pytest.mark.parametrize(
    ("distance", "share", "outcome"), [(0.1, 0.8, HOLDS), (0.9, 0.8, FAILS), (0.1, 0.7, FAILS)]
)
def test_samples_can_be_told_by_their_distance_or_by_a_modes_share(distance, share, outcome):
    """The floors reach 0.3; at N = 500 a share of 0.8 has a 95 % interval of 0.04 to each side."""
    floors, shares = np.linspace(0.1, 0.3, 16), np.array([share, 1 - share])
    found = Diffusion(NONE, NONE, shares, np.array([0.8, 0.2]), distance, floors)
    assert diffusion_said(DiffusionConfig(particles=500), found)[1] == outcome


@pytest.mark.parametrize(("lean", "outcome"), [(0.0, HOLDS), (3.0, FAILS)])
def test_replacement_is_exact_where_what_is_seen_tells_nothing(lean, outcome):
    """Where x is known and the modes have the same x, y does not depend on it: any way to hold x is right."""
    config = InpaintConfig(lean=lean, particles=500, steps=100, resamplings=1, frames=2)
    found = inpainting(config)
    sentence, told = inpainting_said(config, found)
    assert told == outcome and f"{found.low:.3f} should" in sentence and "N = 500" in sentence
    right, wrong = sentence.split("right: ")[1].split("; wrong: ")
    # One round of RePaint is replacement; the exact conditional walked is right, but for its steps.
    assert "RePaint" in (right if outcome == HOLDS else wrong)
    exact = next(run for run in found.runs if run.name == "exact")
    assert is_exact(found, exact) and sentence.endswith(
        f"The exact denoiser in these steps: {exact.low:.3f}."
    )


@pytest.mark.parametrize(("w", "outcome"), [(3.0, HOLDS), (0.0, OPEN)])
def test_guidance_draws_samples_beyond_the_class_and_w_0_does_not(w, outcome):
    config = GuidanceConfig(w=w, particles=500, steps=100, frames=2)
    sentence, told = guidance_said(config, guidance(config))
    assert told.startswith(outcome) and f"w = {w:g}" in sentence and "N = 500" in sentence


@pytest.mark.parametrize(("ddpm", "outcome"), [(1.5, HOLDS), (1.01, OPEN), (0.5, FAILS)])
def test_few_steps_tests_the_lectures_claim_and_names_the_nearest_rows(ddpm: float, outcome: str):
    """0.01 is the standard error of each: 1.01 is 0.7 standard errors of the difference from 1.00."""
    config, names = FewStepsConfig(steps=(5, 100)), list(ROWS)
    fewest = {name: 2.0 for name in names} | {"η = 0 (DDIM)": 1.0, "η = 1 (DDPM)": ddpm}
    cells = tuple((apart(sliced=fewest[name]), apart(sliced=0.1)) for name in names)
    errors = tuple((apart(sliced=0.01), apart(sliced=0.01)) for _ in names)
    sentence, told = few_steps_said(config, FewSteps(cells, errors, NONE, apart(sliced=0.09)))
    assert told.startswith(outcome) and f"1.000 from exact ones, with η = 1 {ddpm:.3f}" in sentence
    nearest, tied = sentence.split("In ")[1:]
    assert ("cannot be told" in nearest) == (outcome == OPEN) and ("DDIM" in nearest) == (outcome != FAILS)
    assert "none can be told from the nearest" in tied and "0.090 apart (N = 6 × 500)" in sentence


def test_the_likelihoods_sentence_names_the_largest_part():
    """The flow is of second order: five large steps are off by nats, eighty by hundredths of one."""
    config = LikelihoodConfig(steps=5, samples=50, resolution=9)
    found = likelihood(config)
    assert likelihood_said(config, found)[1] == FAILS
    enough = replace(config, steps=80, sigma_max=150.0)
    assert likelihood_said(enough, likelihood(enough))[1] == HOLDS
    for part, words in (("steps", "by the steps"), ("prior", "by the prior"), ("network", "by the network")):
        errors = replace(found.errors, **({"steps": 0.0, "prior": 0.0, "network": 0.0} | {part: 0.5}))
        assert words in likelihood_said(config, replace(found, errors=errors))[0]


@pytest.mark.parametrize(("deviation", "outcome"), [(2.5, HOLDS), (2.9, HOLDS), (2.95, FAILS), (9.0, FAILS)])
def test_chain_and_closed_form_agree_up_to_what_chance_gives_the_worst_of_so_many(deviation, outcome):
    """The worst of 15 normal numbers stays below 2.93 in 95 cases of 100."""
    config = ForwardConfig(particles=50)
    path = forward(config)
    sentence, told = forward_said(config, replace(path, deviation=deviation), posterior(config, path))
    assert told == outcome and "of 15 numbers" in sentence and "goes to 2.93 (N = 50 chains)" in sentence


@pytest.mark.parametrize(("gap", "outcome"), [(0.03, HOLDS), (0.01, OPEN), (-0.03, FAILS)])
def test_the_bounds_sentences_are_of_their_gaps(gap, outcome):
    """The standard error is 0.01: both variances must be above 0, and one below it is enough to say no."""
    rows = tuple(
        Bound("exact", name, NONE, 3.0, each, 0.01) for name, each in (("beta", gap), ("beta_tilde", 0.5))
    )
    sentence, told = said_of_bound(BoundConfig(samples=500), Bounds(rows, 3.0, 0.1))
    assert told.startswith(outcome) and f"{gap:.3f} (" in sentence and "nats with β and 0.500" in sentence
    assert ("at N = 500" in told) == (outcome == OPEN)
    for simple, weighted, outcome in ((0.5, 0.1, HOLDS), (0.1, 0.5, FAILS), (0.1, 0.1, OPEN)):
        found = {
            name: Loss(NONE, {"beta": gap}, {"beta": 0.02}, apart())
            for name, gap in (("simple", simple), ("weighted", weighted))
        }
        assert said_of_losses(Losses(NONE, found, apart()))[1] == outcome


@pytest.mark.parametrize(("other", "outcome"), [(0.01, HOLDS), (0.06, OPEN), (0.30, FAILS)])
def test_families_are_alike_where_no_sampler_minds_the_others_network(other, outcome):
    """0.05 is tolerated and the standard error is 0.01: within, astride, beyond; one sampler that minds is enough."""
    runs = {
        (name, sampler): Run(apart(0.01), 1, NONE, NONE, NONE, NONE, NONE) for sampler, names in OWN.items()
        for name in names
    }  # fmt: skip
    runs["ncsn", "ddim"] = replace(runs["ncsn", "ddim"], distances=apart(other))
    config = FamiliesConfig(particles=500)
    sentence, told = families_said(config, Families(runs, apart(0.02), NONE, {}, NONE))
    assert told.startswith(outcome) and f"DDIM {other - 0.01:+.3f}" in sentence and "N = 500" in sentence


@pytest.mark.parametrize(("squared", "outcome"), [(0.1, HOLDS), (0.5, FAILS), (0.3, OPEN)])
def test_ncsns_sentence_is_of_the_mean_errors_difference(squared, outcome):
    def of(error: float) -> Weighted:
        return Weighted(np.full(10, error), np.full(10, 0.01), NONE, apart(0.1), NONE, NONE)

    found = Ncsn(
        NONE, NONE, {"ncsn_one": of(0.3), "ncsn": of(squared)}, apart(0.02), apart(0.01), NONE, NONE, NONE
    )
    sentence, told = ncsn_said(NcsnConfig(), found)
    assert told.startswith(outcome) and f"{0.3 - squared:.3f} (" in sentence
    assert not chain_too_short(found) and chain_too_short(replace(found, exact=apart(0.2)))


@pytest.mark.parametrize(("high", "outcome"), [(0.9, HOLDS), (0.1, FAILS)])
def test_low_densitys_sentence_is_of_the_pair_shown_and_of_the_seeds_where_they_were_run(high, outcome):
    def good(area: float, mass: float) -> Field:
        return Field(NONE, NONE, NONE, NONE, ScoreError(NONE, area, mass, NONE, NONE))

    config = LowDensityConfig()
    pair = LowDensity(good(0.2, 0.8), good(0.3, 0.6), good(high, 0.9), 8.0, NONE, NONE, NONE)
    sentence, told = low_density_said(config, pair)
    assert told == f"{outcome} for these two networks" and "80% of the noisy data" in sentence
    seeds = np.linspace(0, 0.01, 5)
    over = Repeats({"one": 0.2 + seeds, "many": seeds}, {"one": seeds, "many": seeds}, high + 2 * seeds)
    assert low_density_said(config, pair, over)[1].startswith(outcome)


@pytest.mark.parametrize(("gap", "outcome"), [(100.0, HOLDS), (150.0, FAILS)])
def test_the_time_that_crossings_show_is_held_to_the_gap(gap, outcome):
    def crossing(steps: float) -> Crossing:
        return Crossing(NONE, NONE, NONE, NONE, NONE, Measured(steps, 10.0, 500), Times(gap, gap, gap), 1e-3)

    assert crossing_said(CrossingConfig(), crossing(105.0))[1] == outcome
    sentence, told = crossing_said(CrossingConfig(), crossing(math.nan))
    assert told == OPEN and "Too few" in sentence


def test_recovery_compares_the_two_chains_run_by_run():
    pis, rng = np.array([0.2, 0.8]), torch.Generator().manual_seed(0)
    near = pis[:, None] + 0.01 * torch.rand(2, 4, generator=rng).numpy()
    far = np.full((2, 4), 0.5) + 0.01 * torch.rand(2, 4, generator=rng).numpy()
    assert recovery_said(Recovery(pis, far, near, pis))[1] == HOLDS
    assert recovery_said(Recovery(pis, near, far, pis))[1] == FAILS


@pytest.mark.parametrize(("network", "outcome"), [(0.1, HOLDS), (0.95, OPEN), (None, "")])
def test_who_copies_is_told_by_the_shares(network, outcome):
    def sampled(copies: float) -> Sampled:
        return Sampled(NONE, NONE, NONE, copies, 0.1)

    made = None if network is None else sampled(network)
    found = OwnData(NONE, sampled(0.95), made, np.zeros(100), 1.0, 0.2, 0.02, 0.1)
    sentence, told = own_said(OwnDataConfig(), found)
    assert told == outcome and "95%" in sentence.replace(" ", "")
