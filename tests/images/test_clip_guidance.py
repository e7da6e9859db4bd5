"""Guidance of the decoder by itself and by a noise-aware CLIP; shipping what holds no denoiser."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from images.__main__ import main
from images.dalle2.clip_task import load_clip, mark_of
from images.dalle2.experiment import load_stack
from images.dalle2.guidance_experiment import BY_CLIP, ITSELF, GuidanceConfig, clip_guided, guidance
from images.dalle2.noisy_clip_task import load_noisy_clip
from images.dalle2.prior_task import caption_of
from images.data.captions import parse
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.training.config import TrainConfig
from images.training.presets import PRESETS
from images.training.tasks import task_for
from playground.errors import UserError
from playground.levels import Level, linear_beta, seeded


@pytest.fixture(scope="module")
def stack():
    return load_stack()


@pytest.fixture(scope="module")
def few():
    return load("test", download=False).part(0, 100)


def test_a_noisy_clip_is_on_the_sphere_and_its_loss_is_clips_on_clean_digits(few):
    task = task_for(replace(PRESETS["noisy-clip"], width=8, batch=20, images=20))
    net = task.build(0)
    z = net(torch.zeros(3, 1, 14, 14), Level.of(0.6, 0.8))
    torch.testing.assert_close(z.norm(dim=1), torch.full((3,), 8.0))
    pairs = task.batches(few, 20, torch.device("cpu"))(0, seeded(0))
    loss = task.loss()(net, pairs, seeded(1))
    assert loss.shape == (20,) and loss.isfinite().all()
    loss.mean().backward()
    assert net.eye.head[-1].weight.grad.abs().max() > 0
    assert all(p.grad is None for p in task.clip.parameters())  # the text encoder stays as it is


def test_clips_gradient_moves_x0_where_the_cosine_grows(stack):
    """One step: xt moved along the guidance's shift has a larger cosine with the caption, for a small shift."""
    noisy = load_noisy_clip(stack.clip)
    z_t = caption_of(stack.clip, torch.tensor([parse("a thick seven").codes]))["vector"].expand(6, -1)
    xt, level = torch.randn(6, 1, 14, 14, generator=seeded(0)), linear_beta().level(400)
    still = lambda xt, level: torch.zeros_like(xt)  # noqa: E731
    assert clip_guided(stack, noisy, still, z_t, 0.0, 20.0) is still
    shift = clip_guided(stack, noisy, still, z_t, 1.0, 20.0)(xt, level)
    before = torch.cosine_similarity(noisy(xt, level), z_t)
    after = torch.cosine_similarity(noisy(xt + 0.05 * shift / shift.abs().max(), level), z_t)
    assert (after > before).all()


def test_the_shipped_noisy_clip_names_noised_digits_better_than_chance(stack, few):
    """At t = 300: among ten captions of classes; chance is a tenth, 5 standard errors are 15 %."""
    from images.dalle2.clip_experiment import prompts
    from images.dalle2.upsampler_task import small
    from images.data.mnist import to_model
    from playground.levels import noised, randn_like

    noisy, level = load_noisy_clip(stack.clip), linear_beta().level(300)
    x0 = small(to_model(few.images))
    z = noisy(noised(x0, randn_like(x0, seeded(0)), level.to(x0)), level.to(x0))
    named = (z @ caption_of(stack.clip, prompts(0))["vector"].T).argmax(1)
    assert float((named == few.labels).double().mean()) > 0.5


def test_the_first_strength_is_the_same_digits_for_both_and_changes_are_differences(stack, few):
    config = GuidanceConfig(20, (0.0, 2.0), steps=4)
    one = guidance(stack, few, load_classifier(), ITSELF, config)
    two = guidance(stack, few, load_classifier(), BY_CLIP, config, load_noisy_clip(stack.clip))
    assert torch.equal(one.rows[0].images, two.rows[0].images)
    assert not torch.equal(one.rows[1].images, two.rows[1].images)
    change = two.changes(two.rows[1])["CLIP's score"]
    assert change.value == pytest.approx(np.mean(two.rows[1].scores - two.rows[0].scores))
    assert len(two.verdicts) == 3 and all("Claim" in sentence for sentence in two.verdicts)


def test_a_noisy_clip_of_another_clip_is_refused(tmp_path, stack):
    other = type(stack.clip)
    assert other is type(load_clip())
    fresh = task_for(TrainConfig(images=40, batch=20, width=8, blocks=1, size=64, task="clip")).build(7)
    with pytest.raises(UserError, match="another CLIP"):
        load_noisy_clip(fresh)


@pytest.mark.parametrize("name", ["clip", "ar-prior", "noisy-clip"])
def test_shipping_halves_the_file_and_keeps_which_one_it_is(name, tmp_path, stack):
    out = tmp_path / f"{name}.safetensors"
    from images.dalle2.clip_task import SHIPPED

    assert main(["ship", "--model", str(SHIPPED.with_name(out.name)), "--out", str(out)]) == 0
    assert out.with_suffix(".json").is_file()
    if name == "clip":
        assert mark_of(load_clip(out)) == mark_of(stack.clip)


@pytest.mark.parametrize(
    ("words", "said"), [(["--samples", "5"], "digits is 5"), (["--strengths", "1"], "One strength")]
)
def test_bad_settings_are_one_line(words, said, capsys):
    assert main(["table-guidance", *words]) == 2
    assert said in capsys.readouterr().err


def test_using_is_refused_where_nothing_is_built_on():
    with pytest.raises(UserError, match="builds on no other"):
        replace(PRESETS["clip"], using="x")
