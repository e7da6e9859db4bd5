"""The sentences below the pictures of digits are made from what is read in them, or from the pixels."""

import numpy as np
import pytest
import torch

from images.autoencoders.experiment import Shown
from images.autoencoders.experiment import said as autoencoders_said
from images.change.experiment import ChangeConfig, Changed, said_of_move
from images.data.mnist import load
from images.diffusion_autoencoder.experiment import Reconstruction
from images.diffusion_autoencoder.experiment import said as reconstruction_said
from images.families.experiment import said as families_said
from images.inpainting.experiment import said_of_completions
from images.metrics.classifier import load_classifier
from images.metrics.readable import clear, counted, read, said_of_class, said_of_clear
from images.palette.experiment import Measured
from images.palette.experiment import said as palette_said
from playground.statistics import FAILS, HOLDS, OPEN


def test_real_digits_are_clear_and_read_right_and_blends_of_two_are_not():
    """The classifier's card says 98 % and more on test digits; of 300, four standard errors below that is 95 %.  A
    blend of a digit and the next one is of no class, where the two differ, as nine in ten do.
    """
    test = load("test", download=False).part(0, 300)
    blends = test.images.float().add(test.images.float().roll(1, 0)).div(2).to(test.images.dtype)
    classifier = load_classifier()
    assert (read(classifier, test.images) == test.labels.numpy()).mean() > 0.95
    real, made = clear(classifier, test.images), clear(classifier, blends)
    assert real.mean() > 0.9 and made.mean() < real.mean() - 0.1
    assert (clear(classifier, test.images[:, 0].numpy()) == real).all()  # with or without the channel


def test_few_clear_digits_are_said_to_be_fewer_only_beyond_the_noise():
    real = np.arange(500) < 480
    sentence, outcome = said_of_clear(np.arange(25) < 24, real)
    assert "no fewer within the noise" in sentence and outcome == f"{OPEN} at N = 25"
    sentence, outcome = said_of_clear(np.arange(25) < 10, real)
    assert "10 of these 25" in sentence and "fewer" in sentence and "no fewer" not in sentence
    assert outcome == FAILS
    assert said_of_clear(np.arange(400) < 390, real)[1] == f"{HOLDS} to within 10%"  # more than of real ones


def test_classes_are_counted():
    assert counted(np.array([3, 8, 3])) == "3 (2 times), 8 (once)"
    assert "the class asked for: 2 of 3, 66.7%" in said_of_class(np.array([3, 8, 3]), 3)[0]
    assert "2 of 3" in said_of_class(np.array([0, 1, 3]), [0, 1, 2])[0]
    outcomes = [said_of_class(np.repeat([3, 8], (right, 16 - right)), 3)[1] for right in (15, 9, 1)]
    assert outcomes == [HOLDS, f"{OPEN} at N = 16", FAILS]


@pytest.mark.parametrize(("random", "outcome"), [([0.4, 0.5, 0.6], HOLDS), ([0.01, 0.02, 0.03], FAILS)])
def test_the_own_x_T_is_held_to_random_ones(random, outcome):
    found = Reconstruction(np.zeros(2), np.zeros((28, 28)), None, np.array([0.1, *random]))
    assert reconstruction_said(found)[1] == outcome
    one = Reconstruction(np.zeros(2), np.zeros((28, 28)), None, np.array([0.1, 0.2]))
    assert reconstruction_said(one)[1] == ""


def test_an_autoencoder_is_held_to_pca_digit_by_digit():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (10, 28, 28), dtype=np.uint8)
    near = (images + rng.integers(0, 5, images.shape)).astype(np.uint8)
    far = (images + rng.integers(20, 40, images.shape)).astype(np.uint8)
    for rebuilt, pca, outcome in ((near, far, HOLDS), (far, near, FAILS), (near, near, f"{OPEN} at N = 10")):
        assert autoencoders_said(Shown(images, images, rebuilt, pca, images, 192))[1] == outcome


def test_the_factor_of_two_is_held_to_its_interval():
    def found(ratio: float) -> Measured:
        return Measured(1.0, ratio, 1.0, ratio, 0.1, {}, {}, 10, 4)

    assert palette_said(found(2.1))[1] == f"{HOLDS} at N = 10"
    assert palette_said(found(1.5))[1] == palette_said(found(2.5))[1] == FAILS


def test_two_walks_have_as_many_clear_digits_only_where_no_more_can_be_between_them():
    clear_ones, few, many = (np.arange(n) < hits for n, hits in ((16, 15), (16, 2), (400, 390)))
    assert families_said(many, many)[1].startswith(HOLDS)
    assert families_said(clear_ones, few)[1] == families_said(few, clear_ones)[1] == FAILS
    assert families_said(clear_ones, clear_ones)[1] == f"{OPEN} at N = 16 each"


def test_completions_have_the_class_and_leave_the_known_part():
    image, hole = np.full((28, 28), 9, np.uint8), np.zeros((28, 28), bool)
    hole[:, :14] = True
    made = np.repeat(image[None], 12, 0)
    right, wrong = np.full(12, 3), np.full(12, 8)
    for seen, outcome in ((right, HOLDS), (wrong, FAILS), (np.repeat([3, 8], 6), f"{OPEN} at N = 12")):
        assert said_of_completions(made, seen, seen > 0, image, hole, 3)[1] == outcome
    assert (
        said_of_completions(made, wrong, wrong > 0, image, hole, None)[1] == HOLDS
    )  # clear, of no known class
    made[0, 0, -1] = 10
    sentence, outcome = said_of_completions(made, right, right > 0, image, hole, 3)
    assert "up to 1 of 255 off" in sentence and outcome == FAILS


def test_a_move_goes_the_promised_way_at_every_step():
    values = torch.tensor([[2.0, 0.0, 9.0], [2.5, 1.0, 9.0], [3.0, 0.5, 9.0]])
    moved = Changed(ChangeConfig(count=3), torch.zeros(3, 1, 28, 28), values)
    assert said_of_move(moved, [1.5, 0.0, 0.0])[1] == f"{HOLDS} for this digit"
    assert said_of_move(moved, [-1.5, 0.0, 0.0])[1] == f"{FAILS} for this digit"
    slanted = Changed(ChangeConfig(end=(0.0, 2.0, 0.0), count=3), moved.images, values)
    assert said_of_move(slanted, [0.0, 4.0, 0.0])[1] == f"{FAILS} for this digit"  # it comes back on the way
    assert said_of_move(Changed(ChangeConfig(end=(0.0,) * 3), moved.images, values), [0.0] * 3)[1] == ""
