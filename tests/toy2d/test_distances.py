"""Distances between clouds against closed forms, scipy and quadrature."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from playground.errors import UserError
from playground.levels import seeded
from toy2d.distances import against, distances, energy_distance, floors, wrong_mode_share
from toy2d.mixture import Mixture, anisotropic_pair, two_modes


def cloud(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn((n, 2), generator=seeded(seed), dtype=torch.float64)


def test_a_translated_cloud_is_as_far_as_it_was_moved_times_the_mean_cosine(mixture):
    # Every projection moves by |shift| |cos|, and sorting keeps the pairs; 32 even directions make 2 / pi to 1e-3.
    x = mixture.sample(500, seeded(0))
    found = distances(mixture, x + torch.tensor([3.0, 4.0]), x)
    assert found.sliced == pytest.approx(5 * 2 / math.pi, rel=2e-3)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 45.0, 87.2])
def test_energy_distance_on_a_line_is_scipys(degrees):
    x, y = cloud(300, 1)[:, 0], 0.5 + 2 * cloud(400, 2)[:, 0]
    angle = math.radians(degrees)
    on_a_line = [torch.stack([u * math.cos(angle), u * math.sin(angle)], 1) for u in (x, y)]
    # A length is seen from 32 even directions: pi / 2 times the mean of |cos| is one within 0.1 %.
    seen = math.pi / 2 * np.abs(np.cos(angle - math.pi * np.arange(32) / 32)).mean()
    assert seen == pytest.approx(1, abs=1e-3)
    # Float32 rounds a coordinate to 6e-8 of it, at random; the square is a sixth of a mean distance here.
    assert energy_distance(*on_a_line) == pytest.approx(seen**0.5 * stats.energy_distance(x, y), rel=1e-6)


def test_energy_distance_is_that_of_all_pairs():
    x, y = cloud(150, 1) * torch.tensor([1.0, 3.0]), cloud(200, 2) + torch.tensor([0.5, 1.0])
    between, one, other = (float(torch.cdist(a, b).mean()) for a, b in ((x, y), (x, x), (y, y)))
    # The directions' 0.1 % of each mean distance nearly cancel; 1 % of the distance leaves room for what does not.
    assert energy_distance(x, y) == pytest.approx((2 * between - one - other) ** 0.5, rel=0.01)


def test_energy_distance_of_two_gaussians_is_the_closed_form():
    # N(0, I) against N(m, I), m = 3: E|X - X'| = sqrt(pi), as |X - X'| is Rayleigh of scale sqrt(2);
    # |X - Y| is Rice(3, sqrt(2)).  At 2,000 points the square has a standard deviation of about 0.03.
    x, y = cloud(2_000, 3), cloud(2_000, 4) + torch.tensor([3.0, 0.0])
    between = stats.rice.mean(3 / math.sqrt(2), scale=math.sqrt(2))
    assert energy_distance(x, y) ** 2 == pytest.approx(2 * between - 2 * math.sqrt(math.pi), abs=0.12)


def test_equal_clouds_are_no_distance_apart(mixture):
    x = mixture.sample(300, seeded(0))
    found = distances(mixture, x, x)
    assert found.sliced == 0 and found.energy < 1e-6  # the root of what rounding leaves of a square


def test_the_likelihood_of_exact_samples_is_minus_the_entropy():
    mixture = anisotropic_pair().to(torch.float64)
    axis = torch.linspace(-20, 20, 801, dtype=torch.float64)
    log_q = mixture.log_prob(torch.cartesian_prod(axis, axis))
    minus_entropy = float((log_q.exp() * log_q).sum() * (axis[1] - axis[0]) ** 2)
    x, truth = mixture.sample(4_000, seeded(0)), mixture.sample(4_000, seeded(1))
    # log q of a plane's Gaussian has variance one, so the mean of 4,000 has a deviation of about 0.016.
    assert distances(mixture, x, truth).log_likelihood == pytest.approx(minus_entropy, abs=0.07)


def test_the_wrong_share_of_far_modes_and_its_standard_error_are_the_binomials():
    mixture = two_modes(0.8).to(torch.float64)
    x = torch.cat([mixture.means[:1].expand(70, 2), mixture.means[1:].expand(30, 2)])
    share, se = wrong_mode_share(mixture, x)
    assert share == pytest.approx(0.1, abs=1e-7)  # the log weights went through float32
    assert se == pytest.approx(math.sqrt(0.7 * 0.3 / 99), rel=1e-6)  # 99: the unbiased variance


def test_overlapping_modes_leave_no_bias():
    # Counted by the likeliest mode the share would be 1 for all samples of these two modes.
    mixture = Mixture.of([[0.0, 0.0], [0.2, 0.0]], [0.9, 0.1], dtype=torch.float64)
    share, se = wrong_mode_share(mixture, mixture.sample(4_000, seeded(0)))
    assert share < 4 * se < 0.01


def test_the_standard_error_is_the_spread_over_repeats(mixture):
    rng = seeded(5)
    x = [mixture.sample(200, rng) for _ in range(300)]
    shares = [float(mixture.responsibilities(each)[:, 0].mean()) for each in x]
    ses = [wrong_mode_share(mixture, each)[1] for each in x]
    # The spread of 300 repeats is known to 1 / sqrt(600), 4 %.
    assert np.std(shares) == pytest.approx(np.mean(ses), rel=0.16)


def test_floors_fall_with_the_root_of_n(mixture):
    few, many = floors(mixture, 100, pairs=16), floors(mixture, 1_600, pairs=16)
    # A factor 4 for 16 times the points; the mean of 16 pairs of chi-like numbers scatters by about 15 %.
    for name in ("weights", "weights_se", "sliced", "energy"):
        assert 2.2 < getattr(few, name) / getattr(many, name) < 7, name
    assert few.log_likelihood == pytest.approx(many.log_likelihood, abs=0.15)


def test_what_is_far_is_above_the_floor(mixture):
    wrong = two_modes(0.5).to(torch.float64).sample(1_000, seeded(0))
    found, floor = distances(mixture, wrong, mixture.sample(1_000, seeded(1))), floors(mixture, 1_000)
    assert found.weights == pytest.approx(0.3, abs=0.06)
    assert found.sliced > 5 * floor.sliced and found.energy > 5 * floor.energy


def test_clouds_of_two_sizes_are_refused(mixture):
    with pytest.raises(UserError, match="3 and 4 points"):
        distances(mixture, cloud(3), cloud(4))


def test_one_truth_for_many_clouds_is_each_cloud_alone():
    mixture = two_modes(0.8)
    truth, clouds = mixture.sample(300, seeded(0)), [mixture.sample(300, seeded(i)) for i in (1, 2)]
    measure = against(mixture, truth)
    assert [measure(cloud) for cloud in clouds] == [distances(mixture, cloud, truth) for cloud in clouds]
