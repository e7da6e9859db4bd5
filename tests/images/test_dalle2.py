"""DALL-E 2 at digit scale: each stage trains, saves and loads; the stack draws; what is refused, and why."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import images.dalle2.clip_task
import images.films
from images.__main__ import main
from images.dalle2.agreement import Share
from images.dalle2.claims import PAIRS, REAL, WAYS, Claims, ClaimsConfig, claims
from images.dalle2.clip_experiment import clouds, found, zero_shot
from images.dalle2.clip_task import embedded, load_clip, mark_of
from images.dalle2.experiment import DrawConfig, arc, between, decoded, draw, imagined, load_stack, variations
from images.dalle2.prior_task import caption_of
from images.dalle2.priors import REAL as FLOOR
from images.dalle2.priors import TEXT, PriorsConfig, priors
from images.dalle2.upsampler_task import blurred, enlarged, small
from images.data.captions import parse
from images.data.mnist import Digits, load
from images.metrics.classifier import load_classifier
from images.models import load_model
from images.networks.caption_prior import CaptionPriorConfig
from images.networks.clip import ClipConfig, contrast, on_sphere
from images.networks.prompted import PromptedConfig
from images.training.config import TrainConfig
from images.training.presets import PRESETS
from images.training.session import MODEL, Session, run
from playground.denoisers import NetworkDenoiser, guided
from playground.errors import UserError
from playground.levels import Level, seeded
from playground.statistics import FAILS, HOLDS, OPEN

PAGE = Path(__file__).parents[2] / "images" / "dalle2" / "page.py"
CPU = torch.device("cpu")
TINY = {
    "clip": TrainConfig(images=40, batch=20, width=8, blocks=1, size=16, task="clip"),
    "prior": TrainConfig(images=40, batch=20, width=16, blocks=1, predicts="x0", T=50, task="prior"),
    "ar-prior": TrainConfig(images=40, batch=20, width=16, blocks=1, size=4, task="ar-prior"),
    "decoder": TrainConfig(images=16, batch=8, width=8, blocks=1, patch=1, T=50, task="decoder"),
    "upsampler": TrainConfig(images=16, batch=8, width=8, blocks=1, T=50, task="upsampler"),
}


@pytest.fixture(scope="module")
def few():
    digits = load("train", download=False)
    return Digits(digits.images[:200], digits.labels[:200], "train", "200 digits")


@pytest.fixture(scope="module")
def folder(few, tmp_path_factory):
    """A stack of tiny networks, trained for two steps each."""
    folder = tmp_path_factory.mktemp("stack")
    for name, config in TINY.items():
        using = str(folder / "clip.safetensors") if name in ("prior", "ar-prior", "decoder") else ""
        session = Session(replace(config, using=using), few, folder / name, CPU)
        assert run(session, report=lambda p: None, stopped=lambda: False)
        (folder / name / MODEL).rename(folder / f"{name}.safetensors")
        assert list((folder / name / "previews").glob("*.png"))
    return folder


def shaken(net, seed=0):
    """The network with weights that are nowhere zero, so that every path counts."""
    rng = seeded(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=rng))
    return net.eval()


# --- CLIP -------------------------------------------------------------------------------------------------------


def test_with_the_diagonal_alone_the_loss_is_infonce_of_both_directions():
    logits = torch.randn(6, 6, generator=seeded(0))
    wanted = sum(
        torch.nn.functional.cross_entropy(s, torch.arange(6), reduction="none") for s in (logits, logits.T)
    )
    torch.testing.assert_close(contrast(logits, torch.eye(6).bool()), wanted / 2)


def test_captions_that_match_pull_alike_and_the_best_loss_is_the_entropy_of_the_matches():
    match = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    best = torch.where(match, 0.0, -1e4)
    torch.testing.assert_close(contrast(best, match), torch.tensor([math.log(2), math.log(2), 0.0]))
    logits = torch.zeros(3, 3, requires_grad=True)
    contrast(logits, match).sum().backward()
    assert (logits.grad[match] < 0).all() and (logits.grad[~match] > 0).all()
    torch.testing.assert_close(logits.grad[0, 0], logits.grad[0, 1])


def test_embeddings_have_the_length_of_the_root_of_their_dimension(few):
    net = shaken(ClipConfig(16, 8).build())
    z_t, words = net.text(torch.zeros(3, 5, dtype=torch.long))
    assert words.shape == (3, 5, 16)
    torch.testing.assert_close(z_t.norm(dim=1), torch.full((3,), 4.0))
    torch.testing.assert_close(embedded(net, few.images[:7]).norm(dim=1), torch.full((7,), 4.0))


def test_a_clip_is_read_back_and_another_file_is_refused(folder):
    clip = load_clip(folder / "clip.safetensors")
    assert mark_of(clip) == mark_of(
        clip.half().float()
    )  # rounding to float16 does not change which one it is
    assert mark_of(clip) != mark_of(ClipConfig(16, 8).build())
    with pytest.raises(UserError, match="is no CLIP"):
        load_clip(folder / "upsampler.safetensors")


def test_zero_shot_search_and_clouds_count_every_digit(folder, few):
    clip = load_clip(folder / "clip.safetensors")
    shares = zero_shot(clip, few).shares
    assert list(shares) == ["digit", "thickness", "width", "slant"]
    assert all(share.n == len(few) for share in shares.values())
    z_i = embedded(clip, few.images)
    nearest = found(clip, z_i, torch.tensor(parse("a seven").codes), 5)
    scores = z_i @ caption_of(clip, torch.tensor([parse("a seven").codes]))["vector"][0]
    assert scores[nearest].min() >= scores.sort().values[-5]
    assert clouds(clip, few).images.shape == (len(few), 2)


# --- what the networks are told -----------------------------------------------------------------------------------

NETS = {
    "prompted": (PromptedConfig(8, 1, 1, 16), (1, 14, 14)),
    "caption-prior": (CaptionPriorConfig(16, 16, 1), (16,)),
}


@pytest.mark.parametrize("kind", NETS)
def test_each_condition_counts_and_what_is_withheld_does_not(kind):
    config, shape = NETS[kind]
    model = NetworkDenoiser(shaken(config.build()), "x0")
    rng, level = seeded(1), Level.of(0.6, 0.8)
    x = torch.randn(4, *shape, generator=rng)
    told = {"vector": torch.randn(4, 16, generator=rng), "tokens": torch.randn(4, 5, 16, generator=rng)}
    plain, full = model(x, level), model.given(**told)(x, level)
    everyone = torch.ones(4, dtype=torch.bool)
    for names in itertools.combinations(told, 1):
        (name,) = names
        (other,) = set(told) - {name}
        without = model.given(**told, hidden={name: everyone})(x, level)
        torch.testing.assert_close(without, model.given(**{other: told[other]})(x, level))
        assert (without - full).abs().max() > 1e-4
    hidden = dict.fromkeys(told, everyone)
    torch.testing.assert_close(model.given(**told, hidden=hidden)(x, level), plain)


@pytest.mark.parametrize("kind", NETS)
def test_guidance_in_one_call_is_guidance_in_two(kind):
    """Where captions have more tokens than the null caption, one call and two would differ: they have as many."""
    config, shape = NETS[kind]
    model = NetworkDenoiser(shaken(config.build()), "x0")
    x, level = torch.randn(3, *shape, generator=seeded(1)), Level.of(0.6, 0.8)
    view = model.given(
        vector=torch.randn(3, 16, generator=seeded(2)), tokens=torch.randn(5, 16, generator=seeded(3))
    )
    wanted = 3 * view(x, level) - 2 * model(x, level)
    torch.testing.assert_close(guided(view, model, 2.0)(x, level), wanted, rtol=1e-4, atol=1e-4)


def test_a_caption_of_another_length_is_refused():
    model = NetworkDenoiser(PromptedConfig(8, 1, 1, 16).build(), "x0")
    with pytest.raises(UserError, match="has 3 tokens; it must have 5"):
        model.given(tokens=torch.zeros(3, 16))


# --- the upsampler's picture --------------------------------------------------------------------------------------


def test_small_undoes_enlarged_and_a_blur_keeps_the_mean_of_what_is_flat_at_the_border():
    x = torch.rand(3, 1, 14, 14, generator=seeded(0))
    torch.testing.assert_close(small(enlarged(x)), x)
    torch.testing.assert_close(blurred(torch.full_like(x, 0.3)), torch.full_like(x, 0.3))
    spot = torch.zeros(1, 1, 14, 14)
    spot[0, 0, 7, 7] = 1.0
    assert blurred(spot).sum() == pytest.approx(1.0, abs=1e-6)
    assert blurred(spot)[0, 0, 7, 7] < 0.7


# --- the stack ----------------------------------------------------------------------------------------------------


def test_the_models_know_their_shape_and_range(folder):
    prior, decoder = load_model(folder / "prior.safetensors"), load_model(folder / "decoder.safetensors")
    assert prior.shape == (16,) and decoder.shape == (1, 14, 14)
    assert not prior.config.bounded and decoder.config.bounded
    assert prior.told == decoder.told == ("vector", "tokens")
    far = prior.within(lambda xt, level: 5 * torch.ones_like(xt))
    assert far(torch.zeros(2, 16), Level.of(sigma=1.0)).max() == 5  # embeddings are never clipped


def test_a_drawing_has_the_frames_of_all_three_stages_and_its_seed_makes_it(folder):
    stack, config = load_stack(folder), DrawConfig("a thin two", count=3, steps=4, frames=3)
    ticks = []
    drawing = draw(stack, config, lambda done, total, stage="": ticks.append((done, total)))
    assert drawing.embeddings.shape == (3, 3, 16) and drawing.smalls.shape == (3, 3, 14, 14)
    assert drawing.images.shape == (3, 28, 28) and drawing.z_t.shape == (16,)
    assert ticks[-1] == (12, 12) and sorted(ticks) == ticks
    assert (drawing.images == draw(stack, config).images).all()
    assert (drawing.images != draw(stack, replace(config, seed=1)).images).any()


def test_sampled_embeddings_lie_on_the_sphere_and_differ(folder):
    stack = load_stack(folder)
    told = caption_of(stack.clip, torch.tensor([parse("a seven").codes]))
    _, z = imagined(stack, told, 4, DrawConfig(steps=4), seeded(0))
    torch.testing.assert_close(z, on_sphere(z))
    assert not torch.equal(z[0], z[1])


def test_variations_of_a_digit_are_told_its_embedding_and_nothing_else(folder, few):
    stack, config = load_stack(folder), DrawConfig(count=2, steps=4)
    drawing = variations(stack, few.images[3], config)
    z = embedded(stack.clip, few.images[3:4])
    assert drawing.embeddings.shape == (1, 2, 16) and torch.allclose(torch.tensor(drawing.z_t), z[0])
    _, wanted = decoded(stack, {"vector": z.expand(2, -1)}, config, seeded(0))
    assert wanted.shape == (2, 1, 14, 14)


def test_the_arc_has_its_ends_equal_angles_and_one_length():
    first, last = on_sphere(torch.randn(2, 16, generator=seeded(0)))
    points = arc(first, last, 5)
    torch.testing.assert_close(points[[0, -1]], torch.stack([first, last]))
    torch.testing.assert_close(points.norm(dim=1), torch.full((5,), 4.0))
    steps = points.diff(dim=0).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(4), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(arc(first, first, 3), first.expand(3, 16))


def test_between_a_digit_and_itself_nothing_changes(folder, few):
    drawing = between(load_stack(folder), few.images[3], few.images[3], DrawConfig(count=3, steps=3))
    assert (drawing.images == drawing.images[:1]).all()


def test_a_stage_of_another_clip_or_kind_is_refused(folder, few, tmp_path):
    for name in TINY:
        (tmp_path / f"{name}.safetensors").write_bytes((folder / f"{name}.safetensors").read_bytes())
    session = Session(replace(TINY["clip"], seed=1), few, tmp_path / "run", CPU)
    session.save()
    (tmp_path / "run" / MODEL).rename(tmp_path / "clip.safetensors")
    with pytest.raises(UserError, match="was trained with another CLIP"):
        load_stack(tmp_path)
    (tmp_path / "prior.safetensors").write_bytes((folder / "upsampler.safetensors").read_bytes())
    with pytest.raises(UserError, match="it must be a prior"):
        load_stack(tmp_path)


# --- agreement ----------------------------------------------------------------------------------------------------


def test_the_table_has_every_way_and_the_same_captions_for_all(folder):
    test = load("test", download=False)
    result = claims(load_stack(folder), test, load_classifier(), ClaimsConfig(count=10, steps=2))
    assert list(result.shares) == [REAL, *WAYS]
    assert all(shares["all"].n == 10 for shares in result.shares.values())


@pytest.mark.parametrize(
    "prior, text, said", [(160, 100, HOLDS), (100, 160, FAILS), (101, 100, f"{OPEN} at N = 200")]
)
def test_the_verdict_on_the_prior_is_that_of_a_paired_difference(prior, text, said):
    """What one of both gets right, the other does too: the standard error of d = 1 of 200 is as much again."""
    right = {name: torch.arange(200) < n for name, n in (("prior", prior), ("text embedding", text))}
    shares = {"prior": {"all": Share(prior, 200)}, "text embedding": {"all": Share(text, 200)}}
    found = Claims(ClaimsConfig(), shares, right)
    assert found.verdict.endswith(f" {said}.")
    d, apart = abs(prior - text) / 200, found.apart("prior", "text embedding")
    assert apart.high - apart.value == pytest.approx(1.96 * (d * (1 - d) / 199) ** 0.5)


def test_claims_on_both_priors_are_made_where_both_are_and_digits_begin_where_asked(folder):
    stack, test, judge = load_stack(folder), load("test", download=False), load_classifier()
    fresh = claims(stack, test, judge, ClaimsConfig(count=10, steps=2, first=300))
    assert len(fresh.verdicts) == len(PAIRS) and all(len(right) == 10 for right in fresh.right.values())
    assert fresh.shares["prior"]["all"].hits == int(fresh.right["prior"].sum())
    alone = claims(replace(stack, ar_prior=None), test, judge, ClaimsConfig(count=10, steps=2))
    assert len(alone.verdicts) == len(PAIRS) - 2
    with pytest.raises(UserError, match="begin earlier"):
        claims(stack, test.part(0, 100), judge, ClaimsConfig(count=10, first=95))


def test_the_priors_are_held_against_real_embeddings(folder):
    test = load("test", download=False)
    rows = priors(load_stack(folder), test, PriorsConfig(count=100))
    assert rows[FLOOR].distance > 0 and rows[FLOOR].cosine == pytest.approx(1)
    assert {"diffusion prior, 25 steps", "autoregressive prior", TEXT} < set(rows)
    # an untrained prior is farther from real embeddings than other real ones are
    assert rows["diffusion prior, 25 steps"].distance > rows[FLOOR].distance
    with pytest.raises(UserError, match="digits for 2 x"):
        priors(
            load_stack(folder),
            Digits(test.images[:150], test.labels[:150], "test", ""),
            PriorsConfig(count=100),
        )


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(folder, monkeypatch):
    monkeypatch.setattr(images.dalle2.clip_task, "SHIPPED", folder / "clip.safetensors")
    monkeypatch.setattr(
        images.films, "kept", lambda *asked: None
    )  # a shipped drawing is of the shipped models
    st.cache_resource.clear()  # embeddings by a CLIP that another test's page has left
    app = AppTest.from_file(str(PAGE), default_timeout=120).run()
    assert not app.exception and not app.error
    yield app
    st.cache_resource.clear()  # and those of this one


def test_the_page_draws_a_caption_and_refuses_words_that_it_does_not_know(opened):
    config, drawing = opened.session_state["drawing"]
    assert drawing.images.shape == (8, 28, 28) and config.caption == "a thick seven leaning left"
    assert any("All that was asked is there in" in text.value for text in opened.markdown)
    opened.text_input(key="caption").set_value("a thick purple cow").run()
    assert "'purple', 'cow'" in opened.error[0].value and "leaning" in opened.error[0].value
    assert not opened.exception
    opened.text_input(key="caption").set_value("a thin two").run()
    assert not opened.error and any("have changed" in caption.value for caption in opened.caption)
    next(button for button in opened.button if button.label == "Draw").click().run()
    assert opened.session_state["drawing"][0].caption == "a thin two"


def test_a_clicked_example_becomes_the_caption(opened):
    next(button for button in opened.button if button.label == "a four").click().run()
    assert opened.text_input(key="caption").value == "a four" and not opened.exception


def test_what_the_prior_is_for_and_guidance_are_measured_at_the_press_of_a_button(opened):
    opened.selectbox(key="ways-n").set_value(20).run()
    next(button for button in opened.button if button.label == "Measure").click().run()
    assert not opened.exception and not [error.value for error in opened.error]
    assert any("the autoregressive prior helps" in text.value for text in opened.markdown)
    opened.segmented_control(key="measured").set_value("guidance").run()
    opened.selectbox(key="guided-n").set_value(20).run()
    next(button for button in opened.button if button.label == "Measure").click().run()
    assert not opened.exception and any("Claim: agreement rises" in text.value for text in opened.markdown)
    opened.segmented_control(key="measured").set_value("the upsampler").run()
    opened.selectbox(key="upsampler-n").set_value(20).run()
    next(button for button in opened.button if button.label == "Measure").click().run()
    assert not opened.exception and any("bicubic enlargement" in text.value for text in opened.markdown)


def test_binding_is_shown_and_another_sentence_is_refused(opened):
    opened.segmented_control(key="measured").set_value("binding in scenes").run()
    assert not opened.exception and not opened.error
    opened.text_input(key="scene-caption").set_value("a purple cow left of a moon").run()
    assert "'purple'" in opened.error[0].value and not opened.exception


# --- the command line ---------------------------------------------------------------------------------------------


def test_draw_and_variations_write_pictures(folder, tmp_path):
    options = ["--models", str(folder), "--steps", "3", "--count", "2", "--out", str(tmp_path)]
    assert main(["draw", "a thick seven leaning left", *options]) == 0
    assert main(["variations", "--digit", "3", *options]) == 0
    assert main(["clip-between", "--digits", "3", "4", *options]) == 0
    assert main(["clip", "--models", str(folder), "--out", str(tmp_path / "table")]) == 0
    assert (
        main(["table-priors", "--models", str(folder), "--samples", "100", "--out", str(tmp_path / "table")])
        == 0
    )
    assert (tmp_path / "table" / "clip.png").is_file()
    table = ["--models", str(folder), "--steps", "2", "--samples", "10", "--out", str(tmp_path / "table")]
    assert main(["table-captions", *table]) == 0
    assert set(json.loads((tmp_path / "table" / "captions.json").read_text())["agreement"]) == {REAL, *WAYS}
    assert {path.name for path in tmp_path.glob("[!.]*") if path.is_file()} == {
        f"{name}.{end}" for name in ("drawn", "variations", "clip-between") for end in ("png", "gif", "json")
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [(["draw", "a purple cow"], "'purple', 'cow'"), (["draw", "a seven", "--w", "30"], "w is 30"),
     (["draw", "a seven", "--count", "0"], "number of digits"), (["variations", "--digit", "-1"], "digit is -1"),
     (["draw", "a seven", "--models", "nowhere"], "no checkpoint")],
)  # fmt: skip
def test_bad_input_is_one_line_and_status_2(words, said, capsys, tmp_path):
    assert main([*words, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_the_presets_are_tasks_of_their_own():
    assert [PRESETS[name].task for name in TINY] == list(TINY)
