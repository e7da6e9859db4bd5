"""The networks that are shipped are those of the defaults, small, and know the score as well as a fresh one should."""

import math
from dataclasses import asdict, replace

import pytest
import torch

import toy2d.labelled
from playground.checkpoint import save_checkpoint
from playground.denoisers import score_of
from playground.errors import UserError
from playground.levels import SCHEDULES, Level, seeded
from toy2d.autoencoder.experiment import AutoencoderConfig
from toy2d.conditional import component
from toy2d.diffusion.experiment import DiffusionConfig, diffusion
from toy2d.labelled import learned_pair, load_pair
from toy2d.low_density.experiment import LowDensityConfig, learn_pair
from toy2d.mixing.experiment import MixingConfig, mixing
from toy2d.ncsn.experiment import FIRST, learn_all
from toy2d.net import PIS, QUICK, LearnConfig, drawn_pis, learn, load, pi_code, points_of_many
from toy2d.presets import MixtureSpec
from toy2d.shipped import (
    ALL,
    DEFAULTS,
    PAIRS,
    PRESETS,
    path_of,
    shipped,
    shipped_or_learned,
    shipped_pair,
    told,
)


@pytest.mark.parametrize("name", list(ALL))
def test_a_shipped_network_is_that_of_the_default_and_small(name):
    assert load(path_of(name)).config == ALL[name]
    assert path_of(name).stat().st_size < 150_000
    assert shipped(ALL[name]) is not None


def test_first_visits_need_no_training():
    """What three pages ask for as they open; another seed is another network, and is trained."""
    low, asked = LowDensityConfig(told_pi=True), []
    pair = learn_pair(low, learn=lambda config, report: asked.append(config) or shipped(config))
    three = learn_all(FIRST, learn=lambda config, report: asked.append(config) or shipped(config))
    assert len(asked) == 5 and None not in [*pair.values(), *three.values()]
    config = LearnConfig(objective="dae", sigma=AutoencoderConfig.sigma, steps=QUICK).telling_pi()
    assert shipped(config) is not None
    learned = LearnConfig(MixtureSpec(pi=0.3), "ddpm", steps=QUICK)  # on Likelihood, and for the bound
    assert shipped(learned.telling_pi()) is not None and shipped(learned) is None
    assert shipped(replace(low, seed=1).learning("one")) is None


@pytest.mark.parametrize(
    "name, at", [("autoencoder", 1.0), ("low-density-one", 0.5), ("low-density-many", 0.5)]
)
def test_a_first_visits_score_is_near_the_exact_one_at_its_level(name, at):
    """Within 25 % in root mean square over noised data, as for the defaults."""
    network, mixture, level = shipped(ALL[name]), ALL[name].mixture.build(), Level.of(sigma=at)
    x = mixture.sample_noised(4_000, level, seeded(5))
    exact = mixture.score(x, level)
    error = score_of(network.denoise)(x, level) - exact
    assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.25


def test_any_other_configuration_is_not_shipped():
    assert shipped(LearnConfig(seed=1)) is None
    assert shipped(LearnConfig(objective="ddpm", schedule="cosine")) is None


@pytest.mark.parametrize("name", list(DEFAULTS))
def test_a_shipped_score_is_near_the_exact_one_where_data_lie(name):
    """Within 25 % in root mean square over noised data, at a low, a middle and a high level: a score of zero has 100 %,
    so this tells a trained network from a damaged or an untrained one, and asks no more of it.
    """
    network, mixture = shipped(DEFAULTS[name]), DEFAULTS[name].mixture.build()
    schedule = SCHEDULES["linear"]()
    levels = (
        [schedule.level(t) for t in (200, 500, 800)]
        if DEFAULTS[name].objective == "ddpm"
        else [Level.of(sigma=s) for s in (0.5, 2, 8)]
    )
    for level in levels:
        x = mixture.sample_noised(4_000, level, seeded(5))
        exact = mixture.score(x, level.to(x))
        error = score_of(network.denoise)(x, level.to(x)) - exact
        assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.25, level


def test_loading_and_saving_keep_the_weights(tmp_path):
    network = shipped(DEFAULTS["ncsn"])
    again = load(network.save(tmp_path / "again.safetensors"))
    for a, b in zip(network.denoise.state_dict().values(), again.denoise.state_dict().values(), strict=True):
        assert torch.equal(a, b)


# --- networks that are told pi ---


@pytest.mark.parametrize("name", list(PAIRS))
def test_a_shipped_pair_guides_as_the_exact_models_do(name):
    """At a middle level, told each pi: the class's and the mixture's score, each where its data lie, within 15 % in
    root mean square, as for the other networks, and the classifier within 0.1 of Bayes' rule, as in test_guidance.
    """
    config, pair = PAIRS[name], shipped_pair(PAIRS[name])
    assert pair is not None and pair.config == config and path_of(name).stat().st_size < 150_000
    level = SCHEDULES["linear"]().level(500)
    for pi in (0.1, 0.5, 0.9):
        spec = replace(config.mixture, pi=pi)
        mixture, models = spec.build(), pair.of(spec)
        first = component(mixture, 0)
        for found, true in ((models.unconditional, mixture), (models.conditional(0), first)):
            x = true.sample_noised(4_000, level, seeded(5))
            exact = true.score(x, level.to(x))
            error = score_of(found)(x, level.to(x)) - exact
            assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.15
        x = mixture.sample_noised(4_000, level, seeded(6))
        said = pair.classifier.given(vector=pi_code(torch.tensor([pi])))(x, level.to(x)).exp()
        assert float((said - mixture.responsibilities(x, level.to(x))).square().mean().sqrt()) < 0.1


def test_a_pair_comes_back_as_it_was_written_but_for_rounding_and_nothing_else_is_one(tmp_path):
    pair = learned_pair(LearnConfig(points=50, steps=2, width=8, objective="ddpm").telling_pi())
    again, x = load_pair(pair.save(tmp_path / "pair.safetensors")), torch.randn(5, 2, generator=seeded(0))
    level = SCHEDULES["linear"]().level(500)
    for one, other in ((pair.denoiser, again.denoiser), (pair.classifier, again.classifier)):
        assert torch.allclose(one(x, level.to(x)), other(x, level.to(x)), atol=1e-2)
    assert again.config == pair.config and shipped_pair(pair.config) is None
    with pytest.raises(UserError, match="damaged"):
        load_pair(path_of("ddpm-quick"))


N = 2_000


@pytest.mark.parametrize("pi", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("objective", ["ncsn", "ddpm"])
def test_a_network_told_pi_has_that_mixtures_score_and_shares(objective, preset, pi):
    """Score: within 15 % in root mean square at a middle level, where the weights matter most; told 0.2 in place of
    0.9 it is several times as wrong.  Shares: beside the same chain on exact scores, within four standard errors of the
    difference and 0.03 more for what the network does not know: a tenth of what plain Langevin is off at 0.8.
    """
    spec = MixtureSpec(preset, pi)
    network, mixture = shipped(told(spec, objective)), spec.build()
    level = SCHEDULES["linear"]().level(500) if objective == "ddpm" else Level.of(sigma=4.0)
    x = mixture.sample_noised(4_000, level, seeded(5))
    exact = mixture.score(x, level.to(x))
    error = score_of(network.denoise)(x, level.to(x)) - exact
    assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.15
    true, found = (share_in_mode_1(objective, spec, one) for one in (None, network))
    p = (true + found) / 2
    assert abs(true - found) < 4 * math.sqrt(2 * p * (1 - p) / N) + 0.03


def share_in_mode_1(objective, spec, network) -> float:
    if objective == "ddpm":
        return diffusion(DiffusionConfig(spec, particles=N, frames=2), network).shares[0]
    return mixing(MixingConfig(spec, T=30, plain=1, particles=N, frames=2), network).annealed.shares[-1, 0]


@pytest.mark.parametrize("objective", ["ncsn", "ddpm"])
def test_told_nothing_it_knows_the_mixture_of_all_mixtures(objective):
    """Its points' pi average to one half, so that is the mixture that all points together come from."""
    many = load(path_of(f"{objective}-told-two-modes")).denoise
    mixture = MixtureSpec(pi=sum(PIS) / 2).build()
    level = SCHEDULES["linear"]().level(500) if objective == "ddpm" else Level.of(sigma=4.0)
    x = mixture.sample_noised(4_000, level, seeded(5))
    exact = mixture.score(x, level.to(x))
    error = score_of(many)(x, level.to(x)) - exact
    assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.25


@pytest.mark.parametrize("objective", ["dae", "dsm"])
def test_a_short_training_at_one_level_knows_each_pi_it_is_told(objective):
    """At sigma = 3 the modes overlap, so each pi has a score of its own: the exact one at 0.5 is 24 % off those at 0.05
    and 0.95.  Told the right pi the network is nearer to it than told either of the others, and within 20 % in root
    mean square (two seeds: 6 to 11 %).  Told nothing it is nearest to the mixture of all mixtures.
    """
    level, pis = Level.of(sigma=3.0), (0.05, 0.5, 0.95)
    config = LearnConfig(objective=objective, sigma=3.0, steps=QUICK).telling_pi()
    network = learn(config)

    def error(denoise, pi: float) -> float:
        mixture = MixtureSpec(pi=pi).build()
        x = mixture.sample_noised(4_000, level, seeded(5))
        exact = mixture.score(x, level)
        off = score_of(denoise)(x, level) - exact
        return float(off.square().mean().sqrt() / exact.square().mean().sqrt())

    for pi in pis:
        told = {other: error(network.at(other).denoise, pi) for other in pis}
        assert min(told, key=told.get) == pi and told[pi] < 0.2
    untold = {pi: error(network.denoise, pi) for pi in pis}
    assert min(untold, key=untold.get) == 0.5  # the mean of PIS


def test_one_training_serves_every_pi():
    """The training of a network that is told pi depends on the preset, not on the mixture's own pi."""
    few = LearnConfig(points=50, steps=2, width=8)
    first, second = (replace(few, mixture=MixtureSpec(pi=pi)).telling_pi() for pi in (0.1, 0.9))
    assert first.training == second.training and first != second
    assert few.telling_pi(False) == few and few.training == few
    x, level = torch.randn(5, 2, generator=seeded(0)), Level.of(sigma=2.0)
    low, other = (shipped_or_learned(config).denoise(x, level) for config in (first, second))
    assert not torch.equal(low, other)
    assert torch.equal(other, learn(first).of(second.mixture).denoise(x, level))


def test_each_point_comes_from_the_mixture_of_its_own_pi():
    """Of the points whose pi lies in an interval, the share in mode 1 is the mean pi, within 4 standard errors."""
    x, pis = points_of_many(MixtureSpec(), 20_000, seeded(0))
    first = x.sum(1) > 0  # the modes lie 14 standard deviations apart
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        inside = (pis[:, 0] >= low) & (pis[:, 0] < high)
        mean = float(pis[inside].mean())
        share = float(first[inside].float().mean())
        assert abs(share - mean) < 4 * math.sqrt(mean * (1 - mean) / int(inside.sum()))


def test_the_angle_of_the_pis_is_uniform():
    """The k-th of n sorted angles lies within 1.95 / sqrt(n) of its rank, of their range: Kolmogorov's test at 0.1 %.

    A uniform pi would be 0.1 off.
    """
    pis = drawn_pis(20_000, seeded(3))[:, 0]
    low, high = (math.asin(math.sqrt(pi)) for pi in PIS)
    angles = (pis.sqrt().asin().sort().values - low) / (high - low)
    ranks = (torch.arange(len(pis)) + 0.5) / len(pis)
    assert float((angles - ranks).abs().max()) < 1.95 / math.sqrt(len(pis))
    assert PIS[0] - 1e-6 <= float(pis.min()) and float(pis.max()) <= PIS[1] + 1e-6


def test_a_network_told_in_another_way_is_refused(tmp_path):
    network = learn(LearnConfig(points=50, steps=2, width=8).telling_pi())
    tensors = network.network.state_dict() | {"losses": network.losses}
    about = {"format": 1, "learn": asdict(network.config), "data_std": network.network.data_std}
    with pytest.raises(UserError, match="told π in another way"):
        load(save_checkpoint(tmp_path / "old.safetensors", tensors, about))


def test_a_pair_told_in_another_way_is_refused(tmp_path, monkeypatch):
    pair = learned_pair(LearnConfig(points=50, steps=2, width=8, objective="ddpm").telling_pi())
    monkeypatch.setattr(toy2d.labelled, "CODE", "half the log odds")
    path = pair.save(tmp_path / "pair.safetensors")
    with pytest.raises(UserError, match="told π in another way"):
        load_pair(path)


def test_telling_pi_leaves_a_trained_network_as_it_is_and_needs_a_pi():
    network = learn(LearnConfig(points=50, steps=2, width=8, told_pi=True))
    before = {name: value.clone() for name, value in network.denoise.state_dict().items()}
    x, level = torch.randn(5, 2, generator=seeded(0)), Level.of(sigma=2.0)
    low, high = (network.at(pi).denoise(x, level.to(x)) for pi in (0.1, 0.9))
    assert not torch.equal(low, high)
    assert all(torch.equal(before[name], value) for name, value in network.denoise.state_dict().items())
    with pytest.raises(UserError, match="pi"):
        LearnConfig(MixtureSpec("ring"), told_pi=True)
