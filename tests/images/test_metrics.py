"""The metrics: closed forms of the Frechet distance, hand-made neighbourhoods, honest intervals."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch

from images.metrics.classifier import Features
from images.metrics.estimates import (
    CONFIDENCE,
    ENTROPY,
    FCD,
    MEANINGS,
    PRECISION,
    RECALL,
    SFCD,
    Reference,
    bootstrap,
    entropy,
    frechet_estimate,
    mean_of,
    measured,
    share_of,
)
from images.metrics.frechet import Gaussian, fitted, frechet_distance
from images.metrics.neighbours import coverage, inside, nearest, radii
from playground.errors import UserError
from playground.levels import seeded


def randn(*shape: int, seed: int = 0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def gaussian(mean, covariance) -> Gaussian:
    return Gaussian(torch.as_tensor(mean).double(), torch.as_tensor(covariance).double())


def rotation(D: int, seed: int = 0):
    return torch.linalg.qr(randn(D, D, seed=seed)).Q


def made_up(n: int, seed: int = 0, shift: float = 0.0) -> Features:
    """Features without images: correlated normal ones, and probabilities from logits."""
    deep = randn(n, 6, seed=seed) @ (torch.eye(6).double() + 0.3 * randn(6, 6, seed=99)) + shift
    logits = 3 * randn(n, 10, seed=seed + 1000)
    return Features(deep.float(), deep[:, :3].float() ** 2, logits.softmax(1).float())


# --- Frechet distance ---------------------------------------------------------------------------------------


def test_between_axis_parallel_gaussians_it_is_a_sum_over_the_axes():
    """d**2 = sum (m1 - m2)**2 + (s1 - s2)**2, in a common rotation, too."""
    m1, m2, s1, s2 = randn(4, 20).unbind()
    s1, s2 = s1.abs(), s2.abs()
    expected = float((m1 - m2).square().sum() + (s1 - s2).square().sum())
    for R in (torch.eye(20).double(), rotation(20)):
        one, two = (gaussian(R @ m, R @ torch.diag(s**2) @ R.T) for m, s in ((m1, s1), (m2, s2)))
        assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-12)


def test_between_a_covariance_and_its_rotation_in_the_plane_it_has_a_closed_form():
    """2 x 2: tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)) with M = S1 S2; nothing commutes here."""
    S1 = torch.tensor([[4.0, 0.0], [0.0, 0.25]]).double()
    c, s = math.cos(0.7), math.sin(0.7)
    R = torch.tensor([[c, -s], [s, c]]).double()
    S2 = R @ S1 @ R.T
    overlap = math.sqrt(float((S1 @ S2).trace()) + 2 * math.sqrt(float(torch.det(S1 @ S2))))
    expected = float(S1.trace() + S2.trace()) - 2 * overlap
    assert frechet_distance(gaussian([0, 0], S1), gaussian([0, 0], S2)) == pytest.approx(expected, rel=1e-12)


def test_it_agrees_with_scipys_matrix_root():
    one, two = fitted(randn(300, 12, seed=1) @ randn(12, 12, seed=2)), fitted(randn(300, 12, seed=3) + 0.2)
    root = scipy.linalg.sqrtm((one.covariance @ two.covariance).numpy()).real
    expected = float((one.mean - two.mean).square().sum())
    expected += float(one.covariance.trace() + two.covariance.trace()) - 2 * float(np.trace(root))
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-9)


def test_singular_covariances_are_no_trouble():
    """Five points in twenty dimensions: rank four.  The distance to itself is 0, to orthogonal ones a sum."""
    points = randn(5, 20)
    points[:, 10:] = 0
    one, two = fitted(points), fitted(points.flip(1))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-12)
    expected = float((one.mean - two.mean).square().sum() + one.covariance.trace() + two.covariance.trace())
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-12)


def test_between_two_points_each_it_is_that_of_two_lines():
    """Rank one, S = v v': the overlap is |v1 . v2|; against a whole Gaussian S it is the root of v1' S v1."""
    pairs = randn(2, 2, 30)
    one, two = (fitted(pair) for pair in pairs)
    v1, v2 = ((pair[0] - pair[1]) / math.sqrt(2) for pair in pairs)
    expected = float((one.mean - two.mean).square().sum() + v1 @ v1 + v2 @ v2 - 2 * (v1 @ v2).abs())
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-12)
    whole = fitted(randn(90, 30, seed=1))
    expected = float((one.mean - whole.mean).square().sum() + v1 @ v1 + whole.covariance.trace())
    expected -= 2 * float(v1 @ whole.covariance @ v1) ** 0.5
    assert frechet_distance(one, whole) == pytest.approx(expected, rel=1e-12)


def test_it_is_symmetric_and_moves_with_the_mean():
    one, two = fitted(randn(50, 8)), fitted(randn(60, 8, seed=1))
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one), rel=1e-12)
    moved = gaussian(one.mean + 3, one.covariance)
    assert frechet_distance(one, moved) == pytest.approx(8 * 9, rel=1e-12)


def test_a_fit_is_numpys_mean_and_covariance_and_weights_are_repetitions():
    x = randn(40, 5)
    plain = fitted(x)
    assert np.allclose(plain.mean, x.numpy().mean(0))
    assert np.allclose(plain.covariance, np.cov(x.numpy(), rowvar=False))
    counts = torch.bincount(torch.randint(40, (40,), generator=seeded(0)), minlength=40)
    repeated, weighted = fitted(x.repeat_interleave(counts, 0)), fitted(x, counts)
    assert torch.allclose(repeated.mean, weighted.mean)
    assert torch.allclose(repeated.covariance, weighted.covariance)


def test_its_bias_falls_like_one_over_n():
    """Samples of the very Gaussian: the distance is all bias, and ten times the samples leave a tenth."""
    truth = gaussian(torch.zeros(10), torch.eye(10))
    few, many = (
        np.mean([frechet_distance(fitted(randn(n, 10, seed=seed)), truth) for seed in range(20)])
        for n in (200, 2000)
    )
    # the mean of 20 such distances is known to about 4 % (their spread is 15 %), hence 20 % for the ratio
    assert few / many == pytest.approx(10, rel=0.2)


def test_features_of_different_sizes_and_too_few_images_are_refused():
    with pytest.raises(UserError, match="5 and 6 dimensions"):
        frechet_distance(fitted(randn(9, 5)), fitted(randn(9, 6)))
    with pytest.raises(UserError, match="at least two"):
        fitted(randn(1, 5))


# --- neighbours ---------------------------------------------------------------------------------------------


def test_radii_are_distances_to_the_third_other_point():
    line = torch.tensor([0.0, 1.0, 3.0, 6.0, 10.0])[:, None]
    assert torch.allclose(radii(line, k=3), torch.tensor([6.0, 5.0, 3.0, 5.0, 9.0]))
    assert torch.allclose(radii(line, k=1), torch.tensor([1.0, 1.0, 2.0, 3.0, 4.0]))
    with pytest.raises(UserError, match="at least 4"):
        radii(line[:3], k=3)


def test_radii_agree_with_a_sort_of_all_distances():
    points = randn(1500, 4).float()  # more than one chunk
    by_sorting = (points.double()[:, None] - points.double()).norm(dim=2).sort(dim=1).values[:, 3]
    # one matrix product in float32: squared distances to 1e-6, and the smallest distances are near 0.1
    assert torch.allclose(radii(points, k=3).double(), by_sorting, atol=1e-4)


def test_inside_is_the_union_of_balls():
    points, radius = torch.tensor([[0.0, 0.0], [10.0, 0.0]]), torch.tensor([1.0, 3.0])
    queries = torch.tensor([[0.5, 0.5], [2.0, 0.0], [8.0, 1.0], [10.0, 4.0]])
    assert inside(queries, points, radius).tolist() == [True, False, True, False]


def test_one_mode_of_two_is_precise_but_recalls_half():
    """Generated: the left mode only, as sharp as the real one."""
    left, right = randn(300, 3).float(), randn(300, 3, seed=1).float() + 50
    half = coverage(randn(600, 3, seed=2).float(), torch.cat([left, right]))
    precision, recall = (float(x.float().mean()) for x in (half.precise, half.recalled))
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.05)
    assert not half.recalled[300:].any()


def test_the_same_images_have_precision_and_recall_one_and_noise_has_none():
    points = randn(400, 5).float()
    same, other = coverage(points, points), coverage(points + 100, points)
    assert same.precise.all() and same.recalled.all()
    assert not other.precise.any() and not other.recalled.any()


def test_the_nearest_training_image_is_found_with_its_exact_distance():
    training = torch.randint(0, 256, (1200, 1, 28, 28), generator=seeded(0)).to(torch.uint8)
    chosen = torch.tensor([7, 1100, 3])
    images = training[chosen].clone()
    images[1, 0, 0, 0] ^= 255
    images[2, 0, 5, :4] ^= 128
    index, distance = nearest(images, training)
    by_hand = (images.double() - training[chosen].double()).flatten(1).norm(dim=1) / 255
    assert index.tolist() == chosen.tolist()
    assert distance[0] == 0  # a copy is a copy, to the last bit
    assert torch.allclose(distance.double(), by_hand, rtol=1e-6)


# --- classes and intervals ----------------------------------------------------------------------------------


def test_entropy_of_equal_counts_is_log_k_and_of_one_class_zero():
    assert entropy(torch.full((10,), 7)) == pytest.approx(math.log(10))
    assert entropy(torch.tensor([9, 0, 0])) == 0
    assert entropy(torch.tensor([1, 3])) == pytest.approx(0.25 * math.log(4) + 0.75 * math.log(4 / 3))


def test_the_interval_of_a_mean_is_the_textbooks():
    values = randn(1000)
    estimate = bootstrap(mean_of(values), 1000, seeded(0), resamples=400)
    half = 1.96 * float(values.std(correction=0)) / math.sqrt(1000)
    assert estimate.value == pytest.approx(float(values.mean()))
    # the spread of 400 resamples is known to 3.5 %
    assert (estimate.high - estimate.low) / 2 == pytest.approx(half, rel=0.12)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_the_interval_of_a_frechet_distance_is_as_wide_as_its_spread(shift):
    """Against the spread of the distances of 100 fresh samples of n: at the floor, near it, and far away."""
    truth = gaussian(torch.zeros(5), torch.eye(5))
    estimates = [frechet_estimate(randn(150, 5, seed=s) + shift, truth, seeded(s), 50) for s in range(100)]
    values = torch.tensor([e.value for e in estimates]).double()
    claimed = math.sqrt(np.mean([((e.high - e.value) / 1.96) ** 2 for e in estimates]))
    # The plain bootstrap would claim 1.7 times too much at the floor.  A spread of 100 is known to 7 %;
    # taking the larger of two noisy variances adds some, hence 25 %.
    assert claimed == pytest.approx(float(values.std()), rel=0.25)
    covered = np.mean([e.low <= float(values.mean()) <= e.high for e in estimates])
    assert 0.85 <= covered <= 1  # 95 of 100, with a standard error of 2.2; skewness costs a little


def test_no_interval_leaves_the_values_that_there_can_be():
    """Precision of 13 digits, all inside, had an interval of no width; a recall of 0.8 one beyond 1."""
    reference = Reference(made_up(40))
    found = measured(made_up(13, 1), reference, seeded(0), resamples=20)
    for name in (PRECISION, RECALL, CONFIDENCE):
        assert 0 <= found[name].low <= found[name].value <= found[name].high <= 1
    assert found[ENTROPY].high <= math.log(10)
    everywhere = share_of(torch.ones(13, dtype=torch.bool))
    # Wilson's lower end at k = n is n / (n + z**2)
    assert everywhere.low == pytest.approx(13 / (13 + 1.96**2)) and everywhere.high == 1
    assert share_of(torch.zeros(13, dtype=torch.bool)).high > 0.2


def test_all_metrics_are_measured_and_worse_features_look_worse():
    reference = Reference(made_up(500))
    good, bad = (
        measured(f, reference, seeded(0), resamples=10) for f in (made_up(500, 1), made_up(500, 1, 0.8))
    )
    assert set(good) == set(MEANINGS) == {FCD, SFCD, PRECISION, RECALL, ENTROPY, CONFIDENCE}
    assert all("mnist-c1" in name for name in good)
    assert all(e.low <= e.value <= e.high for e in good.values())
    assert bad[FCD].value > good[FCD].value and bad[SFCD].value > good[SFCD].value
    assert bad[PRECISION].value < good[PRECISION].value
    assert bad[ENTROPY] == good[ENTROPY]  # the same probabilities


def test_measuring_is_repeatable_and_a_floor_falls_with_n():
    reference = Reference(made_up(2000))
    one, two = (measured(made_up(400, 1), reference, seeded(3), resamples=5) for _ in range(2))
    assert one == two
    assert measured(made_up(4000, 1), reference, seeded(3), resamples=5)[FCD].value < one[FCD].value
