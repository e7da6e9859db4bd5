"""Guidance on digits: the guide's loss and gradient, what is refused, and that the sweep is what it says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import opened

from images.__main__ import main
from images.data.mnist import ENV, load
from images.generate.experiment import SampleConfig, sample, told_label
from images.guidance.experiment import (
    FORMS,
    GuidanceConfig,
    Row,
    Sweep,
    by_guide,
    by_guide_stochastic,
    classifier_free,
    confused,
    forms_apart,
    generated,
    labels_like,
    the_ten,
    towards,
    within_classes,
)
from images.guidance.task import SHIPPED as GUIDE
from images.guidance.task import SHIPPED_CLEAN, accuracy_by_level, load_guide
from images.metrics.classifier import Features
from images.metrics.estimates import FCD, Estimate
from images.models import SHIPPED_MODELS, load_model
from images.networks.guide import GuideConfig
from playground.errors import UserError
from playground.guidance import gradient_of
from playground.levels import Level, linear_beta, noised, seeded
from playground.steps import posterior_variance

LABELLED = next(path for path, name in SHIPPED_MODELS.items() if "labels" in name)
WING = Path(__file__).parents[2] / "images"


@pytest.fixture(scope="module")
def labelled():
    return load_model(LABELLED)


def test_the_guide_says_probabilities_and_its_gradient_is_autograds():
    guide = GuideConfig(width=8).build(0).eval()
    for parameter in guide.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=seeded(1))
    x, level = torch.randn((3, 1, 28, 28), generator=seeded(0)), Level.of(0.8, 0.6)
    assert torch.allclose(guide(x, level).exp().sum(1), torch.ones(3), atol=1e-5)
    gradient = gradient_of(lambda xt, at: guide(xt, at)[:, 4])(x, level)
    direction = torch.randn(x.shape, generator=seeded(2))
    with torch.no_grad():  # a central difference in float64 would need a float64 guide: 2 % in float32
        up, down = (guide(x + s * direction, level)[:, 4] for s in (1e-2, -1e-2))
    expected = (up - down) / 2e-2
    assert torch.allclose((gradient * direction).flatten(1).sum(1), expected, rtol=0.02, atol=1e-3)


def test_the_shipped_guide_knows_noisy_digits_and_can_only_guess_at_the_end():
    guide, digits = load_guide(GUIDE), load("test", download=False)
    x0, shares = digits.images[:400].float() / 127.5 - 1, {}
    for t in (1, 300, 1000):
        level = linear_beta().level(t).to(x0)
        xt = noised(x0, torch.randn(x0.shape, generator=seeded(t)), level)
        shares[t] = float((guide(xt, level).argmax(1) == digits.labels[:400]).double().mean())
    # measured 0.95 of 400; 0.9 is four standard errors below
    assert shares[1] > 0.9 and shares[300] > 0.7 and shares[1000] < 0.25


def test_a_told_label_is_drawn(labelled):
    """Ten of each class at w = 1: the metrics' classifier reads most as asked; chance is a tenth."""
    from images.metrics.classifier import features, load_classifier

    labels = torch.arange(10).repeat_interleave(4)
    images = generated(labelled, classifier_free(labelled), labels, 1.0, GuidanceConfig(steps=10))
    read = features(load_classifier(), images).classes
    assert float((read == labels).double().mean()) > 0.8


def test_zero_strength_is_the_unguided_model(labelled):
    guide, labels = load_guide(GUIDE), torch.tensor([3, 5])
    x, level = torch.randn((2, 1, 28, 28), generator=seeded(0)), linear_beta().level(400)
    assert torch.equal(
        by_guide(labelled, guide)(labels, 0.0, GuidanceConfig())[1](x, level),
        labelled.within(labelled.denoise)(x, level),
    )
    told = labelled.within(labelled.denoise.given(label=labels))
    assert torch.allclose(told_label(labelled, labels, 0.0)(x, level), told(x, level), atol=1e-6)


def test_the_stochastic_form_moves_the_mean_by_s_sigma_times_the_gradient(labelled):
    """One step with and without the pull, from the same noise: their difference is s * Sigma * grad log p."""
    guide, labels = load_guide(GUIDE), torch.tensor([3, 5])
    x, here, there = (
        torch.randn((2, 1, 28, 28), generator=seeded(0)),
        *(linear_beta().level(t) for t in (400, 380)),
    )
    here, there = here.to(x), there.to(x)
    ends = []
    for s in (0.0, 5.0):
        step, denoise = by_guide_stochastic(labelled, guide)(labels, s, GuidanceConfig())
        ends.append(step(denoise, x, here, there, torch.zeros_like)[0])
    moved = 5.0 * posterior_variance(here, there) * towards(guide, labels)(x, here)
    # differences of numbers of order one in float32
    assert torch.allclose(ends[1] - ends[0], moved, atol=2e-6) and float(moved.abs().max()) > 1e-4


def test_a_guide_of_clean_digits_is_lost_in_noise_and_one_of_noised_digits_is_not():
    digits = load("test", download=False).part(0, 400)
    clean, noisy = (accuracy_by_level(load_guide(path), digits) for path in (SHIPPED_CLEAN, GUIDE))
    # The difference of two shares of 400 has a standard error of at most 3.5 %: 0.25 is seven of them.
    assert clean[0] > 0.9 and noisy[300] - clean[300] > 0.25


def test_the_guides_gap_is_that_of_its_own_confidence():
    """A guide that says 0.9 of every label against a classifier that says 0.4: 0.5 beyond, with no spread."""

    class Sure(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, xt, level):
            return torch.full((len(xt), 10), 0.9).log()

    seen = Features(torch.zeros(8, 2), torch.zeros(8, 2), torch.full((8, 10), 0.4))
    own, gap = confused(Sure(), seen, torch.zeros((8, 1, 28, 28), dtype=torch.uint8), torch.arange(8))
    assert (
        own == pytest.approx(0.9) and gap.value == pytest.approx(0.5) and gap.high == pytest.approx(gap.low)
    )


def test_labels_have_the_shares_of_the_digits():
    digits = load("test", download=False)
    drawn = labels_like(digits, 20_000, 0)
    wanted = torch.bincount(digits.labels, minlength=10).double() / len(digits)
    found = torch.bincount(drawn, minlength=10).double() / len(drawn)
    assert float((found - wanted).abs().max()) < 4 * (0.12 * 0.88 / 20_000) ** 0.5  # four standard errors


def test_the_spread_within_classes_ignores_the_means_between_them():
    digits = load("test", download=False)
    one = digits.labels == 1
    slant, thickness = within_classes(digits.images[one], digits.labels[one])
    from images.data.attributes import attributes

    found = attributes(digits.images[one])
    assert slant == pytest.approx(float(found.slant.double().std()), rel=1e-6)
    assert thickness == pytest.approx(float(found.thickness.double().std()), rel=1e-6)


@pytest.mark.parametrize(
    "wrong, words",
    [({"label": 10}, "label is 10"), ({"label": 3, "w": -1.0}, "guidance w is -1"), ({"w": 1.0}, "no label was given"),
     ({"label": 3, "w": float("nan")}, "guidance w is nan")],
)  # fmt: skip
def test_bad_labels_and_weights_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        SampleConfig(**wrong)


def test_a_model_without_labels_says_so():
    with pytest.raises(UserError, match="trained without labels"):
        sample(load_model(), SampleConfig(count=1, steps=2, label=3))


def test_the_command_writes_picture_and_numbers(tmp_path, capsys, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    few = ["--samples", "20", "--steps", "2", "--strengths", "0", "2", "--out", str(tmp_path)]
    assert main(["guidance", *few]) == 0
    said = capsys.readouterr().out
    assert "agreement" in said and "N = 20" in said
    assert (tmp_path / "guidance.png").stat().st_size > 500 and (tmp_path / "guidance.json").is_file()
    assert main(["guidance", "--strengths", "-1"]) == 2
    assert "guidance w is -1" in capsys.readouterr().err


def test_the_page_shows_the_ten_classes():
    app = opened(WING / "guidance" / "page.py")
    assert np.size(app.session_state["guided-ten"][1]) == 6 * 10 * 28 * 28


def test_an_interval_of_all_levels_is_guidance_and_an_empty_one_is_none(labelled):
    labels = torch.tensor([3, 8])

    def drawn(w, **interval):
        config = GuidanceConfig(samples=20, steps=4, **interval)
        return generated(labelled, classifier_free(labelled), labels, w, config)

    assert torch.equal(drawn(2.0, low=0.5, high=0.5), drawn(0.0))
    assert torch.equal(drawn(2.0, low=0.0), drawn(2.0, high=9000.0))
    assert not torch.equal(drawn(2.0, low=0.3, high=3.0), drawn(2.0))


def test_all_strengths_walked_at_once_are_those_of_each_walked_alone(labelled):
    """Also where each step draws noise: the rows share it.  One gray value on average is left to the rounding of
    another size of the batch; digits of another strength are farther apart.
    """
    guide, config = load_guide(GUIDE), GuidanceConfig(samples=20, steps=4, strengths=(0.0, 3.0))
    for guided in (classifier_free(labelled), by_guide_stochastic(labelled, guide)):
        rows = the_ten(labelled, guided, config).reshape(2, 10, 28, 28).astype(float)
        for row, w in zip(rows, config.strengths, strict=True):
            alone = generated(labelled, guided, torch.arange(10), w, config)[:, 0].numpy()
            assert np.abs(row - alone).mean() < 1
        assert np.abs(rows[1] - rows[0]).mean() > 1


def test_an_empty_interval_leaves_the_guides_out_in_both_forms(labelled):
    guide, labels = load_guide(GUIDE), torch.tensor([3, 8])
    for form in FORMS.values():
        config = GuidanceConfig(samples=20, steps=3)
        off = generated(labelled, form(labelled, guide), labels, 5.0, replace(config, low=2.0, high=2.0))
        assert torch.equal(off, generated(labelled, form(labelled, guide), labels, 0.0, config))


def told_sweep(agreements, fcds):
    def row(strength, agreement, fcd):
        none = torch.zeros((1, 1, 28, 28), dtype=torch.uint8)
        return Row(
            strength, none, {FCD: Estimate(fcd, fcd - 0.1, fcd + 0.1)}, agreement, 0.0, 1.0, 1.0, 1.0, None
        )

    rows = [row(s, a, f) for s, a, f in zip((0.0, 1.0, 10.0), agreements, fcds, strict=True)]
    return Sweep(GuidanceConfig(samples=1000, strengths=(0.0, 1.0, 10.0)), tuple(rows), {})


def test_the_two_forms_are_compared_by_differences():
    one, other = told_sweep((0.5, 0.7, 0.9), (1.0, 0.5, 2.0)), told_sweep((0.5, 0.7, 0.6), (1.0, 1.5, 0.5))
    near, far = forms_apart(one, other)
    assert (
        "s = 1:" in near
        and "cannot be told at N = 1,000; that it is nearer" in near
        and near.endswith("holds.")
    )
    assert "+30.0%" in far and ") holds; that it is nearer" in far and far.endswith("does not hold.")


def test_the_command_measures_both_forms_side_by_side(tmp_path, capsys, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    few = ["--by", "guide", "--form", "both", "--samples", "20", "--steps", "2", "--strengths", "0", "3"]
    assert main(["guidance", *few, "--out", str(tmp_path)]) == 0
    about = json.loads((tmp_path / "guidance.json").read_text())
    assert set(about["forms"]) == set(FORMS) and len(about["claims"]) == 1
    assert "stochastic form agrees" in capsys.readouterr().out
    assert (tmp_path / "guidance-stochastic.png").is_file()
    assert main(["guidance", "--low", "3", "--high", "1"]) == 2
