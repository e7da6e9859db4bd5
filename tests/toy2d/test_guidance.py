"""Guidance in the plane: against autograd, closed forms, and the density that people believe they sample."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened

from playground.denoisers import guided
from playground.errors import UserError
from playground.guidance import classifier_guided, gradient_of
from playground.levels import SCHEDULES, Level, linear_beta, noised, randn_like, seeded
from playground.objectives import Batch, noisy_classification
from toy2d.__main__ import main
from toy2d.conditional import component
from toy2d.distances import sliced_wasserstein
from toy2d.guidance.experiment import (
    BELIEF_EXTENT,
    GuidanceConfig,
    believed,
    believed_log_density,
    class_axis,
    guidance,
    guidance_sweep,
)
from toy2d.labelled import Classifier, exact_models, learned_models, learned_pair
from toy2d.mixture import Mixture, anisotropic_pair
from toy2d.net import LearnConfig, pi_code
from toy2d.presets import MixtureSpec

LEVELS = [SCHEDULES["linear"]().level(t) for t in (1, 100, 500, 1000)]
PAGE = Path(__file__).parents[2] / "toy2d/guidance/page.py"


@pytest.fixture
def pair() -> Mixture:
    return anisotropic_pair(0.6).to(torch.float64)


# --- exact models -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_the_closed_form_is_the_gradient_of_the_noisy_class_posterior(pair, level):
    x = 4 * torch.randn((50, 2), generator=seeded(0), dtype=torch.float64)
    by_autograd = gradient_of(lambda xt, here: pair.log_responsibilities(xt, here)[:, 1])
    assert torch.allclose(exact_models(pair).gradient(1)(x, level), by_autograd(x, level), atol=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_the_classifiers_scale_is_one_more_than_the_lectures_w(pair, level):
    """eps - s sqrt(1 - alpha_bar) grad log p(c | xt) with s = 1 + w is (1 + w) eps_c - w eps, by Bayes."""
    models, x = exact_models(pair), 4 * torch.randn((50, 2), generator=seeded(0), dtype=torch.float64)
    level = level.to(x)
    by_classifier = classifier_guided(models.unconditional, models.gradient(0), 1 + 2.5)(x, level)
    without = guided(models.conditional(0), models.unconditional, 2.5)(x, level)
    assert torch.allclose(by_classifier, without, atol=1e-7)  # sigma**2 / alpha is 2e4 at the last level


def test_without_guidance_every_method_samples_the_conditional():
    config = GuidanceConfig(w=0.0, particles=2_000, steps=100, frames=5)
    result = guidance(config)
    for run in result.runs:
        # 0.05 is the floor of two exact samples; a hundred steps shrink the long mode by a few per cent.
        assert run.to_conditional < 0.2
        assert (
            abs(run.along.mean() - result.along_conditional.mean()) < 0.2
        )  # 2.4 * sqrt(2 / 2000) = 0.08, doubled


def test_guided_samples_are_not_what_the_formula_seems_to_say():
    """DDIM with w = 3 leaves the believed density by many times the floor, and is far narrower."""
    result = guidance(GuidanceConfig(w=3.0, particles=1_000, frames=5))
    stochastic, deterministic, free = result.runs
    assert deterministic.to_belief > 5 * result.belief.floor
    assert stochastic.to_belief > 3 * result.belief.floor
    assert deterministic.to_belief > stochastic.to_belief
    assert deterministic.along.std() < 0.8 * result.along_belief.std()
    assert result.disagreement < 1e-2 and np.allclose(deterministic.along, free.along, atol=1e-2)


# --- the believed density ---------------------------------------------------------------------------------


def test_the_belief_at_w_0_is_the_conditional(pair):
    x = 4 * torch.randn((50, 2), generator=seeded(0), dtype=torch.float64)
    joint = component(pair, 1).log_prob(x) + pair.log_weights[1]
    assert torch.allclose(believed_log_density(pair, 1, 0.0, x), joint, atol=1e-10)


def test_the_belief_is_normalised_and_its_samples_follow_it():
    config = GuidanceConfig(particles=4_000, w=0.0)
    belief, drawn = believed(config.mixture.build(), config, seeded(0))
    cell = (belief.axis[1] - belief.axis[0]) ** 2
    # every fourth point of the fine grid is a coarse quadrature of a smooth density; 1 % is generous
    assert np.exp(belief.log_density).sum() * cell == pytest.approx(1, abs=0.01)
    exact = component(config.mixture.build(), 0).sample(4_000, seeded(1))
    assert sliced_wasserstein(drawn, exact) < 3 * belief.floor
    assert drawn.abs().max() <= BELIEF_EXTENT


def test_the_axis_points_from_the_others_to_the_class(pair):
    axis = class_axis(pair, 0)
    assert float(axis @ (pair.means[0] - pair.means[1])) == pytest.approx(
        float((pair.means[0] - pair.means[1]).norm())
    )


def test_the_sweep_starts_at_its_floor_and_leaves_it():
    sweep = guidance_sweep(GuidanceConfig(particles=800, frames=5))
    assert (sweep.distances[:, 0] < 4 * sweep.floors[0]).all()  # w = 0; fifty steps cost something
    assert (sweep.distances[:, -1] > 4 * sweep.floors[-1]).all()
    assert (np.diff(sweep.distances[1]) > 0).all()  # DDIM goes further the harder it is pulled


# --- learned models ---------------------------------------------------------------------------------------


def test_the_classifier_learns_the_posterior_of_noised_points():
    """Trained briefly on the paper's pair, it names the mode of nearly all points where modes are apart."""
    spec = MixtureSpec("two_modes", 0.6)
    models = learned_models(LearnConfig(spec, "ddpm", points=2_000, steps=150, width=48, batch=128))
    mixture, level = spec.build(), Level.of(0.9, 0.44)
    x0 = mixture.sample(500, seeded(1))
    xt = noised(x0, randn_like(x0, seeded(2)), level)
    # Bayes: halfway between the modes the gradient points to the class, for either class
    middle = torch.zeros((1, 2))
    for label, sign in ((0, 1.0), (1, -1.0)):
        assert sign * float(models.gradient(label)(middle, level).sum()) > 0
    exact = component(mixture, 0).denoise(xt, level)
    near = mixture.responsibilities(xt, level)[:, 0] > 0.9
    error = (models.conditional(0)(xt, level) - exact)[near].norm(dim=1).mean()
    assert error < 1.0  # a mode's own spread is 1.4; an untrained network is 5 away


def test_a_classifier_told_pi_knows_each_mixtures_own_posterior():
    """At sigma = 5 alpha the modes overlap, so p(c | xt) depends on pi: at 0.5 it is 0.17 to 0.22 off that at 0.1 and
    0.9.  Told the right pi the classifier is nearer to Bayes' rule than told either of the others, and within 0.1 in
    root mean square (found: 0.03).  Told nothing it answers, too.
    """
    config = LearnConfig(MixtureSpec(), "ddpm", points=5_000, steps=300, width=48).telling_pi()
    pair, level, pis = learned_pair(config), Level.of(0.2, 0.98), (0.1, 0.5, 0.9)

    def error(told: float, pi: float) -> float:
        mixture = MixtureSpec(pi=pi).build()
        xt = mixture.sample_noised(2_000, level, seeded(1))
        off = pair.classifier.given(vector=pi_code(torch.tensor([told])))(xt, level)[:, 0].exp()
        return float((off - mixture.responsibilities(xt, level)[:, 0]).square().mean().sqrt())

    for pi in pis:
        errors = {told: error(told, pi) for told in pis}
        assert min(errors, key=errors.get) == pi and errors[pi] < 0.1, errors
    x = torch.zeros((3, 2))
    assert torch.allclose(pair.classifier(x, level).exp().sum(1), torch.ones(3), atol=1e-5)
    near, far = (pair.of(MixtureSpec(pi=pi)).unconditional(x, level) for pi in (0.1, 0.9))
    assert not torch.equal(near, far)


def test_a_fresh_classifier_costs_log_k_and_says_probabilities():
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        classify = Classifier(3, 16, torch.zeros(2), 1.0)
    batch = Batch(torch.randn((300, 2), generator=seeded(0)), {"label": torch.arange(300) % 3})
    assert torch.allclose(classify(batch.x0, Level.of(0.6, 0.8)).exp().sum(1), torch.ones(300), atol=1e-5)
    loss = noisy_classification(linear_beta())(classify, batch, seeded(0)).mean()
    assert float(loss.detach()) == pytest.approx(np.log(3), abs=0.15)  # small random logits: nearly uniform


# --- bad input, page, command -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"label": 2}, "classes 0 to 1"),
        ({"w": -1.0}, "guidance w is -1"),
        ({"steps": 0}, "number of steps is 0"),
    ],
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        GuidanceConfig(**wrong)


def test_the_page_opens_and_follows_w():
    app = opened(PAGE)
    fine(app.slider(key="w").set_value(0.0).run())
    # Without guidance all three sample the conditional, which is then what they are believed to sample: what is left
    # is the floor and the error of 50 steps.
    *runs, floor = (float(metric.value) for metric in app.metric)
    assert len(runs) == 3 and max(runs) < floor + 0.1


def test_the_command_writes_numbers_picture_and_animation(tmp_path, capsys):
    few = ["--particles", "200", "--steps", "5"]
    assert main(["guidance", "--w", "2", *few, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "guidance.json").read_text())
    assert numbers["config"]["w"] == 2 and numbers["floor"] > 0 and numbers["ddim"]["to_belief"] > 0
    assert (tmp_path / "guidance.png").stat().st_size > 1_000
    assert (tmp_path / "guidance.gif").read_bytes()[:3] == b"GIF"
    assert main(["guidance", "--label", "7", "--out", str(tmp_path)]) == 2
    assert "classes 0 to 1" in capsys.readouterr().err


def test_an_empty_interval_is_no_guidance_and_the_whole_one_is_all_of_it():
    few = {"particles": 200, "steps": 20, "frames": 2}
    plain, all_of_it = (guidance(GuidanceConfig(w=w, **few)) for w in (0.0, 3.0))
    off = guidance(GuidanceConfig(w=3.0, low=1.0, high=1.0, **few))
    middle = guidance(GuidanceConfig(w=3.0, low=0.3, high=3.0, **few))
    for k in range(3):
        assert np.array_equal(off.runs[k].along, plain.runs[k].along)
        assert not np.array_equal(middle.runs[k].along, all_of_it.runs[k].along)
    assert (
        middle.disagreement < 1e-3
    )  # with exact models DDIM and classifier-free are the same in every interval
    with pytest.raises(UserError, match="up to which"):
        GuidanceConfig(low=2.0, high=1.0)


def test_guided_at_middle_levels_only_samples_end_nearer_to_the_class():
    """Less of the walk is pulled, so less of the class's variety is lost."""
    few = {"particles": 2_000, "steps": 50, "frames": 2, "w": 3.0}
    whole, middle = guidance(GuidanceConfig(**few)), guidance(GuidanceConfig(low=0.3, high=3.0, **few))
    assert middle.runs[2].to_conditional < whole.runs[2].to_conditional
    assert middle.runs[2].along.std() > whole.runs[2].along.std()
