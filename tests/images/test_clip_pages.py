"""The pages CLIP, and Variations and in between; what they measure, on stand-ins whose answer is known."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from images.__main__ import main
from images.dalle2.clip_experiment import gap, similarity
from images.dalle2.clip_task import load_clip
from images.dalle2.experiment import load_stack
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from images.variations import experiment
from images.variations.experiment import PIXELS, SpreadConfig, spreads, within
from playground.errors import UserError
from playground.levels import seeded

WING = Path(__file__).parents[2] / "images"


@pytest.fixture(scope="module")
def few():
    return load("test", download=False).part(0, 400)


def opened(topic: str) -> AppTest:
    app = AppTest.from_file(str(WING / topic / "page.py"), default_timeout=120).run()
    assert not app.exception and not app.error
    return app


def test_the_matrix_marks_what_is_true_and_the_clouds_are_told_apart(few):
    clip = load_clip()
    classes = similarity(clip, few, full=False)
    assert torch.equal(classes.true, torch.eye(10).bool())  # "a zero" is true of the zero, and of no other
    own = similarity(clip, few, full=True)
    assert own.true.diagonal().all() and own.cosines.shape == (10, 10)
    assert (own.cosines.argmax(1) == torch.arange(10)).sum() >= 7  # a trained CLIP; chance is one of ten
    with pytest.raises(UserError, match="passed over"):
        similarity(clip, few, True, skipped=400)
    found = gap(clip, few)
    assert found.distance.low > found.floor.high and found.verdict == "holds"


def test_variance_within_groups_is_the_groups_own():
    values = torch.tensor([[0.0], [2.0], [5.0], [5.0], [torch.nan]], dtype=torch.float64)
    groups = torch.tensor([0, 0, 1, 1, 1])
    assert within(values, groups).tolist() == [2.0, 0.0]


def fed(monkeypatch, make):
    """The measurement with digits of our choice in the place of the decoder's."""
    monkeypatch.setattr(
        experiment, "varied", lambda stack, originals, config, report: make(originals, config)
    )


class NoStack:
    """Nothing is decoded."""


def test_copies_keep_everything_and_random_digits_nothing(few, monkeypatch):
    config, classifier = SpreadConfig(originals=20, count=8), load_classifier()
    fed(monkeypatch, lambda originals, config: originals.repeat_interleave(config.count, 0))
    kept = spreads(NoStack(), few, classifier, config)
    assert all(spread.of_all.value == 0 for spread in kept.spreads.values()) and kept.same_class.value == 1
    assert set(kept.verdicts.values()) == {"holds"} and kept.verdict.startswith("cannot be told")
    drawn = torch.randint(400, (160,), generator=seeded(3))
    fed(monkeypatch, lambda originals, config: few.images[drawn])
    random = spreads(NoStack(), few, classifier, config)
    # the spread of 160 digits: the standard error of a standard deviation is 6 %, of heavy-tailed ones up to 12 %
    for name, spread in random.spreads.items():
        assert spread.of_all.value == pytest.approx(1, abs=0.25), name
    assert random.spreads[PIXELS].of_all.value == pytest.approx(1, abs=0.05)
    assert "holds" not in set(random.verdicts.values())


def test_the_table_is_written_and_too_few_originals_are_refused(tmp_path, capsys):
    options = ["--originals", "5", "--count", "2", "--steps", "2", "--out", str(tmp_path)]
    assert main(["table-variations", *options]) == 0
    assert (tmp_path / "variations-spread.json").is_file()
    assert main(["table-variations", "--originals", "1"]) == 2
    assert "originals is 1" in capsys.readouterr().err.replace("\n", " ")


def test_the_shipped_decoder_keeps_the_class_more_often_than_chance(few):
    found = spreads(load_stack(), few, load_classifier(), SpreadConfig(originals=10, count=2, steps=8))
    assert found.same_class.interval[0] > 0.2


def test_the_clip_page_searches_and_refuses_words_that_it_does_not_know():
    app = opened("clip")
    assert any("nearest" in text.value for text in app.markdown)
    assert any("The gap." in text.value for text in app.markdown)
    app.text_input(key="c-caption").set_value("a purple cow").run()
    assert "'purple', 'cow'" in app.error[0].value and not app.exception


def test_the_variations_page_varies_and_goes_between():
    app = opened("variations")
    assert app.session_state["varied"][1].larges.shape[1:] == (10, 28, 28)
    app.segmented_control(key="v-kind").set_value("between two").run()
    assert not app.exception and not app.error
    assert app.session_state["varied"][0][:3] == ("between two", 18, 25)
    app.selectbox(key="v-pairs").set_value(10).run()
    next(button for button in app.button if button.label == "Measure").click().run()
    assert not app.exception and any("more even than blending pixels" in text.value for text in app.markdown)
