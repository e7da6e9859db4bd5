"""Intervals and tests against published examples, other libraries and coverage."""

import numpy as np
import pytest
from scipy import stats

from playground.errors import UserError
from playground.statistics import (
    FAILS,
    HOLDS,
    OPEN,
    Difference,
    difference,
    difference_of_shares,
    ends,
    equals,
    interval,
    interval_of_mean,
    mean_difference,
    most_by_chance,
    verdict,
    wilson,
)


@pytest.mark.parametrize("k, n", [(0, 20), (7, 20), (20, 20), (1_530, 2_000)])
def test_wilsons_interval_is_scipys_and_stays_within_zero_and_one(k, n):
    low, high = wilson(k / n, n)
    expected = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-4)  # z = 1.96 is rounded
    assert 0 <= low < high <= 1
    with pytest.raises(UserError, match="among 0 draws"):
        wilson(0.5, 0)


def test_a_difference_is_decided_though_the_intervals_overlap():
    """Table 1 at N = 1,000, S = 20: 0.45 (0.32 to 0.57) and 0.72 (0.55 to 0.89)."""
    se = 0.12 / 1.96, 0.17 / 1.96
    assert 0.45 + 0.12 > 0.72 - 0.17  # they overlap
    found = difference(0.72, se[1], 0.45, se[0])
    assert found.value / ((found.high - found.value) / 1.96) == pytest.approx(2.5, abs=0.1)
    assert verdict(found) == HOLDS and verdict(difference(0.45, se[0], 0.72, se[1])) == FAILS
    assert verdict(difference(0.5, 0.1, 0.45, 0.1), "N = 200") == f"{OPEN} at N = 200"


def test_the_test_of_a_difference_errs_as_often_as_it_says():
    """Of 4,000 pairs with equal truths 5 % are told apart; four standard errors of that are 1.4 %."""
    a, b = np.random.default_rng(0).normal(size=(2, 4_000)) * [[1.0], [3.0]]
    wrong = [verdict(difference(x, 1.0, y, 3.0)) != OPEN for x, y in zip(a, b, strict=True)]
    assert np.mean(wrong) == pytest.approx(0.05, abs=0.014)


def test_a_difference_of_shares_is_newcombes_published_example():
    """Newcombe (1998), Table II, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    for (k, n), (j, m), low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
    ):
        found = difference_of_shares(k / n, n, j / m, m)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    edge = difference_of_shares(1.0, 10, 0.0, 10)
    assert -1 <= edge.low < edge.value == 1 == edge.high


def test_the_mean_of_few_pairs_has_students_interval():
    a, b = np.array([0.28, 0.34, 0.35, 0.29, 0.28]), np.array([0.19, 0.22, 0.22, 0.23, 0.21])
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    found = mean_difference(a, b)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    with pytest.raises(UserError, match="There is 1 pair; a spread needs two"):
        mean_difference(a[:1], b[:1])


def test_a_verdict_needs_the_whole_interval_on_one_side():
    assert verdict(Difference(0.1, 0.0, 0.2)) == OPEN
    assert verdict(Difference(0.1, 0.01, 0.2)) == HOLDS and verdict(Difference(-0.1, -0.2, -0.01)) == FAILS


def test_the_mean_of_many_values_has_the_interval_of_its_standard_error():
    """95 % of the intervals of 400 samples hold the truth, within three standard errors of that share, 1.1 % each."""
    rng = np.random.default_rng(0)
    found = [interval_of_mean(rng.exponential(2.0, 500)) for _ in range(400)]
    assert abs(np.mean([one.low < 2.0 < one.high for one in found]) - 0.95) < 0.033
    x = rng.standard_normal(100)
    one, two = interval_of_mean(x), difference(float(x.mean()), float(x.std(ddof=1)) / 10, 0.0, 0.0)
    assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high), rel=1e-12)


def test_an_interval_in_words_has_its_value_and_both_ends():
    found = Difference(0.1234, -0.05, 0.3)
    assert ends(found, ".2f") == "-0.05 to 0.30" and interval(found, "+.1%") == "+12.3% (-5.0% to +30.0%)"


def test_none_seen_of_many_does_not_rule_out_a_share_however_small():
    assert equals(1e-30, Difference(0.0, *wilson(0.0, 2_000))) == HOLDS
    assert equals(1.0, Difference(1.0, *wilson(1.0, 2_000))) == HOLDS


def test_one_more_draw_of_a_floor_stays_below_what_chance_reaches_in_975_cases_of_1000():
    """Logarithms of a normal: Student's bound is exact; of 2,000 cases 50 are above, give or take 7 (Bernoulli)."""
    draws = np.random.default_rng(0).lognormal(0.0, 0.5, (2_000, 17))
    above = sum(float(one) > most_by_chance(floors) for *floors, one in draws)
    assert 22 <= above <= 78  # four standard deviations to each side
    assert most_by_chance(3 * draws[0]) == pytest.approx(3 * most_by_chance(draws[0]))  # of no unit
