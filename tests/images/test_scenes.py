"""Scenes of two digits: captions and their parser, what is read off the pixels, the decoder's training, the table."""

import json

import pytest
import torch

from images.__main__ import main
from images.data.mnist import load
from images.data.scenes import (
    COLOURS,
    EXAMPLES,
    LENGTH,
    WORDS,
    SceneCaption,
    captions_of,
    drawn,
    parse,
    scene_of,
    scenes,
    tokens_of,
    true_of,
)
from images.metrics.classifier import load_classifier
from images.networks.clip import ClipConfig
from images.scenes.clip_task import load_scene_clip
from images.scenes.experiment import (
    ALONE,
    BOTH,
    ONLY_EMBEDDING,
    ONLY_WORDS,
    REAL,
    WAYS,
    Binding,
    Kept,
    ScenesConfig,
    binding,
    claims,
    decoded,
    kept,
    load_scenes,
    seen,
)
from images.training.config import TrainConfig
from images.training.session import MODEL, Session, run
from playground.errors import UserError
from playground.levels import seeded
from playground.statistics import FAILS, HOLDS

CPU = torch.device("cpu")
TINY = {
    "scene-clip": TrainConfig(images=40, batch=20, width=8, blocks=1, size=16, task="scene-clip"),
    "scene-decoder": TrainConfig(images=16, batch=8, width=8, blocks=1, T=50, task="scene-decoder"),
}


@pytest.fixture(scope="module")
def test():
    return load("test", download=False)


@pytest.fixture(scope="module")
def folder(test, tmp_path_factory):
    """Tiny networks, trained for two steps each."""
    folder = tmp_path_factory.mktemp("scenes")
    for name, config in TINY.items():
        changed = {"using": str(folder / "scene-clip.safetensors")} if name == "scene-decoder" else {}
        session = Session(TrainConfig(**{**vars(config), **changed}), test.part(0, 200), folder / name, CPU)
        assert run(session, report=lambda p: None, stopped=lambda: False)
        (folder / name / MODEL).rename(folder / f"{name}.safetensors")
        assert list((folder / name / "previews").glob("*.png"))
    return folder


# --- captions ---------------------------------------------------------------------------------------------------


def test_every_caption_is_parsed_back():
    rng = seeded(0)
    for _ in range(50):
        sizes = (4, 10, 2, 4, 10)
        codes = [int(torch.randint(size, (), generator=rng)) for size in sizes]
        assert parse(SceneCaption(*codes).text).codes == tuple(codes)
    assert parse("A red 3 left of a green 5.").text == EXAMPLES[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a purple three left of a green five", "'purple'"),
        ("a red three", "no caption of a scene"),
        ("a three red left of a green five", "no caption of a scene"),
        ("a red three left of a green five left", "no caption of a scene"),
        ("", "no caption of a scene"),
    ],
)
def test_other_sentences_are_refused_with_what_is_known(text, said):
    with pytest.raises(UserError, match=said):
        parse(text)


def test_right_of_names_the_right_digit_first_and_both_captions_are_true():
    one, other = parse("a red three left of a green five"), parse("a green five right of a red three")
    both = torch.tensor([one.codes, other.codes])
    scene = scene_of(both)
    assert torch.equal(scene[0], scene[1]) and scene[0].tolist() == [0, 3, 1, 5]
    assert true_of(both, scene[:1]).all()


def test_four_scenes_have_the_same_words():
    """So a bag of words leaves one chance in four."""
    texts = (
        "a red three left of a green five", "a green three left of a red five",
        "a red five left of a green three", "a green five left of a red three",
    )  # fmt: skip
    captions = torch.tensor([parse(text).codes for text in texts])
    assert len({tuple(sorted(row)) for row in tokens_of(captions).tolist()}) == 1
    assert torch.equal(true_of(captions, scene_of(captions)), torch.eye(4).bool())


def test_captions_of_scenes_are_true_of_them_and_go_either_way(test):
    rng = seeded(1)
    _, codes = drawn(test.images[:500], test.labels[:500], 400, rng)
    captions = captions_of(codes, rng)
    assert torch.equal(scene_of(captions), codes)
    share = captions[:, 2].double().mean()
    assert abs(share - 0.5) < 4 * 0.5 / 400**0.5  # four standard errors
    words = tokens_of(captions)
    assert words.shape == (400, LENGTH) and words.max() < len(WORDS)
    assert WORDS[words[0, 1]] in parse(SceneCaption(*captions[0].tolist()).text).text


# --- pixels -----------------------------------------------------------------------------------------------------


def test_scenes_to_confuse_have_two_colours_and_two_digits(test):
    _, codes = drawn(test.images[:500], test.labels[:500], 300, seeded(2), unlike=True)
    assert (codes[:, 0] != codes[:, 2]).all() and (codes[:, 1] != codes[:, 3]).all()
    assert codes[:, 0].unique().tolist() == [0, 1, 2, 3]


def test_each_half_holds_its_own_digit_in_its_own_colour():
    images = torch.zeros(1, 2, 28, 28, dtype=torch.uint8)
    images[0, 0, 10:18, 10:18] = 255
    x = (scenes(images, torch.tensor([[3, 0, 1, 0]])) + 1) / 2
    torch.testing.assert_close(x[0, :, 14, 6], torch.tensor(COLOURS["yellow"]))
    assert x[:, :, :, 14:].abs().max() < 1e-6 and x[:, :, :7].abs().max() < 1e-6


def test_colours_are_read_whatever_the_ink_and_digits_as_far_as_half_a_size_allows(test):
    x, codes = drawn(test.images, test.labels, 500, seeded(3), unlike=True)
    found = seen(load_classifier(), x)
    assert torch.equal(found[:, [0, 2]], codes[:, [0, 2]])
    assert torch.equal(seen(load_classifier(), 0.5 * x - 0.5)[:, [0, 2]], codes[:, [0, 2]])  # half the light
    assert (found == codes).double().mean() > 0.97  # two tenths of the pixels' number, still legible


def test_what_is_kept_of_a_scene():
    asked = torch.tensor([[0, 3, 1, 5]]).expand(5, 4)
    codes = torch.tensor([[0, 3, 1, 5], [1, 5, 0, 3], [1, 3, 0, 5], [0, 5, 1, 3], [0, 3, 1, 8]])
    found = kept(codes, asked)
    assert found.whole.tolist() == [True, False, False, False, False]
    assert found.bound.tolist() == [True, True, False, False, False]
    assert found.parts.tolist() == [True, True, True, True, False]
    assert (found.bound_of_parts.hits, found.bound_of_parts.n) == (2, 4)


# --- the measurement --------------------------------------------------------------------------------------------


def drawn_by_chance(share_alone: float, share_both: float, n: int = 400) -> Binding:
    rng = seeded(0)
    ones = torch.ones(n, dtype=torch.bool)
    rows = {REAL: Kept(ones, ones, ones)}
    for way, share in zip(WAYS, (share_alone, share_both, 0.9), strict=True):
        bound = torch.rand(n, generator=rng) < share
        rows[way] = Kept(ones, bound, bound)
    return Binding(ScenesConfig(n), rows, {})


def test_claims_follow_the_shares():
    words, bound, chance = claims(drawn_by_chance(0.5, 0.9))
    assert f"more {HOLDS};" in words and f"often {HOLDS};" in bound and f": {HOLDS}." in chance
    words, bound, chance = claims(drawn_by_chance(0.9, 0.5))
    assert f"more {FAILS};" in words and f"often {FAILS};" in bound and f": {FAILS}." in chance
    lost = drawn_by_chance(0.5, 0.5)
    none = torch.zeros(400, dtype=torch.bool)
    lost.kept[ALONE] = Kept(none, none, none)  # no scene has its parts: nothing can be said of their binding
    assert lost.bound_apart(BOTH, ALONE) is None and len(claims(lost)) == 1


def test_without_words_the_network_does_not_know_them_and_with_them_it_does(folder, test):
    """The same noise: other words change nothing for the embedding alone, and something with them."""
    stack = load_scenes(folder / "scene-clip.safetensors", folder / "scene-decoder.safetensors")
    with torch.no_grad():
        for parameter in stack.decoder.denoise.parameters():  # all new paths begin at zero
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=seeded(0)))
    x, codes = drawn(test.images, test.labels, 4, seeded(4), unlike=True)
    one, other = captions_of(codes, seeded(0)), captions_of(codes.flip(0), seeded(0))
    config = ScenesConfig(steps=2)
    made = {way: [decoded(stack, x, words, way, config) for words in (one, other)] for way in (ALONE, BOTH)}
    assert torch.equal(*made[ALONE]) and not torch.equal(*made[BOTH])


def test_the_table_and_the_drawing_are_written(folder, tmp_path, capsys):
    options = ["--clip", str(folder / "scene-clip.safetensors"), "--steps", "2", "--out", str(tmp_path)]
    options += ["--decoder", str(folder / "scene-decoder.safetensors")]
    assert main(["table-scenes", "--count", "12", *options]) == 0
    about = json.loads((tmp_path / "table-scenes.json").read_text())
    assert set(about["kept"]) == {REAL, *WAYS} and about["scenes"] == 12
    assert main(["draw-scene", EXAMPLES[0], "--count", "2", *options]) == 0
    assert (tmp_path / "scene.png").is_file()
    assert main(["draw-scene", "a purple cow", *options]) == 2
    assert "'purple'" in capsys.readouterr().err


def test_a_decoder_of_another_clip_is_refused(folder, tmp_path):
    with pytest.raises(UserError, match="no decoder that was trained with"):
        load_scenes(folder / "scene-clip.safetensors", "images/shipped/decoder.safetensors")
    with pytest.raises(UserError, match="CLIP of scenes"):
        load_scene_clip("images/shipped/clip.safetensors")


def test_the_measurement_takes_held_out_digits_of_every_way(folder, test):
    stack = load_scenes(folder / "scene-clip.safetensors", folder / "scene-decoder.safetensors")
    few = test.part(0, 50)
    found = binding([stack], few, load_classifier(), ScenesConfig(10, 2))
    assert list(found.kept) == [REAL, *WAYS]
    assert all(picture.shape == (10, 3, 28, 28) for picture in found.pictures.values())


def test_a_bag_of_words_cannot_tell_the_four_scenes_apart():
    captions = torch.tensor([parse(t).codes for t in ("a red three left of a green five",
                                                      "a green three left of a red five")])  # fmt: skip
    sizes = {"channels": 3, "words": len(WORDS), "length": LENGTH}
    bag, reader = (ClipConfig(16, 8, layers=layers, **sizes).build() for layers in (0, 1))
    one, other = bag.text(tokens_of(captions))[0]
    torch.testing.assert_close(one, other)
    one, other = reader.text(tokens_of(captions))[0]
    assert (one - other).abs().max() > 1e-3


def test_decoders_that_learned_from_one_thing_have_rows_of_their_own(folder, test, tmp_path):
    """And a decoder told words alone does not change with the scene, one told the embedding not with the words."""
    clip, stacks = str(folder / "scene-clip.safetensors"), {}
    for told in ("words", "embedding"):
        config = TrainConfig(**{**vars(TINY["scene-decoder"]), "using": clip, "told": told})
        session = Session(config, test.part(0, 200), tmp_path / told, CPU)
        assert run(session, report=lambda p: None, stopped=lambda: False)
        stacks[told] = load_scenes(clip, tmp_path / told / MODEL)
    both = load_scenes(clip, folder / "scene-decoder.safetensors")
    few = test.part(0, 50)
    found = binding([both, *stacks.values()], few, load_classifier(), ScenesConfig(10, 2))
    assert list(found.kept) == [REAL, *WAYS, ONLY_WORDS, ONLY_EMBEDDING]
    with pytest.raises(UserError, match="Two decoders"):
        binding([both, both], few, load_classifier(), ScenesConfig(10, 2))
    config = ScenesConfig(steps=2)
    x, codes = drawn(test.images, test.labels, 2, seeded(4), unlike=True)
    words = captions_of(codes, seeded(0))
    with torch.no_grad():
        for stack in stacks.values():  # all new paths begin at zero
            for parameter in stack.decoder.denoise.parameters():
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=seeded(0)))
    by_words = [decoded(stacks["words"], scene, words, ONLY_WORDS, config) for scene in (x, x.flip(0))]
    by_embedding = [
        decoded(stacks["embedding"], x, said, ONLY_EMBEDDING, config) for said in (words, words.flip(0))
    ]
    assert torch.equal(*by_words) and torch.equal(*by_embedding)
