"""The time left of long work: each stage by its own time_left."""

import pytest

from playground.progress import TimeLeft


def test_a_stages_time_left_follows_from_its_own_time_left():
    """Loading takes 60 s before the first report and must not count; then 10 of 100 take 5 s, so 90 take 45 s."""
    time_left = TimeLeft()
    assert time_left.left("generating", 10, 110, now=60.0) is None
    assert time_left.left("generating", 20, 110, now=65.0) == pytest.approx(45.0)
    assert time_left.left("measuring", 1, 3, now=100.0) is None
    assert time_left.left("measuring", 2, 3, now=107.0) == pytest.approx(7.0)


def test_a_count_that_falls_back_begins_anew():
    time_left = TimeLeft()
    time_left.left("", 90, 100, now=0.0)
    assert time_left.left("", 5, 100, now=10.0) is None
    assert time_left.left("", 10, 100, now=20.0) == pytest.approx(180.0)
