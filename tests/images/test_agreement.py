"""What a drawing is judged by, and how its stages become one film."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from images.dalle2.agreement import Share, agreement, measured, said_of_drawn, without_dust
from images.dalle2.frames import embeddings_as_pictures, in_stages
from images.data.captions import codes_of
from images.data.mnist import load
from images.metrics.classifier import load_classifier
from playground.statistics import HOLDS, OPEN


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (37, 200), (1, 3)])
def test_the_interval_is_wilsons(hits, n):
    wanted = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert Share(hits, n).interval == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_only_what_was_said_is_judged():
    seen = torch.tensor([[7, 2, 1, 0], [7, 0, 1, 2]])
    asked = torch.tensor([[7, 2, -1, -1], [1, 0, -1, -1]])
    shares = agreement(seen, asked)
    assert {name: (share.hits, share.n) for name, share in shares.items()} == {
        "digit": (1, 2), "thickness": (2, 2), "all": (1, 2),
    }  # fmt: skip


def test_real_digits_are_what_their_captions_say_but_for_the_classifiers_faults():
    test = load("test", download=False)
    images, labels = test.images[:300], test.labels[:300]
    asked = codes_of(images, labels)
    shares = agreement(measured(load_classifier(), images, asked), asked)
    assert all(shares[name].value > 0.98 for name in ("thickness", "width", "slant"))  # but for the dust
    assert shares["digit"].value > 0.95  # of 99.3 %; of 300, four standard deviations are 2 %


def test_specks_are_dust_and_strokes_are_not():
    images = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 4:24, 12:15] = 255
    images[1, 0, ::4, ::4] = torch.maximum(images[1, 0, ::4, ::4], torch.tensor(60, dtype=torch.uint8))
    clean = without_dust(images)
    assert torch.equal(clean[0], images[0]) and clean[1, 0, 0, 0] == 0
    labels = torch.tensor([1, 1])
    assert (codes_of(images, labels)[0] != codes_of(images, labels)[1]).any()
    assert torch.equal(codes_of(clean, labels)[0], codes_of(clean, labels)[1])


def test_each_panel_moves_in_its_own_stage_and_waits_otherwise():
    walks = [
        np.arange(2).reshape(2, 1, 1, 1),
        np.arange(3).reshape(3, 1, 1, 1),
        np.arange(2).reshape(2, 1, 1, 1),
    ]
    panels, captions = in_stages(walks, 25)
    assert [panel.ravel().tolist() for panel in panels] == [
        [0, 1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0, 1],
    ]  # fmt: skip
    assert captions[0].startswith("prior, step 0 of 25") and captions[-1] == "upsampler, step 25 of 25"


def test_an_embedding_is_a_picture_with_the_captions_own_first():
    z = np.zeros((2, 3, 64), np.float32)
    z[1, 0, 0] = 3.0
    pictures = embeddings_as_pictures(z, np.full(64, -3.0))
    assert pictures.shape == (2, 4, 32, 32) and pictures.dtype == np.uint8
    assert (
        (pictures[:, 0] == 0).all() and (pictures[1, 1, :4, :4] == 255).all() and pictures[1, 1, 5, 5] == 128
    )


@pytest.mark.parametrize(("hits", "verdict"), [(8, HOLDS), (0, OPEN)])
def test_drawn_digits_are_held_to_real_ones_that_nobody_asked_for(hits, verdict):
    """Of 500 real digits the caption fits 10: eight of eight are more by far, none of eight tells nothing."""
    drawn = {"digit": Share(hits, 8), "all": Share(hits, 8)}
    sentence, told = said_of_drawn(drawn, Share(10, 500))
    assert told.startswith(verdict) and f"digit {hits} of 8" in sentence and "N = 500" in sentence
