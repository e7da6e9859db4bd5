"""The sentences below the pictures of digits are made from what is read in them, or from the pixels."""

import numpy as np
import pytest

from images.autoencoders.experiment import Shown
from images.autoencoders.experiment import said as autoencoders_said
from images.data.mnist import load
from images.diffusion_autoencoder.experiment import Reconstruction
from images.diffusion_autoencoder.experiment import said as reconstruction_said
from images.metrics.classifier import load_classifier
from images.metrics.readable import clear, counted, read, said_of_class, said_of_clear
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
    assert "no fewer within the noise" in said_of_clear(np.arange(25) < 24, real)
    sentence = said_of_clear(np.arange(25) < 10, real)
    assert "10 of these 25" in sentence and "fewer" in sentence and "no fewer" not in sentence


def test_classes_are_counted():
    assert counted(np.array([3, 8, 3])) == "3 (2 times), 8 (once)"
    assert said_of_class(np.array([3, 8, 3]), 3).startswith("2 of 3 are read as the class asked for: 66.7%")
    assert said_of_class(np.array([0, 1, 3]), [0, 1, 2]).startswith("2 of 3")


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
